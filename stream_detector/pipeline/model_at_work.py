"""One model at work: what its readings are read, scored and told by."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.detector import Detector
from stream_detector.pipeline.announcer import Announcer
from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.oddities import Oddities
from stream_detector.pipeline.readings import ReadingDecoder


class ModelAtWork:
    """A bundle and its rules, ready for any number of machines.

    Parameters
    ----------
    bundle : Bundle
    rules : Rules
    source : str
        ``ce_source`` of the alerts.
    max_clock_skew : timedelta
    oddities : Oddities
        Where those of its readings are counted.
    """

    def __init__(
        self,
        bundle: Bundle,
        rules: Rules,
        *,
        source: str,
        max_clock_skew: timedelta,
        oddities: Oddities,
    ) -> None:
        self.bundle = bundle
        self.rules = rules
        self.decoder = ReadingDecoder(
            bundle.model.features,
            max_clock_skew=max_clock_skew,
            events=rules.events,
            oddities=oddities,
        )
        self.detector = Detector(bundle.model, run_ending_events=frozenset(rules.run_ending_events))
        self.announcer = Announcer(bundle, rules, source=source)

    def new_machine(self, name: str) -> Machine:
        """Make a machine never heard of before."""
        state = self.detector.new_state()
        return Machine(name, state, self.bundle.model, self.rules, bundle_id=self.bundle.id)

    def restore(self, name: str, snapshot: Mapping[str, Any]) -> Machine:
        """Take a machine back, as it was under this model.

        Raises
        ------
        ValueError, KeyError
            If the snapshot is of another model, or lacks a part.
        """
        return Machine.restore(
            name, snapshot, self.bundle.model, self.rules, bundle_id=self.bundle.id
        )
