"""A plant in small: a model of three sensors, and a machine that lives through everything.

The model needs no training, so that its scores can be followed by hand: each part is about
the mean of the sensors' squared values.
"""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.news import decode_news
from stream_detector.alerting.rules import BREAK_LIKELY, Escalation, Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.bundle.manifest import Manifest
from stream_detector.detection.conditioning import Conditioning
from stream_detector.detection.detector import GraphScores, Model
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import FeedLimits
from stream_detector.detection.head import Head
from stream_detector.detection.scoring import Calibration, Part, SurpriseCurve
from stream_detector.detection.threshold import Budget, Curve, Limits
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from tests.contract.schemas import read

SENSORS = ("speed", "draw_1", "moisture")
CADENCE = timedelta(minutes=2)
START = datetime(2026, 11, 22, 3, tzinfo=UTC)
RULES = Rules(
    rules=(
        Rule(
            name="sheet-break",
            outcome="break",
            priority="medium",
            escalation=Escalation(to="high"),
        ),
        Rule(name="anything-odd", alert_class="alarm", response="Look at the machine."),
        BREAK_LIKELY,
    ),
    site="mill-a",
)
THRESHOLDS = ThresholdTable(Budget(6.0))


class MeanOfSquares:
    """The graph: each sensor contributes its squared value over the number of sensors."""

    def __call__(
        self, windows: NDArray[np.float32], deviations: NDArray[np.float32]
    ) -> GraphScores:
        level, deviation = (
            rows * rows / np.float32(len(SENSORS)) for rows in (windows[:, -1], deviations)
        )
        return GraphScores(
            level.sum(axis=1), deviation.sum(axis=1), level, deviation, np.zeros_like(level)
        )


class Restless:
    """The graph of the head: how far the newest levels are from the oldest, on average."""

    def __call__(
        self, rows: NDArray[np.float32], n_readings: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        oldest = rows[np.arange(len(rows)), rows.shape[1] - n_readings.astype(int), 0]
        return np.asarray(np.abs(rows[:, -1, 0] - oldest).mean(axis=1))


def bundle() -> Bundle:
    """Make a bundle of the manifest among the examples."""
    data = read("examples/manifest/valid/with-a-head.json")
    manifest = msgspec.convert(data, Manifest)
    n = len(SENSORS)
    part = Part(SurpriseCurve((0.0, 0.5, 1.0), knee=1.0, tail=0.5, n_scores=100), weight=1.0)
    assert manifest.head is not None
    model = Model(
        features=FeatureSpec(
            SENSORS,
            tuple(sensor.unit for sensor in manifest.sensors),
            np.full(n, -np.inf),
            np.full(n, np.inf),
        ),
        conditioning=Conditioning(
            center=np.zeros(n),
            spread=np.ones(n),
            deviation_center=np.zeros(n),
            deviation_spread=np.ones(n),
            row_mean=np.zeros(n),
            precision=np.eye(n),
            deviation_mean=np.zeros(n),
            deviation_precision=np.eye(n),
            window_size=manifest.window_size,
        ),
        calibration=Calibration(part, part, part),
        limits=Limits(
            by_budget=Curve(*zip(*manifest.limits.by_budget, strict=True)),
            by_rate=Curve(*zip(*manifest.limits.by_rate, strict=True)),
            readings_per_day=timedelta(days=1) / CADENCE,
        ),
        feed_limits=FeedLimits(
            stuck_after=np.array([np.inf, np.inf, 5.0]),
            frozen_after=manifest.frozen_after,
            silence_after=timedelta(seconds=manifest.silence_after_seconds),
            smallest=np.full(n, -np.inf),
            largest=np.full(n, np.inf),
        ),
        max_gap=timedelta(seconds=manifest.max_gap_seconds),
        graph=MeanOfSquares(),
        head=Head(
            graph=Restless(),
            curve=part.curve,
            limits=Limits(
                by_budget=Curve(*zip(*manifest.head.limits.by_budget, strict=True)),
                by_rate=Curve(*zip(*manifest.head.limits.by_rate, strict=True)),
                readings_per_day=timedelta(days=1) / CADENCE,
            ),
            budget_per_day=manifest.head.default_budget_per_day,
        ),
    )
    return Bundle("3f9a61c04be2d718", manifest, model)


class Diary:
    """Writes down the life of one machine: a reading every two minutes."""

    def __init__(self, machine: str = "pm3") -> None:
        self.records: list[Record] = []
        self._machine = machine
        self._time = START
        self._noise = np.random.default_rng(seed=7)

    def rows(self, count: int, *, level: float = 0.0, **fixed: float | None) -> None:
        """The sensors are near a level, but for those that are said to be elsewhere."""
        for _ in range(count):
            values = level + self._noise.normal(scale=0.1, size=len(SENSORS))
            self.tell(values={**dict(zip(SENSORS, values.tolist(), strict=True)), **fixed})

    def tell(self, partition: int = 0, **properties: object) -> None:
        """The machine says this of its next instant."""
        message = {"machine": self._machine, "time": self._time.isoformat(), **properties}
        self.message(json.dumps(message).encode(), partition=partition)
        self.pause(CADENCE)

    def message(self, value: bytes | None, *, partition: int = 0) -> None:
        """Kafka gets this."""
        offset = len(self.records)
        self.records.append(Record("sensor.readings", partition, offset, self._time, b"pm3", value))

    def pause(self, time: timedelta) -> None:
        """Nothing comes for a while."""
        self._time += time


def eventful_life() -> list[Record]:
    """A machine to which happens all that a message can tell of."""
    diary = Diary()
    diary.rows(10)
    diary.rows(8, level=6.0)  # raised under both rules, and ten minutes later it still stands
    diary.tell(event="break")
    diary.rows(12)  # back to normal
    diary.rows(2, level=6.0)  # raised again, for the other rule within its cooldown
    diary.rows(12)
    diary.rows(1, draw_1=None)
    diary.rows(1, draw_1=None, speed=None)
    diary.rows(6, moisture=0.1)  # stuck
    diary.rows(1)
    diary.rows(7, speed=0.1, draw_1=0.1, moisture=0.1)  # frozen
    diary.rows(1)
    diary.pause(timedelta(hours=1))  # silence
    diary.rows(1)
    diary.tell(partition=1, values={"speed": 0.1})
    diary.message(b"Guten Morgen")
    diary.message(None)
    return diary.records


def process(records: list[Record]) -> list[Output]:
    """Give what the detector sends for these records."""
    return Pipeline(bundle(), RULES).process(records, THRESHOLDS)


def after_a_rule_is_gone() -> list[Output]:
    """Give what is sent once all rules but the first are gone under which alerts are open.

    One machine goes on with a reading, one with a reading of which hardly anything can be
    trusted, and one with an event.
    """
    before, after = Pipeline(bundle(), RULES), Pipeline(bundle(), Rules(RULES.rules[:1]))
    diaries = with_alerts()
    for diary in diaries:
        before.process(diary.records, THRESHOLDS)
    for machine in before.machines.of([0]):
        after.restore(0, machine.name, machine.snapshot(), next_offset=machine.next_offset)
    return after.process(next_ones(diaries), THRESHOLDS)


def after_states_are_lost() -> list[Output]:
    """Give what is sent once nothing is known of the machines but what was told of their alerts."""
    before, after = Pipeline(bundle(), RULES), Pipeline(bundle(), RULES)
    diaries = with_alerts()
    told = [one for diary in diaries for one in before.process(diary.records, THRESHOLDS)]
    for output in told:
        if output.topic == "alerts" and isinstance(found := decode_news(output.value), tuple):
            news, _ = found
            machine = after.machines.get(0, news.machine, after.models.first.new_machine)
            machine.end_lost(news)
    return after.process(next_ones(diaries), THRESHOLDS)


def with_alerts() -> list[Diary]:
    """Give three machines with open alerts."""
    diaries = [Diary(machine) for machine in ("pm3", "pm4", "pm5")]
    for diary in diaries:
        diary.rows(10)
        diary.rows(3, level=6.0)
    return diaries


def next_ones(diaries: list[Diary]) -> list[Record]:
    """Let each go on, in ways of their own."""
    diaries[0].rows(1)
    diaries[1].rows(1, draw_1=None, speed=None)
    diaries[2].tell(event="break")
    return [diary.records[-1] for diary in diaries]
