"""Messages of any content hold to their schemas once they are bytes."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.alerting.life import ClearReason
from stream_detector.detection.feed_health import FeedFault, QualityState
from stream_detector.detection.threshold import HIGHEST_PER_DAY, Budget, Fixed, Rate
from stream_detector.pipeline.messages import (
    AlertMessage,
    Contributor,
    DataQualityMessage,
    HeadScore,
    Over,
    QualityInfo,
    ScoreMessage,
    Span,
    Validated,
    WarningInfo,
    encode,
)
from stream_detector.pipeline.thresholds import setting_of
from tests.contract.schemas import faults, parse

names = st.text(min_size=1)
texts = st.none() | st.text()
counts = st.integers(min_value=1, max_value=10**9)
shares = st.floats(0, 1)
amounts = st.floats(min_value=0, allow_infinity=False)
positive = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
values = st.none() | st.floats(allow_nan=False, allow_infinity=False)
times = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def digits(n: int) -> st.SearchStrategy[str]:
    return st.text("0123456789abcdef", min_size=n, max_size=n)


contributors = st.lists(
    st.builds(Contributor, sensor=names, actual=values, expected=values, unit=texts, share=shares),
    max_size=5,
).map(tuple)
validated = st.builds(Validated, recall=st.none() | shares, per_day=amounts, rows=counts)
warnings = st.builds(WarningInfo, outcome=texts, horizon_s=amounts, validated=st.none() | validated)
thresholds = (
    st.builds(Fixed, st.floats(0, 1000, exclude_min=True))
    | st.builds(Rate, st.floats(0, 1, exclude_min=True, exclude_max=True))
    | st.builds(Budget, st.floats(0, HIGHEST_PER_DAY, exclude_min=True))
)


def qualities(*states: str) -> st.SearchStrategy[QualityInfo]:
    return st.builds(
        QualityInfo, state=st.sampled_from(states), channels_used=counts, channels_total=counts
    )


judged = qualities(QualityState.GOOD, QualityState.UNCERTAIN)


def alerts(event: str, **of_event: st.SearchStrategy[Any]) -> st.SearchStrategy[AlertMessage]:
    nothing = st.none()
    of_reading = {
        "reason": nothing,
        "duration_s": nothing,
        "score": amounts,
        "threshold": amounts,
        "clear_level": amounts,
        "quality": judged,
        "contributors": contributors,
        "evidence": st.builds(Span, run_start=times, start=times, end=times),
    }
    return st.builds(
        AlertMessage,
        event=st.just(event),
        alert_id=names,
        machine=names,
        rule=names,
        seq=counts,
        occurrence=counts,
        alert_class=st.sampled_from(["advisory", "alarm"]),
        site=texts,
        mode=texts,
        priority=st.sampled_from(["low", "medium", "high", "critical"]),
        event_time=times,
        raised_at=times,
        over=st.builds(Over, count=st.integers(0, 1000), of=counts),
        warning=warnings,
        bundle=digits(16),
        rules=digits(12),
        threshold_source=thresholds.map(lambda one: setting_of(one).source()),
        response=texts,
        runbook_url=texts,
        **{**of_reading, **of_event},
    )


closing = {"duration_s": amounts, "reason": st.just(ClearReason.RETURNED_TO_NORMAL)}
closing_by_outcome = {
    "duration_s": amounts,
    "reason": st.just(ClearReason.OUTCOME),
    "contributors": st.just(()),
    **dict.fromkeys(("score", "threshold", "clear_level", "quality", "evidence"), st.none()),
}


@settings(deadline=None)  # the first example reads the schemas
@given(
    alerts("raised")
    | alerts("updated")
    | alerts("cleared", **closing)
    | alerts("cleared", **closing_by_outcome)
)
def test_any_alert_holds_to_its_schema(alert: AlertMessage) -> None:
    assert faults(parse(encode(alert)), "alert.v1.json") == []


def scores(*, scored: bool) -> st.SearchStrategy[ScoreMessage]:
    above = st.booleans() if scored else st.just(False)  # noqa: FBT003
    value = amounts if scored else st.none()
    raised = st.lists(names, max_size=3).map(tuple) if scored else st.just(())
    head = st.builds(
        HeadScore,
        score=value,
        threshold=amounts,
        above=above,
        alarm=st.booleans(),
        raised=raised,
    )
    return st.builds(
        ScoreMessage,
        machine=names,
        event_time=times,
        mode=texts,
        score=value,
        threshold=amounts,
        above=above,
        alarm=st.booleans(),
        raised=raised,
        warming_up=st.booleans(),
        quality=judged if scored else qualities(QualityState.BAD),
        contributors=contributors if scored else st.just(()),
        head=st.none() | head,
        bundle=digits(16),
    )


@settings(deadline=None)  # the first example reads the schemas
@given(scores(scored=True) | scores(scored=False))
def test_any_score_holds_to_its_schema(score: ScoreMessage) -> None:
    assert faults(parse(encode(score)), "score.v1.json") == []


@settings(deadline=None)  # the first example reads the schemas
@given(
    st.builds(
        DataQualityMessage,
        event=st.sampled_from(["began", "ended"]),
        event_id=names,
        fault=st.sampled_from(FeedFault),
        machine=names,
        site=texts,
        event_time=times,
        sensors=st.lists(names).map(tuple),
    )
)
def test_any_fault_of_a_feed_holds_to_its_schema(fault: DataQualityMessage) -> None:
    assert faults(parse(encode(fault)), "data-quality.v1.json") == []
