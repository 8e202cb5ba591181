"""The alerts of a head: a rule, a threshold, a budget and reasons of their own."""

from datetime import datetime

import msgspec

from stream_detector.alerting.rules import BREAK_LIKELY, SHEET_BREAK, Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget, Fixed
from stream_detector.pipeline.agreement import rules_notes
from tests.pipeline.station import Sent, Station, restore, states
from tests.small_head import CALM, MANIFEST, RULES, score_of
from tests.small_models import BROKEN_STEAM, CADENCE, Feed

NEVER = Fixed(900.0)
"""Above every score."""

RESTLESS_STEAM = score_of(2.0)


def station(bundle: Bundle, rules: Rules = RULES) -> Station:
    return Station(bundle, rules=rules, threshold=NEVER, head_threshold=Fixed(2.0))


def unrest(feed: Feed, count: int = 10) -> None:
    """The steam goes up and down."""
    for n in range(count):
        feed.rows(1, steam=3.0 + 0.3 * (-1) ** n)


def restless(at: Station) -> Sent:
    """Fifteen quiet readings, and then ten of unrest."""
    feed = Feed(seed=3)
    feed.rows(15)
    unrest(feed)
    return at.take(feed.records)


def test_unrest_raises_the_alert_of_the_head_alone(headed_bundle: Bundle) -> None:
    alerts = restless(station(headed_bundle)).alerts

    assert [(one["event"], one["rule"]) for one in alerts[:1]] == [("raised", "break-likely")]
    assert {one["rule"] for one in alerts} == {"break-likely"}


def test_its_alert_tells_of_its_own_score_and_threshold(headed_bundle: Bundle) -> None:
    alert = restless(station(headed_bundle)).alerts[0]

    assert (alert["score"], alert["threshold"], alert["clear_level"]) == (RESTLESS_STEAM, 2.0, 2.0)
    assert alert["threshold_source"] == {"kind": "fixed", "value": 2.0}
    assert alert["warning"] == {
        "outcome": "break",
        "horizon_s": 3600.0,
        "validated": {"recall": 0.3, "per_day": 1.4, "rows": 500},
    }


def test_its_evidence_is_all_that_a_head_looks_at(headed_bundle: Bundle) -> None:
    evidence = restless(station(headed_bundle)).alerts[0]["evidence"]

    # Fifteen readings, two minutes apart.
    span = [datetime.fromisoformat(evidence[key]) for key in ("from", "to")]
    assert span[1] - span[0] == 14 * CADENCE


def test_its_alert_names_the_sensor_that_is_restless(headed_bundle: Bundle) -> None:
    alert = restless(station(headed_bundle)).alerts[0]

    assert [(one["sensor"], one["share"]) for one in alert["contributors"]] == [("steam", 1.0)]
    assert alert["contributors"][0]["unit"] == "bar"


def test_the_outcome_closes_its_alert(headed_bundle: Bundle) -> None:
    at, feed = station(headed_bundle), Feed(seed=3)
    feed.rows(15)
    unrest(feed)
    feed.tell(event="break")

    *_, last = at.take(feed.records).alerts

    assert (last["rule"], last["event"], last["reason"]) == ("break-likely", "cleared", "outcome")
    assert (last["score"], last["threshold"], last["contributors"]) == (None, None, [])


def test_a_score_message_tells_of_both_scores(headed_bundle: Bundle) -> None:
    scores = restless(station(headed_bundle)).scores

    quiet = {"score": CALM, "threshold": 2.0, "above": False, "alarm": False, "raised": []}
    loud = {"score": RESTLESS_STEAM, "threshold": 2.0, "above": True, "alarm": True, "raised": []}
    assert (scores[0]["head"], scores[-1]["head"]) == (quiet, loud)
    assert [one["head"]["raised"] for one in scores if one["head"]["raised"]] == [["break-likely"]]
    # What stands beside the anomaly score is of that alone.
    assert (scores[-1]["threshold"], scores[-1]["alarm"]) == (900.0, False)
    assert not any(one["raised"] for one in scores)


def test_a_reading_without_a_score_has_none_of_the_head_either(headed_bundle: Bundle) -> None:
    at, feed = station(headed_bundle), Feed()
    feed.rows(3)
    feed.values(speed=900.0)

    score = at.take(feed.records).scores[-1]

    assert (score["quality"]["state"], score["score"], score["head"]["score"]) == (
        "bad",
        None,
        None,
    )


def test_a_model_without_a_head_says_so(small_bundle: Bundle) -> None:
    (score,) = Station(small_bundle).take(Feed().rows(1)).scores

    assert score["head"] is None


def test_scores_in_an_alarm_of_the_head_are_told_where_only_such_are(
    headed_bundle: Bundle,
) -> None:
    at = Station(
        headed_bundle,
        rules=RULES,
        threshold=NEVER,
        head_threshold=Fixed(2.0),
        published_scores="alarm",
    )

    scores = restless(at).scores

    assert 0 < len(scores) < 10
    assert all(score["head"]["alarm"] for score in scores)


def shifts(at: Station) -> tuple[float, float]:
    """How far the controllers of the anomaly score and of the head's have moved the threshold."""
    (machine,) = at.pipeline.machines.of([0])
    assert machine.head is not None
    return machine.anomaly.shift, machine.head.shift


def test_an_alert_of_the_head_lifts_its_own_threshold_alone(headed_bundle: Bundle) -> None:
    at = Station(headed_bundle, rules=RULES, threshold=NEVER, head_threshold=Budget(1.0))

    restless(at)

    of_anomaly, of_head = shifts(at)
    assert of_anomaly == 0.0
    assert of_head > 0.15


def test_an_alert_of_the_anomaly_score_leaves_the_head_alone(headed_bundle: Bundle) -> None:
    at = Station(headed_bundle, rules=RULES, threshold=Budget(1.0), head_threshold=Fixed(900.0))
    feed = Feed(seed=3)
    feed.rows(15)

    sent = at.take([*feed.records, *feed.rows(1, steam=BROKEN_STEAM)])

    of_anomaly, of_head = shifts(at)
    assert [one["rule"] for one in sent.alerts] == ["sheet-break"]
    assert of_anomaly > 0.15
    assert of_head == 0.0


def test_without_a_threshold_of_its_own_it_keeps_to_the_budget_of_the_bundle(
    headed_bundle: Bundle,
) -> None:
    at = Station(headed_bundle, rules=RULES, threshold=NEVER)

    alert = restless(at).alerts[0]

    assert alert["threshold_source"] == {"kind": "budget", "per_day": 1.0}


def test_a_restart_keeps_what_its_controller_has_added(headed_bundle: Bundle) -> None:
    before, after = (Station(headed_bundle, rules=RULES, threshold=NEVER) for _ in range(2))
    feed = Feed(seed=3)
    feed.rows(15)
    unrest(feed)
    before.take(feed.records)

    restore(after.pipeline, states(before.pipeline))

    record = feed.rows(1)
    assert shifts(after)[1] > 0.15
    assert after.take(record).scores == before.take(record).scores


def test_another_threshold_for_the_head_is_a_change_of_the_state(headed_bundle: Bundle) -> None:
    at, feed = Station(headed_bundle, rules=RULES), Feed()
    at.take(feed.rows(1))
    batch = at.pipeline.decode(feed.rows(1))
    assert at.pipeline.adopt(batch, at.thresholds) == []

    at.thresholds = Station(headed_bundle, head_threshold=Fixed(2.0)).thresholds

    assert len(at.pipeline.adopt(batch, at.thresholds)) == 1


def test_a_rule_of_the_head_raises_nothing_under_a_model_without_one(small_bundle: Bundle) -> None:
    (note,) = rules_notes(small_bundle.manifest, RULES)

    assert restless(station(small_bundle)).alerts == []
    assert note.startswith("rule 'break-likely' is judged by a head's score, but the bundle has no")


def test_a_head_that_no_rule_asks_is_told(headed_bundle: Bundle) -> None:
    (note,) = rules_notes(headed_bundle.manifest, Rules())

    assert note.startswith("the bundle has a head, but no rule is judged by its score")


def test_another_on_delay_than_the_head_was_measured_with_is_told(headed_bundle: Bundle) -> None:
    patient = msgspec.structs.replace(MANIFEST, on_delay=(2, 3))
    manifest = msgspec.structs.replace(headed_bundle.manifest, head=patient)

    (note,) = rules_notes(manifest, RULES)

    assert note.startswith(
        "rule 'break-likely' has an on-delay of 1 of 1, but the bundle's budgets"
    )


def test_rules_for_the_head_may_bring_their_own_policy(headed_bundle: Bundle) -> None:
    quick = msgspec.structs.replace(BREAK_LIKELY, name="unstable", heartbeat_seconds=60.0)
    rules = Rules(rules=(SHEET_BREAK, Rule(name="odd"), quick))

    alerts = restless(station(headed_bundle, rules)).alerts

    assert {one["rule"] for one in alerts} == {"unstable"}
    assert [one["event"] for one in alerts[:2]] == ["raised", "updated"]
