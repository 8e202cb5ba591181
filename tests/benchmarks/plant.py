"""A plant to measure with: machines of 59 sensors that go together, as JSON readings."""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from stream_detector.pipeline.readings import ReadingMessage, Record, encode_reading
from stream_detector.replay.recording import Recording

SENSORS = tuple(f"tag-{number:02}" for number in range(1, 60))
N_SENSORS = len(SENSORS)
CADENCE = timedelta(minutes=2)
START = datetime(2026, 11, 22, 3, tzinfo=UTC)

_N_CAUSES = 6
_FIXED = np.random.default_rng(seed=59)
_CENTER = _FIXED.uniform(1.0, 900.0, N_SENSORS)
_SPREAD = 0.01 * _CENTER
_SPREAD[-5:] = 0.0  # setpoints, which stand still
_MIXING = _FIXED.normal(size=(_N_CAUSES, N_SENSORS)) / np.sqrt(_N_CAUSES)


class Plant:
    """Machines of one kind: each sensor goes half with a few hidden causes, half its own way."""

    def __init__(self, *, n_machines: int, seed: int) -> None:
        self._machines = [f"machine-{number:02}" for number in range(1, n_machines + 1)]
        self._random = np.random.default_rng(seed)
        self._hidden = self._random.normal(size=(n_machines, _N_CAUSES + N_SENSORS))
        self._time = START
        self._n_records = 0

    def next_values(self) -> NDArray[np.float64]:
        """Values of every machine two minutes later, shape (n_machines, 59)."""
        self._hidden = 0.8 * self._hidden + 0.6 * self._random.normal(size=self._hidden.shape)
        causes, own = np.split(self._hidden, [_N_CAUSES], axis=1)
        return np.asarray((_CENTER + _SPREAD * (0.8 * causes @ _MIXING + 0.6 * own)).round(4))

    def next_records(self, count: int) -> list[Record]:
        """The next ``count`` readings, machine after machine, instant after instant."""
        records: list[Record] = []
        while len(records) < count:
            rows = zip(self._machines, self.next_values().tolist(), strict=True)
            records += [self._record(machine, values) for machine, values in rows]
            self._time += CADENCE
        return records

    def _record(self, machine: str, values: list[float]) -> Record:
        message = ReadingMessage(
            machine=machine, time=self._time, values=dict(zip(SENSORS, values, strict=True))
        )
        self._n_records += 1
        key, value = machine.encode(), encode_reading(message)
        return Record("sensor.readings", 0, self._n_records, self._time, key, value)


def history(n_rows: int) -> Recording:
    """Some days of one machine, to train on."""
    plant = Plant(n_machines=1, seed=0)
    return Recording(
        machine="machine-00",
        sensors=SENSORS,
        units=(None,) * N_SENSORS,
        low=np.full(N_SENSORS, -np.inf),
        high=np.full(N_SENSORS, np.inf),
        times=np.datetime64(START.replace(tzinfo=None), "us")
        + np.arange(n_rows) * np.timedelta64(CADENCE),
        values=np.concatenate([plant.next_values() for _ in range(n_rows)]),
        labels=None,
    )
