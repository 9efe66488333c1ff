"""A real worker is killed while it writes a comparison: the page recovers, and no token is shown twice."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import LiveServer, Watch, watched
from tests.browser.test_story import free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
PATIENCE = 600_000  # milliseconds; seconds on a free machine


@dataclass(frozen=True)
class Product(LiveServer):
    """The running product with the demo model inspected, and the process a user started."""

    model: str
    pid: int


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Server and worker on an empty data folder; the demo model is there, but no scan."""
    port, folder = free_port(), tmp_path_factory.mktemp("product")
    variables = (f"PORT={port}", f"DATA_DIR={folder}", "DEVICE=cpu", "DEMO=false", "LEASE_SECONDS=5", "THREADS=1")
    process = subprocess.Popen(["env", *variables, sys.executable, "-m", "app.cli", "run"], cwd=ROOT, process_group=0)
    url = f"http://127.0.0.1:{port}"
    try:
        yield Product(url, "", "", inspected_model(url), process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def inspected_model(url: str) -> str:
    """Add the demo model and wait until the worker has inspected it; its id."""
    end, found = time.monotonic() + PATIENCE / 1000, None
    while time.monotonic() < end:
        try:
            if found is None:
                answer = httpx.post(f"{url}/api/models", json={"source": str(ROOT / "demo" / "model")}, timeout=30)
                found = str(answer.json()["id"])
            if httpx.get(f"{url}/api/models/{found}", timeout=30).json()["status"] == "complete":
                return found
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise AssertionError("The demo model was not inspected in time.")


def test_a_worker_killed_while_it_writes(browser: Browser, product: Product, watch: Watch) -> None:
    context = browser.new_context(base_url=product.url)
    context.set_default_timeout(60_000)
    page = context.new_page()
    watched(page, product, watch)
    page.goto("/comparisons/new?neurons=L8·1,L8·2,L9·3")
    page.get_by_role("textbox", name="Prompt").fill("明日は")
    page.locator("#max_new_tokens").fill("64")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(re.compile(r"/comparisons/[a-z0-9]{12}$"))
    comparison = page.url.rsplit("/", 1)[1]
    roles = ("normal", "ablated", "control")
    for role in roles:
        expect(page.locator(f"#text-{role}")).to_have_text(re.compile(r"\S"), timeout=PATIENCE)
    for one in psutil.Process(product.pid).children(recursive=True):
        if "worker.on_device" in one.cmdline():
            one.kill()
    expect(page.locator("#state")).to_contain_text("this is attempt 2", timeout=PATIENCE)
    expect(page.locator("#inspector")).to_be_visible(timeout=PATIENCE)
    result = httpx.get(f"{product.url}/api/comparisons/{comparison}", timeout=60).json()["result"]
    texts = {one["role"]: one["text"] for one in result["outputs"] if one["draw"] == 0}
    for role in roles:
        shown = page.locator(f"#text-{role}").evaluate("element => element.textContent")
        assert shown.replace("⟂", "").replace("↵", "").strip() == texts[role].strip()
    context.close()
    assert watch.left() == []
