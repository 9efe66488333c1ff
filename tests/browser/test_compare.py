"""Comparisons in a browser: three columns that are written together, another attempt, the finished page, leaving."""

import re
import threading
import time
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session, sessionmaker

from app.comparisons import stream
from app.contracts.comparisons import CompareSpec
from app.db.session import utc_now
from app.db.tables import Experiment, Job
from app.jobs.states import Ending, finish
from app.jobs.subjects import SETTLERS
from app.main import create_app
from app.settings import Settings
from tests.browser.conftest import LiveServer, OpenContext, Watch, axe_violations, serving, watched
from tests.conftest import NewDatabase
from tests.support import written
from tests.support.synthetic_comparison import TEXTS, made_result, write_synthetic_comparison
from tests.support.synthetic_run import write_synthetic_run

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def compare_app(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(Settings(database_url=new_sqlite(), data_dir=tmp_path_factory.mktemp("data"), demo=False))


@pytest.fixture(scope="module")
def sessions(compare_app: FastAPI) -> sessionmaker[Session]:
    found: sessionmaker[Session] = compare_app.state.sessions
    return found


@pytest.fixture(scope="module")
def live_server(compare_app: FastAPI, sessions: sessionmaker[Session]) -> Iterator[LiveServer]:
    """The app with a finished run, without a worker: tests write what a worker would."""
    with sessions.begin() as session:
        run = write_synthetic_run(session, layers=3, neurons=24, hidden=8, sentences_per_language=8, detail=4)
    with serving(compare_app) as url:
        yield LiveServer(url, run, "")


def answer(sessions: sessionmaker[Session], comparison: str) -> None:
    """The worker is done: the answer is stored and the job complete."""
    with sessions.begin() as session:
        row = session.get_one(Experiment, comparison)
        row.result = made_result("ja").model_dump(mode="json")
        finish(session, row.job_id, Ending("complete", None, utc_now()), SETTLERS)


def test_from_ticked_neurons_to_a_pinned_token(
    page: Page, live_server: LiveServer, sessions: sessionmaker[Session]
) -> None:
    page.goto(f"/comparisons/new?run={live_server.run}&neurons=L1·5,L2·9,L0·3")
    expect(page.locator("#neurons")).to_have_value("L1·5,L2·9,L0·3")
    assert axe_violations(page) == []
    page.get_by_role("textbox", name="Prompt").fill(TEXTS["ja"][0])
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(re.compile(r"/comparisons/[a-z0-9]{12}$"))
    comparison = page.url.rsplit("/", 1)[1]
    expect(page.locator("#state")).to_contain_text("Next in line")
    with sessions() as session:
        spec = CompareSpec.model_validate(session.get_one(Experiment, comparison).spec)
        assert spec.prompt == TEXTS["ja"][0]

    written.begin(sessions, comparison)
    for number in range(3):
        written.write(sessions, comparison, {"normal": f" n{number}", "ablated": f"<a{number}>", "control": "管"})
    expect(page.locator("#text-normal")).to_have_text(" n0 n1 n2")
    assert page.locator("#text-normal").evaluate("element => element.textContent") == " n0 n1 n2"
    expect(page.locator("#text-ablated")).to_have_text("<a0><a1><a2>")
    expect(page.locator("#text-control")).to_have_text("管管管")
    expect(page.locator("#count-control")).to_have_text("3")
    assert axe_violations(page) == []
    page.reload()
    expect(page.locator("#text-normal")).to_have_text(" n0 n1 n2")

    written.begin(sessions, comparison, attempt=2)
    written.write(sessions, comparison, {"normal": "again", "ablated": "anew", "control": "x"}, attempt=2)
    expect(page.locator("#state")).to_contain_text("this is attempt 2")
    expect(page.locator("#text-normal")).to_have_text("again")
    expect(page.locator("#text-control")).to_have_text("x")

    answer(sessions, comparison)
    expect(page.locator("#inspector")).to_contain_text("Hover over a token")
    page.locator("#text-normal .t").nth(2).hover()  # without a reload: the finished page came by the stream
    expect(page.locator("#inspector")).to_contain_text("Token 2")
    page.get_by_role("link", name="words", exact=True).click()
    page.wait_for_url(re.compile("diff=words"))
    expect(page.locator("#text-ablated .differs").first).to_be_visible()

    page.locator("#text-normal .t").nth(1).hover()
    expect(page.locator("#inspector")).to_contain_text("Token 1")
    assert page.locator(".output .here").count() == 3  # the same token in every column
    page.locator("#text-normal").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#inspector .token-view")).to_have_attribute("data-place", "3")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("token=3"))
    page.reload()
    expect(page.locator("#inspector")).to_contain_text("Token 3")
    page.locator("#text-control .t").first.click()
    page.wait_for_url(re.compile("token=0"))
    page.get_by_role("link", name="next ›").click()
    page.wait_for_url(re.compile("token=1"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_finished_page_is_accessible_in_every_script(
    new_context: OpenContext, live_server: LiveServer, sessions: sessionmaker[Session], watch: Watch, theme: str,
    width: int,
) -> None:  # fmt: skip
    with sessions.begin() as session:
        made = [write_synthetic_comparison(session, live_server.run, language) for language in TEXTS]
    page = new_context(width=width, theme=theme).new_page()
    watched(page, live_server, watch)
    for comparison in made:
        page.goto(f"/comparisons/{comparison}?diff=words&token=2")
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    assert watch.left() == []


def test_without_javascript_a_running_page_says_reload_and_tokens_are_links(
    new_context: OpenContext, live_server: LiveServer, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        running = write_synthetic_comparison(session, live_server.run, result=False)
        done = write_synthetic_comparison(session, live_server.run)
    written.begin(sessions, running)
    written.write(sessions, running, {"normal": "so far"})
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"/comparisons/{running}")
    expect(page.locator("#text-normal")).to_have_text("so far")
    page.get_by_role("link", name="Reload to see how far it is").click()
    page.goto(f"/comparisons/{done}")
    page.get_by_role("link", name="Start at token 0").click()
    page.get_by_role("link", name="next ›").click()
    expect(page.locator("#inspector")).to_contain_text("Token 1")
    assert "token=1" in page.url


def test_a_page_that_is_left_stops_its_comparison(
    new_context: OpenContext, live_server: LiveServer, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LEFT_SECONDS", 0.3)
    page = new_context().new_page()
    page.goto(f"/comparisons/new?run={live_server.run}&neurons=L1·5")
    page.get_by_role("textbox", name="Prompt").fill("left")
    page.get_by_label("Stop when I leave the page").check()
    with page.expect_response(re.compile("/events.*leave=stop")):
        page.get_by_role("button", name="Compare").click()
    comparison = page.url.split("/")[-1].split("?")[0]
    page.close()
    end = time.monotonic() + 60
    while status(sessions, comparison) != "cancelled":
        assert time.monotonic() < end, "the comparison goes on"
        time.sleep(0.1)


def status(sessions: sessionmaker[Session], comparison: str) -> str:
    with sessions() as session:
        return session.get_one(Job, written.job_of(session, comparison)).status


def test_a_first_connection_that_fails_offers_a_retry(
    page: Page, live_server: LiveServer, sessions: sessionmaker[Session], watch: Watch
) -> None:
    watch.allowed = ("503", "Failed to load", "htmx")
    with sessions.begin() as session:
        running = write_synthetic_comparison(session, live_server.run, result=False)
    page.route("**/events*", lambda route: route.fulfill(status=503, body="away"))
    page.goto(f"/comparisons/{running}")
    retry = page.get_by_role("button", name="Connection lost")
    expect(retry).to_be_visible()
    page.unroute("**/events*")
    written.begin(sessions, running)
    retry.click()
    timer = threading.Timer(0.2, written.write, (sessions, running, {"normal": "here"}))
    timer.start()
    expect(page.locator("#text-normal")).to_have_text("here")
    timer.join()
