"""What a detector remembers of one machine: a value that can be kept and taken back."""

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from stream_detector.detection.feed_health import FeedState
from stream_detector.detection.head import HEAD_READINGS
from stream_detector.detection.scoring import SUSTAINED_READINGS
from stream_detector.detection.window import SlidingWindow

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class DetectorState:
    """The feed of one machine and its current run.

    It is a function of the machine's readings, in their order, and of the model: fed
    the same readings again, it is the same again, bit for bit.

    Parameters
    ----------
    n_sensors : int
    window_size : int
        Of the model.

    Attributes
    ----------
    head_rows : deque of bytes
        The run's last rows as a head wants them; empty, and in no snapshot, without one.
    head_times : deque of datetime
        Of these rows.
    """

    __slots__ = (
        "feed",
        "head_rows",
        "head_times",
        "left_out_for",
        "level_rows",
        "levels",
        "n_readings",
        "run_start",
        "running_mean",
        "times",
        "window",
    )

    def __init__(self, *, n_sensors: int, window_size: int) -> None:
        self.feed = FeedState(n_sensors)
        self.head_rows: deque[bytes] = deque(maxlen=HEAD_READINGS)
        self.head_times: deque[datetime] = deque(maxlen=HEAD_READINGS)
        self.run_start: datetime | None = None
        self.times: deque[datetime] = deque(maxlen=window_size)
        self.window = SlidingWindow(size=window_size)
        self.n_readings = 0
        """Of the run."""
        self.running_mean = np.zeros(n_sensors).tobytes()
        """Of the run's scaled rows; float64 values as bytes."""
        self.left_out_for: NDArray[np.int32] | None = None
        """Readings that each sensor has been left out for, (p,); None while all are used."""
        self.levels: deque[float] = deque(maxlen=SUSTAINED_READINGS)
        self.level_rows: deque[bytes] = deque(maxlen=SUSTAINED_READINGS)
        """What the sensors contributed to ``levels``; float32 values as bytes."""

    def start_run(self, time: datetime) -> None:
        """Forget the run before; the first reading of a new one has this time."""
        self.run_start = time
        self.n_readings = 0
        self.times.clear()
        self.left_out_for = None

    def note_left_out(self, left_out: "NDArray[np.bool_] | None") -> None:
        """Count, per sensor, the readings in a row that it was left out for."""
        if left_out is None:
            self.left_out_for = None
        elif self.left_out_for is None:
            self.left_out_for = left_out.astype(np.int32)
        else:
            self.left_out_for = (self.left_out_for + np.int32(1)) * left_out

    @property
    def n_unseen(self) -> int:
        """Sensors of which the whole window holds no value of their own."""
        if self.left_out_for is None:
            return 0
        # A young run's window repeats its first reading.
        return int((self.left_out_for >= len(self.times)).sum())

    def end_run(self) -> None:
        """Let the next reading start a new run."""
        self.run_start = None

    def snapshot(self) -> dict[str, Any]:
        """Give the state as plain data: numbers, bytes, lists (times in µs since 1970)."""
        return {
            "last_time": to_us(self.feed.last_time),
            "last_row": self.feed.last_row,
            "unchanged": self.feed.unchanged,
            "stuck": list(self.feed.stuck),
            "frozen": self.feed.frozen,
            "run_start": to_us(self.run_start),
            "times": [to_us(time) for time in self.times],
            "window": self.window.snapshot(),
            "running_mean": self.running_mean,
            "n_readings": self.n_readings,
            "left_out_for": None if self.left_out_for is None else self.left_out_for.tobytes(),
            "levels": list(self.levels),
            "level_rows": list(self.level_rows),
            **(self._head() if self.head_rows else {}),
        }

    def _head(self) -> dict[str, Any]:
        return {
            "head_rows": list(self.head_rows),
            "head_times": [to_us(time) for time in self.head_times],
        }

    @classmethod
    def restore(cls, data: dict[str, Any], *, n_sensors: int, window_size: int) -> Self:
        """Take a snapshot back.

        Raises
        ------
        ValueError
            If it is of another shape of model.
        KeyError
            If it lacks a part.
        """
        state = cls(n_sensors=n_sensors, window_size=window_size)
        state.feed.last_time = from_us(data["last_time"])
        state.feed.last_row = _row(data["last_row"], np.float64, n_sensors)
        state.feed.unchanged = _row(data["unchanged"], np.int32, n_sensors)
        state.feed.stuck = tuple(data["stuck"])
        state.feed.frozen = data["frozen"]
        state.run_start = from_us(data["run_start"])
        state.times.extend(_EPOCH + us * _MICROSECOND for us in data["times"])
        state.window = SlidingWindow.restore(data["window"], size=window_size, n_sensors=n_sensors)
        state.running_mean = _row(data["running_mean"], np.float64, n_sensors)
        state.n_readings = data["n_readings"]
        if (left_out_for := data["left_out_for"]) is not None:
            state.left_out_for = np.frombuffer(left_out_for, np.int32)
        state.levels.extend(data["levels"])
        state.level_rows.extend(_row(row, np.float32, n_sensors) for row in data["level_rows"])
        state.head_rows.extend(
            _row(row, np.float32, 2 * n_sensors) for row in data.get("head_rows", ())
        )
        state.head_times.extend(_EPOCH + us * _MICROSECOND for us in data.get("head_times", ()))
        return state


def _row(data: bytes, dtype: type[np.number[Any]], n_sensors: int) -> bytes:
    """Check that bytes are a row of so many numbers."""
    if len(data) != n_sensors * np.dtype(dtype).itemsize:
        raise ValueError(f"the snapshot has rows of {len(data)} bytes, not of {n_sensors} sensors")
    return data


def to_us(time: datetime | None) -> int | None:
    """Write a time as plain data: microseconds since 1970."""
    return None if time is None else (time - _EPOCH) // _MICROSECOND


def from_us(us: int | None) -> datetime | None:
    """Read such a time."""
    return None if us is None else _EPOCH + us * _MICROSECOND
