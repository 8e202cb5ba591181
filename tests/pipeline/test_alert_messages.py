"""What an alert says, and what travels beside it."""

import json
from typing import Any

import pytest

from stream_detector.alerting.rules import OnDelay, Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget, Fixed
from stream_detector.pipeline.messages import Output
from tests.pipeline.station import Station
from tests.small_models import BROKEN_STEAM, Feed

RULES = Rules(
    rules=(
        Rule(
            name="sheet-break",
            outcome="break",
            horizon_seconds=600.0,
            alert_class="alarm",
            priority="high",
            response="Check the steam box.",
            runbook_url="https://runbooks.example/steam",
            on_delay=OnDelay(2, 3),
            clear_share=0.75,
        ),
    ),
    site="mill-a",
)


def alerts_of(bundle: Bundle) -> list[tuple[Output, dict[str, Any]]]:
    """The alerts of a fault that ends with a break; the run began with the second message."""
    feed = Feed()
    feed.tell(event="break")
    feed.rows(20)
    for record in feed.rows(8, steam=BROKEN_STEAM):
        message = json.loads(record.value or b"") | {"mode": "grade-42"}
        feed.records[record.offset] = record._replace(value=json.dumps(message).encode())
    feed.tell(event="break")
    station = Station(bundle, rules=RULES, threshold=Budget(6.0), source="/stream-detector/mill-a")
    outputs = station.pipeline.process(feed.records, station.thresholds)
    values = [(one, json.loads(one.value or b"")) for one in outputs if one.topic == "alerts"]
    return [(one, value) for one, value in values if "alert_id" in value]


def test_a_raised_alert_says_all_that_the_contract_says(small_bundle: Bundle) -> None:
    (_, alert), *_ = alerts_of(small_bundle)

    assert alert["contributors"][0] == {
        "sensor": "steam",
        "actual": BROKEN_STEAM,
        "expected": pytest.approx(3.0, abs=0.2),
        "unit": "bar",
        "share": pytest.approx(0.6, abs=0.3),
    }
    shares = [one["share"] for one in alert.pop("contributors")]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0, abs=1e-3)
    assert alert.pop("score") > 10.0
    assert alert.pop("clear_level") == pytest.approx(0.75 * alert.pop("threshold"), abs=1e-6)
    assert alert == {
        "schema": "alert/1.0",
        "event": "raised",
        "alert_id": "pm3.sheet-break.2026-11-22T03:44:00Z",
        "machine": "pm3",
        "rule": "sheet-break",
        "seq": 1,
        "occurrence": 1,
        "class": "alarm",
        "site": "mill-a",
        "mode": "grade-42",
        "priority": "high",
        "event_time": "2026-11-22T03:44:00Z",
        "raised_at": "2026-11-22T03:44:00Z",
        "reason": None,
        "duration_s": None,
        "over": {"count": 2, "of": 3},
        "warning": {"outcome": "break", "horizon_s": 600.0, "validated": None},
        "quality": {"state": "good", "channels_used": 5, "channels_total": 5},
        "bundle": small_bundle.id,
        "rules": RULES.digest,
        "threshold_source": {"kind": "budget", "per_day": 6.0},
        "evidence": {
            "run_start": "2026-11-22T03:02:00Z",
            "from": "2026-11-22T03:36:00Z",
            "to": "2026-11-22T03:44:00Z",
        },
        "response": "Check the steam box.",
        "runbook_url": "https://runbooks.example/steam",
    }


def test_a_clear_repeats_who_it_was_and_says_how_long_and_why(small_bundle: Bundle) -> None:
    (_, raised), (_, updated), (_, cleared) = alerts_of(small_bundle)

    assert [one["event"] for one in (raised, updated, cleared)] == ["raised", "updated", "cleared"]
    assert [one["seq"] for one in (raised, updated, cleared)] == [1, 2, 3]
    assert cleared["alert_id"] == raised["alert_id"]
    assert cleared["raised_at"] == raised["raised_at"]
    assert (cleared["duration_s"], cleared["reason"]) == (840.0, "outcome")
    assert updated["duration_s"] is None


def test_the_score_of_the_reading_says_the_same(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)

    sent = Station(small_bundle).take(feed.records)

    (alert,), (*_, score) = sent.alerts, sent.scores
    same = ("machine", "event_time", "score", "threshold", "contributors", "quality", "bundle")
    assert [score[name] for name in same] == [alert[name] for name in same]
    assert (score["schema"], score["above"], score["alarm"]) == ("score/1.0", True, True)


def test_an_alert_is_a_cloud_event_and_says_where_its_evidence_stands(
    small_bundle: Bundle,
) -> None:
    (raised, _), *_, (cleared, _) = alerts_of(small_bundle)

    assert raised.key == b"pm3/sheet-break"
    assert {name: value.decode() for name, value in raised.headers} == {
        "ce_specversion": "1.0",
        "ce_id": "pm3.sheet-break.2026-11-22T03:44:00Z/1",
        "ce_source": "/stream-detector/mill-a",
        "ce_type": "io.stream-detector.alert.raised.v1",
        "ce_time": "2026-11-22T03:44:00Z",
        "ce_subject": "pm3.sheet-break.2026-11-22T03:44:00Z",
        "content-type": "application/json",
        "evidence_topic": "sensor.readings",
        "evidence_partition": "0",
        "evidence_from_offset": "1",
        "evidence_to_offset": "22",
    }
    headers = dict(cleared.headers)
    assert headers["ce_id"] == b"pm3.sheet-break.2026-11-22T03:44:00Z/3"
    assert headers["ce_type"] == b"io.stream-detector.alert.cleared.v1"


def test_where_a_message_stood_is_not_part_of_its_value(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    feed.rows(2, steam=BROKEN_STEAM)
    moved = [
        one._replace(topic="other", partition=5, offset=one.offset + 99) for one in feed.records
    ]
    here, there = Station(small_bundle), Station(small_bundle)

    first = here.pipeline.process(feed.records, here.thresholds)
    second = there.pipeline.process(moved, there.thresholds)

    assert [(one.key, one.value) for one in first] == [(one.key, one.value) for one in second]
    assert first != second


def test_rules_are_told_apart_and_each_has_its_alert(small_bundle: Bundle) -> None:
    rules = Rules(rules=(Rule(name="sheet-break", outcome="break"), Rule(name="odd", off_delay=2)))
    feed = Feed()
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)
    feed.tell(event="break")

    sent = Station(small_bundle, rules=rules).take(feed.records)

    assert [(one["rule"], one["event"]) for one in sent.alerts] == [
        ("sheet-break", "raised"),
        ("odd", "raised"),
        ("sheet-break", "cleared"),
    ]


def test_the_clear_level_is_not_above_a_threshold_of_many_decimals(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)

    (alert,) = Station(small_bundle, threshold=Fixed(1.59999999)).take(feed.records).alerts

    assert (alert["threshold"], alert["clear_level"]) == (1.59999999, 1.59999999)
