"""An alert judged again, from the readings that it rests on: the same, or what differs and why.

The run is read from its first reading, so window and running means are what they were. What the
alert rests on beside that, from before the run, is taken from it: its threshold as a number, for
the controller has moved since, and how it came to be raised.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from stream_detector.alerting.life import Change, Transition
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.errors import AlertError, SettingsError, counted
from stream_detector.pipeline.machine import Verdict
from stream_detector.pipeline.names import machine_in
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.replaying import verdicts


class Place(NamedTuple):
    """Where in the log the readings stand that an alert rests on; both offsets are part of it."""

    topic: str
    partition: int
    first: int
    last: int


class _Quality(msgspec.Struct, frozen=True):
    state: str
    channels_used: int
    channels_total: int


class _Sensor(msgspec.Struct, frozen=True):
    sensor: str
    actual: float | None
    expected: float | None
    share: float


class RaisedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """The message of an alert's raise, as far as it can be worked out again."""

    alert_id: str
    machine: str
    rule: str
    seq: int
    occurrence: int
    priority: Any
    event_time: datetime
    raised_at: datetime
    score: float
    threshold: float
    over: dict[str, int]
    contributors: tuple[_Sensor, ...]
    quality: _Quality
    bundle: str
    rules: str


class Comparison(NamedTuple):
    """One thing that an alert says, as it said it and as it comes out now."""

    name: str
    told: str
    again: str

    @property
    def is_same(self) -> bool:
        """Whether it is the same."""
        return self.told == self.again


class Again(NamedTuple):
    """What came of judging an alert again."""

    n_readings: int
    comparisons: tuple[Comparison, ...]
    reasons: tuple[str, ...]
    """Why something may differ; none where nothing does."""


def judge_again(
    alert: RaisedAlert, place: Place, records: Iterable[Record], bundle: Bundle, rules: Rules
) -> Again:
    """Judge the readings that an alert rests on, and hold what comes out against it.

    Parameters
    ----------
    alert : RaisedAlert
    place : Place
    records : iterable of Record
        Those at the place, in order.
    bundle : Bundle
    rules : Rules

    Raises
    ------
    SettingsError
        If the rules have no such rule, or the bundle lacks the head that it goes by.
    AlertError
        If the reading that raised it is not there.
    """
    rule = _rule(alert, bundle, rules)
    pipeline = Pipeline(bundle, rules, published_scores="none")
    threshold = Fixed(alert.threshold)
    # Other machines are left out: they may be hundreds.
    ours = (record for record in records if machine_in(record.value) == alert.machine)
    n_readings, newest = 0, None
    for verdict in verdicts(ours, pipeline, ThresholdTable(threshold, head=threshold)):
        n_readings += 1
        if isinstance(verdict, Verdict) and verdict.record.offset == place.last:
            newest = verdict
    if newest is None:
        raise AlertError(
            f"no reading of {alert.machine!r} is at offset {place.last} of partition "
            f"{place.partition} of {place.topic!r}: it is another topic of this name"
        )
    again = _told_again(alert, rule, newest, pipeline)
    comparisons = tuple(_compare(alert, again, is_over=newest.of(rule).over))
    same = all(one.is_same for one in comparisons)
    return Again(n_readings, comparisons, () if same else tuple(_reasons(alert, bundle, rules)))


def describe(alert: RaisedAlert, place: Place, again: Again) -> Iterator[str]:
    """Tell it in lines that people read."""
    yield f"{alert.alert_id}: {counted(again.n_readings, 'reading')} of its run judged again,"
    yield (
        f"offsets {place.first} to {place.last} of partition {place.partition} of {place.topic!r}"
    )
    for one in again.comparisons:
        if one.is_same:
            yield f"  same     {one.name}: {one.told}"
        else:
            yield f"  DIFFERS  {one.name}: {one.told}, again {one.again}"
    for reason in again.reasons:
        yield f"why: {reason}"


def _rule(alert: RaisedAlert, bundle: Bundle, rules: Rules) -> Rule:
    rule = next((one for one in rules.rules if one.name == alert.rule), None)
    if rule is None:
        known = ", ".join(repr(one.name) for one in rules.rules)
        raise SettingsError(
            f"the alert is of the rule {alert.rule!r}, but the rules have {known}; give the rules "
            "file that was in force, with --rules"
        )
    if rule.score == "head" and bundle.model.head is None:
        raise SettingsError(
            f"the rule {rule.name!r} goes by the score of a head, and this bundle has none; give "
            f"the bundle that raised the alert, {alert.bundle}"
        )
    return rule


def _told_again(
    alert: RaisedAlert, rule: Rule, verdict: Verdict, pipeline: Pipeline
) -> RaisedAlert | None:
    """Write the alert's message again; None where the reading got no score."""
    raised = Transition(
        change=Change.RAISED,
        alert_id=alert.alert_id,
        seq=alert.seq,
        occurrence=alert.occurrence,
        priority=alert.priority,
        raised_at=alert.raised_at,
        n_over=alert.over["count"],
        reason=None,
    )
    verdict.transitions, verdict.feed_events, verdict.outcome_of = ((rule, raised),), (), ()
    (output,) = (one for one in pipeline.announce([verdict]) if one.topic == "alerts")
    try:
        return msgspec.json.decode(output.value or b"", type=RaisedAlert)
    except msgspec.ValidationError:
        return None


def _compare(
    alert: RaisedAlert, again: RaisedAlert | None, *, is_over: bool
) -> Iterator[Comparison]:
    for name, write in _WAYS.items():
        yield Comparison(name, write(alert), "no score" if again is None else write(again))
    verdicts_of = {True: "over the threshold", False: "not over the threshold"}
    yield Comparison("verdict", verdicts_of[True], verdicts_of[is_over])


def _reasons(alert: RaisedAlert, bundle: Bundle, rules: Rules) -> Iterator[str]:
    if alert.bundle != bundle.id:
        yield f"another bundle: {alert.bundle} raised the alert, and this is {bundle.id}"
        return
    if alert.rules != rules.digest:
        yield f"other rules: {alert.rules} were in force, and these are {rules.digest}"
    if alert.quality.state != "good":
        yield (
            "sensors were left out; a fault of the feed that began before the run is not seen "
            "when the run alone is read"
        )
    yield "or the worker passed over a reading of the run: its dead letter says so (`poison`)"


def _sensors(alert: RaisedAlert) -> str:
    told = (
        f"{one.sensor} {one.actual} (expected {one.expected}, share {one.share})"
        for one in alert.contributors
    )
    return ", ".join(told)


def _quality(alert: RaisedAlert) -> str:
    one = alert.quality
    return f"{one.state}, {one.channels_used} of {one.channels_total} sensors"


_WAYS: Final[Mapping[str, Any]] = {
    "score": lambda alert: f"{alert.score:g}",
    "threshold": lambda alert: f"{alert.threshold:g}",
    "sensors": _sensors,
    "quality": _quality,
    "bundle": lambda alert: alert.bundle,
}
