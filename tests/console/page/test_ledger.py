"""What became of alerts, on the page: in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import picture, sign_in
from tests.console.messages import alert_message, at, outcome
from tests.console.page.live import LivePlant

pytestmark = pytest.mark.browser


def test_the_ledger_says_which_outcome_was_warned_of(
    page: Page, plant: LivePlant, address: str
) -> None:
    raised = alert_message("pm-ledger", 100)
    plant.send(
        raised,
        alert_message(
            "pm-ledger",
            100,
            event="cleared",
            event_time=at(103),
            reason="outcome",
            duration_s=180.0,
        ),
        outcome("pm-ledger", 103),
    )

    sign_in(page, address, path="/ledger")
    page.get_by_label("Search machines").fill("pm-ledger")

    lines = page.locator("table.ledger tr", has_text="pm-ledger")
    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_contain_text("warned of, 3 min ahead")
    expect(lines.nth(1)).to_contain_text("early, 3 min ahead")
    expect(page.get_by_role("row", name="Calls a day")).to_be_visible()
    picture(page, "ledger")
    lines.nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", name="pm-ledger")).to_be_visible()
