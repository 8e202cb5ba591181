"""A pipeline at work, and what it sent, read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed, Threshold
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable

HIGH = Fixed(8.0)
"""Above all that the small model says of normal readings, below what it says of a fault."""


@dataclass
class Sent:
    """Messages by what they tell, values read."""

    alerts: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    letters: list[Output] = field(default_factory=list)

    @property
    def told(self) -> list[tuple[str, str]]:
        """Alerts and faults of the feed, in short: their event and when it was."""
        return [
            (f"{one.get('fault', 'alert')} {one['event']}", one["event_time"][11:16])
            for one in [*self.alerts, *self.faults]
        ]


def read(outputs: Iterable[Output]) -> Sent:
    """Sort what was sent."""
    sent = Sent()
    for output in outputs:
        if output.topic == "dead-letters":
            sent.letters.append(output)
            continue
        value = json.loads(output.value or b"")
        places = {
            "alert": sent.alerts,
            "data-quality": sent.faults,
            "score": sent.scores,
            "outcome": sent.outcomes,
        }
        places[value["schema"].partition("/")[0]].append(value)
    return sent


class Station:
    """A pipeline of the small model."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        rules: Rules | None = None,
        threshold: Threshold = HIGH,
        head_threshold: Threshold | None = None,
        **options: Any,
    ) -> None:
        self.pipeline = Pipeline(bundle, rules or Rules(), **options)
        self.thresholds = ThresholdTable(threshold, head=head_threshold)

    def take(self, records: Sequence[Record]) -> Sent:
        """Process records, and read what was sent."""
        return read(self.pipeline.process(records, self.thresholds))

    def state(self, name: str = "pm3", partition: int = 0) -> dict[str, Any]:
        return states(self.pipeline, partition)[name]


def states(pipeline: Pipeline, partition: int = 0) -> dict[str, dict[str, Any]]:
    """The state of a partition's machines as plain data, by name."""
    return {machine.name: machine.snapshot() for machine in pipeline.machines.of([partition])}


def restore(pipeline: Pipeline, snapshots: Mapping[str, dict[str, Any]]) -> None:
    """Give partition 0 of a pipeline machines of these states."""
    for name, snapshot in snapshots.items():
        pipeline.restore(0, name, snapshot, next_offset=0)
