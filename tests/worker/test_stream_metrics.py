"""What Prometheus is told of the stream, and what it costs to count it."""

import json
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client.parser import text_string_to_metric_families

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.connections.prometheus import exposition
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.worker.counts import Counts
from stream_detector.worker.health import Health
from stream_detector.worker.metrics import HealthCollector
from stream_detector.worker.stream_metrics import StreamCollector
from tests.pipeline.station import HIGH
from tests.small_models import START, Feed

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


def records_of(n_machines: int, n_readings: int) -> list[Record]:
    records: list[Record] = []
    for number in range(n_machines):
        records += Feed(f"pm{number}").rows(n_readings)
    return [one._replace(partition=0, offset=at) for at, one in enumerate(records)]


class Station:
    """A pipeline that judges, and what is told of it."""

    def __init__(self, bundle: Bundle) -> None:
        self.pipeline = Pipeline(bundle, Rules())
        self.counts = Counts()
        self.health = Health(stall_seconds=1e9, began_at=0.0)
        self.health.joined({0}, now=1.0)
        keeper = SimpleNamespace(n_written=7, n_lost=2)
        parts = (self.counts, self.pipeline, self.health, cast("Any", keeper))
        self._collectors = (HealthCollector(self.health), StreamCollector(*parts))

    def judge(self, records: list[Record]) -> None:
        self.counts.judged(self.pipeline.take_in(records, ThresholdTable(HIGH)), 0.003)

    def page(self) -> bytes:
        return exposition(*self._collectors)

    def told(self) -> dict[tuple[str, ...], float]:
        return {
            (one.name.removeprefix("stream_detector_"), *one.labels.values()): one.value
            for family in text_string_to_metric_families(self.page().decode())
            for one in family.samples
        }


def test_what_became_of_readings_is_told(small_bundle: Bundle) -> None:
    station = Station(small_bundle)
    records = records_of(2, 3)
    bad = Record("sensor.readings", 0, 6, START + timedelta(hours=1), b"pm0", b"no json")

    station.judge([*records, bad])
    found = station.told()

    assert found[("readings_judged_total",)] == 6
    assert found["dead_letters_total", "not-json"] == 1
    assert found["machines", small_bundle.id] == 2
    assert found["threshold", "0.5"] == 8.0
    assert found["scoring_seconds_bucket", "0.002"] == 0
    assert found["scoring_seconds_bucket", "0.005"] == 1
    assert found[("score_ratio_count",)] == 6
    assert (found[("snapshots_total",)], found[("snapshots_lost_total",)]) == (7, 2)


def test_each_reason_of_a_dead_letter_is_counted_from_the_start() -> None:
    schema = json.loads((SCHEMAS / "dead-letter.v1.json").read_text())

    codes = schema["properties"]["reason_code"]["examples"]
    # Those behind it are of the bridges alone.
    of_the_worker = codes[: codes.index("poison") + 1]

    assert Counts().dead_letters == dict.fromkeys(of_the_worker, 0)


def test_the_delay_counts_from_kafkas_stamp() -> None:
    counts = Counts()
    now_ms = int(time.time() * 1000)

    counts.delivered([now_ms - 40_000, now_ms - 40_000, now_ms + 9_000])

    at_most = dict(counts.delay_seconds.cumulative())
    assert (at_most["0.01"], at_most["30"], at_most["60"]) == (1, 1, 3)
    assert dict(counts.batch_sizes.cumulative())["5"] == 1


def test_1000_machines_make_no_more_series_and_are_told_quickly(small_bundle: Bundle) -> None:
    few, many = Station(small_bundle), Station(small_bundle)
    few.judge(records_of(2, 1))
    many.judge(records_of(1_000, 1))

    took = []
    for _ in range(5):
        began = time.perf_counter()
        many.page()
        took.append(time.perf_counter() - began)

    assert many.told().keys() == few.told().keys()
    # The goal is 20 ms. The best of five: other programs may have had the core.
    assert min(took) < 0.02


def test_counting_costs_a_reading_next_to_nothing(small_bundle: Bundle) -> None:
    pipeline = Pipeline(small_bundle, Rules())
    verdicts = pipeline.take_in(records_of(500, 1), ThresholdTable(HIGH))
    stamps, counts, took = [int(time.time() * 1000)] * 500, Counts(), []

    for _ in range(20):
        began = time.perf_counter()
        counts.judged(verdicts, 0.01)
        counts.delivered(stamps)
        took.append((time.perf_counter() - began) / 500)

    # The goal is 1 µs, beside 50 µs to judge it; twice that on a slow core.
    assert min(took) < 2e-6
