"""The map in a real Chromium, on WebGL drawn in software."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer

pytestmark = pytest.mark.browser
STATIC = Path(__file__).parents[2] / "static"
SCRIPT_BUDGET = 60_000  # bytes, compressed, of all scripts with htmx
SETTLED = "customElements.whenDefined('galaxy-map').then(() => document.getElementById('map').ready)"


def open_map(page: Page, run: str, query: str = "") -> None:
    """Open a map and wait until its points are there."""
    page.goto(f"/runs/{run}/map{query}")
    page.evaluate(SETTLED)


def colours(page: Page) -> int:
    """Pixels of the drawn map that differ from its paper."""
    found: int = page.evaluate(
        """async () => {
          const bitmap = await createImageBitmap(await document.getElementById('map').picture());
          const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), context = canvas.getContext('2d');
          context.drawImage(bitmap, 0, 0);
          const {data} = context.getImageData(0, 0, bitmap.width, bitmap.height);
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            if (data[i] !== data[0] || data[i + 1] !== data[1] || data[i + 2] !== data[2]) count++;
          return count;
        }"""
    )
    return found


def centre(page: Page) -> tuple[int, int]:
    """The middle of the map on the screen."""
    page.locator("galaxy-map").scroll_into_view_if_needed()
    box = page.locator("galaxy-map canvas").first.bounding_box()
    assert box is not None
    return round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)  # events come in whole pixels


def draw_lasso(page: Page, half: float = 260) -> None:
    """Shift-drag a square around the middle."""
    x, y = centre(page)
    page.keyboard.down("Shift")
    page.mouse.move(x - half, y - half)
    page.mouse.down()
    for dx, dy in ((half, -half), (half, half), (-half, half)):
        page.mouse.move(x + dx, y + dy, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")


def on_a_point(page: Page, point: int) -> tuple[float, float]:
    """Where a point is on the screen."""
    x, y = page.evaluate(
        """(point) => {
          const map = document.getElementById('map'), box = map.canvas.getBoundingClientRect();
          const [x, y] = map.place(point);
          return [box.left + x, box.top + y];
        }""",
        point,
    )
    return x, y


def test_points_are_drawn(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=1")
    assert colours(page) > 1500


def test_the_slider_morphs_and_the_address_follows(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=1&method=umap")
    before = page.evaluate("document.getElementById('map').place(0)")
    page.locator("#level").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#level-words")).to_have_text("output of layer 1")
    page.wait_for_url("**level=2**")
    expect(page.locator("#caption")).to_contain_text("level 2 (output of layer 1)")
    page.wait_for_function("(x) => document.getElementById('map').place(0)[0] !== x", arg=before[0])
    assert "method=umap" in page.url
    assert "level=2" in (page.locator("a[data-keep]", has_text="SVG").get_attribute("href") or "")
    assert page.evaluate("history.length") == 2  # dragging leaves no trail behind


def test_the_morph_passes_through_the_middle(page: Page, live_server: LiveServer):
    page.clock.install()
    open_map(page, live_server.run, "?level=0&method=umap")
    place = "document.getElementById('map').place(3)"
    page.evaluate("document.getElementById('map').stored.points(5)")
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    start = page.evaluate(place)
    page.evaluate("void document.getElementById('map').show(5)")
    page.clock.run_for(220)
    between = page.evaluate(place)
    page.clock.run_for(600)
    end = page.evaluate(place)
    assert start != end
    assert min(start[0], end[0]) < between[0] < max(start[0], end[0])
    assert min(start[1], end[1]) < between[1] < max(start[1], end[1])


def test_keys_step_levels_anywhere_on_the_page(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=3")
    page.keyboard.press("]")
    expect(page.locator("#level-number")).to_have_text("4")
    page.keyboard.press("[")
    page.keyboard.press("[")
    expect(page.locator("#level-number")).to_have_text("2")


def test_play_goes_on_by_itself_only_when_asked(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=4")
    expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")
    page.locator("#play").click()
    expect(page.locator("#level-number")).to_have_text("6", timeout=8000)
    expect(page.locator("#play")).to_have_attribute("aria-pressed", "false", timeout=8000)


def test_a_lasso_fills_the_table_and_reload_gives_the_same(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=1&method=umap")
    draw_lasso(page, 80)
    page.wait_for_url("**sel=umap.1_**")
    total = page.locator("#selection .total strong")
    expect(total).to_be_visible()
    count, first = total.inner_text(), page.locator("#selection .rows tbody tr").first.inner_text()
    assert 0 < int(count) < 300
    lit = page.evaluate("document.getElementById('map').chosen.reduce((a, b) => a + b, 0)")
    assert lit == int(count)
    drawn = colours(page)
    address = page.url
    page.reload()
    page.evaluate(SETTLED)
    assert page.url == address
    assert page.locator("#selection .total strong").inner_text() == count
    assert page.locator("#selection .rows tbody tr").first.inner_text() == first
    page.wait_for_function(f"document.getElementById('map').chosen.reduce((a, b) => a + b, 0) === {lit}")
    assert abs(colours(page) - drawn) < drawn * 0.02


def test_a_lasso_stays_on_its_points_at_other_levels(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=1&method=umap")
    draw_lasso(page, 80)
    count = page.locator("#selection .total strong").inner_text()
    page.keyboard.press("]")
    page.wait_for_url("**level=2**")
    assert page.evaluate("document.getElementById('map').chosen.reduce((a, b) => a + b, 0)") == int(count)
    assert "sel=umap.1_" in page.url


def test_back_takes_the_lasso_away(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=1")
    draw_lasso(page)
    expect(page.locator("#selection .total")).to_be_visible()
    page.go_back()
    expect(page.locator("#selection .empty")).to_be_visible()
    assert page.evaluate("document.getElementById('map').chosen.every((one) => one === 1)")


def test_escape_clears(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=1")
    draw_lasso(page)
    expect(page.locator("#selection .total")).to_be_visible()
    page.locator("galaxy-map").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#selection .empty")).to_be_visible()
    assert "sel=" not in page.url


def test_pages_of_the_selection(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=1&sel=pca.1_-32768.-32768_32767.-32768_32767.32767_-32768.32767")
    first = page.locator("#selection .rows tbody tr").first.inner_text()
    page.locator("#selection").get_by_text("Next").click()
    expect(page.locator("#selection .pages")).to_contain_text("page 2 of 12")
    assert page.locator("#selection .rows tbody tr").first.inner_text() != first
    assert "page=2" in page.url


def test_hover_shows_the_sentence_in_its_language(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=0")
    point = page.evaluate("document.getElementById('map').language.indexOf(2)")
    page.locator("[data-do=fit]").click()
    centre(page)
    page.mouse.move(*on_a_point(page, point))
    tip = page.locator(".tip")
    expect(tip).to_be_visible()
    expect(tip.locator("bdi.text").first).to_have_attribute("lang", re.compile("ar|en|ja|hi|th"))
    shown = int(tip.locator("[data-shown]").get_attribute("data-shown") or -1)
    assert page.evaluate("(n) => document.getElementById('map').hovered === n", shown)
    page.mouse.move(2, 2)
    expect(tip).to_be_hidden()


def test_a_click_pins_the_point_with_its_translations(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=0")
    centre(page)
    page.mouse.click(*on_a_point(page, 7))
    page.wait_for_url("**point=**")
    expect(page.locator("#point h3").first).to_have_text("Translations")
    assert page.evaluate("document.getElementById('map').links.length") == 4
    page.reload()
    page.evaluate(SETTLED)
    expect(page.locator("#point h3").first).to_have_text("Translations")
    page.wait_for_function("document.getElementById('map').focused >= 0")


def test_everything_by_keyboard(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=0")
    page.locator("galaxy-map").focus()
    page.keyboard.press("ArrowRight")
    first = page.evaluate("document.getElementById('map').focused")
    place = page.evaluate("(n) => document.getElementById('map').place(n)", first)
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.getElementById('map').focused")
    assert first >= 0
    assert second not in (-1, first)
    assert page.evaluate("(n) => document.getElementById('map').place(n)", second)[0] > place[0]
    expect(page.locator(".tip")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**point={second}**")
    page.keyboard.press("+")
    near = page.evaluate("document.getElementById('map').place(0)")
    page.keyboard.press("0")
    assert page.evaluate("document.getElementById('map').place(0)") != near
