"""An operator at work, in a real browser."""

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Locator, Page, expect

from stream_detector.pipeline.messages import Contributor
from tests.browser import OpenPage, picture, sign_in
from tests.console.messages import alert_message, fault, outcome, reading, score
from tests.console.page.live import LivePlant, Message

pytestmark = pytest.mark.browser

STEAM = (
    Contributor("steam", 3.6, 3.0, "bar", 0.5),
    Contributor("draw", 4.4, 4.0, "m/min", 0.2),
    Contributor("moisture", 6.6, 6.1, "%", 0.1),
)


def past_of(machine: str) -> Sequence[Message]:
    """Two hours, the last twenty minutes of them over the threshold."""
    found: list[Message] = []
    for n in range(60):
        over = n > 50
        value = 1.0 + 0.2 * (n % 4) + 2.0 * over
        found += [
            score(machine, 2 * n, value, alarm=over, contributors=STEAM, mode="grade-42"),
            reading(
                machine, 2 * n, steam=3.0 + 0.6 * over + 0.01 * (n % 3), draw=4.0 + 0.1 * (n % 2)
            ),
        ]
    return found


def row(page: Page, machine: str) -> Locator:
    return page.locator(f'tr[data-alert="{machine}/sheet-break"]')


def test_an_alert_arrives_is_acknowledged_and_stays_so(
    page: Page, plant: LivePlant, address: str
) -> None:
    plant.send_all(past_of("pm1"))
    sign_in(page, address, path="/alerts")
    expect(page.locator(".keys")).to_be_visible()
    expect(row(page, "pm1")).to_have_count(0)

    plant.send(alert_message("pm1", 102, priority="high"))
    expect(row(page, "pm1")).to_contain_text("UNACKNOWLEDGED", timeout=10_000)
    picture(page, "alerts")
    row(page, "pm1").get_by_role("checkbox").check()
    page.get_by_role("button", name="Acknowledge").click()

    expect(row(page, "pm1")).to_contain_text("acknowledged by anna")
    page.reload()
    expect(row(page, "pm1")).to_contain_text("acknowledged by anna")


def test_an_alert_is_shelved_with_the_keyboard_alone(
    page: Page, plant: LivePlant, address: str
) -> None:
    plant.send_all((*past_of("pm2"), alert_message("pm2", 102)))
    sign_in(page, address, path="/alerts")
    page.keyboard.press("/")
    page.keyboard.type("pm2")
    expect(page.locator("tr[data-alert]")).to_have_count(1)
    page.keyboard.press("Escape")

    page.keyboard.press("j")
    expect(page.locator("tr.cursor")).to_contain_text("pm2")
    page.keyboard.press("s")
    page.get_by_label("Why").fill("felt is changed")
    picture(page, "shelving")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Nothing here")).to_be_visible()
    page.goto(f"{address}/alert?machine=pm2&rule=sheet-break")
    expect(page.locator("#state")).to_contain_text("shelved until")
    expect(page.get_by_text("by anna: felt is changed").first).to_be_visible()


def test_shelving_without_a_reason_is_not_let_go(
    page: Page, plant: LivePlant, address: str
) -> None:
    plant.send(alert_message("pm3", 102))
    sign_in(page, address, path="/alert?machine=pm3&rule=sheet-break")

    page.get_by_role("button", name="Shelve", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Shelve").click()

    expect(page.get_by_text("Say why: whoever comes next has to know.")).to_be_visible()
    expect(page.locator("#state")).to_contain_text("UNACKNOWLEDGED")


def test_a_reply_is_told_that_comes_when_the_dialog_is_gone(
    page: Page, plant: LivePlant, address: str
) -> None:
    plant.send(alert_message("pm8", 102))
    sign_in(page, address, path="/alert?machine=pm8&rule=sheet-break")
    page.get_by_role("button", name="Comment").click()
    page.get_by_label("Why").fill("was told by phone")

    with plant.book_stands_still():
        page.get_by_role("dialog").get_by_role("button", name="Comment").click()
        expect(page.get_by_role("dialog")).to_have_count(0)

    expect(page.get_by_text("comment: 1 alert done")).to_be_visible()


def test_an_alert_is_labelled_and_commented_and_markup_stays_text(
    page: Page, plant: LivePlant, address: str
) -> None:
    evil = "<img src=x onerror=\"document.title='taken'\"> <b>bold</b>"
    plant.send_all((*past_of("pm4"), alert_message("pm4", 102, priority="critical")))
    sign_in(page, address, path="/alert?machine=pm4&rule=sheet-break")

    page.get_by_role("button", name="Label").click()
    page.get_by_text("nuisance: nothing was wrong").click()
    page.get_by_role("dialog").get_by_role("button", name="Label").click()
    expect(page.get_by_text("nuisance by anna")).to_be_visible()
    page.get_by_role("button", name="Comment").click()
    page.get_by_label("Why").fill(evil)
    page.get_by_role("dialog").get_by_role("button", name="Comment").click()

    expect(page.locator(".happenings")).to_contain_text(evil)
    assert page.locator(".happenings img, .happenings b b").count() == 0
    assert page.title() == "Alert · stream-detector"
    picture(page, "alert")


@pytest.mark.parametrize("width", [800, 1280])
def test_no_word_is_broken_in_a_narrow_list_of_long_names(
    page: Page, plant: LivePlant, address: str, width: int
) -> None:
    name = "m" * 200
    plant.send(alert_message(name, 102))
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, address, path="/alerts")
    page.get_by_label("Search machine, rule, sensor").fill(name)
    state = row(page, name).get_by_text("UNACKNOWLEDGED")

    expect(state).to_be_visible()
    n_lines = state.evaluate(
        "cell => { const text = document.createRange(); text.selectNodeContents(cell); "
        "return text.getClientRects().length }"
    )

    assert n_lines == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page, f"alerts-{width}")


def test_a_break_right_after_the_raise_is_told_beside_it(
    page: Page, plant: LivePlant, address: str
) -> None:
    plant.send_all((*past_of("pm11"), alert_message("pm11", 102), outcome("pm11", 104)))
    sign_in(page, address, path="/alert?machine=pm11&rule=sheet-break")
    raised, happened = page.locator("text.raised"), page.locator("text.outcome").first
    expect(happened).to_be_visible()

    left, right = raised.bounding_box(), happened.bounding_box()

    picture(page, "alert-with-its-break")
    page.get_by_role("button", name="dark or light").click()
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    picture(page, "alert-with-its-break-dark")
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] < right["x"]


def test_a_flood_is_told_above_the_alerts(page: Page, plant: LivePlant, address: str) -> None:
    plant.send_all(alert_message(f"flood-{n}", 100 + n, priority="low") for n in range(12))
    sign_in(page, address, path="/alerts")

    # How many alerts other tests have raised in these ten minutes is theirs.
    expect(page.locator(".banner.flood", has_text="FLOOD since")).to_contain_text(
        re.compile(r"\d\d alerts raised; \d+ of low priority held back")
    )
    picture(page, "flood")


def test_a_viewer_sees_everything_and_can_do_nothing(
    page: Page, plant: LivePlant, address: str
) -> None:
    plant.send(alert_message("pm5", 102))
    sign_in(page, address, name="vera", path="/alerts")

    expect(row(page, "pm5")).to_contain_text("UNACKNOWLEDGED")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("a")

    expect(page.locator("tr.cursor")).to_have_count(1)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    assert row(page, "pm5").locator("td").count() == page.locator("th").count()
    expect(page.locator(".keys")).not_to_contain_text("acknowledge")
    page.goto(f"{address}/alert?rule=sheet-break")
    expect(page.get_by_text("This address names no alert.")).to_be_visible()
    page.goto(f"{address}/alert?machine=pm5&rule=sheet-break")
    expect(page.locator("#state")).to_contain_text("UNACKNOWLEDGED")


def test_a_machine_is_shown_with_what_made_up_its_score(
    page: Page, plant: LivePlant, address: str
) -> None:
    plant.send_all((*past_of("pm6"), fault("pm6", 110, "ash")))
    sign_in(page, address, path="/machine?name=pm6")

    expect(page.get_by_text("ash stuck since")).to_be_visible()
    expect(page.get_by_role("img", name="contributions of sensors over time")).to_be_visible()
    picture(page, "machine")
    page.get_by_role("button", name="dark or light").click()
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    picture(page, "machine-dark")
    page.goto(f"{address}/")
    # Among the machines of other tests it may be beyond the first that are shown.
    page.get_by_label("Search machines").fill("pm6")
    expect(page.locator('[data-machine="pm6"]')).to_contain_text("FEED: ash stuck")
    picture(page, "overview-dark")


def test_the_overview_has_the_worst_first_and_is_live(
    open_page: OpenPage, plant: LivePlant, address: str
) -> None:
    page = open_page()
    sign_in(page, address)
    plant.send_all(past_of("pm7"))
    tile = page.locator('[data-machine="pm7"]')
    expect(tile).to_contain_text("normal")
    tile.focus()

    plant.send(alert_message("pm7", 103, priority="critical"))

    expect(tile).to_contain_text("CRITICAL ALERT", timeout=10_000)
    expect(page.locator(".tile").first).to_contain_text("CRITICAL ALERT")
    expect(tile).to_be_focused()
    picture(page, "overview")


def test_a_click_that_takes_its_time_is_not_lost_while_the_page_changes(
    page: Page, plant: LivePlant, address: str
) -> None:
    plant.send_all(past_of("pm10"))
    sign_in(page, address)
    # Alone: among others it would take another place, which waits for the release.
    page.get_by_label("Search machines").fill("pm10")
    expect(page.locator(".tile .name")).to_have_text(["pm10"])
    tile = page.locator('[data-machine="pm10"]')
    expect(tile).to_contain_text("3.60")
    tile.hover()

    page.mouse.down()
    plant.send(score("pm10", 120, 1.25))
    expect(tile).to_contain_text("1.25")
    page.mouse.up()

    expect(page).to_have_url(f"{address}/machine?name=pm10")


def test_tiles_keep_their_places_while_one_is_pressed_on(
    page: Page, open_page: OpenPage, plant: LivePlant, address: str
) -> None:
    plant.send_all((*past_of("order-1"), *past_of("order-2")))
    other = open_page()
    for one in (page, other):
        sign_in(one, address)
        one.get_by_label("Search machines").fill("order-")
        expect(one.locator(".tile .name")).to_have_text(["order-1", "order-2"])
    page.locator(".tile").first.hover()

    page.mouse.down()
    plant.send(alert_message("order-2", 103, priority="high"))
    expect(other.locator(".tile .name")).to_have_text(["order-2", "order-1"])
    clock = page.locator("#clock")
    # With its next second the page has been sent it too.
    expect(clock).not_to_have_text(clock.inner_text())
    page.mouse.up()

    expect(page).to_have_url(f"{address}/machine?name=order-1")


def test_a_reading_of_a_wrong_clock_does_not_end_what_is_drawn_of_a_sensor(
    page: Page, plant: LivePlant, address: str
) -> None:
    plant.send_all((reading("pm12", 1e6, steam=9.0), *past_of("pm12")))

    sign_in(page, address, path="/machine?name=pm12")

    # The newest reading; what is known of a score's sensors alone is 3.60.
    expect(page.get_by_role("heading", name="steam bar 3.62 bar")).to_be_visible()
