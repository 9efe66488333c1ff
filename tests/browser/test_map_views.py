"""Zoom, legend, links, fallback and accessibility of the map in a real Chromium."""

import gzip
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer, OpenContext, Watch, axe_violations, watched
from tests.browser.test_map import centre, colours, open_map

pytestmark = pytest.mark.browser
STATIC = Path(__file__).parents[2] / "static"
SCRIPT_BUDGET = 60_000  # bytes, compressed, of all scripts with htmx


def test_wheel_zooms_at_the_pointer_and_double_click_resets(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=0")
    x, y = centre(page)
    at = """([x, y]) => {
      const map = document.getElementById('map'), box = map.canvas.getBoundingClientRect();
      return map.camera.unit([x - box.left, y - box.top]);
    }"""
    page.mouse.move(x + 90, y - 60)
    before = page.evaluate(at, [x + 90, y - 60])
    corner = page.evaluate(at, [x - 200, y - 200])
    page.mouse.wheel(0, -600)
    page.wait_for_function(f"(was) => Math.abs(({at})([{x - 200}, {y - 200}])[0] - was) > 100", arg=corner[0])
    assert page.evaluate(at, [x + 90, y - 60]) == pytest.approx(before, abs=2)
    page.mouse.dblclick(x + 250, y + 250)
    page.wait_for_function(f"(was) => Math.abs(({at})([{x - 200}, {y - 200}])[0] - was) < 2", arg=corner[0])


def test_dragging_moves_the_map(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=0")
    x, y = centre(page)
    before = page.evaluate("document.getElementById('map').place(0)")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 25, steps=4)
    page.mouse.up()
    after = page.evaluate("document.getElementById('map').place(0)")
    assert after == pytest.approx([before[0] + 40, before[1] + 25], abs=6)


def test_the_legend_greys_and_isolates(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=0")
    everything = page.locator("#legend [aria-pressed=true]")
    page.locator('#legend [data-key="ja"]').click()
    expect(everything).to_have_count(4)
    assert "hl=en.ar.hi.th" in page.url
    page.locator('#legend [data-key="hi"]').click(modifiers=["Alt"])
    expect(everything).to_have_count(1)
    assert "hl=hi" in page.url
    page.locator('#legend [data-key="hi"]').focus()
    page.keyboard.press("Space")
    expect(everything).to_have_count(0)
    page.reload()
    expect(everything).to_have_count(0)
    page.locator('#legend [data-key="hi"]').click()
    expect(everything).to_have_count(1)
    page.get_by_role("link", name="Show all").click()
    expect(everything).to_have_count(5)
    expect(page.get_by_text("Show all")).to_be_hidden()
    assert "hl=" not in page.url
    page.locator('#legend [data-key="ja"]').click()
    expect(page.get_by_text("Show all")).to_be_visible()


def test_a_theme_change_changes_the_colours(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=0")
    light = page.evaluate("document.getElementById('map').legend.entries[0].css")
    page.locator("#theme").click()
    page.wait_for_function("(light) => document.getElementById('map').legend.entries[0].css !== light", arg=light)
    page.emulate_media(color_scheme="dark")
    assert colours(page) > 1500


def test_the_picture_of_the_view_is_a_png(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=1")
    with page.expect_download() as waiting:
        page.get_by_text("PNG of this view").click()
    assert waiting.value.suggested_filename == "map-pca-level1.png"
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_lost_context_comes_back(page: Page, live_server: LiveServer, watch: Watch):
    watch.allowed = ("CONTEXT_LOST", "context lost")
    open_map(page, live_server.run, "?level=1")
    before = colours(page)
    page.evaluate(
        """async () => {
          const map = document.getElementById('map'), loss = map.renderer.gl.getExtension('WEBGL_lose_context');
          const back = new Promise((yes) => map.canvas.addEventListener('webglcontextrestored', yes, {once: true}));
          loss.loseContext();
          await new Promise((yes) => setTimeout(yes, 100));
          loss.restoreContext();
          await back;
          await new Promise((yes) => setTimeout(yes, 200));
        }"""
    )
    assert abs(colours(page) - before) < before * 0.02


def test_reduced_motion_jumps(new_context: OpenContext, live_server: LiveServer):
    page = new_context(reduced_motion="reduce").new_page()
    open_map(page, live_server.run, "?level=0&method=umap")
    places = page.evaluate(
        """async () => {
          const map = document.getElementById('map');
          await map.stored.points(5);
          const seen = new Set(), done = new Promise((yes) => map.addEventListener('map-settled', yes, {once: true}));
          const look = () => { seen.add(map.place(3)[0]); requestAnimationFrame(look); };
          look();
          map.show(5);
          await done;
          return seen.size;
        }"""
    )
    assert places <= 2


def test_without_webgl_the_servers_picture_and_the_reason(
    new_context: OpenContext, live_server: LiveServer, watch: Watch
):
    context = new_context()
    context.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        "  return kind === 'webgl2' ? null : get.call(this, kind, ...more); };"
    )
    page = context.new_page()
    watched(page, live_server, watch)
    page.goto(f"/runs/{live_server.run}/map?level=2&hl=ja")
    expect(page.locator("galaxy-map [role=alert]")).to_contain_text("no WebGL2")
    picture = page.locator("galaxy-map img")
    page.wait_for_function("document.querySelector('galaxy-map img').naturalWidth > 500")
    assert "hl=ja" in (picture.get_attribute("src") or "")
    page.keyboard.press("]")
    expect(picture).to_have_attribute("src", re.compile("level=3"))
    assert axe_violations(page) == []
    assert watch.left() == []


def test_without_a_script_the_page_still_reads(new_context: OpenContext, live_server: LiveServer):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"/runs/{live_server.run}/map?level=2&sel=pca.2_-32768.-32768_32767.-32768_32767.32767")
    expect(page.locator("galaxy-map img")).to_be_visible()
    expect(page.locator("#selection .rows tbody tr")).to_have_count(25)
    page.locator("[data-step='1']").click()
    expect(page.locator("#level-number")).to_have_text("3")
    page.locator('#legend [data-key="ja"]').click()
    expect(page.locator("#legend [aria-pressed=false]")).to_have_count(1)
    page.locator("#selection").get_by_text("Next").click()
    expect(page.locator("#selection .pages")).to_contain_text("page 2")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    ["/runs/{run}/map?level=1&point=3&sel=pca.1_-32768.-32768_32767.-32768_0.32767", "/runs/{many}/map?colour=script",
     "/runs/{run}/figures", "/runs/{many}/figures?level=2&hl=ja.ar", "/runs/{run}"],
)  # fmt: skip
def test_axe_finds_nothing(new_context: OpenContext, live_server: LiveServer, watch: Watch, path: str, theme: str):
    page = new_context(theme=theme).new_page()
    watched(page, live_server, watch)
    page.goto(path.format(run=live_server.run, many=live_server.many))
    page.wait_for_load_state("networkidle")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert axe_violations(page) == []
    assert watch.left() == []


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("path", ["/runs/{many}/map", "/runs/{many}/figures"])
def test_nothing_is_wider_than_the_screen(new_context: OpenContext, live_server: LiveServer, path: str, width: int):
    page = new_context(width=width).new_page()
    page.goto(path.format(many=live_server.many))
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_overview_loads_its_figures(page: Page, live_server: LiveServer):
    page.goto(f"/runs/{live_server.run}")
    expect(page.locator("#figures #figure-centroids svg").first).to_be_visible()
    page.locator("#figure-neurons").get_by_role("link", name="10", exact=True).click()
    page.wait_for_url("**/figures?top=10#figure-neurons")


def test_the_scripts_stay_small():
    scripts = sorted(STATIC.rglob("*.js"))
    sizes = {str(one.relative_to(STATIC)): len(gzip.compress(one.read_bytes(), 9)) for one in scripts}
    assert sum(sizes.values()) <= SCRIPT_BUDGET, sizes
    assert any(name.endswith("map/element.js") for name in sizes)
