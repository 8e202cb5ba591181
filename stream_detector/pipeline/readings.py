"""Messages of the readings topic -> readings, or the reason why not.

Strict where a mistake would be judged as data (types, times), lenient where it only
is new (unknown fields and sensors are counted, not refused).
"""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from types import NoneType
from typing import Annotated, Any, NamedTuple

import msgspec

from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.reading import Reading
from stream_detector.errors import ReadingError
from stream_detector.pipeline.json_depth import check_depth
from stream_detector.pipeline.lenient_json import read_leniently
from stream_detector.pipeline.names import MAX_NAME
from stream_detector.pipeline.oddities import Oddities

MAX_READING_BYTES = 1_000_000
"""Longer messages are refused unread. A reading of 1,000 sensors has about 20 kB."""

MAX_VALUES = 10_000
"""Values of one reading."""

_FIRST_YEAR = 1970
"""Earlier times are refused: no machine had sensors then, and arithmetic on them overflows."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

NO_KAFKA_TIME = datetime.min.replace(tzinfo=UTC)
"""Kafka's time of a message whose stamp is no time."""

_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Machine = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
_Values = Annotated[
    dict[Annotated[str, msgspec.Meta(max_length=MAX_NAME)], float | None],
    msgspec.Meta(max_length=MAX_VALUES),
]
_Label = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]


class Record(NamedTuple):
    """A message as it stands in the log: its place, Kafka's time of it, and its bytes.

    One that ends whoever judges it is ``is_poison``: it is refused unread.
    """

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: bytes | None
    value: bytes | None
    is_poison: bool = False


def kafka_time(milliseconds: int) -> datetime:
    """Read Kafka's stamp of a message; NO_KAFKA_TIME where it is out of range.

    A producer may write anything there if the topic does not say ``LogAppendTime``.

    Examples
    --------
    >>> kafka_time(1_714_543_200_123).isoformat()
    '2024-05-01T06:00:00.123000+00:00'
    >>> kafka_time(1_714_543_200_123_000) == NO_KAFKA_TIME
    True
    """
    try:
        return _EPOCH + milliseconds * _MILLISECOND
    except OverflowError:
        return NO_KAFKA_TIME


class ReadingMessage(msgspec.Struct, kw_only=True):
    """A reading as JSON (``schemas/reading.v1.json``)."""

    machine: _Machine
    time: _Time
    values: _Values | None = None
    mode: _Label | None = None
    event: _Label | None = None


class ReadingDecoder:
    """Decodes the readings for one model.

    Parameters
    ----------
    features : FeatureSpec
        The sensors and their order.
    max_clock_skew : timedelta
        A reading so far ahead of Kafka's own time comes from a wrong clock, and would
        make all that follow look late.
    events : collection of str
        Those that the rules say something of; others are counted.
    oddities : Oddities or None
        Where to count; None is a count of its own.

    Examples
    --------
    >>> decoder = ReadingDecoder(
    ...     FeatureSpec.without_limits(("a", "b")), max_clock_skew=timedelta(minutes=5)
    ... )
    >>> now = datetime(2026, 11, 22, 3, 10, tzinfo=UTC)
    >>> value = b'{"machine": "pm3", "time": "2026-11-22T03:10:00Z", "values": {"a": 1.5}}'
    >>> decoder.decode(Record("sensor.readings", 0, 0, now, None, value)).values
    (1.5, None)
    """

    def __init__(
        self,
        features: FeatureSpec,
        *,
        max_clock_skew: timedelta,
        events: Collection[str] = (),
        oddities: Oddities | None = None,
    ) -> None:
        self._features = features
        self._sensors = features.measured
        self._max_clock_skew = max_clock_skew
        self._events = events
        self.oddities = oddities or Oddities()
        self._fast = _fast_decoder(self._sensors)
        self._slow = msgspec.json.Decoder(ReadingMessage)

    def decode(self, record: Record) -> Reading:
        """Read one message.

        Raises
        ------
        ReadingError
            With code ``poison``, ``too-large``, ``empty``, ``too-deep``, ``not-json``, ``invalid``
            (a wrong type, no machine, no time, a time without a zone, a name that is too long, too
            many values), ``nothing`` (neither values nor an event) or ``clock``.
        """
        if record.is_poison:
            raise ReadingError(
                "poison",
                "the worker ended again and again when it judged this message; report this",
            )
        data = record.value
        if not data:
            raise ReadingError("empty", "the message has no value")
        if len(data) > MAX_READING_BYTES:
            raise ReadingError(
                "too-large", f"the message has {len(data)} bytes, at most {MAX_READING_BYTES} go"
            )
        check_depth(data)
        message, row = self._read(data)
        if row is not None and self._features.modes:
            row += self._features.of_mode(message.mode)
        if row is None and message.event is None:
            raise ReadingError("nothing", "the message has neither values nor an event")
        # One byte is found thirty times as fast as the two of "\\u".
        if b"\\" in data:
            _check_encodable(message)
        time = _utc(message.time)
        if time - record.timestamp > self._max_clock_skew:
            raise _wrong_clock(time, record.timestamp)
        if message.event is not None and message.event not in self._events:
            self.oddities.count_unknown_event(message.event, message.machine)
        return Reading(message.machine, time, row, message.mode, message.event)

    def _read(self, data: bytes) -> tuple[ReadingMessage, tuple[float | None, ...] | None]:
        """Read a message, and of its values those of the model's sensors, in their order."""
        if self._fast is not None:
            try:
                known = self._fast.decode(data)
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass  # perhaps only of an unknown sensor
            else:
                values = known.values
                return known, None if values is None else msgspec.structs.astuple(values)
        message = self._decode_slowly(data)
        return message, self._row(message.machine, message.values)

    def _decode_slowly(self, data: bytes) -> ReadingMessage:
        """Read what has unknown sensors or literal NaNs; refuse the rest with its reason."""
        try:
            return self._slow.decode(data)
        except msgspec.ValidationError as error:
            raise _invalid(error, data) from error
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._decode_leniently(data)

    def _decode_leniently(self, data: bytes) -> ReadingMessage:
        try:
            message, has_literals = read_leniently(data, ReadingMessage)
        except msgspec.ValidationError as error:
            raise _invalid(error, data) from error
        self.oddities.not_finite += has_literals
        return message

    def _row(
        self, machine: str, values: dict[str, float | None] | None
    ) -> tuple[float | None, ...] | None:
        if values is None:
            return None
        strange = values.keys() - set(self._sensors)
        if 0 < len(values) == len(strange):
            self.oddities.count_foreign(machine)
        for name in strange:
            self.oddities.count_unknown_sensor(name, machine)
        return tuple(map(values.get, self._sensors))


def _fast_decoder(sensors: Sequence[str]) -> "msgspec.json.Decoder[Any] | None":
    """Make a decoder of readings that have no other sensors; None where one cannot be named.

    A struct with a field per sensor decodes twice as fast as a dict. It refuses unknown names,
    so what it refuses is looked at again, slowly; so is every reading of a machine that has a
    sensor whose name JSON has to escape, which msgspec does not take for the name of a field.
    """
    if any(one in '"\\' or one < " " for name in sensors for one in name):
        return None
    values = msgspec.defstruct(
        "Values",
        [
            (f"sensor_{i}", float | None, msgspec.field(name=name, default=None))
            for i, name in enumerate(sensors)
        ],
        forbid_unknown_fields=True,
    )
    known = msgspec.defstruct(
        "KnownReading", [("values", values | None, None)], bases=(ReadingMessage,)
    )
    return msgspec.json.Decoder(known)


def _invalid(error: msgspec.ValidationError, data: bytes) -> ReadingError:
    """Refuse a message for its types; where a value is no number, by the name of the sensor."""
    reason, place = str(error), "$.values[...]"
    if place in reason and (sensor := _sensor_without_number(data)) is not None:
        reason = reason.replace(place, f"$.values[{sensor!r}]")
    return ReadingError("invalid", reason)


def _sensor_without_number(data: bytes) -> str | None:
    try:
        values = json.loads(data)["values"]
        types = {name: type(value) for name, value in values.items()}
    except (ValueError, RecursionError, AttributeError):
        return None  # beyond that value it is not even JSON, or is said twice
    return next((name for name, one in types.items() if one not in {int, float, NoneType}), None)


def _check_encodable(message: ReadingMessage) -> None:
    r"""Refuse half a surrogate pair (``\\ud800``): JSON can escape it, UTF-8 cannot write it."""
    try:
        for text in (message.machine, message.mode, message.event):
            (text or "").encode()
    except UnicodeEncodeError as error:
        raise ReadingError("invalid", f"{error.object!r} is not valid Unicode") from error


def _wrong_clock(time: datetime, taken_at: datetime) -> ReadingError:
    if taken_at == NO_KAFKA_TIME:
        return ReadingError(
            "clock",
            "Kafka's stamp of the message is out of range; the sender has to give it in "
            "milliseconds, or the topic to be set to LogAppendTime",
        )
    return ReadingError(
        "clock",
        f"the reading is of {time.isoformat()}, but Kafka took it at {taken_at.isoformat()}; "
        "set the sender's clock",
    )


def _utc(time: datetime) -> datetime:
    if time.year < _FIRST_YEAR:
        raise ReadingError("invalid", f"the time {time.isoformat()} is before {_FIRST_YEAR}")
    try:
        return time if time.tzinfo is UTC else time.astimezone(UTC)
    except OverflowError as error:
        raise ReadingError("invalid", f"the time {time.isoformat()} is out of range") from error


def encode_reading(message: ReadingMessage) -> bytes:
    """Write a reading as the readings topic has it; absent fields are left out."""
    return msgspec.json.encode(
        {
            field: value
            for field in ReadingMessage.__struct_fields__
            if (value := getattr(message, field)) is not None
        }
    )
