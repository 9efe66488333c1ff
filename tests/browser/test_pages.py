"""Models, corpora, runs and jobs in a real browser: live progress, forms with and without scripts, keys, themes."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, Route, expect
from sqlalchemy.orm import Session

from app.contracts.ids import new_id
from app.contracts.jobs import ScanSpec
from app.db.session import utc_now
from app.db.tables import Event, Job, Run, WorkerLease
from app.main import create_app
from app.runs.service import queue_run
from app.settings import Settings
from tests.browser.conftest import LiveServer, OpenContext, Watch, axe_violations, watched
from tests.conftest import NewDatabase
from tests.support.synthetic_run import write_synthetic_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
expect.set_options(timeout=20_000)
PLACES = ("/", "/models", "/corpora", "/corpora/new", "/runs", "/runs/new", "/jobs", "/about", "/api", "/nowhere")


@pytest.fixture(scope="module")
def own_app(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """An app these tests may change."""
    app = create_app(Settings(database_url=new_sqlite(), data_dir=tmp_path_factory.mktemp("pages"), demo=False))
    with app.state.sessions.begin() as session:
        write_synthetic_run(session, layers=3, neurons=24, hidden=8, sentences_per_language=12, detail=4)
        now = utc_now()
        session.add(WorkerLease(executor="w", host="h", device="cpu", pid=1, state="starting", started=now, beat=now))
    return app


@pytest.fixture
def live_server(own_server: LiveServer) -> LiveServer:
    """The pages of this module are this module's own server's."""
    return own_server


def waiting_run(app: FastAPI, finished: str, name: str) -> tuple[str, str]:
    """Ids of a run that was just queued, and of its job."""
    with app.state.sessions.begin() as session:
        spec = ScanSpec.model_validate({**session.get_one(Run, finished).spec, "run_id": new_id()})
        run = queue_run(session, app.state.queue, spec, name, seconds=60, now=utc_now())
        return run.id, run.job_id


def advance(session: Session, job_id: str, done: int) -> None:
    """What a worker's progress leaves in the database."""
    job = session.get_one(Job, job_id)
    job.status, job.stage, job.done, job.total, job.started = "running", "Reading the model", done, 10, utc_now()
    job.event_seq += 1
    data = {"stage": job.stage, "done": done, "total": 10, "note": ""}
    session.add(Event(job_id=job.id, seq=job.event_seq, kind="progress", data=data, created=utc_now()))


def test_a_run_moves_on_by_itself_until_its_end(page: Page, live_server: LiveServer, own_app: FastAPI) -> None:
    run_id, job_id = waiting_run(own_app, live_server.run, "Watched")
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    for done in (3, 7):
        with own_app.state.sessions.begin() as session:
            advance(session, job_id, done)
        expect(page.locator("progress")).to_have_js_property("value", done)
        expect(page.locator(".progress .num")).to_have_text(f"{done * 10} %")
    with own_app.state.sessions.begin() as session:
        own_app.state.queue.cancel(session, job_id)
    expect(page.get_by_text("This run was cancelled.")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert page.url.endswith(f"/runs/{run_id}")


def test_progress_follows_when_the_stream_script_comes_late(
    page: Page, live_server: LiveServer, own_app: FastAPI
) -> None:
    late: list[Route] = []
    page.route("**/vendor/hx-sse*", lambda route: late.append(route))
    run_id, job_id = waiting_run(own_app, live_server.run, "Late script")
    page.goto(f"/runs/{run_id}", wait_until="commit")
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    page.wait_for_function("window.htmx !== undefined")
    page.evaluate("new Promise((done) => setTimeout(() => setTimeout(done)))")  # what htmx put off has run
    late[0].continue_()
    with own_app.state.sessions.begin() as session:
        advance(session, job_id, 6)
    expect(page.locator(".progress .num")).to_have_text("60 %")


def test_a_stream_whose_script_never_comes_offers_a_reload(
    page: Page, live_server: LiveServer, own_app: FastAPI, watch: Watch
) -> None:
    watch.allowed = ("ERR_FAILED",)
    run_id, _ = waiting_run(own_app, live_server.run, "No script")
    page.clock.install()
    page.route("**/vendor/hx-sse*", lambda route: route.abort())
    page.goto(f"/runs/{run_id}")
    button = page.get_by_role("button", name="Connection lost: reload")
    expect(button).to_be_hidden()
    page.clock.run_for(10_000)
    expect(button).to_be_visible()


def test_the_log_of_a_job_grows(page: Page, live_server: LiveServer, own_app: FastAPI) -> None:
    _, job_id = waiting_run(own_app, live_server.run, "Logged")
    page.goto(f"/jobs/{job_id}")
    lines = page.locator(".log .line")
    expect(lines).to_have_count(1)
    with own_app.state.sessions.begin() as session:
        advance(session, job_id, 4)
    expect(lines).to_have_count(2)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect(lines).to_have_count(3)


def test_a_stream_that_never_begins_offers_a_reload(
    page: Page, live_server: LiveServer, own_app: FastAPI, watch: Watch
) -> None:
    watch.allowed = ("ERR_FAILED", "Failed to load resource", "htmx")
    run_id, job_id = waiting_run(own_app, live_server.run, "Cut off")
    cut = True
    page.route(f"**/jobs/{job_id}/events*", lambda route: route.abort() if cut else route.continue_())
    page.goto(f"/runs/{run_id}")
    button = page.get_by_role("button", name="Connection lost: reload")
    expect(button).to_be_visible()
    cut = False  # taking the route away instead can stall the stream of a page that is just loading
    with page.expect_response(f"**/jobs/{job_id}/events*"):
        button.click()
    with own_app.state.sessions.begin() as session:
        advance(session, job_id, 5)
    expect(page.locator(".progress .num")).to_have_text("50 %")


def test_the_cost_follows_every_choice(page: Page, live_server: LiveServer) -> None:
    page.goto("/runs/new")
    cost = page.locator("aside")
    expect(cost).to_contain_text("60 sentences")
    page.get_by_text("Settings, spelled out").click()
    page.get_by_role("checkbox", name="日本語").uncheck()
    expect(cost).to_contain_text("48 sentences")
    expect(page.locator("#settings")).to_have_attribute("open", "")  # a renewed form stays unfolded
    page.get_by_label("Sentences per language at most").fill("5")
    page.get_by_label("Sentences per language at most").press("Tab")
    expect(cost).to_contain_text("20 sentences")
    expect(page.get_by_role("radio", name="Custom")).to_be_checked()
    page.get_by_role("radio", name="Paper").check()
    expect(page.get_by_label("Where a sentence is read")).to_have_value("last")
    expect(cost).to_contain_text("48 sentences")
    page.reload()  # the state is in the address
    expect(cost).to_contain_text("48 sentences")
    expect(page.get_by_role("radio", name="Paper")).to_be_checked()


def test_a_run_starts_without_scripts(new_context: OpenContext, live_server: LiveServer) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/runs/new")
    page.get_by_role("checkbox", name="ไทย").uncheck()
    page.get_by_role("button", name="Estimate").click()
    expect(page.locator("aside")).to_contain_text("48 sentences")
    page.get_by_label("Name").fill("By hand")
    page.get_by_role("button", name="Start run").click()
    expect(page.get_by_role("heading", name="By hand")).to_be_visible()


def test_an_upload_that_fails_and_one_that_does_not(page: Page, tmp_path: Path, watch: Watch) -> None:
    watch.allowed = ("422",)
    (tmp_path / "en.txt").write_text("One.\nTwo.\nThree.\n", "utf-8")
    (tmp_path / "ar.txt").write_text("واحد.\nاثنان.\n", "utf-8")
    page.goto("/corpora")
    page.get_by_role("link", name="Upload a corpus").first.click()
    page.get_by_label("Name").fill("Numbers")
    page.get_by_label("Files").set_input_files([tmp_path / "en.txt", tmp_path / "ar.txt"])
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("alert")).to_contain_text("different numbers of lines")
    expect(page.get_by_label("Name")).to_have_value("Numbers")
    (tmp_path / "ar.txt").write_text("واحد.\nاثنان.\nثلاثة.\n", "utf-8")
    page.get_by_label("Files").set_input_files([tmp_path / "en.txt", tmp_path / "ar.txt"])
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("heading", name="Numbers")).to_be_visible()
    arabic = page.get_by_text("ثلاثة.")
    expect(arabic).to_have_attribute("dir", "rtl")
    expect(arabic).to_have_attribute("lang", "ar")


def test_keys_and_theme(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page).to_have_url("/models")
    page.get_by_label("Hugging Face id").fill("?gj")  # keys in fields are only letters
    expect(page.get_by_role("dialog")).to_be_hidden()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Change between light and dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.goto("/runs")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    new_context: OpenContext, live_server: LiveServer, own_app: FastAPI, watch: Watch, theme: str
) -> None:
    watch.allowed = ("404",)
    run_id, job_id = waiting_run(own_app, live_server.run, "Looked at")
    page = new_context(theme=theme).new_page()
    watched(page, live_server, watch)
    page.goto("/api/models")
    with own_app.state.sessions() as session:
        run = session.get_one(Run, live_server.run)
    own = (f"/runs/{run_id}", f"/jobs/{job_id}", f"/models/{run.model_id}", f"/corpora/{run.corpus_id}")
    found = {}
    for place in (*PLACES, *own):
        page.goto(place)
        found[place] = axe_violations(page)
        page.set_viewport_size({"width": 390, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            found[place].append("wider than 390")
        page.set_viewport_size({"width": 1280, "height": 900})
    assert {place: wrong for place, wrong in found.items() if wrong} == {}
    assert watch.left() == []
