"""Places in Kafka's log, as people type them."""

import pytest

from stream_detector.errors import SettingsError
from stream_detector.replay.places import Place, parse_places


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("2:4711", {Place(2, 4711)}),
        ("2:4711,0:15", {Place(2, 4711), Place(0, 15)}),
        ("0:15, 0:16, 0:15", {Place(0, 15), Place(0, 16)}),
    ],
)
def test_places_are_partitions_and_offsets(text: str, places: set[Place]) -> None:
    assert parse_places(text) == places


@pytest.mark.parametrize(
    "text",
    ["", "x", "4711", "2:", ":4711", "2:4711,", "2:-1", "2:4711:3", "2:4711 0:15", "0:" + "9" * 20],
)
def test_anything_else_is_no_place(text: str) -> None:
    with pytest.raises(SettingsError, match=f"places are '{text}', expected PARTITION:OFFSET,"):
        parse_places(text)
