"""Who gets to the page, and what becomes of it when something is gone: in a real browser."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from stream_detector.console.gate import COOKIE
from tests.browser import OpenPage, picture, sign_in
from tests.console.doors import PASSWORD, write_users
from tests.console.messages import alert_message, score
from tests.console.page.live import LivePlant

pytestmark = pytest.mark.browser

SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


def test_a_wrong_password_is_told_and_a_link_leads_on_after_the_right_one(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/alert?machine=pm9&rule=sheet-break")
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("Name and password do not belong together.")
    picture(page, "sign-in")
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(f"{address}/alert?machine=pm9&rule=sheet-break")
    expect(page.get_by_text("There is no alert pm9/sheet-break")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).not_to_be_visible()


def test_an_alert_has_buttons_as_soon_as_it_is_there(
    page: Page, plant: LivePlant, address: str
) -> None:
    sign_in(page, address, path="/alert?machine=pm18&rule=sheet-break")
    expect(page.get_by_text("There is no alert pm18/sheet-break")).to_be_visible()
    acknowledge = page.get_by_role("button", name="Acknowledge")
    expect(acknowledge).not_to_be_visible()

    plant.send(alert_message("pm18", 102))

    expect(acknowledge).to_be_visible()


def test_who_is_taken_out_of_the_file_is_signed_out_wherever_they_are(
    open_page: OpenPage, plant: LivePlant, tmp_path: Path
) -> None:
    users = write_users(tmp_path)
    with plant.console("--users", users) as address:
        plant.send(alert_message("pm8", 102))
        page = open_page()
        sign_in(page, address, path="/alerts")
        expect(page.locator('tr[data-alert="pm8/sheet-break"]')).to_be_visible()

        lines = users.read_text().splitlines(keepends=True)
        users.write_text("".join(line for line in lines if not line.startswith("anna:")))

        expect(page.get_by_label("Password")).to_be_visible()
        page.go_back()
        expect(page.get_by_label("Password")).to_be_visible()


def test_who_signs_in_again_when_the_session_is_over_is_where_they_were(
    open_page: OpenPage, plant: LivePlant, tmp_path: Path
) -> None:
    users = write_users(tmp_path)
    with plant.console("--users", users, "--session-hours", "0.0015") as address:
        plant.send(alert_message("pm8", 102))
        page = open_page()
        sign_in(page, address, path="/alert?machine=pm8&rule=sheet-break")

        expect(page.get_by_label("Password")).to_be_visible()
        page.get_by_label("Name").fill("anna")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()

        expect(page).to_have_url(f"{address}/alert?machine=pm8&rule=sheet-break")


def test_a_page_that_does_not_exist_leads_to_the_overview(page: Page, address: str) -> None:
    sign_in(page, address)
    page.goto(f"{address}/alertz")

    expect(page.get_by_text("There is no page /alertz.")).to_be_visible()
    picture(page, "no-page")
    page.get_by_role("link", name="Overview").click()
    expect(page).to_have_url(f"{address}/")


def test_after_signing_out_the_session_is_of_no_use(page: Page, address: str) -> None:
    sign_in(page, address)
    (cookie,) = [one for one in page.context.cookies() if one["name"] == COOKIE]

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_label("Password")).to_be_visible()
    kept = {"cookie": f"{COOKIE}={cookie['value']}"}
    assert httpx.get(f"{address}/alerts", headers=kept).status_code == 401
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")


def knock(address: str, headers: dict[str, str], origin: str) -> None:
    socket = f"{address}{SOCKET}".replace("http", "ws")
    with pytest.raises(InvalidStatus, match="403"):
        connect(socket, additional_headers=headers, origin=Origin(origin))


def test_a_websocket_of_nobody_is_refused(address: str) -> None:
    knock(address, {}, address)


def test_a_websocket_of_another_page_is_refused(page: Page, address: str) -> None:
    sign_in(page, address)
    (cookie,) = [one for one in page.context.cookies() if one["name"] == COOKIE]

    knock(address, {"Cookie": f"{COOKIE}={cookie['value']}"}, "https://evil.example")


def test_a_page_whose_server_is_gone_says_that_it_is_stale(
    open_page: OpenPage, tmp_path: Path
) -> None:
    with LivePlant(tmp_path, keeps_book=False) as plant:
        plant.send(score("pm3", 0, 1.0))
        page = open_page()
        with plant.console() as address:
            page.goto(address)
            expect(page.locator('[data-machine="pm3"]')).to_be_visible()
            expect(page.get_by_text(re.compile("STALE"))).not_to_be_visible()

        expect(page.get_by_text("STALE: this page has lost its connection")).to_be_visible()
        picture(page, "connection-lost")


def test_a_page_is_live_again_by_itself_when_the_console_was_started_anew(
    open_page: OpenPage, tmp_path: Path
) -> None:
    with LivePlant(tmp_path, keeps_book=False) as plant:
        plant.send(score("pm3", 0, 1.0))
        page = open_page()
        with plant.console() as address:
            page.goto(f"{address}/machine?name=pm3")
            expect(page.get_by_role("cell", name="1.00, threshold 2.00")).to_be_visible()
        expect(page.get_by_text("STALE: this page has lost")).to_be_visible()

        with plant.console("--port", address.rpartition(":")[2]):
            plant.send(score("pm3", 1, 1.5))

            expect(page.get_by_role("cell", name="1.50, threshold 2.00")).to_be_visible()
            expect(page.get_by_text("STALE: this page has lost")).not_to_be_visible()


def test_a_page_asks_for_the_password_when_the_console_was_started_anew(
    open_page: OpenPage, tmp_path: Path
) -> None:
    users = write_users(tmp_path)
    with LivePlant(tmp_path) as plant:
        plant.send(alert_message("pm8", 102))
        page = open_page()
        with plant.console("--users", users) as address:
            sign_in(page, address, path="/alert?machine=pm8&rule=sheet-break")
            page.get_by_role("button", name="Comment").click()
            page.get_by_label("Why").fill("the felt is old")

        with plant.console("--users", users, "--port", address.rpartition(":")[2]):
            expect(page.get_by_label("Password")).to_be_visible()
            page.get_by_label("Name").fill("anna")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()

            expect(page).to_have_url(f"{address}/alert?machine=pm8&rule=sheet-break")


def test_a_page_whose_machines_fall_silent_says_that_it_is_stale(
    open_page: OpenPage, tmp_path: Path
) -> None:
    with LivePlant(tmp_path, keeps_book=False) as plant, plant.console() as address:
        page = open_page()
        page.goto(address)
        plant.send_all(score("pm3", n / 60, 1.0) for n in range(10))
        expect(page.locator('[data-machine="pm3"]')).to_contain_text("normal")

        # They have a second between them, so fifteen without any are unusual.
        expect(page.get_by_text("STALE: no score since")).to_be_visible()

        expect(page.locator('[data-machine="pm3"]')).to_contain_text("NO DATA")
        picture(page, "stale")
        plant.send(score("pm3", 11, 1.0))
        expect(page.get_by_text("STALE: no score since")).not_to_be_visible()
