"""What is known of one machine: its scores, its sensors and its feed, as far back as is kept."""

from collections import deque
from datetime import datetime
from typing import Annotated, Final, NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream_detector.console.pulse import Pulse
from stream_detector.console.ring import Ring
from stream_detector.pipeline.messages import Contributor, DataQualityMessage, ScoreMessage

KEPT_SCORES: Final = 5040
"""A week of a reading every two minutes; 0.2 MB a machine."""

KEPT_CONTRIBUTIONS: Final = 720
"""A day of those; 80 bytes each."""

KEPT_READINGS: Final = 360
"""Twelve hours of those; of 60 sensors 0.1 MB a machine."""

MAX_SENSORS: Final = 500
"""Further ones are not drawn: nobody could look at them."""

_MAX_OUTCOMES: Final = 500
_MAX_MODES: Final = 30_000
_MAX_MODELS: Final = 1000
_MAX_RAISES: Final = 1000
_NO_MODE: Final = 0
_NO_RAISE: Final = 0
_NO_MODEL: Final = -1
"""Of a reading that one of too many models judged."""

_N_CONTRIBUTORS: Final = 5

NO_SENSOR: Final = -1

ALARM, ABOVE, WARMING_UP, UNCERTAIN, BAD, HEAD_ALARM = (np.uint8(1 << bit) for bit in range(6))
"""Flags of a judged reading."""

SCORES: Final = np.dtype(
    [
        ("time", "f8"),
        ("score", "f8"),
        ("threshold", "f8"),
        ("head", "f8"),
        ("head_threshold", "f8"),
        ("flags", "u1"),
        ("mode", "i2"),
        ("model", "i2"),
        ("raised", "i2"),
    ]
)
CONTRIBUTIONS: Final = np.dtype(
    [
        ("time", "f8"),
        ("sensor", "i2", (_N_CONTRIBUTORS,)),
        ("actual", "f4", (_N_CONTRIBUTORS,)),
        ("expected", "f4", (_N_CONTRIBUTORS,)),
        ("share", "f4", (_N_CONTRIBUTORS,)),
    ]
)


_Name = TypeVar("_Name", str, str | None, tuple[str, ...])


class Fault(NamedTuple):
    """Something that is wrong with a feed, and since when (event time)."""

    kind: str
    since: datetime
    sensors: tuple[str, ...]


class Outcome(NamedTuple):
    """What was to be warned of, and happened."""

    time: datetime
    name: str
    run_start: datetime | None = None


class ReadingSeen(msgspec.Struct):
    """As much of a reading as is drawn; what does not fit was for the worker to refuse."""

    machine: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    values: dict[str, float | None] | None = None


class MachineRecord:
    """One machine; only ever grows newer, never longer than what is kept.

    Attributes
    ----------
    name : str
    latest : ScoreMessage or None
    pulse : Pulse
    scores, contributions : Ring
    outcomes : deque of Outcome
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = 0
        """The plant's, when there was something new of this machine."""
        self.latest: ScoreMessage | None = None
        self.pulse = Pulse()
        self.scores = Ring(SCORES, KEPT_SCORES)
        self.contributions = Ring(CONTRIBUTIONS, KEPT_CONTRIBUTIONS)
        self.outcomes: deque[Outcome] = deque(maxlen=_MAX_OUTCOMES)
        self._modes: dict[str | None, int] = {None: _NO_MODE}
        self._models: dict[str, int] = {}
        self._raises: dict[tuple[str, ...], int] = {(): _NO_RAISE}
        self._sensors: dict[str, int] = {}
        self.units: dict[str, str] = {}
        self._faults: dict[tuple[str, str], datetime] = {}
        self._reading_times: deque[float] = deque(maxlen=KEPT_READINGS)
        self._readings: deque[NDArray[np.float32]] = deque(maxlen=KEPT_READINGS)
        """Values by the number of the sensor; short where sensors came later."""

    @property
    def sensors(self) -> list[str]:
        """Names of the sensors that ever had a part in a score, or were in a reading."""
        return list(self._sensors)

    @property
    def modes(self) -> list[str | None]:
        """The modes of readings, by the number that stands in their rows."""
        return list(self._modes)

    @property
    def raises(self) -> list[tuple[str, ...]]:
        """The rules whose alerts a reading raised, by the number that stands in its row."""
        return list(self._raises)

    @property
    def faults(self) -> list[Fault]:
        """What is wrong with the feed now, the oldest first."""
        kinds: dict[tuple[str, datetime], list[str]] = {}
        for (kind, sensor), since in self._faults.items():
            kinds.setdefault((kind, since), []).append(sensor)
        found = [
            Fault(kind, since, tuple(sorted(filter(None, sensors))))
            for (kind, since), sensors in kinds.items()
        ]
        return sorted(found, key=lambda fault: fault.since)

    def scores_of(self, bundle_id: str) -> NDArray[np.void]:
        """Give what is kept of the readings that one model judged."""
        rows = self.scores.rows()
        found: NDArray[np.void] = rows[rows["model"] == self._models.get(bundle_id, _MAX_MODELS)]
        return found

    def take_score(self, message: ScoreMessage, *, received_at: float) -> bool:
        """Take in what was said of a reading; tell whether it is news."""
        time = message.event_time.timestamp()
        if self.latest is not None and message.event_time <= self.latest.event_time:
            return False  # delivered again
        self.latest = message
        self.pulse.take(time, received_at=received_at)
        flags = (
            ALARM * message.alarm
            | ABOVE * message.above
            | WARMING_UP * message.warming_up
            | UNCERTAIN * (message.quality.state == "uncertain")
            | BAD * (message.quality.state == "bad")
            | HEAD_ALARM * (message.head is not None and message.head.alarm)
        )
        head = (np.nan, np.nan)
        if message.head is not None:
            head = (_or_nan(message.head.score), message.head.threshold)
        mode = _numbered(self._modes, message.mode, at_most=_MAX_MODES, beyond=_NO_MODE)
        model = _numbered(self._models, message.bundle, at_most=_MAX_MODELS, beyond=_NO_MODEL)
        raised = _numbered(self._raises, message.raised, at_most=_MAX_RAISES, beyond=_NO_RAISE)
        score = _or_nan(message.score)
        self.scores.append((time, score, message.threshold, *head, flags, mode, model, raised))
        self._take_contributors(time, message.contributors[:_N_CONTRIBUTORS])
        return True

    def take_reading(self, reading: ReadingSeen, *, received_at: float) -> bool:
        """Take in the values of the sensors; tell whether they are news."""
        time = reading.time.timestamp()
        late = bool(self._reading_times) and time <= self._reading_times[-1]
        if not reading.values or late:
            return False
        self.pulse.take_reading(time, received_at=received_at)
        numbered = [(self._number(name), value) for name, value in reading.values.items()]
        row = np.full(len(self._sensors), np.nan, np.float32)
        for number, value in numbered:
            if number != NO_SENSOR and value is not None:
                row[number] = value
        self._reading_times.append(time)
        self._readings.append(row)
        return True

    def take_fault(self, message: DataQualityMessage) -> bool:
        """Take in that a fault of the feed began or ended; tell whether that is news."""
        before = dict(self._faults)
        for sensor in message.sensors or ("",):
            if message.event == "began":
                self._faults.setdefault((message.fault, sensor), message.event_time)
            else:
                self._faults.pop((message.fault, sensor), None)
        return self._faults != before

    def take_outcome(self, outcome: Outcome) -> bool:
        """Take in that what was to be warned of happened; tell whether that is news."""
        if any(one[:2] == outcome[:2] for one in self.outcomes):
            return False  # by another rule, or delivered again
        self.outcomes.append(outcome)
        return True

    def values(
        self, sensor: str, *, start: float, end: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give times and values of a sensor; NaN where it was missing."""
        number = self._sensors.get(sensor, MAX_SENSORS)
        found = [
            (time, row[number] if number < len(row) else np.nan)
            for time, row in zip(self._reading_times, self._readings, strict=True)
            if start <= time <= end
        ]
        table = np.array(found, dtype=np.float64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def expected(
        self, sensor: str, *, start: float, end: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Give times, actual and expected values where a sensor was among the top ones."""
        rows = self.contributions.rows(start, end)
        row, place = np.nonzero(rows["sensor"] == self._sensors.get(sensor, NO_SENSOR - 1))
        return (
            rows["time"][row],
            rows["actual"][row, place].astype(np.float64),
            rows["expected"][row, place].astype(np.float64),
        )

    def _take_contributors(self, time: float, contributors: tuple[Contributor, ...]) -> None:
        if not contributors:
            return
        for one in contributors:
            if one.unit is not None:
                self.units[one.sensor] = one.unit
        missing = _N_CONTRIBUTORS - len(contributors)
        blank = (np.nan,) * missing
        self.contributions.append(
            (
                time,
                tuple(self._number(one.sensor) for one in contributors) + (NO_SENSOR,) * missing,
                tuple(_or_nan(one.actual) for one in contributors) + blank,
                tuple(_or_nan(one.expected) for one in contributors) + blank,
                tuple(one.share for one in contributors) + (0.0,) * missing,
            )
        )

    def _number(self, sensor: str) -> int:
        return _numbered(self._sensors, sensor, at_most=MAX_SENSORS, beyond=NO_SENSOR)


def _numbered(numbers: dict[_Name, int], name: _Name, *, at_most: int, beyond: int) -> int:
    """Give the number of a name, a new one if it has none yet and there are not too many."""
    if name not in numbers and len(numbers) >= at_most:
        return beyond
    return numbers.setdefault(name, len(numbers))


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
