"""Neuron sets in a real Chromium: tick three neurons, save them, look at the set, combine it with another."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer, OpenContext, Watch, axe_violations, watched

pytestmark = pytest.mark.browser


def accessible(page: Page) -> None:
    """Nothing that axe objects to, in either theme, and no wider than the screen."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert axe_violations(page) == []
    page.emulate_media(color_scheme="light")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_from_three_ticked_neurons_to_a_set_and_its_overlap(page: Page, live_server: LiveServer) -> None:
    page.goto(f"/runs/{live_server.run}/neurons?type=2")
    expect(page.locator("#picks")).to_be_hidden()
    boxes = page.locator("table.neurons tbody input[type=checkbox]")
    names = page.locator("table.neurons tbody th a").all_inner_texts()[:3]
    for i in (0, 1):
        boxes.nth(i).check()
    expect(page.locator("#picks-count")).to_have_text("2 neurons chosen:")
    page.locator("#by-neuron").click()  # the ticked ones may leave the page; they stay chosen
    expect(page.locator("th[aria-sort] a")).to_have_id("by-neuron")
    page.locator("#by-score").click()
    expect(page.locator("th[aria-sort] a")).to_have_id("by-score")
    boxes.nth(2).check()
    page.reload()
    expect(page.locator("#picks-count")).to_have_text("3 neurons chosen:")
    expect(page.locator("table.neurons tbody input:checked")).to_have_count(3)
    accessible(page)
    page.get_by_role("button", name="Save as set").click()
    expect(page.locator("#preview")).to_contain_text("3 neurons")
    assert sorted(page.get_by_label("Neurons", exact=True).input_value().split()) == sorted(names)
    page.get_by_label("Name").fill("Three of them")
    accessible(page)
    page.get_by_role("button", name="Store the set").click()
    expect(page.locator("h1")).to_have_text("Three of them")
    three = page.url
    expect(page.get_by_role("link", name="Compare with this set")).to_have_attribute(
        "href", f"/comparisons/new?set={three.rsplit('/', 1)[1]}"
    )
    page.goto(f"/sets/new?run={live_server.run}&type=2")
    page.get_by_role("textbox", name="How many").fill("10")
    expect(page.locator("#preview strong")).to_have_text("10")
    expect(page).to_have_url(re.compile("amount=10"))
    accessible(page)
    page.get_by_role("button", name="Store the set").click()
    page.goto(three)
    accessible(page)
    page.get_by_role("link", name="Combine with").first.click()
    page.get_by_label("A xor B").check()
    expect(page.locator("#preview")).to_contain_text("in one set and not in the other")
    held = page.locator("#preview").inner_text()
    page.reload()
    expect(page.locator("#preview")).to_have_text(held)
    accessible(page)
    page.get_by_role("button", name="Store the set").click()
    expect(page.locator(".page-head")).to_contain_text("Three of them xor")


def test_sets_are_made_without_javascript_and_fit_a_narrow_screen(
    new_context: OpenContext, live_server: LiveServer, watch: Watch
) -> None:
    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(f"/runs/{live_server.run}/neurons")
    box = plain.locator("table.neurons tbody input[type=checkbox]").first
    box.check()
    plain.get_by_role("button", name="Save as set").click()
    plain.get_by_role("button", name="Store the set").click()
    assert "1 neuron of" in plain.locator(".page-head").inner_text()
    narrow = new_context(width=390).new_page()
    watched(narrow, live_server, watch)
    for address in (plain.url, "/sets", "/sets/new", "/sets/new/picked", "/sets/new/import", "/sets/new/combine"):
        narrow.goto(address)
        assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
    assert watch.left() == []
