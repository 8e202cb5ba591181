"""The operators' page on a real Kafka that goes away, and comes back."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import OpenPage
from tests.console.messages import alert_message, score
from tests.console.page.live import LivePlant
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka

pytestmark = [pytest.mark.kafka, pytest.mark.browser]


def acknowledge(page: Page, machine: str) -> None:
    """Do it, and see that it is done."""
    row = page.locator(f'tr[data-alert="{machine}/sheet-break"]')
    expect(row).to_contain_text("UNACKNOWLEDGED")
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Acknowledge").click()
    expect(row).to_contain_text("acknowledged by")
    row.get_by_role("checkbox").uncheck()


def test_a_page_whose_kafka_is_back_is_live_again_by_itself_and_takes_commands(
    kafka: RealKafka, open_page: OpenPage, tmp_path: Path
) -> None:
    installation = Installation(kafka.bootstrap, "", bundle=tmp_path, folder=tmp_path)
    installation.create_topics()
    environment = installation.environment(redis_url=None, bundle=None)
    stale = "STALE: no score since"
    with LivePlant(tmp_path, environment=environment) as plant, plant.console() as address:
        page = open_page()
        page.goto(f"{address}/alerts")
        plant.send(score("pm1", 0, 1.0), alert_message("pm1", 0))
        acknowledge(page, "pm1")
        expect(page.get_by_text(stale)).not_to_be_visible()

        kafka.stop()
        expect(page.get_by_text(stale)).to_be_visible()
        kafka.start()

        expect(page.get_by_text(stale)).not_to_be_visible()
        plant.send(score("pm2", 0, 1.0), alert_message("pm2", 0))
        acknowledge(page, "pm2")
