"""By what a reading is judged: the threshold wanted, moved by the controller if it is a budget."""

import pytest

from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget, Fixed, Rate, Threshold
from stream_detector.pipeline.pipeline import PublishedScores
from stream_detector.pipeline.thresholds import InForce, ThresholdTable
from tests.pipeline.station import Station
from tests.small_models import BROKEN_STEAM, Feed


def test_a_score_is_above_only_beyond_the_threshold(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(30)
    (score, *_) = sorted(one["score"] for one in Station(small_bundle).take(feed.records).scores)[
        -3:
    ]

    at_it = Station(small_bundle, threshold=Fixed(score)).take(feed.records)
    below_it = Station(small_bundle, threshold=Fixed(score - 1e-6)).take(feed.records)

    assert sum(one["above"] for one in at_it.scores) == 2
    assert sum(one["above"] for one in below_it.scores) == 3


@pytest.mark.parametrize("threshold", [Fixed(3.1), Rate(0.01)])
def test_a_number_and_a_rate_stay_where_they_are(
    small_bundle: Bundle, threshold: Threshold
) -> None:
    feed = Feed()
    feed.rows(30)
    feed.rows(5, steam=BROKEN_STEAM)
    feed.rows(30)

    sent = Station(small_bundle, threshold=threshold).take(feed.records)

    assert {one["threshold"] for one in sent.scores} == {small_bundle.model.limits.limit(threshold)}


def test_a_budget_follows_the_machine(small_bundle: Bundle) -> None:
    #  row        0 ..... 29       30          31 ...     clear          50
    #  shift      sinks 0.2 / 120  an alert:   stays      until five     sinks again
    #             per row          +0.2                   are low
    feed = Feed()
    feed.rows(30)
    feed.rows(1, steam=BROKEN_STEAM)
    feed.rows(40)
    limit = small_bundle.model.limits.limit(Budget(6.0))

    sent = Station(small_bundle, threshold=Budget(6.0)).take(feed.records)

    levels = [one["threshold"] for one in sent.scores]
    raised = [i for i, one in enumerate(sent.scores) if one["alarm"]]
    # The first reading of a run is not judged, so it takes nothing back.
    assert levels[:3] == pytest.approx([limit, limit, limit - 0.2 / 120], abs=1e-6)
    assert levels[30] == pytest.approx(limit - 29 * 0.2 / 120, abs=1e-6)
    assert levels[31] == pytest.approx(levels[30] + 0.2, abs=1e-6)
    assert raised[0] == 30
    still = levels[raised[1] : raised[-1] + 2]
    assert still == sorted(still)
    assert levels[-1] < still[-1]


def test_an_alert_that_returns_within_its_cooldown_is_paid_for_again(small_bundle: Bundle) -> None:
    feed, station = Feed(), Station(small_bundle, threshold=Budget(6.0))
    feed.rows(20)
    for _ in range(2):
        feed.rows(1, steam=BROKEN_STEAM)
        feed.rows(16)
    sent = station.take(feed.records)

    first, again = [one for one in sent.alerts if one["event"] == "raised"]
    levels = {one["event_time"]: one["threshold"] for one in sent.scores}
    times = sorted(levels)
    following = [times[times.index(one["event_time"]) + 1] for one in (first, again)]
    assert (first["occurrence"], again["occurrence"]) == (1, 2)
    assert levels[following[0]] == pytest.approx(first["threshold"] + 0.2, abs=1e-6)
    assert levels[following[1]] == pytest.approx(again["threshold"] + 0.2, abs=1e-6)


def test_a_change_counts_from_the_next_reading_on(small_bundle: Bundle) -> None:
    feed, station = Feed(), Station(small_bundle, threshold=Fixed(3.0))
    before = station.take(feed.rows(5))

    station.thresholds = ThresholdTable(Fixed(3.0), {"pm3": Fixed(4.0)})
    after = station.take(feed.rows(5))

    assert {one["threshold"] for one in before.scores} == {3.0}
    assert {one["threshold"] for one in after.scores} == {4.0}


def test_while_nobody_knows_what_is_wanted_only_new_machines_take_the_default(
    small_bundle: Bundle,
) -> None:
    feed, station = Feed(), Station(small_bundle, threshold=Fixed(3.0))
    station.take(feed.rows(5))

    station.thresholds = ThresholdTable(Fixed(4.0), unknown=frozenset({"*"}))
    sent = station.take([*feed.rows(5), *Feed("pm4").rows(5)])

    assert {(one["machine"], one["threshold"]) for one in sent.scores} == {
        ("pm3", 3.0),
        ("pm4", 4.0),
    }


def test_machines_may_have_thresholds_of_their_own(small_bundle: Bundle) -> None:
    station = Station(small_bundle)
    station.thresholds = ThresholdTable(Fixed(3.0), {"pm4": Fixed(4.0)})

    sent = station.take([*Feed("pm3").rows(1), *Feed("pm4").rows(1)])

    assert {one["machine"]: one["threshold"] for one in sent.scores} == {"pm3": 3.0, "pm4": 4.0}


def test_what_is_in_force_can_be_shown(small_bundle: Bundle) -> None:
    station = Station(small_bundle, threshold=Budget(6.0))
    feed = Feed()
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)
    sent = station.take([*feed.records, Feed("pm4").tell(event="reel-change")])

    # Of a machine without a reading there is nothing to show.
    shown = InForce(
        threshold=sent.scores[-1]["threshold"],
        shift=0.168333,  # an alert's 0.2, less 19 quiet readings of 0.2 x 6 / 720
        received_at=feed.records[-1].timestamp,
    )
    assert station.pipeline.machines.in_force({0}) == {small_bundle.id: {"pm3": shown}}
    # Another worker tells of the partitions that are not ours.
    assert station.pipeline.machines.in_force({1}) == {}


def test_nothing_of_a_fixed_threshold_is_drift(small_bundle: Bundle) -> None:
    station = Station(small_bundle, threshold=Budget(6.0))
    feed = Feed()
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)
    station.take(feed.records)

    station.thresholds = ThresholdTable(Fixed(3.1))
    station.take(feed.rows(1))

    shown = station.pipeline.machines.in_force({0})[small_bundle.id]["pm3"]
    assert (shown.threshold, shown.shift) == (3.1, 0.0)


@pytest.mark.parametrize(("published", "n_scores"), [("all", 31), ("alarm", 5), ("none", 0)])
def test_scores_can_be_thinned_and_alerts_stay(
    small_bundle: Bundle, published: PublishedScores, n_scores: int
) -> None:
    feed = Feed()
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)
    feed.rows(4)
    feed.tell(event="break")
    feed.rows(6)

    sent = Station(small_bundle, published_scores=published).take(feed.records)

    assert len(sent.scores) == n_scores
    assert [one["event"] for one in sent.alerts] == ["raised", "cleared"]
