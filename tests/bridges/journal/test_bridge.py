"""The program around a journal, up to its source."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from stream_detector.bridges.configuration import Configuration
from stream_detector.bridges.joining.mapping import TagMap
from stream_detector.bridges.journal.bridge import JournalBridge, Source
from stream_detector.bridges.journal.journal import Journal
from stream_detector.connections.settings import Settings
from stream_detector.errors import SettingsError
from tests.bridges.healths import mill


def no_source(_: Journal) -> Source:
    raise SettingsError("no source")


def test_a_journal_that_is_new_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    configuration = Configuration.model_validate(
        {
            "name": "mill",
            "mapping": "tags.csv",
            "machines": {},
            "journal": {"path": str(path), "max_bytes": 10**6},
        }
    )
    settings = Settings(broker="127.0.0.1:1", redis_url=SecretStr("redis://redis"))
    bridge = JournalBridge(settings, configuration, TagMap({}), mill(), no_source)

    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(SettingsError, match="no source"):
                asyncio.run(bridge.run(asyncio.Event()))

    assert [(one["event"], one["path"]) for one in logs] == [("journal.new", str(path))]
