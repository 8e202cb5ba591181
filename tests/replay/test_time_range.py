"""A span of Kafka's time, as people type it."""

from datetime import UTC, datetime

import pytest

from stream_detector.errors import SettingsError
from stream_detector.replay.time_range import TimeRange, parse_range

THREE = datetime(2026, 11, 22, 3, tzinfo=UTC)
FOUR = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("/", TimeRange(None, None)),
        ("2026-11-22T03:00:00Z/", TimeRange(THREE, None)),
        ("/2026-11-22T04:00Z", TimeRange(None, FOUR)),
        ("2026-11-22T05:00+02:00/2026-11-22T04:00Z", TimeRange(THREE, FOUR)),
    ],
)
def test_each_end_of_a_range_may_be_left_out(text: str, span: TimeRange) -> None:
    assert parse_range(text) == span


@pytest.mark.parametrize("text", ["", "x", "noon/", "2026-11-22T03:00:00Z", "2026-11-22T03:00/"])
def test_anything_else_is_no_range(text: str) -> None:
    with pytest.raises(SettingsError, match=f"range is '{text}', expected START/END"):
        parse_range(text)
