"""Thresholds that are changed on the page are those of the model that judges."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.settings import Settings
from stream_detector.console.tuning import tuning
from stream_detector.detection.threshold import Budget
from stream_detector.errors import SettingsError
from stream_detector.pipeline.thresholds import decode_setting
from stream_detector.sandbox.embedded_redis import EmbeddedRedis

ANOTHER = "0123456789abcdef"


@pytest.fixture
def settings(small_bundle_folder: Path) -> Iterator[Settings]:
    with EmbeddedRedis() as server:
        yield Settings(
            broker="kafka:9092", redis_url=SecretStr(server.url), bundle=small_bundle_folder
        )


def test_a_budget_is_saved_unless_somebody_else_changed_it_meanwhile(settings: Settings) -> None:
    page = tuning(settings)
    assert page is not None

    asyncio.run(page.save("pm3", Budget(3.0), by="anna", seen={}))

    wanted, _ = asyncio.run(page.read())
    assert decode_setting(wanted["pm3"]).threshold == Budget(3.0)
    with pytest.raises(SettingsError, match="somebody else changed this threshold meanwhile"):
        asyncio.run(page.save("pm3", Budget(4.0), by="bert", seen={}))


def test_a_budget_of_a_model_that_no_longer_judges_is_refused(settings: Settings) -> None:
    page = tuning(settings)
    assert page is not None
    ModelChoiceStore(settings).activate("pm3", ANOTHER, set_by="anna")

    with pytest.raises(SettingsError, match=f"model {ANOTHER} judges here, .*threshold budget 3`"):
        asyncio.run(page.save("pm3", Budget(3.0), by="anna", seen={}))

    assert asyncio.run(page.read())[0] == {}
    asyncio.run(page.save("pm4", Budget(3.0), by="anna", seen={}))
