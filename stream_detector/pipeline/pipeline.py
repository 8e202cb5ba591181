"""The pipeline: records of the readings topic in, records of our own topics out.

Each machine is judged by one model; it goes over to another only between two of its readings.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.errors import ReadingError
from stream_detector.pipeline.machine import Machine, Refusal, Verdict
from stream_detector.pipeline.machines import Machines
from stream_detector.pipeline.messages import Output, dead_letter
from stream_detector.pipeline.models import Models
from stream_detector.pipeline.oddities import Oddities
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import Thresholds

MAX_CLOCK_SKEW = timedelta(minutes=5)
"""How far a machine's clock may be ahead of Kafka's by default."""

_CLOCK_DIFFERENCE = timedelta(seconds=10)
"""Between Kafka's clock and ours: a timer waits for so long beyond the limit, so that the next
reading is sure to find the silence too long as well."""

PublishedScores = Literal["all", "alarm", "none"]
"""Which scores are told: of every reading, of those over the threshold or in an alarm, or none."""


class Pipeline:
    """Models and their rules at work on any number of machines.

    Parameters
    ----------
    bundle : Bundle
        The model that it starts with.
    rules : Rules
        For that model.
    source : str
        Who says so: ``ce_source`` of the alerts, e.g. ``/stream-detector/mill-a``.
    max_clock_skew : timedelta
        How far a reading's time may be ahead of Kafka's.
    published_scores : "all", "alarm" or "none"
    is_shadow : bool
        It only tells scores, marked as those of a model that is on trial.

    Attributes
    ----------
    machines : Machines
        Their states.
    models : Models
        Those that they may be judged by.
    """

    def __init__(
        self,
        bundle: Bundle,
        rules: Rules,
        *,
        source: str = "/stream-detector/replay",
        max_clock_skew: timedelta = MAX_CLOCK_SKEW,
        published_scores: PublishedScores = "all",
        is_shadow: bool = False,
    ) -> None:
        self._published_scores = published_scores
        self._is_shadow = is_shadow
        self.models = Models(bundle, rules, source=source, max_clock_skew=max_clock_skew)
        self.machines = Machines()

    @property
    def oddities(self) -> Oddities:
        """What was read all the same, but should not be like that."""
        return self.models.oddities

    def restore(
        self,
        partition: int,
        name: str,
        snapshot: Mapping[str, Any],
        *,
        next_offset: int,
        bundle_id: str | None = None,
    ) -> None:
        """Take the state of a machine back, as it was under the same model.

        Parameters
        ----------
        partition : int
        name : str
        snapshot : mapping
            Of :meth:`~stream_detector.pipeline.machine.Machine.snapshot`.
        next_offset : int
            All readings of the partition below it are in the state.
        bundle_id : str or None
            Of the model, one of ``models``; None is the first one.

        Raises
        ------
        ValueError, KeyError
            If the snapshot is of another model, or lacks a part.
        """
        model = self.models.first if bundle_id is None else self.models[bundle_id]
        machine = model.restore(name, snapshot)
        machine.next_offset = next_offset
        self.machines.put(partition, machine)

    def replace(self, partition: int, successor: Machine) -> bool:
        """Let a machine go over to another model, in a state that it has reached under that one.

        Its alerts go on. That is a change of its state, as :meth:`adopt` is.

        Parameters
        ----------
        partition : int
        successor : Machine
            Of one of ``models``; it has taken in every reading that the machine has.

        Returns
        -------
        bool
            False, and nothing is changed, while an alert is open that the model cannot follow.
        """
        incumbent = self.machines.find(partition, successor.name)
        if incumbent is None:
            raise ValueError(f"there is no machine {successor.name!r} to succeed")
        old, new = (
            self.models[one.bundle_id].bundle.model.features.sensors
            for one in (incumbent, successor)
        )
        if not successor.may_succeed(incumbent, same_sensors=old == new):
            return False
        successor.succeed(incumbent, same_sensors=old == new)
        successor.next_offset = incumbent.next_offset
        self.machines.put(partition, successor)
        return True

    def process(self, records: Iterable[Record], thresholds: Thresholds) -> list[Output]:
        """Take in records in log order; give what has to be sent, in order."""
        return self.announce(self.take_in(records, thresholds))

    def take_in(self, records: Iterable[Record], thresholds: Thresholds) -> list[Verdict | Refusal]:
        """Advance the state by records in log order; give one verdict each, in order."""
        batch = self.decode(records)
        self.adopt(batch, thresholds)
        return self.judge(batch)

    def follow(self, records: Iterable[Record], thresholds: Thresholds) -> None:
        """Bring the state forward by records that were judged before, silently.

        Under the threshold that each machine had then, and letting no alert go whose rule is
        gone; only a machine of which nothing was kept takes the threshold that is wanted now.
        """
        batch = self.decode(records)
        new = (
            one
            for one in batch
            if isinstance(one, Decoded) and one.machine.anomaly.threshold is None
        )
        self.adopt(new, thresholds)
        self.judge(batch)

    def decode(self, records: Iterable[Record]) -> list["Decoded | Refusal"]:
        """Read records, and find the machines they are of, whose states stay as they are.

        What the state of its machine holds already is left out.
        """
        batch: list[Decoded | Refusal] = []
        for record in records:
            try:
                model = self.models.for_message(record, self.machines)
                reading = model.decoder.decode(record)
                machine = self.machines.get(record.partition, reading.machine, model.new_machine)
            except ReadingError as error:
                # Not the one that was raised: that holds this frame, and so the whole batch.
                batch.append(Refusal(record, ReadingError(error.code, error.reason)))
                continue
            if record.offset >= machine.next_offset:
                batch.append(Decoded(record, reading, machine))
        return batch

    def adopt(
        self, batch: Iterable["Decoded | Refusal"], thresholds: Thresholds
    ) -> list["Decoded"]:
        """Let the machines of a batch take the thresholds that are wanted of them now.

        That is a change of their state. Whoever keeps states keeps these before the batch
        is judged, or judges it otherwise when it is judged again.

        Returns
        -------
        list of Decoded
            The first reading of each machine that took another one.
        """
        changed = []
        for one in batch:
            if isinstance(one, Decoded):
                machine = one.machine
                table = thresholds.for_model(machine.bundle_id)
                wanted = table.of(machine.name, machine.anomaly.threshold)
                if machine.adopt(wanted, table.head):
                    changed.append(one)
        return changed

    def judge(self, batch: Iterable["Decoded | Refusal"]) -> list[Verdict | Refusal]:
        """Advance the state by a decoded batch; give one verdict each, in order."""
        decoded = list(batch)
        scored = self.models.score(
            [(one.reading, one.machine) for one in decoded if isinstance(one, Decoded)]
        )
        return [
            one if isinstance(one, Refusal) else self._judge(one, next(scored)) for one in decoded
        ]

    def announce(self, verdicts: Sequence[Verdict | Refusal]) -> list[Output]:
        """Give the messages that verdicts lead to."""
        if self._is_shadow:
            return self._shadow_scores(verdicts)
        told = [
            verdict
            for verdict in verdicts
            if isinstance(verdict, Verdict) and (verdict.transitions or self._is_published(verdict))
        ]
        contributors = self.models.contributors(told)
        announcer = self.models.first.announcer
        outputs = [announcer.second_partition(*stray) for stray in self.machines.new_strays()]
        for verdict in verdicts:
            if isinstance(verdict, Refusal):
                outputs.append(dead_letter(verdict.record, verdict.error))
                continue
            announcer = self.models[verdict.bundle_id].announcer
            if verdict.feed_events:
                outputs += map(announcer.feed_event, verdict.feed_events)
            published = self._is_published(verdict)
            if verdict.transitions or published:
                outputs += announcer.tell(verdict, next(contributors), with_score=published)
            if verdict.outcome_of:
                # Behind the clears: what closed an alert comes after it.
                outputs += [announcer.outcome(verdict, rule) for rule in verdict.outcome_of]
        return outputs

    def _shadow_scores(self, verdicts: Iterable[Verdict | Refusal]) -> list[Output]:
        told = [
            verdict
            for verdict in verdicts
            if isinstance(verdict, Verdict) and self._is_published(verdict)
        ]
        announcer = self.models.first.announcer
        pairs = zip(told, self.models.contributors(told), strict=True)
        return [one for pair in pairs for one in announcer.shadow_score(*pair)]

    def silences(self, now: datetime, partitions: Collection[int]) -> list[Output]:
        """Tell of machines that Kafka has heard nothing of for too long, each silence once.

        The state stays as it is, and the reading that ends a silence tells the same of
        its begin again: so what is sent does not depend on when this is called.

        Parameters
        ----------
        now : datetime
        partitions : collection of int
            Those of which all there is was judged. Of the others nobody knows whether
            they are silent.
        """
        outputs = []
        for machine in self.machines.of(partitions):
            received_at, silence = machine.received_at, machine.silence()
            if received_at is None or silence is None or machine.silence_told:
                continue
            if now - received_at > machine.silence_after + _CLOCK_DIFFERENCE:
                machine.silence_told = True
                outputs.append(self.models.first.announcer.feed_event(silence))
        return outputs

    def _judge(self, one: "Decoded", scored: Scored) -> Verdict:
        if scored.status is Status.LATE:
            self.oddities.count_late(one.machine.name)
        elif scored.status is Status.DUPLICATE:
            self.oddities.duplicates += 1
        self.machines.check_home(one.machine.name, one.record.partition, one.reading.time)
        return one.machine.judge(one.record, scored)

    def _is_published(self, verdict: Verdict) -> bool:
        """Whether the score of a reading, if it was judged at all, is told."""
        return self._published_scores == "all" or (
            self._published_scores == "alarm" and verdict.is_striking
        )


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """A record that is a reading, and the machine it is of."""

    record: Record
    reading: Reading
    machine: Machine
