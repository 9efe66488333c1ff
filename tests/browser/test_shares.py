"""A view is shared, read in a fresh private context without JavaScript, embedded by another site, and revoked."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer, OpenContext, Watch, axe_violations, watched

pytestmark = pytest.mark.browser


def test_share_read_without_javascript_and_revoke(
    page: Page, live_server: LiveServer, new_context: OpenContext, watch: Watch
) -> None:
    page.goto(f"/runs/{live_server.run}/map?level=2")
    page.locator("[data-step='1']").click()
    expect(page).to_have_url(f"{live_server.url}/runs/{live_server.run}/map?level=3")
    page.get_by_role("link", name="Share", exact=True).first.click()
    expect(page.get_by_text("Whoever has the link can read all of it")).to_be_visible()
    assert "level 3" in page.get_by_label("Title").input_value()
    page.get_by_label("Title").fill("Level three, for a friend")
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Link", exact=True).input_value()
    assert axe_violations(page) == []

    private = new_context(java_script_enabled=False, width=390, theme="dark")
    reader = private.new_page()
    watched(reader, live_server, watch)
    reader.goto(link)
    expect(reader.locator("h1")).to_have_text("Level three, for a friend")
    expect(reader.get_by_text("Where this comes from")).to_be_visible()
    assert reader.locator("script").count() == 0
    private.request.get(f"{link}/preview.png").body()

    looked = new_context(width=390, theme="dark").new_page()  # axe needs scripts, a reader does not
    watched(looked, live_server, watch)
    looked.goto(link)
    assert axe_violations(looked) == []
    assert looked.evaluate("document.documentElement.scrollWidth") <= 390

    page.get_by_role("button", name="Revoke this link").click()
    expect(page.get_by_text("This link was revoked on")).to_be_visible()
    watch.allowed = ("410",)
    answer = reader.reload()
    assert answer is not None
    assert answer.status == 410
    expect(reader.get_by_text("taken back by the person who shared it")).to_be_visible()
    page.goto("/shares?state=revoked")
    expect(page.get_by_role("link", name="Level three, for a friend")).to_be_visible()
    assert axe_violations(page) == []
