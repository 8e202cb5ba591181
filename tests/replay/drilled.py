"""A recording of the small machine with one fault in it, and what the pipeline makes of it."""

from collections.abc import Iterable
from functools import partial

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.machine import Verdict
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.fault_drill import Effect, drill
from stream_detector.replay.fault_injection import Injected, inject
from stream_detector.replay.faults import Fault
from stream_detector.replay.records import records
from stream_detector.replay.replaying import verdicts
from tests.small_models import BROKEN_STEAM, CADENCE, SENSORS, START, normal_recording

HIGH = ThresholdTable(Fixed(8.0))
"""Above all that the small model says of normal readings, below what it says of a fault."""

STEAM = SENSORS.index("steam")


class Drill:
    """200 readings, one fault on them; ``seed`` decides where, the readings are always the same.

    ``break_steam`` puts a fault of the machine itself on top, which the pipeline has to find.
    """

    def __init__(self, bundle: Bundle, fault: Fault, *, seed: int = 0) -> None:
        self._bundle, self._fault, self._seed = bundle, fault, seed
        self._recording = normal_recording(200, seed=3)
        self.first, self.last = self._where()

    def _where(self) -> tuple[int, int]:
        """Rows that the fault is played on."""
        (one,) = self.injected.injections
        first, last = ((time - START) // CADENCE for time in (one.start, one.end))
        return first, last

    def break_steam(self, first: int, last: int) -> None:
        self._recording.values[first : last + 1, STEAM] = BROKEN_STEAM

    @property
    def records(self) -> list[Record]:
        return list(records(self._recording, Rules()))

    @property
    def injected(self) -> Injected:
        return inject(self.records, [self._fault], self._bundle.model, seed=self._seed)

    def run(self) -> Effect:
        new_pipeline = partial(Pipeline, self._bundle, Rules(), published_scores="none")
        _, (effect,) = drill(self.records, self.injected, new_pipeline, HIGH)
        return effect


def scores_of(bundle: Bundle, log: Iterable[Record]) -> dict[int, float]:
    """The score per row; -1 where the reading has none."""
    return {
        (one.scored.reading.time - START) // CADENCE: (
            -1.0 if one.scored.score is None else one.scored.score
        )
        for one in verdicts(log, Pipeline(bundle, Rules()), HIGH)
        if isinstance(one, Verdict) and one.scored.quality is not None
    }
