"""The wide reading: all sensors of a machine at one instant, as the readings topic has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class WideReading:
    """What the rows of one machine come to at one instant.

    Examples
    --------
    >>> reading = WideReading("pm3", 1_763_780_400_000_000, ("x1", "x2"), (8.2, None))
    >>> encode(reading)
    b'{"machine":"pm3","time":"2025-11-22T03:00:00Z","values":{"x1":8.2,"x2":null}}'
    """

    machine: str
    time_us: int
    sensors: Sequence[str]
    values: Sequence[float | None] | None
    """As many as sensors; None where there is an event alone."""
    mode: str | None = None
    event: str | None = None


def encode(reading: WideReading) -> bytes:
    """Write a reading as JSON (``schemas/reading.v1.json``)."""
    message: dict[str, object] = {"machine": reading.machine, "time": utc(reading.time_us)}
    if reading.values is not None:
        message["values"] = dict(zip(reading.sensors, reading.values, strict=True))
    if reading.mode is not None:
        message["mode"] = reading.mode
    if reading.event is not None:
        message["event"] = reading.event
    return _encoder.encode(message)


def utc(time_us: int) -> datetime:
    """Write a number of microseconds since 1970 as a time.

    >>> utc(1_500_000).isoformat()
    '1970-01-01T00:00:01.500000+00:00'
    """
    return _EPOCH + timedelta(microseconds=time_us)
