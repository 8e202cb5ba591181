"""A large plant stays usable: in a real browser."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from stream_detector.alerting.alert_state import State
from tests.browser import OpenPage, picture
from tests.console.messages import score, standing
from tests.console.page.live import LivePlant
from tests.end_to_end.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.kafka, pytest.mark.redis]

N_MACHINES, N_RULES = 500, 20

PATIENCE_SECONDS = 15.0
"""Each step takes one or two seconds alone on two cores; tests may share them."""


def test_500_machines_and_10_000_alerts_are_worked_on(
    open_page: OpenPage, installation: Installation, tmp_path: Path
) -> None:
    machines = [f"pm{n}" for n in range(N_MACHINES)]
    took: dict[str, float] = {}
    environment = installation.environment()
    with LivePlant(tmp_path, keeps_book=False, environment=environment) as plant:
        plant.send_all(score(name, n, 1.0) for n in range(5) for name in machines)
        plant.send_all(
            standing(name, State.ACKNOWLEDGED, rule=f"rule-{n}")
            for name in machines
            for n in range(N_RULES)
        )
        with plant.console() as address:
            page = open_page()

            def step(name: str, work: Callable[[], object]) -> None:
                began = time.monotonic()
                work()
                took[name] = time.monotonic() - began

            def open_alerts() -> None:
                page.goto(f"{address}/alerts")
                expect(page.get_by_text("10000 of 10000")).to_be_visible()

            def search() -> None:
                page.get_by_label("Search machine, rule, sensor").fill("pm77")
                expect(page.get_by_text("20 of 10000")).to_be_visible()

            def be_told() -> None:
                plant.send(standing("pm77", priority="critical", rule="rule-3", version=2))
                expect(page.locator("tr[data-alert]").first).to_contain_text("UNACKNOWLEDGED")

            def open_overview() -> None:
                page.goto(f"{address}/")
                expect(page.locator(".tile")).to_have_count(48)

            def turn_to_the_last_page() -> None:
                page.get_by_role("button", name="Next").click()
                expect(page.get_by_text("page 2 of 11")).to_be_visible()

            step("alerts", open_alerts)
            picture(page, "many-alerts")
            step("search", search)
            step("told", be_told)
            step("overview", open_overview)
            picture(page, "many-machines")
            step("next", turn_to_the_last_page)
            assert page.locator(".tile").first.get_attribute("data-machine") != "pm77"

    assert max(took.values()) < PATIENCE_SECONDS, took
