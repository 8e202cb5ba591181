"""The page on a telephone and on a wide screen: in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import picture, sign_in
from tests.console.messages import alert_message
from tests.console.page.live import LivePlant
from tests.console.page.test_work import past_of

pytestmark = pytest.mark.browser

PATHS = {
    "overview": "/",
    "alerts": "/alerts",
    "ledger": "/ledger",
    "no-thresholds": "/thresholds",
    "alert": "/alert?machine=pm13&rule=sheet-break",
    "machine": "/machine?name=pm13",
}


@pytest.mark.parametrize("width", [390, 1920])
def test_no_page_is_wider_than_its_window(
    page: Page, plant: LivePlant, address: str, width: int
) -> None:
    plant.send_all((*past_of("pm13"), alert_message("pm13", 102, priority="critical")))
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, address)
    wide = {}
    for name, path in PATHS.items():
        page.goto(f"{address}{path}")
        expect(page.locator(".page .panel, .page table, .page .tile").first).to_be_visible()
        expect(page.get_by_role("link", name="Thresholds")).to_be_in_viewport(ratio=1)
        wide[name] = page.evaluate("document.documentElement.scrollWidth")
        picture(page, f"{name}-{width}")
        page.get_by_role("button", name="dark or light").click()
        expect(page.locator("body")).to_have_class(re.compile("body--dark"))
        picture(page, f"{name}-{width}-dark")
        page.get_by_role("button", name="dark or light").click()

    assert wide == dict.fromkeys(PATHS, width)


@pytest.mark.parametrize("name", ["anna", "vera"])
def test_the_list_of_alerts_is_not_wider_than_a_telephone(
    page: Page, plant: LivePlant, address: str, name: str
) -> None:
    plant.send_all(
        (
            *past_of("pm14-winder-of-the-north-mill"),
            alert_message("pm14-winder-of-the-north-mill", 102, priority="critical"),
            alert_message("pm15", 104, priority="medium", occurrence=3),
        )
    )
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, address, name=name, path="/alerts?text=pm1")
    expect(page.locator('tr[data-alert="pm15/sheet-break"]')).to_contain_text("came 3 times")
    page.locator("body").press("j")
    expect(page.locator("tr.cursor")).to_have_count(1)
    picture(page, f"alert-list-390-{name}")

    table = page.locator(".wide")
    assert table.evaluate("(one) => one.scrollWidth - one.clientWidth") == 0
