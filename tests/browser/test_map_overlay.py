"""Hollow points over the map in a real Chromium."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer, OpenContext, axe_violations
from tests.browser.test_map import SETTLED, centre, colours, open_map
from tests.support.synthetic_geometry import EXPERIMENT

pytestmark = pytest.mark.browser
JA = f"{EXPERIMENT}.ja.2"
ENDS = """(row) => {
  const map = document.getElementById('map'), point = map.hollow.points[row];
  return [map.place(point), map.ringOf(point)];
}"""

LEFT_HALF = """() => {  // a lasso around the left half of the sentences that have rings
  const map = document.getElementById('map'), xs = [...map.hollow.points].map((i) => map.morph.target[2 * i]);
  const x = xs.sort((a, b) => a - b)[15] - 1;
  return map.select({method: 'pca', level: 1, corners: [[-32768, -32768], [x, -32768], [x, 32767], [-32768, 32767]]});
}"""


def on_a_ring(page: Page, row: int) -> tuple[int, float, float]:
    """The point of a ring, and where the ring is on the screen."""
    point, x, y = page.evaluate(
        """(row) => {
          const map = document.getElementById('map'), box = map.canvas.getBoundingClientRect();
          const point = map.hollow.points[row], [x, y] = map.ringOf(point);
          return [point, box.left + x, box.top + y];
        }""",
        row,
    )
    return point, x, y


def test_an_overlay_is_chosen_drawn_morphed_and_kept(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, "?level=1")
    plain = colours(page)
    with page.expect_navigation():
        page.locator("#overlay").select_option(JA)
    page.evaluate(SETTLED)
    assert f"overlay={JA}" in page.url
    assert "level=1" in page.url
    assert colours(page) > plain + 500
    (x, y), (ring_x, ring_y) = page.evaluate(ENDS, 4)
    side = page.evaluate("document.getElementById('map').camera.scale[0]")
    assert ring_x - x == pytest.approx(0.2 * 2 * side, abs=1)
    assert ring_y == pytest.approx(y, abs=0.1)
    page.keyboard.press("]")
    page.wait_for_url("**level=2**")
    page.wait_for_function("() => document.getElementById('map').morph.arrived")
    (x_after, _), (ring_after, _) = page.evaluate(ENDS, 4)
    assert x_after != x
    assert ring_after - x_after == pytest.approx(0.2 * 2 * side, abs=1)
    expect(page.locator("#caption")).to_contain_text("Hollow: 30 sentences of Japanese")
    page.reload()
    page.evaluate(SETTLED)
    expect(page.locator("#overlay")).to_have_value(JA)
    with page.expect_navigation():
        page.locator("#overlay").select_option("")
    assert "overlay" not in page.url
    assert "level=2" in page.url


def test_hovering_a_ring_says_what_is_switched_off(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, f"?level=0&overlay={JA}")
    page.locator("[data-do=fit]").click()
    centre(page)
    _, x, y = on_a_ring(page, 3)
    page.mouse.move(x, y)
    tip = page.locator(".tip")
    expect(tip).to_contain_text("Type-2, 7 neurons")
    expect(tip).to_contain_text("switched off: 日本語")
    hovered = page.evaluate("document.getElementById('map').hovered")
    assert hovered in page.evaluate("[...document.getElementById('map').hollow.points]")
    page.mouse.click(x, y)
    page.wait_for_url(f"**point={hovered}**")
    expect(page.locator("#point .off")).to_be_visible()


def test_rings_follow_legend_and_lasso(page: Page, live_server: LiveServer):
    open_map(page, live_server.run, f"?level=1&overlay={JA}")
    ways = "document.getElementById('map').hollow.ways(document.getElementById('map')).thin.length"
    assert page.evaluate(ways) == 30
    page.locator('#legend [data-key="ja"]').click()
    assert page.evaluate(ways) == 0
    page.locator('#legend [data-key="ja"]').click()
    page.evaluate(LEFT_HALF)
    assert page.evaluate(ways) == 15


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_map_with_an_overlay_is_accessible_and_fits_a_phone(
    new_context: OpenContext, live_server: LiveServer, theme: str
):
    page = new_context(390, 844, theme).new_page()
    open_map(page, live_server.run, f"?level=1&overlay={JA}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe_violations(page) == []
