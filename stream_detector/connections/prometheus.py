"""Metrics as Prometheus reads them: made when it asks, from figures that are kept anyway."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PREFIX: Final = "stream_detector"

Values = Mapping[Any, float]
"""By the values of the labels, in order: ``()`` where there is none."""


def exposition(*collectors: Collector) -> bytes:
    """Write the metrics as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    for one in collectors:
        registry.register(one)
    return generate_latest(registry)


def gauge(name: str, text: str, values: Values, labels: Iterable[str] = ()) -> Metric:
    """Make a metric that goes up and down; values are by the values of its labels, in order."""
    return _filled(GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=list(labels)), values)


def count(name: str, text: str, values: Values, labels: Iterable[str] = ()) -> Metric:
    """Make a metric that only grows; Prometheus adds ``_total`` to its name."""
    return _filled(CounterMetricFamily(f"{PREFIX}_{name}", text, labels=list(labels)), values)


def _filled(metric: GaugeMetricFamily | CounterMetricFamily, values: Values) -> Metric:
    for label_values, value in values.items():
        metric.add_metric(list(label_values), value)
    return metric
