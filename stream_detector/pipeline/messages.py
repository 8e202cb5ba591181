"""What other programs read: alerts, scores, data-quality events, dead letters.

The structs hold to ``schemas/``. Their values are functions of a machine's readings,
the bundle, the rules and the thresholds in force; what differs between two runs over
the same readings (offsets, the time of sending) travels in headers.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from stream_detector.alerting.life import rfc3339
from stream_detector.alerting.rules import AlertClass, Priority
from stream_detector.errors import CodedError
from stream_detector.pipeline.readings import Record

Headers = tuple[tuple[str, bytes], ...]


class Output(NamedTuple):
    """A message to be sent, and to which of our topics."""

    topic: Literal["alerts", "scores", "dead-letters"]
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class QualityInfo(msgspec.Struct, frozen=True, gc=False):
    """How far a reading could be trusted."""

    state: str
    channels_used: int
    channels_total: int


class Contributor(msgspec.Struct, frozen=True, gc=False):
    """A sensor's part in a score: ``share`` of 1, actual and expected in its unit."""

    sensor: str
    actual: float | None
    expected: float | None
    unit: str | None
    share: float


class Over(msgspec.Struct, frozen=True):
    """Readings over the threshold among the last ones of the on-delay."""

    count: int
    of: int


class Validated(msgspec.Struct, frozen=True):
    """What the model's default threshold did on rows kept back from training."""

    recall: float | None
    per_day: float
    rows: int


class WarningInfo(msgspec.Struct, frozen=True):
    """What is warned of, how far ahead, and how well that went before."""

    outcome: str | None
    horizon_s: float
    validated: Validated | None


class Span(msgspec.Struct, frozen=True):
    """The readings an alert rests on."""

    run_start: datetime
    start: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="to")


class AlertMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an alert (``schemas/alert.v1.json``)."""

    schema: str = "alert/1.0"
    event: str
    alert_id: str
    machine: str
    rule: str
    seq: int
    occurrence: int
    alert_class: AlertClass = msgspec.field(name="class")
    site: str | None
    mode: str | None
    priority: Priority
    event_time: datetime
    raised_at: datetime
    reason: str | None
    duration_s: float | None
    score: float | None
    threshold: float | None
    clear_level: float | None
    over: Over
    warning: WarningInfo
    contributors: tuple[Contributor, ...]
    quality: QualityInfo | None
    bundle: str
    rules: str
    threshold_source: dict[str, Any]
    evidence: Span | None
    response: str | None
    runbook_url: str | None


class HeadScore(msgspec.Struct, frozen=True, gc=False):
    """The score of a supervised head beside the threshold in force for it."""

    score: float | None
    threshold: float
    above: bool
    alarm: bool
    raised: tuple[str, ...] = ()


class ScoreMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was said of one reading (``schemas/score.v1.json``)."""

    schema: str = "score/1.0"
    machine: str
    event_time: datetime
    mode: str | None
    score: float | None
    threshold: float
    above: bool
    alarm: bool
    raised: tuple[str, ...] = ()
    """The rules whose alert the reading raised; none in messages from before it was told."""
    warming_up: bool
    quality: QualityInfo
    contributors: tuple[Contributor, ...]
    head: HeadScore | None = None
    """None under a model without one, and in messages from before there were heads."""
    bundle: str
    shadow: bool = False
    """Of a model on trial beside the one that judges the machine: it raises nothing."""


class DataQualityMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of a machine's feed that began or ended (``schemas/data-quality.v1.json``)."""

    schema: str = "data-quality/1.0"
    event: Literal["began", "ended"]
    event_id: str
    fault: str
    machine: str
    site: str | None
    event_time: datetime
    sensors: tuple[str, ...]


class OutcomeMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule warns of has happened (``schemas/outcome.v1.json``)."""

    schema: str = "outcome/1.0"
    event: Literal["happened"] = "happened"
    event_id: str
    machine: str
    rule: str
    site: str | None
    outcome: str
    event_time: datetime
    run_start: datetime | None


_encoder = msgspec.json.Encoder()


def encode(message: AlertMessage | ScoreMessage | DataQualityMessage | OutcomeMessage) -> bytes:
    """Write a message as JSON."""
    return _encoder.encode(message)


def cloud_event_headers(
    *, event_id: str, source: str, event_type: str, time: datetime, subject: str
) -> Headers:
    """Describe a message as CloudEvents 1.0 does in Kafka's binary mode."""
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": source,
        "ce_type": f"io.stream-detector.{event_type}.v1",
        "ce_time": rfc3339(time),
        "ce_subject": subject,
        "content-type": "application/json",
    }
    return tuple((name, value.encode()) for name, value in attributes.items())


def dead_letter(record: Record, error: CodedError) -> Output:
    """Pass on a message that cannot be used, as received, with the reason as headers."""
    headers = {
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "reason_code": error.code,
        "reason": error.reason,
    }
    return Output(
        "dead-letters",
        record.key,
        record.value,
        tuple((name, value.encode(errors="replace")) for name, value in headers.items()),
    )
