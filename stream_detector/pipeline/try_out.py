"""A model tried on readings that nobody sent, before a machine is judged by it."""

from datetime import UTC, datetime, timedelta

import msgspec

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.errors import BundleError
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

_READINGS = 3
"""The first one fills the window already; those after it have a past."""


def try_out(bundle: Bundle, rules: Rules) -> None:
    """Let a model judge a few readings of a machine that runs as it did in training.

    A graph can be loaded and yet fail as soon as it has work. Whoever began to judge a machine by
    such a model would end, and so would whoever takes that machine over.

    Raises
    ------
    BundleError
        If it fails.
    """
    sensors, center = bundle.model.features.sensors, bundle.model.conditioning.center
    values = dict(zip(sensors, center.tolist(), strict=True))
    records = []
    for number in range(_READINGS):
        time = _BEGIN + number * timedelta(seconds=bundle.manifest.cadence_seconds)
        said = msgspec.json.encode({"machine": "none", "time": time, "values": values})
        records.append(Record("none", 0, number, time, None, said))
    pipeline = Pipeline(bundle, rules)
    try:
        pipeline.process(records, ThresholdTable(bundle.manifest.default_threshold))
    except Exception as error:  # whatever a graph, or arithmetic on what it gives, raises
        raise BundleError(
            f"bundle {bundle.id} fails at work: {error!r}; fit it anew with the packages that "
            "are installed here"
        ) from error
