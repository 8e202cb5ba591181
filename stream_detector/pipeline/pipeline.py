"""The pipeline: records of the readings topic in, records of our own topics out."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.detector import Detector
from stream_detector.detection.feed_health import FeedEvent, FeedFault
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored, Status
from stream_detector.errors import ReadingError
from stream_detector.pipeline.announcer import Announcer
from stream_detector.pipeline.machine import Machine, Refusal, Verdict
from stream_detector.pipeline.messages import Output, dead_letter
from stream_detector.pipeline.readings import Oddities, ReadingDecoder, Record
from stream_detector.pipeline.thresholds import ThresholdTable

MAX_CLOCK_SKEW = timedelta(minutes=5)
"""How far a machine's clock may be ahead of Kafka's by default."""

MAX_MACHINES = 10_000
"""Machines of one partition; 60 MB at 60 sensors. Somebody who writes a number of his own into
every name must not fill the memory."""

_CLOCK_DIFFERENCE = timedelta(seconds=10)
"""Between Kafka's clock and ours: a timer waits for so long beyond the limit, so that the next
reading is sure to find the silence too long as well."""

PublishedScores = Literal["all", "alarm", "none"]
"""Which scores are told: of every reading, of those over the threshold or in an alarm, or none."""


class Pipeline:
    """One model and its rules at work on any number of machines.

    The state of a machine belongs to the partition its readings come from: it is a
    function of that partition's log, so it can be dropped and built again.

    Parameters
    ----------
    bundle : Bundle
    rules : Rules
    source : str
        Who says so: ``ce_source`` of the alerts, e.g. ``/stream-detector/mill-a``.
    max_clock_skew : timedelta
        How far a reading's time may be ahead of Kafka's.
    published_scores : "all", "alarm" or "none"
    """

    def __init__(
        self,
        bundle: Bundle,
        rules: Rules,
        *,
        source: str = "/stream-detector/replay",
        max_clock_skew: timedelta = MAX_CLOCK_SKEW,
        published_scores: PublishedScores = "all",
    ) -> None:
        self._rules = rules
        self._limits = bundle.model.limits
        self._decoder = ReadingDecoder(bundle.model.features, max_clock_skew=max_clock_skew)
        self._detector = Detector(
            bundle.model, run_ending_events=frozenset(rules.run_ending_events)
        )
        self._announcer = Announcer(bundle, rules, source=source)
        self._published_scores = published_scores
        self._partitions: dict[int, dict[str, Machine]] = {}
        self._homes: dict[str, int] = {}
        self._strays: set[tuple[str, int]] = set()
        self._new_strays: list[tuple[FeedEvent, int]] = []

    @property
    def oddities(self) -> Oddities:
        """What was read all the same, but should not be like that."""
        return self._decoder.oddities

    def process(self, records: Iterable[Record], thresholds: ThresholdTable) -> list[Output]:
        """Take in records in log order; give what has to be sent, in order."""
        return self.announce(self.judge(records, thresholds))

    def judge(
        self, records: Iterable[Record], thresholds: ThresholdTable
    ) -> list[Verdict | Refusal]:
        """Advance the state by records in log order; give one verdict each, in order.

        To bring a state forward silently, drop the verdicts.
        """
        decoded = [self._decode(record) for record in records]
        readings = [one for one in decoded if isinstance(one, _Decoded)]
        scored = self._detector.score(
            [one.reading for one in readings], [one.machine.state for one in readings]
        )
        results = iter(scored)
        return [
            one if isinstance(one, Refusal) else self._judge(one, next(results), thresholds)
            for one in decoded
        ]

    def announce(self, verdicts: Sequence[Verdict | Refusal]) -> list[Output]:
        """Give the messages that verdicts lead to."""
        told = [
            verdict.scored
            for verdict in verdicts
            if isinstance(verdict, Verdict) and (verdict.transitions or self._is_published(verdict))
        ]
        contributors = iter(self._announcer.contributors(told))
        outputs = [self._announcer.second_partition(*stray) for stray in self._new_strays]
        self._new_strays.clear()
        for verdict in verdicts:
            if isinstance(verdict, Refusal):
                outputs.append(dead_letter(verdict.record, verdict.error))
                continue
            if verdict.feed_events:
                outputs += map(self._announcer.feed_event, verdict.feed_events)
            published = self._is_published(verdict)
            if verdict.transitions or published:
                outputs += self._announcer.tell(verdict, next(contributors), with_score=published)
        return outputs

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
        for machine in self._machines_of(partitions):
            received_at, silence = machine.received_at, machine.silence()
            if received_at is None or silence is None or machine.silence_told:
                continue
            if now - received_at > machine.silence_after + _CLOCK_DIFFERENCE:
                machine.silence_told = True
                outputs.append(self._announcer.feed_event(silence))
        return outputs

    def in_force(self, partitions: Collection[int]) -> dict[str, dict[str, float]]:
        """Give, per machine judged so far, the threshold in force and the controller's shift."""
        return {
            machine.name: {"threshold": machine.level, "shift": round(machine.controller.shift, 6)}
            for machine in self._machines_of(partitions)
            if machine.level is not None
        }

    def _machines_of(self, partitions: Collection[int]) -> Iterator[Machine]:
        for partition in partitions:
            yield from self._partitions.get(partition, {}).values()

    def drop(self, partition: int) -> None:
        """Forget the machines of a partition."""
        for name in self._partitions.pop(partition, {}):
            self._strays.discard((name, partition))
            if self._homes.get(name) == partition:
                del self._homes[name]

    def snapshots(self, partition: int) -> dict[str, dict[str, Any]]:
        """Give the state of a partition's machines as plain data, by name."""
        machines = self._partitions.get(partition, {})
        return {name: machine.snapshot() for name, machine in machines.items()}

    def restore(self, partition: int, snapshots: Mapping[str, dict[str, Any]]) -> None:
        """Take the state of machines back, as it was under the same model.

        Raises
        ------
        ValueError, KeyError
            If a snapshot is of another model, or lacks a part.
        """
        machines = self._partitions.setdefault(partition, {})
        for name, data in snapshots.items():
            machines[name] = Machine.restore(name, data, self._detector, self._rules)
            self._homes.setdefault(name, partition)

    def _decode(self, record: Record) -> "_Decoded | Refusal":
        try:
            reading = self._decoder.decode(record)
        except ReadingError as error:
            return Refusal(record, error)
        machines = self._partitions.setdefault(record.partition, {})
        machine = machines.get(reading.machine)
        if machine is None:
            if len(machines) >= MAX_MACHINES:
                return Refusal(record, _too_many_machines(record))
            machine = machines[reading.machine] = self._new_machine(reading.machine)
        return _Decoded(record, reading, machine)

    def _new_machine(self, name: str) -> Machine:
        silence_after = self._detector.model.feed_limits.silence_after
        return Machine(name, self._detector.new_state(), self._rules, silence_after=silence_after)

    def _judge(self, one: "_Decoded", scored: Scored, thresholds: ThresholdTable) -> Verdict:
        if scored.status is Status.LATE:
            self.oddities.late += 1
        elif scored.status is Status.DUPLICATE:
            self.oddities.duplicates += 1
        wanted = thresholds.of(one.machine.name)
        verdict = one.machine.judge(one.record, scored, wanted, self._limits)
        if self._homes.setdefault(one.machine.name, one.record.partition) != one.record.partition:
            self._note_stray(one.record.partition, one.reading)
        return verdict

    def _note_stray(self, partition: int, reading: Reading) -> None:
        """Note a machine on a further partition, once: its readings have no order any more.

        Each partition goes on with its own state of the machine. The lowest one is its
        home, whichever was heard first: that depends on which was recovered first. And
        it is told with the next messages, for while recovering nothing is.
        """
        name = reading.machine
        home, second = sorted((self._homes[name], partition))
        self._homes[name] = home
        if (name, second) not in self._strays:
            self._strays.add((name, second))
            event = FeedEvent(
                FeedFault.SECOND_PARTITION, began=True, machine=name, time=reading.time
            )
            self._new_strays.append((event, second))

    def _is_published(self, verdict: Verdict) -> bool:
        """Whether the score of a reading, if it was judged at all, is told."""
        return self._published_scores == "all" or (
            self._published_scores == "alarm" and (verdict.over or verdict.alarm)
        )


def _too_many_machines(record: Record) -> ReadingError:
    return ReadingError(
        "too-many-machines",
        f"partition {record.partition} has {MAX_MACHINES} machines already; look what the senders "
        "write into `machine`, or make the topics with more partitions",
    )


class _Decoded(msgspec.Struct, frozen=True):
    """A record that is a reading, and the machine it is of."""

    record: Record
    reading: Reading
    machine: Machine
