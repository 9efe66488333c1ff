"""The product as a story: `babelscope run` on an empty folder, the demo scan, a run by form, its views."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LiveServer, Watch, axe_violations, watched
from tests.browser.test_map import centre, draw_lasso

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
PATIENCE = 420  # seconds for the demo scan, which takes a tenth of it on a free machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The command a user starts, on an empty data folder; the run is the demo scan, complete."""
    port, folder = free_port(), tmp_path_factory.mktemp("product")
    command = ["env", f"PORT={port}", f"DATA_DIR={folder}", "DEVICE=cpu", sys.executable, "-m", "app.cli", "run"]
    process = subprocess.Popen(command, cwd=ROOT, process_group=0)
    url = f"http://127.0.0.1:{port}"
    try:
        yield LiveServer(url, finished_run(url), "")
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def finished_run(url: str) -> str:
    """Wait for the demo scan; its id."""
    end = time.monotonic() + PATIENCE
    last: object = "no answer"
    while time.monotonic() < end:
        try:
            runs = httpx.get(f"{url}/api/runs", timeout=10).json()
        except httpx.HTTPError:
            time.sleep(0.5)
            continue
        last = [(run["status"], run["stage"], run["error"]) for run in runs]
        if runs and runs[0]["status"] in {"complete", "failed"}:
            assert runs[0]["status"] == "complete", runs[0]["error"]
            return str(runs[0]["id"])
        time.sleep(0.5)
    raise AssertionError(f"The demo scan did not end within {PATIENCE} s: {last}")


@pytest.fixture
def visitor(browser: Browser, product: LiveServer, watch: Watch) -> Iterator[Page]:
    context = browser.new_context(base_url=product.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    watched(page, product, watch)
    yield page
    context.close()
    assert watch.left() == []


def test_from_form_to_neuron(visitor: Page) -> None:
    page = visitor
    page.goto("/")
    expect(page.get_by_role("link", name="Demo", exact=True).first).to_be_visible()
    page.goto("/runs/new")
    page.get_by_label(re.compile("Preset|paper", re.IGNORECASE)).first.wait_for()
    page.locator("input[name=preset][value=paper]").check()
    page.locator("input[name=preset][value=paper]:checked").wait_for()
    for code in ("it", "ko"):
        page.locator(f"input[name=languages][value={code}]").uncheck()
    page.locator("#settings").evaluate("(element) => { element.open = true }")
    page.locator("#max_sentences").fill("40")
    page.locator("#name").fill("Forty sentences")
    page.get_by_role("button", name="Start run").click()
    page.wait_for_url(re.compile(r"/runs/[a-z0-9]{12}$"))
    expect(page.get_by_role("heading", name="Forty sentences")).to_be_visible()
    run = page.url.rsplit("/", 1)[1]
    expect(page.locator("nav.tabs")).to_be_visible(timeout=180_000)  # the live page turns into the finished one
    expect(page.locator("#menu .count"), "the menu counts the job that is done").to_have_count(0)
    expect(page.locator("svg.figure").first).to_be_visible()

    page.goto(f"/runs/{run}/map")
    page.evaluate("customElements.whenDefined('galaxy-map').then(() => document.getElementById('map').ready)")
    page.locator("#level").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("level=1"))
    centre(page)
    draw_lasso(page)
    page.wait_for_url(re.compile("sel="))
    expect(page.locator("#selection table.rows")).to_be_visible()
    selected = page.locator("#selection").inner_text()
    page.reload()
    expect(page.locator("#selection")).to_have_text(re.compile(re.escape(selected.splitlines()[0])))

    page.goto(f"/runs/{run}/neurons?language=ja&type=2")
    page.locator("thead a").filter(has_text=re.compile("η²|eta", re.IGNORECASE)).first.click()
    page.wait_for_url(re.compile("sort="))
    first = page.locator("tbody tr").first.inner_text()
    page.reload()
    assert page.locator("tbody tr").first.inner_text() == first
    page.locator("tbody a").first.click()
    page.wait_for_url(re.compile(r"/neurons/\d+/\d+"))
    expect(page.locator("h1")).to_contain_text("L")
    title = page.title()
    page.reload()
    assert page.title() == title


def ask_for_comparison(page: Page, run: str, prompt: str, tokens: int) -> str:
    """From the neuron table, with its first three neurons ticked, to the comparison's page; its id."""
    page.goto(f"/runs/{run}/neurons?language=ja&type=2")
    boxes = page.locator("tbody input[type=checkbox][name=neurons]")
    for index in range(3):
        boxes.nth(index).check()
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(re.compile("/comparisons/new"))
    assert len(page.locator("#neurons").input_value().split(",")) == 3
    page.get_by_role("textbox", name="Prompt").fill(prompt)
    page.locator("#max_new_tokens").fill(str(tokens))
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(re.compile(r"/comparisons/[a-z0-9]{12}$"))
    return page.url.rsplit("/", 1)[1]


def written(page: Page) -> None:
    """Wait until every column holds some text."""
    for role in ("normal", "ablated", "control"):
        expect(page.locator(f"#text-{role}")).to_have_text(re.compile(r"\S"), timeout=120_000)


def outputs(product: LiveServer, comparison: str) -> dict[str, str]:
    """The texts of a finished comparison by role, of the first control draw."""
    result = httpx.get(f"{product.url}/api/comparisons/{comparison}", timeout=30).json()["result"]
    return {one["role"]: one["text"] for one in result["outputs"] if one["draw"] == 0}


def test_compare_stop_and_read(visitor: Page, product: LiveServer) -> None:
    page = visitor
    comparison = ask_for_comparison(page, product.run, "今日は", 480)
    written(page)
    if page.get_by_role("button", name="Stop").is_visible():  # a fast machine may be done
        page.get_by_role("button", name="Stop").click()
    expect(page.locator("#inspector")).to_be_visible(timeout=120_000)
    page.reload()
    texts = outputs(product, comparison)
    for role, text in texts.items():
        shown = page.locator(f"#text-{role}").evaluate("element => element.textContent")
        assert shown.replace("⟂", "").replace("↵", "").strip() == text.strip()
    page.get_by_role("link", name="words", exact=True).click()
    page.wait_for_url(re.compile("diff=words"))
    page.locator("#text-normal .t").first.hover()
    expect(page.locator("#inspector")).to_contain_text("Token 0")
    assert axe_violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_the_product_is_accessible(
    browser: Browser, product: LiveServer, watch: Watch, theme: str
) -> None:
    context = browser.new_context(base_url=product.url, color_scheme=theme)  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    page = context.new_page()
    watched(page, product, watch)
    run = product.run
    detail = httpx.get(f"{product.url}/api/runs/{run}").json()
    addresses = [
        "/", "/about", "/models", f"/models/{detail['model']}", "/corpora", "/corpora/new",
        f"/corpora/{detail['corpus']}", "/runs", "/runs/new", f"/runs/{run}",
        f"/runs/{run}/figures", f"/runs/{run}/map", f"/runs/{run}/neurons",
        f"/runs/{run}/neurons/0/1", "/jobs", f"/jobs/{detail['job']}", "/api",
    ]  # fmt: skip
    wrong = {}
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        page.wait_for_load_state("load")
        found = axe_violations(page)
        if found:
            wrong[address] = found
    context.close()
    assert wrong == {}
    assert watch.left() == []
