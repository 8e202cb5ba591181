"""From verdicts to the messages that tell of them."""

from collections.abc import Sequence
from typing import Literal

from stream_detector.alerting.life import Change, Transition, rfc3339
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.bundle.manifest import Validation
from stream_detector.detection.feed_health import FeedEvent, Quality
from stream_detector.detection.scored import Scored
from stream_detector.pipeline.contributors import Contributors
from stream_detector.pipeline.judge import Judged
from stream_detector.pipeline.machine import Verdict
from stream_detector.pipeline.messages import (
    AlertMessage,
    Contributor,
    DataQualityMessage,
    Headers,
    HeadScore,
    OutcomeMessage,
    Output,
    Over,
    QualityInfo,
    ScoreMessage,
    Span,
    Validated,
    WarningInfo,
    cloud_event_headers,
    encode,
)
from stream_detector.pipeline.thresholds import setting_of


class Announcer:
    """Writes the messages of one model and its rules.

    Parameters
    ----------
    bundle : Bundle
    rules : Rules
    source : str
        ``ce_source`` of the alerts.
    """

    def __init__(self, bundle: Bundle, rules: Rules, *, source: str) -> None:
        self._bundle_id = bundle.id
        self._contributors = Contributors(bundle.model)
        self._rules_digest = rules.digest
        self._site = rules.site
        self._source = source
        head = bundle.manifest.head
        self._validated = {
            "anomaly": _validated(bundle.manifest.validation),
            "head": _validated(head.validation if head else None),
        }

    def contributors(self, scored: Sequence[Scored]) -> list[tuple[Contributor, ...]]:
        """Name the sensors with the largest shares of each reading's anomaly score."""
        return self._contributors.of_anomaly(scored)

    def tell(
        self, verdict: Verdict, contributors: tuple[Contributor, ...], *, with_score: bool
    ) -> list[Output]:
        """Tell the changes of the machine's alerts, and the scores if the reading was judged.

        ``contributors`` are those of its anomaly score.
        """
        outputs = [
            self._alert(verdict, rule, change, contributors) for rule, change in verdict.transitions
        ]
        if with_score:
            outputs += self._score(verdict, contributors)
        return outputs

    def shadow_score(self, verdict: Verdict, contributors: tuple[Contributor, ...]) -> list[Output]:
        """Tell the score of a model on trial, if the reading was judged."""
        return self._score(verdict, contributors, is_shadow=True)

    def outcome(self, verdict: Verdict, rule: Rule) -> Output:
        """Tell that what a rule warns of has happened."""
        reading = verdict.scored.reading
        event_id = f"{reading.machine}.{rule.name}.{rule.outcome}.{rfc3339(reading.time)}"
        message = OutcomeMessage(
            event_id=event_id,
            machine=reading.machine,
            rule=rule.name,
            site=self._site,
            outcome=rule.outcome or "",
            event_time=reading.time,
            run_start=verdict.scored.run_start,
        )
        headers = cloud_event_headers(
            event_id=event_id,
            source=self._source,
            event_type="outcome",
            time=reading.time,
            subject=reading.machine,
        )
        key = f"{reading.machine}/{rule.name}"
        return Output("alerts", key.encode(), encode(message), headers)

    def feed_event(self, event: FeedEvent) -> Output:
        """Tell that a fault of a feed began or ended."""
        return self._feed_event(event, rfc3339(event.time))

    def second_partition(self, event: FeedEvent, partition: int) -> Output:
        """Tell of a machine on a second partition: always under the same name.

        When it is noticed depends on who has both partitions since when, so its time
        does not make it another event.
        """
        return self._feed_event(event, str(partition))

    def _feed_event(self, event: FeedEvent, name: str) -> Output:
        began: Literal["began", "ended"] = "began" if event.began else "ended"
        event_id = f"{event.machine}.{event.fault}.{began}.{name}"
        message = DataQualityMessage(
            event=began,
            event_id=event_id,
            fault=event.fault,
            machine=event.machine,
            site=self._site,
            event_time=event.time,
            sensors=event.sensors,
        )
        headers = cloud_event_headers(
            event_id=event_id,
            source=self._source,
            event_type=f"data-quality.{began}",
            time=event.time,
            subject=event.machine,
        )
        key = f"{event.machine}/{event.fault}"
        return Output("alerts", key.encode(), encode(message), headers)

    def _score(
        self,
        verdict: Verdict,
        contributors: tuple[Contributor, ...],
        *,
        is_shadow: bool = False,
    ) -> list[Output]:
        scored, in_force = verdict.scored, verdict.anomaly.in_force
        if in_force is None or scored.quality is None:
            return []
        message = ScoreMessage(
            machine=scored.reading.machine,
            event_time=scored.reading.time,
            mode=scored.reading.mode,
            score=scored.score,
            threshold=in_force,
            above=verdict.anomaly.over,
            alarm=verdict.anomaly.alarm,
            raised=verdict.anomaly.raised,
            warming_up=scored.warming_up,
            quality=_quality(scored.quality),
            contributors=contributors,
            head=_head_score(verdict.head),
            bundle=self._bundle_id,
            shadow=is_shadow,
        )
        return [Output("scores", scored.reading.machine.encode(), encode(message))]

    def _alert(
        self,
        verdict: Verdict,
        rule: Rule,
        change: Transition,
        contributors: tuple[Contributor, ...],
    ) -> Output:
        scored, judged = verdict.scored, verdict.of(rule)
        reading = scored.reading
        if rule.score == "head":
            contributors = self._contributors.of_head(scored)
        cleared = change.change is Change.CLEARED
        message = AlertMessage(
            event=change.change,
            alert_id=change.alert_id,
            machine=reading.machine,
            rule=rule.name,
            seq=change.seq,
            occurrence=change.occurrence,
            alert_class=rule.alert_class,
            site=self._site,
            mode=reading.mode,
            priority=change.priority,
            event_time=reading.time,
            raised_at=change.raised_at,
            reason=change.reason,
            duration_s=(reading.time - change.raised_at).total_seconds() if cleared else None,
            score=judged.score,
            threshold=judged.in_force,
            clear_level=_clear_level(judged.in_force, rule),
            over=Over(change.n_over, rule.on_delay.of),
            warning=WarningInfo(rule.outcome, rule.horizon_seconds, self._validated[rule.score]),
            contributors=contributors,
            quality=scored.quality and _quality(scored.quality),
            bundle=self._bundle_id,
            rules=self._rules_digest,
            threshold_source=setting_of(judged.threshold).source(),
            evidence=_evidence(scored, rule),
            response=rule.response,
            runbook_url=rule.runbook_url,
        )
        headers = cloud_event_headers(
            event_id=f"{change.alert_id}/{change.seq}",
            source=self._source,
            event_type=f"alert.{change.change}",
            time=reading.time,
            subject=change.alert_id,
        )
        key = f"{reading.machine}/{rule.name}"
        return Output("alerts", key.encode(), encode(message), headers + _place(verdict))


def _validated(validation: Validation | None) -> Validated | None:
    if validation is None:
        return None
    return Validated(validation.recall, validation.per_day, validation.rows)


def _head_score(judged: Judged | None) -> HeadScore | None:
    if judged is None or judged.in_force is None:
        return None
    return HeadScore(judged.score, judged.in_force, judged.over, judged.alarm, judged.raised)


def _quality(quality: Quality) -> QualityInfo:
    return QualityInfo(quality.state, quality.channels_used, quality.channels_total)


def _clear_level(in_force: float | None, rule: Rule) -> float | None:
    # Rounded it may be above a threshold that somebody wrote with more decimals.
    return None if in_force is None else min(round(rule.clear_share * in_force, 6), in_force)


def _evidence(scored: Scored, rule: Rule) -> Span | None:
    start = scored.head_start if rule.score == "head" else scored.window_start
    if scored.run_start is None or start is None:
        return None
    return Span(run_start=scored.run_start, start=start, end=scored.reading.time)


def _place(verdict: Verdict) -> Headers:
    """Say where in the log the evidence stands, for whoever wants to recompute it."""
    record, begin = verdict.record, verdict.run_offset
    if begin < 0:  # no run yet, since the state of the machine was lost
        begin = record.offset
    place = {
        "evidence_topic": record.topic,
        "evidence_partition": str(record.partition),
        "evidence_from_offset": str(begin),
        "evidence_to_offset": str(record.offset),
    }
    return tuple((name, value.encode()) for name, value in place.items())
