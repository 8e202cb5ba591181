"""Alerts are selected while others come, in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

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
