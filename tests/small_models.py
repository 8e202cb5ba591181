"""A small trained model, and a machine to send it readings: for everybody's tests.

Five sensors, a reading every two minutes. The model is linear, so it needs no TensorFlow and is
fitted by the trainer's own functions in a fraction of a second.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle, read_bundle, write_bundle
from stream_detector.pipeline.readings import Record
from stream_detector.replay.recording import Recording
from trainer.config import NetworkSettings, TrainingConfig
from trainer.history import measure_timing
from trainer.steps import Steps
from trainer.training import TrainedModel, train

SENSORS = ("speed", "draw", "steam", "weight", "moisture")
UNITS = ("m/min", "m/min", "bar", "g/m2", "%")
CENTER = np.array([900.0, 4.0, 3.0, 80.0, 6.0])
SPREAD = np.array([5.0, 0.1, 0.05, 0.5, 0.3])
"""Standard deviations of the sensors in normal operation."""

MOISTURE_LIMITS = (0.0, 100.0)
"""The only sensor with physical limits."""

CADENCE = timedelta(minutes=2)
START = datetime(2026, 11, 22, 3, tzinfo=UTC)

BROKEN_STEAM = 3.6
"""Twelve standard deviations too high: an alert at the second reading of a run, whatever else."""


class Process:
    """The machine itself: each sensor goes half with the others and half its own way."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._hidden = np.zeros(1 + len(SENSORS))

    def next_row(self) -> NDArray[np.float64]:
        """The sensors' values two minutes later, shape (5,)."""
        self._hidden = 0.8 * self._hidden + 0.6 * self._random.normal(size=len(self._hidden))
        common, own = self._hidden[0], self._hidden[1:]
        return np.asarray((CENTER + SPREAD * (0.8 * common + 0.6 * own)).round(4))


def recording_of(
    values: NDArray[np.float64],
    *,
    sensors: Sequence[str] = SENSORS,
    times: NDArray[np.datetime64] | None = None,
    outcomes: Sequence[int] | None = None,
) -> Recording:
    """Rows of one machine, two minutes apart if no times are given; outcomes are row numbers."""
    n_rows, n_sensors = values.shape
    if times is None:
        start = np.datetime64(START.replace(tzinfo=None), "us")
        times = start + np.arange(n_rows) * np.timedelta64(CADENCE)
    labels = None if outcomes is None else np.isin(np.arange(n_rows), outcomes)
    limits = [MOISTURE_LIMITS if name == "moisture" else (-np.inf, np.inf) for name in sensors]
    low, high = np.array(limits).reshape(n_sensors, 2).T
    units = dict(zip(SENSORS, UNITS, strict=True))
    return Recording(
        machine="pm3",
        sensors=tuple(sensors),
        units=tuple(units.get(name) for name in sensors),
        low=low,
        high=high,
        times=times,
        values=values,
        labels=labels,
    )


def normal_recording(n_rows: int = 1000, *, seed: int = 7) -> Recording:
    """A history without a fault."""
    process = Process(seed)
    return recording_of(np.array([process.next_row() for _ in range(n_rows)]))


def write_small_bundle(
    folder: Path, recording: Recording | None = None, *, rules: Rules | None = None
) -> str:
    """Fit the small model on a recording, write its bundle and give its id."""
    return write_model(folder, train_small_model(recording, rules=rules))


def write_model(folder: Path, model: TrainedModel) -> str:
    """Write a model's bundle, without a report, and give its id."""
    return write_bundle(folder, model.manifest, parameters=model.parameters, files=model.graphs)


def train_small_model(
    recording: Recording | None = None, *, rules: Rules | None = None
) -> TrainedModel:
    """Fit the small model on a recording."""
    history = recording or normal_recording()
    return train(
        history,
        measure_timing(history),
        TrainingConfig(network=NetworkSettings(kind="linear")),
        rules=rules or Rules(),
        make_fitter=None,
        steps=Steps(),
    )


def fit_small_bundle(folder: Path, recording: Recording | None = None) -> Bundle:
    """Fit the small model on a recording and read it back."""
    write_small_bundle(folder, recording)
    return read_bundle(folder)


class Feed:
    """What a machine sends, as it stands in the log; a message every two minutes.

    ``records`` grow with every call; their offsets count from 0. Kafka's time of a message is
    that of the reading in it.
    """

    def __init__(
        self,
        machine: str = "pm3",
        *,
        seed: int = 1,
        start: datetime = START,
        partition: int = 0,
    ) -> None:
        self.records: list[Record] = []
        self.time = start
        """Of the next message."""
        self.mode: str | None = None
        """Of the machine, from the next message on."""
        self.machine = machine
        self._partition = partition
        self._process = Process(seed)

    def rows(self, count: int, **fixed: float | None) -> list[Record]:
        """Send normal readings, but for the sensors that are said to be elsewhere."""
        return [self.values(**{**self._next_values(), **fixed}) for _ in range(count)]

    def values(self, **values: float | None) -> Record:
        """Send a reading of these sensors."""
        return self.tell(values=values)

    def tell(self, **properties: object) -> Record:
        """Send a message with these properties, two minutes after the last one."""
        mode = {} if self.mode is None else {"mode": self.mode}
        message = {"machine": self.machine, "time": self.time.isoformat(), **mode, **properties}
        record = self.message(json.dumps(message).encode())
        self.pause(CADENCE)
        return record

    def message(self, value: bytes | None) -> Record:
        """Send these bytes, without time going on."""
        key = self.machine.encode()
        offset = len(self.records)
        record = Record("sensor.readings", self._partition, offset, self.time, key, value)
        self.records.append(record)
        return record

    def pause(self, time: timedelta) -> None:
        """Send nothing for a while."""
        self.time += time

    def _next_values(self) -> dict[str, float]:
        return dict(zip(SENSORS, self._process.next_row().tolist(), strict=True))
