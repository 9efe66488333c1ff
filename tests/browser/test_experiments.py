"""Experiments in a real Chromium: every form, an answer of each kind that needs no model, and a report as it grows."""

import re
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.families import FamiliesSpec
from app.contracts.finetuning import FineTuneResult
from app.contracts.sets import PickedOrigin
from app.contracts.sweeps import Asked, Written
from app.db.runs import finished_run
from app.db.session import utc_now
from app.db.sets import NewSet, store_set
from app.db.tables import Experiment
from app.experiments.kinds import KINDS
from app.jobs import InlineContext, run_inline
from app.main import create_app
from app.settings import Settings
from tests.app.experiments.test_finetune import trained
from tests.app.experiments.test_lens import answered
from tests.app.experiments.test_sweeps import line, started, store
from tests.browser.conftest import LiveServer, axe_violations
from tests.conftest import NewDatabase
from tests.support.answered import write_evaluation, write_harness
from tests.support.synthetic_run import write_synthetic_run
from worker.analyses.families import FAMILIES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
ARMS = ("type1", "control1", "type2", "control2")
CONTRAST = """axe.run(document, {runOnly: ["color-contrast"], resultTypes: ["violations"]}).then((found) =>
  found.violations.flatMap((rule) => rule.nodes.map((node) => `dark: ${rule.id} ${node.target[0]}`)))"""
# On a narrow screen: words of a figure below 7.5 px, and captions of tables that are cut off.
NARROW = """[...new Set([...document.querySelectorAll("svg.figure")].flatMap((one) => {
    const scale = one.getBoundingClientRect().width / one.viewBox.baseVal.width;
    const sizes = [...one.querySelectorAll("text")].map((text) => scale * parseFloat(getComputedStyle(text).fontSize));
    return sizes.some((size) => size < 7.5) ? [`tiny: ${one.getAttribute("aria-label")}`] : [];
  }).concat([...document.querySelectorAll("caption")].flatMap((one) =>
    one.checkVisibility() && one.getBoundingClientRect().right > innerWidth ? [`cut off: ${one.textContent}`] : []
  )))]"""
PROMPTS = ("een kat met een heel lange naam " * 8, "السلام عليكم", "猫は毎朝" * 30)


@pytest.fixture(scope="module")
def own_app(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """An app these tests may change."""
    app = create_app(Settings(database_url=new_sqlite(), data_dir=tmp_path_factory.mktemp("asked"), demo=False))
    with app.state.sessions.begin() as session:
        write_synthetic_run(session, layers=3, neurons=24, hidden=8, sentences_per_language=12, detail=4)
    return app


@pytest.fixture
def live_server(own_server: LiveServer) -> LiveServer:
    """The pages of this module are this module's own server's."""
    return own_server


@pytest.fixture(scope="module")
def answers(own_app: FastAPI, own_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The address of an answer of every kind that can be had without a model."""
    sessions, run = own_app.state.sessions, own_server.run
    with sessions.begin() as session:
        found = {"evaluate": write_evaluation(session, run), "harness": write_harness(session, run)}
        of = finished_run(session, run)
        chosen = store_set(session, of.model, NewSet("A pair", np.array([[0, 3], [2, 9]]), PickedOrigin()), utc_now())
        chosen_id, languages = chosen.id, of.spec.all_languages
    with httpx.Client(base_url=own_server.url) as client:
        ask = {"run": run, "set": chosen_id}
        found["lens"] = started(client, "lens", **ask, prompts="\n".join(PROMPTS), target="ja")
        found["prompts"] = started(client, "prompts", **ask, prompts="\n".join(PROMPTS), target="ar", draws="2")
        found["dose"] = started(client, "dose", run=run, doses="10", languages=["ja", "th"], prompts="4")
        found["matrix"] = started(client, "matrix", run=run, top="3", type="1")
        found["finetune"] = started(client, "finetune", **ask)
        found["families"] = started(client, "families", run=run, top="8")
    answered(sessions, found["lens"], mapped=True)
    _sweeps(sessions, found, languages)
    _fine_tuned(sessions, found["finetune"], languages)
    with sessions() as session:
        spec = FamiliesSpec.model_validate(session.get_one(Experiment, found["families"]).spec)
    folder = tmp_path_factory.mktemp("families")
    run_inline(FAMILIES, spec, sessions, InlineContext(Settings(data_dir=Path(folder)), sessions, lambda *_: None))
    return {kind: f"/experiments/{experiment}" for kind, experiment in found.items()}


def _sweeps(sessions: sessionmaker[Session], found: dict[str, str], languages: tuple[str, ...]) -> None:
    written = tuple(
        Written(arm=arm, dose=2, draw=draw, text=f"{arm} <b>نعم</b> " * 12, language="ar", in_target=arm != "set",
                line_pass=True, word_pass=None)
        for arm, draw in (("normal", 0), ("set", 0), ("control", 0), ("control", 1))
    )  # fmt: skip
    asked = tuple(Asked(prompt=one, target="ar", outputs=written) for one in PROMPTS)
    store(sessions, found["prompts"], [line("", arm, 2, 0.5, 1) for arm in ("normal", "set", "control")], asked)
    doses = [line(code, arm, 10, 0.5, 3) for code in ("ja", "th") for arm in ARMS]
    store(sessions, found["dose"], [line(code, "normal", 0, 1, 1) for code in ("ja", "th")] + doses, asked[:1])
    cells = [
        line(code, arm, 3, 0.4, 1.5, ablated)
        for code in languages
        for ablated in languages[1:]
        for arm in ("set", "control")
    ]
    store(sessions, found["matrix"], [line(code, "normal", 0, 1, 1) for code in languages] + cells)


def _fine_tuned(sessions: sessionmaker[Session], experiment: str, languages: tuple[str, ...]) -> None:
    conditions = (trained("set", languages, 0.5), trained("random", languages, 0.1))
    recipe = {"down_projection": "mlp.down_proj"}
    with sessions.begin() as session:
        row = session.get_one(Experiment, experiment)
        result = FineTuneResult(conditions=conditions, steps=200, recipe=recipe, seconds=3)
        row.result, row.status = result.model_dump(mode="json"), "complete"


def wrong_with(page: Page) -> list[str]:
    """What axe finds in light, whose colours it cannot read apart in dark, and whether the page is too wide."""
    page.emulate_media(color_scheme="light")
    found = axe_violations(page)
    page.emulate_media(color_scheme="dark")
    found += page.evaluate(CONTRAST)
    page.set_viewport_size({"width": 390, "height": 800})
    if page.evaluate("document.documentElement.scrollWidth") > 390:
        found.append("wider than 390")
    found += page.evaluate(NARROW)
    page.set_viewport_size({"width": 1280, "height": 900})
    return found


def test_every_form_and_every_answer_can_be_read_by_everyone(
    page: Page, live_server: LiveServer, answers: dict[str, str]
) -> None:
    forms = [f"/experiments/new/{kind.name}?run={live_server.run}" for kind in KINDS]
    lists = ["/experiments", f"/runs/{live_server.run}/experiments"]
    found = {}
    for place in (*lists, *forms, *answers.values(), f"{answers['evaluate']}?part=ja"):
        answer = page.goto(place)
        assert answer is not None
        assert answer.ok, place
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        found[place] = wrong_with(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


def test_a_name_without_end_leaves_the_other_columns_in_sight(
    page: Page, live_server: LiveServer, own_app: FastAPI, answers: dict[str, str]
) -> None:
    with own_app.state.sessions.begin() as session:
        session.get_one(Experiment, answers["dose"].rsplit("/", 1)[1]).name = "x" * 200
    page.goto("/experiments")
    scroller = page.locator(".scroller").first
    assert scroller.evaluate("one => one.scrollWidth <= one.clientWidth"), "the list scrolls sideways"
    page.set_viewport_size({"width": 390, "height": 800})
    name = page.locator(".list tbody tr").first.locator("th").bounding_box()
    assert name is not None
    assert 140 < name["width"] < 390


def test_from_a_number_of_an_evaluation_to_the_questions_behind_it(page: Page, answers: dict[str, str]) -> None:
    page.goto(answers["evaluate"])
    page.get_by_role("navigation", name="Metric").get_by_role("link", name="In another language").click()
    expect(page.locator("#figure-conditions h2")).to_have_text("In another language by condition")
    expect(page.locator("#figure-conditions svg")).to_have_count(2)
    page.get_by_role("row", name="日本語").first.get_by_role("link").first.click()
    expect(page.get_by_text("3 questions, page 1 of 1")).to_be_visible()
    page.get_by_role("link", name="won").click()
    expect(page).to_have_url(re.compile("metric=wrong_language.*which=won"))


def test_a_report_draws_again_when_a_part_is_done(page: Page, live_server: LiveServer, own_app: FastAPI) -> None:
    page.goto(f"/runs/{live_server.run}/report")
    page.get_by_role("button", name="Run what is missing").click()
    progress = page.locator("#report-progress")
    expect(progress.locator("li")).to_have_count(3)  # there are no questions to ask
    page.locator("details[id]").first.locator("summary").click()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    with own_app.state.sessions.begin() as session:
        query = select(Experiment).where(Experiment.run_id == live_server.run, Experiment.kind == "geometry")
        row = session.scalars(query).one()
        row.status, row.error = "failed", "The machine went away."
    expect(page.get_by_text("The machine went away.")).to_be_visible(timeout=20_000)
    expect(page.locator("details[id]").first).to_have_attribute("open", "")
    assert sum(address.endswith("/report") for address in asked) == 1
    assert wrong_with(page) == []
