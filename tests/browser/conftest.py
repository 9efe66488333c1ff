"""A real server, a real Chromium, and a page that fails its test on console errors, CSP violations and other sites."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from app.db.tables import Run
from app.main import create_app
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support.chromium import chromium_path
from tests.support.synthetic_geometry import write_synthetic_geometry
from tests.support.synthetic_run import write_synthetic_run

FLAGS = (
    "--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--disable-component-update", "--no-first-run",
)  # fmt: skip
AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
WATCH = """document.addEventListener("securitypolicyviolation",
  (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));"""


@dataclass(frozen=True)
class LiveServer:
    """A running app with finished runs: `run` has five languages, `many` fourteen."""

    url: str
    run: str
    many: str


@contextlib.contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app under uvicorn on a free port of this machine; its address."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture(scope="session")
def live_server(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The app with its finished runs."""
    app = create_app(Settings(database_url=new_sqlite(), data_dir=tmp_path_factory.mktemp("data"), demo=False))
    with app.state.sessions.begin() as session:
        run = write_synthetic_run(session, layers=6, neurons=80, hidden=24, sentences_per_language=60)
        write_synthetic_geometry(session, run)
        spoken = ("de", "fr", "ru", "el", "zh", "ja", "ko", "ar", "he", "hi", "th", "tr", "sw")
        many = write_synthetic_run(session, layers=4, neurons=40, hidden=16, languages=spoken, name="Many languages",
                                   sentences_per_language=20, detail=3)  # fmt: skip
    with serving(app) as url:
        yield LiveServer(url, run, many)


@pytest.fixture(scope="module")
def own_server(own_app: FastAPI) -> Iterator[LiveServer]:
    """A server of the module's own: its `own_app`, which holds one run; a module takes it as its `live_server`."""
    with own_app.state.sessions() as session:
        run = session.query(Run).one().id
    with serving(own_app) as url:
        yield LiveServer(url, run, run)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    found = chromium_path()
    if found is None:
        pytest.skip("There is no Chromium on this machine; scripts/find_chromium.py says how to get one.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield chromium
        chromium.close()


@dataclass
class Watch:
    """What a page did that it must not; a test may say what it expects."""

    complaints: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()

    def left(self) -> list[str]:
        """Complaints that the test did not expect."""
        return [one for one in self.complaints if not any(part in one for part in self.allowed)]


def watched(page: Page, server: LiveServer, watch: Watch) -> None:
    """Write down console errors, script errors, CSP violations and requests to other sites."""
    own = urlsplit(server.url).netloc

    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "GPU stall" not in message.text:
            watch.complaints.append(f"console: {message.text}")

    def request(one: Request) -> None:
        address = urlsplit(one.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != own:
            watch.complaints.append(f"other site: {one.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: watch.complaints.append(f"script: {error}"))
    page.on("request", request)
    page.add_init_script(WATCH)


@pytest.fixture
def watch() -> Watch:
    """What the pages of this test did wrong; set `allowed` for what the test provokes."""
    return Watch()


OpenContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(browser: Browser, live_server: LiveServer) -> Iterator[OpenContext]:
    """Makes browser contexts of a size and theme, with the server as base address; closed after the test."""
    with contextlib.ExitStack() as stack:

        def new(width: int = 1280, height: int = 900, theme: str = "light", **options: object) -> BrowserContext:
            context = browser.new_context(
                base_url=live_server.url,
                viewport={"width": width, "height": height},
                color_scheme=theme,  # type: ignore[arg-type]
                **options,  # type: ignore[arg-type]
            )
            context.set_default_timeout(90_000)  # the first WebGL context on a busy machine takes its time
            stack.callback(context.close)
            return context

        yield new


@pytest.fixture
def page(new_context: OpenContext, live_server: LiveServer, watch: Watch) -> Iterator[Page]:
    """A page in the light theme; the test fails if the page did what it must not."""
    opened = new_context().new_page()
    watched(opened, live_server, watch)
    yield opened
    assert watch.left() == []


def axe_violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is, a line each; put in past the CSP, as a user's tool is."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {rule['help']} – {', '.join(node['target'][0] for node in rule['nodes'][:5])}"
        for rule in found["violations"]
    ]
