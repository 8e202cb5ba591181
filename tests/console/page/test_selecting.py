"""Alerts are selected while others come, in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from stream_detector.console.views.alerts import ROWS_PER_PAGE
from tests.browser import OpenPage, sign_in
from tests.console.messages import alert_message
from tests.console.page.live import LivePlant

pytestmark = pytest.mark.browser


def box(page: Page, machine: str) -> Locator:
    return page.get_by_label(f"select {machine} sheet-break", exact=True)


def show_only(page: Page, text: str, *, n: int) -> None:
    page.get_by_label("Search machine, rule, sensor").fill(text)
    expect(page.locator("tr[data-alert]")).to_have_count(n)


def test_many_alerts_are_acknowledged_at_once(page: Page, plant: LivePlant, address: str) -> None:
    plant.send_all(alert_message(f"many-{n}", 100 + n, priority="low") for n in range(8))
    sign_in(page, address, path="/alerts")
    show_only(page, "many-", n=8)

    page.get_by_label("select this page").check()
    page.locator("body").press("a")

    expect(page.get_by_text("acknowledge: 8 alerts done")).to_be_visible()
    expect(page.locator("tr.unseen")).to_have_count(0)


def test_who_comes_back_from_an_alert_is_on_the_page_they_left(
    page: Page, plant: LivePlant, address: str
) -> None:
    plant.send_all(
        alert_message(f"back-{n}", 100, priority="low") for n in range(ROWS_PER_PAGE + 1)
    )
    sign_in(page, address, path="/alerts")
    show_only(page, "back-", n=ROWS_PER_PAGE)
    page.get_by_role("button", name="Next").click()
    expect(page.locator("tr[data-alert]")).to_have_count(1)
    expect(page).to_have_url(f"{address}/alerts?text=back-&page=2")

    page.locator("tr[data-alert] a").click()
    expect(page.locator("#state")).to_be_visible()
    page.go_back()

    expect(page.locator(".pager")).to_contain_text("page 2 of 2")
    expect(page.locator("tr[data-alert]")).to_have_count(1)


@contextmanager
def pressed_on_while_another_comes(
    page: Page, other: Page, plant: LivePlant, machine: str
) -> Iterator[None]:
    """Press on its box; when ``with`` is entered, an alert has taken its place for the server."""
    box(page, machine).hover()
    page.mouse.down()
    plant.send(alert_message(f"{machine}-new", 101, priority="critical"))
    expect(other.locator("tr[data-alert]").first).to_contain_text(f"{machine}-new")
    clock = page.locator("#clock")
    # With its next second the page has been sent the new order too, which waits for the release.
    expect(clock).not_to_have_text(clock.inner_text())
    yield
    expect(page.locator("tr.cursor")).to_contain_text(f"{machine} ")
    expect(box(page, machine)).to_be_checked()
    expect(page.locator("tr[data-alert]").first).to_contain_text(f"{machine}-new")
    expect(box(page, f"{machine}-new")).not_to_be_checked()


@pytest.fixture
def other(open_page: OpenPage) -> Page:
    """Of somebody who presses on nothing."""
    return open_page()


def test_the_alert_that_is_pressed_on_is_selected_though_another_takes_its_place(
    page: Page, other: Page, plant: LivePlant, address: str
) -> None:
    plant.send_all(alert_message(f"row-{n}", 100, priority="low") for n in range(2))
    for one in (page, other):
        sign_in(one, address, path="/alerts")
        show_only(one, "row-", n=2)

    with pressed_on_while_another_comes(page, other, plant, "row-0"):
        page.mouse.up()


def test_a_box_stays_as_it_was_clicked_until_the_server_has_heard_of_it(
    page: Page, other: Page, plant: LivePlant, address: str
) -> None:
    plant.send_all(alert_message(f"box-{n}", 100, priority="low") for n in range(2))
    for one in (page, other):
        sign_in(one, address, path="/alerts")
        show_only(one, "box-", n=2)

    pressed = pressed_on_while_another_comes(page, other, plant, "box-0")
    with pressed, plant.console_stands_still():
        page.mouse.up()
        expect(page.locator("tr[data-alert]").first).to_contain_text("box-0-new")
        expect(box(page, "box-0")).to_be_checked()


def test_what_is_out_of_sight_is_not_meant_by_what_is_done_next(
    open_page: OpenPage, tmp_path: Path
) -> None:
    with LivePlant(tmp_path) as plant, plant.console() as address:
        plant.send_all(alert_message(f"pm{n}", 200 - n) for n in range(ROWS_PER_PAGE + 5))
        page = open_page()
        page.goto(f"{address}/alerts")
        expect(page.locator("tr[data-alert]")).to_have_count(ROWS_PER_PAGE)

        for key in "jxjxjxa":
            page.keyboard.press(key)
        expect(page.get_by_text("acknowledge: 3 alerts done")).to_be_visible()
        expect(page.locator("tr[data-alert]").first).to_contain_text("pm3")

        #  those three are on the next page now
        page.keyboard.press("s")
        expect(page.get_by_text("Select an alert first.")).to_be_visible()
        for key in "jxjxs":
            page.keyboard.press(key)
        expect(page.get_by_text("Shelve: 2 alerts of pm3, pm4")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()

        #  nor is what a search leaves out, though the cursor was on it
        page.keyboard.press("Escape")
        show_only(page, "pm40", n=1)
        page.get_by_role("button", name="Shelve", exact=True).click()
        expect(page.get_by_text("Select an alert first.").last).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_was_done_is_selected_no_longer(page: Page, plant: LivePlant, address: str) -> None:
    plant.send_all(alert_message(f"done-{n}", 100, priority="low") for n in range(3))
    sign_in(page, address, path="/alerts")
    show_only(page, "done-", n=3)

    box(page, "done-0").check()
    page.locator("body").press("a")

    expect(page.get_by_text("acknowledge: 1 alert done")).to_be_visible()
    expect(box(page, "done-0")).not_to_be_checked()
