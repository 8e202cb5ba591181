"""An engineer changes a budget, and sees first what it would have done: in a real browser."""

import re
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, expect

from stream_detector.bundle.directory import read_bundle
from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.settings import Settings
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.messages import ScoreMessage
from stream_detector.pipeline.thresholds import decode_setting
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from tests.browser import OpenPage, picture, sign_in
from tests.console.messages import score
from tests.console.page.live import LivePlant
from tests.console.test_rejudging import machine_that_breaks
from tests.pipeline.station import Station

pytestmark = pytest.mark.browser


def test_a_budget_is_tried_on_the_past_and_then_saved(
    open_page: OpenPage,
    small_bundle_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bundle = read_bundle(small_bundle_folder)
    lived = Station(bundle, threshold=Budget(6.0)).take(machine_that_breaks().records)
    n_raised = sum(one["event"] == "raised" for one in lived.alerts)
    folder = tmp_path_factory.mktemp("t")
    with (
        EmbeddedRedis() as redis,
        LivePlant(folder, keeps_book=False) as plant,
        plant.console(redis_url=redis.url, bundle=str(small_bundle_folder)) as address,
    ):
        plant.send_all(msgspec.convert(one, ScoreMessage) for one in lived.scores)
        page = open_page()
        page.goto(f"{address}/thresholds")
        store = ThresholdStore(Settings(broker="k:1", redis_url=redis.url), bundle.id)

        expect(page.get_by_role("row", name=f"as it was {n_raised} ")).to_be_visible()
        page.get_by_label("False alerts a day").fill("1")
        expect(page.get_by_role("row", name="with the new budget, 1 a day")).to_be_visible()
        picture(page, "thresholds")
        untouched = store.read()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved: *, 1 a day; in force in 2 s.")).to_be_visible()

        setting = decode_setting(store.read()["*"])
        store.put("*", Budget(2.0), set_by="bert")
        page.get_by_label("False alerts a day").fill("3")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("somebody else changed this threshold meanwhile")).to_be_visible()

    assert untouched == {}
    assert setting.threshold == Budget(1.0)


def test_a_number_that_is_no_budget_stays_as_it_was_typed_and_is_refused(
    page: Page, plant: LivePlant, small_bundle_folder: Path
) -> None:
    folder = str(small_bundle_folder)
    with EmbeddedRedis() as redis, plant.console(redis_url=redis.url, bundle=folder) as address:
        budget = page.get_by_label("False alerts a day")
        for typed in ("-1", "1000000000", "86401", ""):
            page.goto(f"{address}/thresholds")
            expect(page.get_by_role("row", name="with the new budget, 6 a day")).to_be_visible()
            budget.fill(typed)
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_text("Not saved: False alerts a day have to be")).to_be_visible()
            expect(budget).to_have_value(typed)
        picture(page, "thresholds-refused")
        budget.fill("86400")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved: *, 86400 a day")).to_be_visible()

        bundle_id = read_bundle(small_bundle_folder).id
        kept = ThresholdStore(Settings(broker="k:1", redis_url=redis.url), bundle_id).read()

    assert decode_setting(kept["*"]).version == 1
    assert decode_setting(kept["*"]).threshold == Budget(86400.0)


@pytest.mark.parametrize("width", [390, 800, 1920])
def test_the_table_of_thresholds_is_whole_with_a_long_name(
    page: Page, plant: LivePlant, small_bundle_folder: Path, width: int
) -> None:
    name = "long-" * 40
    plant.send_all(score(one, n, 1.0) for n in range(3) for one in (name, "short"))
    page.set_viewport_size({"width": width, "height": 800})
    folder = str(small_bundle_folder)
    with EmbeddedRedis() as redis, plant.console(redis_url=redis.url, bundle=folder) as address:
        page.goto(f"{address}/thresholds")
        expect(page.get_by_role("row", name=name)).to_be_visible()
        heights = page.locator(".thresholds tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.offsetHeight))"
        )
        picture(page, f"thresholds-{width}")
        page.get_by_role("button", name="dark or light").click()
        expect(page.locator("body")).to_have_class(re.compile("body--dark"))
        picture(page, f"thresholds-{width}-dark")

    assert all(len(set(row)) == 1 for row in heights)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_redis_the_page_says_so_once_and_that_nothing_was_saved(
    page: Page, plant: LivePlant, small_bundle_folder: Path, tmp_path: Path
) -> None:
    folder, nowhere = str(small_bundle_folder), f"unix://{tmp_path}/redis.sock"
    with plant.console(redis_url=nowhere, bundle=folder) as address:
        page.goto(f"{address}/thresholds")
        expect(page.get_by_text("Redis does not answer")).to_have_count(1)

        assert "undefined" not in page.locator(".page").inner_text()
        page.get_by_role("button", name="Save").click()

        expect(page.get_by_text("Not saved: Redis does not answer")).to_be_visible()
        picture(page, "thresholds-without-redis")


def test_without_a_model_the_page_says_what_is_missing(page: Page, address: str) -> None:
    sign_in(page, address, path="/thresholds")

    expect(page.get_by_text("start the console with DETECTOR_BUNDLE")).to_be_visible()
