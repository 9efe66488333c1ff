"""The neuron table and page in a real Chromium: sorting, paging, a neuron, the same view after a reload."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer, OpenContext, Watch, axe_violations, watched

pytestmark = pytest.mark.browser


def names(page: Page) -> list[str]:
    """The neurons of the table as it stands."""
    return page.locator("table.neurons tbody th a").all_inner_texts()


def test_sorting_changes_table_and_address_and_survives_a_reload(page: Page, live_server: LiveServer) -> None:
    page.goto(f"/runs/{live_server.run}/neurons")
    by_score = names(page)
    page.locator("#by-eta2").click()
    expect(page).to_have_url(f"{live_server.url}/runs/{live_server.run}/neurons?sort=eta2")
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    by_eta2 = names(page)
    assert by_eta2 != by_score
    assert len(page.locator("header.top").all()) == 1
    page.locator("#by-eta2").click()
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    page.reload()
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    page.go_back()
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    assert names(page) == by_eta2
    page.go_back()
    expect(page.locator("th[aria-sort] a")).to_have_id("by-score")
    assert names(page) == by_score


def test_a_click_on_a_header_keeps_the_focus_there(page: Page, live_server: LiveServer) -> None:
    page.goto(f"/runs/{live_server.run}/neurons")
    page.locator("#by-mean").focus()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort] a")).to_have_id("by-mean")
    expect(page.locator("#by-mean")).to_be_focused()


def test_scrolling_brings_more_rows_without_changing_the_address(page: Page, live_server: LiveServer) -> None:
    page.goto(f"/runs/{live_server.run}/neurons?type=2")
    address, rows = page.url, page.locator("table.neurons tbody tr:not(.more)")
    expect(rows).to_have_count(50)
    page.locator("#scroller").evaluate("(element) => element.scrollTo(0, element.scrollHeight)")
    expect(rows).to_have_count(100)
    assert page.url == address
    found = names(page)
    assert len(set(found)) == 100
    places = page.locator("table.neurons tbody tr:not(.more) td:first-child").all_inner_texts()
    assert [int(place) for place in places] == list(range(1, 101))


def test_the_filter_form_leads_to_an_address(page: Page, live_server: LiveServer) -> None:
    page.goto(f"/runs/{live_server.run}/neurons")
    page.get_by_label("Language").select_option("ar")
    page.get_by_label("η² ≥").fill("0.05")
    page.get_by_label("only with examples").check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#table-name")).to_contain_text("العربية")
    expect(page.get_by_label("η² ≥")).to_have_value("0.05")
    expect(page.get_by_label("only with examples")).to_be_checked()
    shown = names(page)
    page.reload()
    assert names(page) == shown


def test_from_the_table_to_a_neuron_and_to_its_neighbour(page: Page, live_server: LiveServer) -> None:
    page.goto(f"/runs/{live_server.run}/neurons?type=2&details=1")
    first = page.locator("table.neurons tbody th a").first
    name = first.inner_text()
    first.click()
    expect(page.locator("h1")).to_have_text(name)
    page.get_by_role("link", name="sd", exact=True).click()
    expect(page.locator(".choices a[aria-current]").first).to_have_text("sd")
    page.locator("a[rel=next]").click()
    expect(page.locator("h1")).not_to_have_text(name)
    page.keyboard.press("/")
    page.keyboard.type("1.7")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("L1·7")


def test_markup_in_a_sentence_stays_text(page: Page, live_server: LiveServer) -> None:
    page.goto(f"/runs/{live_server.run}/neurons?details=1&sort=neuron&dir=asc")
    # The second listed neuron of a layer has the hostile sentences as its examples.
    page.goto(f"{page.locator('table.neurons tbody th a').nth(1).get_attribute('href')}?of=en")
    assert "<img src=x onerror" in "".join(page.locator("bdi.heat").all_inner_texts())
    assert page.locator("bdi.heat img").count() == 0
    assert "Babelscope" in page.title()


def test_joined_letters_stay_joined_under_colours(page: Page, live_server: LiveServer) -> None:
    """A sentence in coloured spans is as wide as the same sentence in one piece: no span cuts the shaping."""
    page.goto(f"/runs/{live_server.run}/neurons?details=1")
    page.locator("table.neurons tbody th a").first.click()
    for language in ("ar", "hi", "th"):
        widths = page.locator(f'bdi.heat[lang="{language}"]').evaluate_all(
            """(sentences) => sentences.filter((one) => !one.querySelector('.mark')).map((one) => {
              const whole = document.createElement('span'), parts = document.createElement('span');
              whole.textContent = one.textContent;
              parts.append(...[...one.childNodes].map((node) => node.cloneNode(true)));
              const width = (element) => {
                const frame = document.createElement('bdi');
                frame.lang = one.lang; frame.dir = one.dir; frame.className = 'heat measured';
                frame.append(element); one.parentNode.append(frame);
                const found = element.getBoundingClientRect().width;
                frame.remove();
                return found;
              };
              return [width(whole), width(parts)];
            })"""
        )
        assert widths
        for whole, parts in widths:
            assert parts == pytest.approx(whole, abs=0.6)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_accessible_and_no_wider_than_the_screen(
    new_context: OpenContext, live_server: LiveServer, watch: Watch, theme: str, width: int
) -> None:
    page = new_context(width=width, theme=theme).new_page()
    watched(page, live_server, watch)
    page.goto(f"/runs/{live_server.run}/neurons?details=1")
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("table.neurons tbody th a").first.click()
    page.locator("bdi.heat").first.wait_for()
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert watch.left() == []


def test_everything_works_without_javascript(new_context: OpenContext, live_server: LiveServer) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"/runs/{live_server.run}/neurons")
    page.locator("#by-sd").click()
    page.get_by_role("link", name="Next 50 rows").click()
    expect(page.locator("table.neurons tbody td").first).to_have_text("51")
    page.locator("table.neurons tbody th a").first.click()
    expect(page.locator("h1")).to_contain_text("·")
