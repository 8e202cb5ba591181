"""An engineer changes a budget, and sees first what it would have done: in a real browser."""

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
    with EmbeddedRedis() as redis, LivePlant(folder, keeps_book=False) as plant:
        plant.send_all(msgspec.convert(one, ScoreMessage) for one in lived.scores)
        page = open_page()
        address = plant.open_console(redis_url=redis.url, bundle=str(small_bundle_folder))
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


def test_without_a_model_the_page_says_what_is_missing(page: Page, address: str) -> None:
    sign_in(page, address, path="/thresholds")

    expect(page.get_by_text("start the console with DETECTOR_BUNDLE")).to_be_visible()
