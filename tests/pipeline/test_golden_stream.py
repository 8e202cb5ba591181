"""A day of one machine, and all that was told of it: whoever changes this changes the product."""

from datetime import timedelta
from typing import Any

from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.messages import Output
from tests.pipeline.station import Station, read
from tests.small_models import BROKEN_STEAM, Feed


def day() -> Feed:
    """Ordinary hours and whatever may happen between them; the feed starts at three o'clock."""
    feed = Feed(seed=10)
    feed.rows(60)
    for n in range(6):
        feed.rows(1, steam=3.0 + 0.1 * n)  # 05:00: the steam creeps up, and the sheet breaks
    feed.tell(event="break")
    feed.pause(timedelta(minutes=28))
    feed.rows(45)
    feed.rows(2, draw=5.0)  # 07:12: the draw jumps ...
    feed.rows(20)
    feed.rows(2, draw=5.0)  # 07:56: ... and soon again
    feed.rows(40)
    feed.rows(5, steam=None)  # 09:20: a sensor is missing, and nothing else happens
    feed.rows(30)
    feed.rows(25, weight=80.0)  # 10:30: a sensor is stuck
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)  # 12:00: a fault, and then nobody knows
    feed.pause(timedelta(hours=2))
    feed.message(b"restarting ...")
    feed.rows(30)
    return feed


def in_short(output: Output) -> tuple[Any, ...]:
    """What of a message must never change unseen."""
    sent = read([output])
    for fault in sent.faults:
        return (fault["event_time"][11:16], fault["fault"], fault["event"], *fault["sensors"])
    for outcome in sent.outcomes:
        return (outcome["event_time"][11:16], outcome["outcome"], outcome["event"])
    for letter in sent.letters:
        return ("", "dead letter", dict(letter.headers)["reason_code"].decode())
    (alert,) = sent.alerts
    number = f"{alert['alert_id'].split('.')[-1][11:16]}/{alert['seq']}"
    raised = alert["event"] == "raised"
    why = alert["contributors"][0]["sensor"] if raised else alert["reason"]
    return (alert["event_time"][11:16], number, alert["event"], alert["occurrence"], why)


def test_a_day_of_a_machine(small_bundle: Bundle) -> None:
    station = Station(small_bundle, threshold=Budget(6.0), published_scores="none")

    told = [in_short(one) for one in station.pipeline.process(day().records, station.thresholds)]

    assert told == [
        ("05:04", "05:04/1", "raised", 1, "steam"),
        ("05:12", "05:04/2", "cleared", 1, "outcome"),
        ("05:12", "break", "happened"),
        ("05:32", "silence", "began"),
        ("05:42", "silence", "ended"),
        ("07:12", "07:12/1", "raised", 1, "draw"),
        ("07:22", "07:12/2", "updated", 1, None),
        ("07:32", "07:12/3", "updated", 1, None),
        ("07:40", "07:12/4", "cleared", 1, "returned-to-normal"),
        ("07:56", "07:12/5", "raised", 2, "draw"),
        ("08:06", "07:12/6", "updated", 2, None),
        ("08:16", "07:12/7", "updated", 2, None),
        ("08:24", "07:12/8", "cleared", 2, "returned-to-normal"),
        ("11:10", "stuck", "began", "weight"),
        ("11:20", "stuck", "ended", "weight"),
        ("12:00", "12:00/1", "raised", 1, "steam"),
        ("", "dead letter", "not-json"),
        ("12:20", "silence", "began"),
        ("14:02", "silence", "ended"),
        ("14:04", "12:00/2", "updated", 1, None),
        ("14:06", "12:00/3", "cleared", 1, "returned-to-normal"),
    ]


def test_the_bundle_is_the_same_wherever_it_is_fitted(small_bundle: Bundle) -> None:
    # Else the day above would not be a golden one.
    limit = small_bundle.model.limits.limit(Budget(6.0))

    assert round(limit, 3) == 2.709
