"""The stream in Prometheus' words: what was judged, how fast, and how the machines stand.

Sums over all machines of this worker, and never one per machine: see :mod:`.counts`. Machines are
looked through when Prometheus asks, so the readings do not pay for it.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from stream_detector.connections.prometheus import PREFIX, count, gauge
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.worker.counts import Counts, Distribution
from stream_detector.worker.health import Health
from stream_detector.worker.keeper import StateKeeper

_QUANTILES: Final = (0.0, 0.5, 1.0)


class StreamCollector(Collector):
    """Says what the stream has come to when Prometheus asks.

    Parameters
    ----------
    counts : Counts
    pipeline : Pipeline
    health : Health
    keeper : StateKeeper
    """

    def __init__(
        self,
        counts: Counts,
        pipeline: Pipeline,
        health: Health,
        keeper: StateKeeper,
    ) -> None:
        self._counts = counts
        self._pipeline = pipeline
        self._health = health
        self._keeper = keeper

    def collect(self) -> Iterable[Metric]:
        """Give all metrics."""
        yield from self._of_readings()
        yield from self._of_machines()
        yield _count("snapshots", "Snapshots of machines handed to Kafka.", self._keeper.n_written)
        yield _count(
            "snapshots_lost", "Those that Kafka did not take; written again.", self._keeper.n_lost
        )

    def _of_readings(self) -> Iterable[Metric]:
        counts, oddities = self._counts, self._pipeline.oddities
        yield _count("readings_judged", "Readings that went through the model.", counts.n_judged)
        late = oddities.late.total()
        yield _count("readings_late", "Readings older than the machine's last.", late)
        yield _count("readings_duplicate", "Readings sent before.", oddities.duplicates)
        yield _count(
            "readings_foreign",
            "Readings without a sensor of the model.",
            oddities.foreign.total(),
        )
        yield _count(
            "events_unknown",
            "Process events that no rule says anything of.",
            oddities.unknown_events.total(),
        )
        letters = {(code,): n for code, n in counts.dead_letters.items()}
        yield count("dead_letters", "Messages that are no readings, by reason.", letters, ["code"])
        yield _distribution("batch_readings", "Messages per batch.", counts.batch_sizes)
        yield _distribution(
            "scoring_seconds",
            "Decoding and judging the readings of a partition in a batch.",
            counts.scoring_seconds,
        )
        yield _distribution(
            "delay_seconds",
            "From Kafka's stamp of a reading until what came of it was delivered.",
            counts.delay_seconds,
        )
        yield _distribution(
            "score_ratio", "Score of a reading by the threshold in force.", counts.score_ratios
        )

    def _of_machines(self) -> Iterable[Metric]:
        models = self._pipeline.models
        sizes = {one: models[one].bundle.model.conditioning.window_size for one in models}
        judging: Counter[str] = Counter(dict.fromkeys(sizes, 0))
        n_warming_up = n_silent = 0
        thresholds = []
        for machine in self._pipeline.machines.of(self._health.partitions):
            judging[machine.bundle_id] += 1
            n_warming_up += machine.state.n_readings < sizes[machine.bundle_id]
            n_silent += machine.silence_told
            if machine.anomaly.in_force is not None:
                thresholds.append(machine.anomaly.in_force)
        by_bundle = {(bundle_id,): n for bundle_id, n in judging.items()}
        yield gauge("machines", "Machines that a model judges.", by_bundle, ["bundle"])
        yield gauge("machines_warming_up", "Machines without a full window.", {(): n_warming_up})
        yield gauge("machines_silent", "Machines heard nothing of for too long.", {(): n_silent})
        quantiles = np.quantile(thresholds, _QUANTILES) if thresholds else ()
        yield gauge(
            "threshold",
            "Threshold in force: least, median and greatest over the machines.",
            {
                (f"{one:g}",): float(threshold)
                for one, threshold in zip(_QUANTILES, quantiles, strict=False)
            },
            ["quantile"],
        )


def _count(name: str, text: str, n: int) -> Metric:
    return count(name, text, {(): n})


def _distribution(name: str, text: str, values: Distribution) -> Metric:
    return HistogramMetricFamily(
        f"{PREFIX}_{name}", text, buckets=values.cumulative(), sum_value=values.total
    )
