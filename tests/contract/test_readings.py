"""What the schema of a reading accepts is read; what it refuses becomes a dead letter."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream_detector.bridges.health import REFUSAL_CODES
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.reading import Reading
from stream_detector.errors import ReadingError
from stream_detector.pipeline.readings import MAX_READING_BYTES, ReadingDecoder, Record
from tests.contract.schemas import examples, faults, schema

NOTHING = {"neither-values-nor-event", "values-null-without-event"}
"""Examples without news; all others have something that is wrong in itself."""

BEYOND_A_SCHEMA = {
    "empty": b"",
    "too-large": b" " * (MAX_READING_BYTES + 1),
    "too-deep": b'{"more": ' + b"[" * 64 + b"]" * 64 + b"}",
    "not-json": b'{"machine": "pm3", "time": ',
    "clock": b'{"machine": "pm3", "time": "2026-11-22T03:20:00Z", "event": "break"}',
    "invalid": rb'{"machine": "\ud800", "time": "2026-11-22T03:10:00Z", "event": "break"}',
}

NEWS = {"machine": "pm3", "time": "2026-11-22T03:10:00Z", "event": "break"}


def decode(value: bytes) -> Reading:
    sensors = FeatureSpec.without_limits(("speed", "draw_1", "moisture"))
    at = datetime(2026, 11, 22, 3, 10, tzinfo=UTC)
    decoder = ReadingDecoder(sensors, max_clock_skew=timedelta(minutes=5))
    return decoder.decode(Record("sensor.readings", 0, 0, at, None, value))


@pytest.mark.parametrize("path", examples("reading", "valid"), ids=lambda path: path.stem)
def test_a_valid_reading_is_read(path: Path) -> None:
    written = json.loads(path.read_bytes())

    reading = decode(path.read_bytes())

    assert reading.machine == written["machine"]
    assert reading.time == datetime.fromisoformat(written["time"])
    assert reading.time.tzinfo is UTC
    assert (reading.mode, reading.event) == (written.get("mode"), written.get("event"))
    if "values" in written:
        expected = (written["values"].get(name) for name in ("speed", "draw_1", "moisture"))
        assert reading.values == tuple(expected)


@pytest.mark.parametrize("path", examples("reading", "invalid"), ids=lambda path: path.stem)
def test_an_invalid_reading_is_refused_with_its_code(path: Path) -> None:
    with pytest.raises(ReadingError) as caught:
        decode(path.read_bytes())

    assert caught.value.code == ("nothing" if path.stem in NOTHING else "invalid")


@pytest.mark.parametrize("code", BEYOND_A_SCHEMA)
def test_what_no_schema_can_refuse_is_refused_too(code: str) -> None:
    with pytest.raises(ReadingError) as caught:
        decode(BEYOND_A_SCHEMA[code])

    assert caught.value.code == code


def test_these_are_all_the_codes_that_a_dead_letter_tells() -> None:
    told = schema("dead-letter")["properties"]["reason_code"]["examples"]

    # Only the pipeline knows how many machines there are, and the worker what ends it.
    of_others = {"too-many-machines", "poison", *REFUSAL_CODES}
    assert set(told) == {"nothing", *BEYOND_A_SCHEMA, *of_others}


odd = st.sampled_from([None, True, 0, -1.5, "", "pm3", "x" * 201, [], {}, ["pm3"], {"speed": 1}])
times = st.sampled_from(
    [
        "2026-11-22T03:10:00Z",
        "2026-11-22T03:10:00.123456789+05:30",
        "1970-01-01T00:00:00-12:00",
        "1969-12-31T23:59:59Z",
        "2026-11-22T03:10:00",
        "2026-11-22T03:10Z",
        "2026-02-29T03:10:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T03:10:00+24:00",
        "22.11.2026 03:10",
    ]
)
values = st.dictionaries(
    st.sampled_from(["speed", "draw_1", "unknown", "x" * 200, "x" * 201]),
    st.floats(allow_nan=False) | odd,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "machine": st.just("pm3") | odd,
        "time": times | odd,
        "values": values | odd,
        "mode": st.just("grade-42") | odd,
        "event": st.just("break") | odd,
        "more": odd,
    },
)


def refusal(value: bytes) -> str | None:
    try:
        decode(value)
    except ReadingError as error:
        return error.code
    return None


@settings(deadline=None)  # the first example reads the schemas
@given(documents)
@example({"machine": "pm3", "time": "2026-11-22T03:10:00Z", "values": {}, "event": None})
@example({**NEWS, "values": {f"x{number}": None for number in range(10_000)}})
@example({**NEWS, "values": {f"x{number}": None for number in range(10_001)}})
def test_the_schema_and_the_decoder_refuse_the_same_readings(document: dict[str, Any]) -> None:
    # Infinity has no JSON; a number too large for a float is what a schema sees of it.
    text = json.dumps(document).replace("Infinity", "1e400")

    is_faulty = faults(json.loads(text), "reading.v1.json") != []

    assert refusal(text.encode()) in ({"invalid", "nothing"} if is_faulty else {None})
