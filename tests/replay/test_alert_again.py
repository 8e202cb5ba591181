"""An alert judged again from the readings of its run: the same, or what differs and why."""

import re
from collections.abc import Sequence

import msgspec
import pytest
from msgspec.structs import replace

from stream_detector.alerting.rules import Rule, Rules, default_rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget
from stream_detector.errors import AlertError, SettingsError
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.alert_again import (
    Again,
    Place,
    RaisedAlert,
    describe,
    judge_again,
)
from tests.end_to_end.expectation import eventful
from tests.small_models import Feed

RULES = Rules()


def in_one_partition() -> list[Record]:
    """What six machines send while faults come and go, as one partition has it."""
    return [record._replace(offset=n) for n, record in enumerate(eventful(n_faults=4))]


def raised(
    bundle: Bundle, records: Sequence[Record], rules: Rules = RULES
) -> list[tuple[RaisedAlert, Place]]:
    """The alerts that come of them, by the budget; the controller moves meanwhile."""
    found = []
    table = ThresholdTable(Budget(6.0))
    for output in Pipeline(bundle, rules).process(records, table):
        if output.topic == "alerts" and b'"event":"raised"' in (output.value or b""):
            told = msgspec.json.decode(output.value or b"", type=RaisedAlert)
            of = {name: value.decode() for name, value in output.headers}
            numbers = ("partition", "from_offset", "to_offset")
            place = Place(of["evidence_topic"], *(int(of[f"evidence_{n}"]) for n in numbers))
            found.append((told, place))
    return found


def again(
    alert: RaisedAlert,
    place: Place,
    records: Sequence[Record],
    bundle: Bundle,
    rules: Rules = RULES,
) -> Again:
    return judge_again(alert, place, records[place.first : place.last + 1], bundle, rules)


def test_every_alert_comes_out_the_same(small_bundle: Bundle) -> None:
    records = in_one_partition()
    found = raised(small_bundle, records)
    assert len(found) > 12

    for alert, place in found:
        judged = again(alert, place, records, small_bundle)

        assert [one for one in judged.comparisons if not one.is_same] == []
        assert judged.reasons == ()


def test_readings_with_a_literal_nan_are_among_those_judged_again(small_bundle: Bundle) -> None:
    records = [
        one._replace(value=(one.value or b"").replace(b'"values": {', b'"values": {"spare": NaN, '))
        for one in in_one_partition()
    ]
    assert any(b"NaN" in (one.value or b"") for one in records)
    alert, place = raised(small_bundle, records)[0]

    judged = again(alert, place, records, small_bundle)

    assert [one for one in judged.comparisons if not one.is_same] == []


def test_it_is_told_in_lines_with_score_threshold_and_sensors(small_bundle: Bundle) -> None:
    records = in_one_partition()
    alert, place = raised(small_bundle, records)[0]

    lines = list(describe(alert, place, again(alert, place, records, small_bundle)))

    assert lines[0].startswith(f"{alert.alert_id}: ")
    assert f"  same     score: {alert.score:g}" in lines
    assert f"  same     threshold: {alert.threshold:g}" in lines
    assert re.search("same +sensors: steam ", "\n".join(lines))
    assert lines[-2:] == [
        "  same     bundle: " + small_bundle.id,
        "  same     verdict: over the threshold",
    ]


def test_what_differs_is_told_with_what_may_be_the_reason(small_bundle: Bundle) -> None:
    records = in_one_partition()
    alert, place = raised(small_bundle, records)[0]
    other = replace(alert, score=alert.score + 1, rules="000000000000")

    judged = again(other, place, records, small_bundle)

    assert [one.name for one in judged.comparisons if not one.is_same] == ["score"]
    assert judged.reasons[0] == (
        f"other rules: 000000000000 were in force, and these are {RULES.digest}"
    )
    assert any(line.startswith("  DIFFERS  score: ") for line in describe(other, place, judged))


def test_a_threshold_that_the_score_is_not_over_is_another_verdict(small_bundle: Bundle) -> None:
    records = in_one_partition()
    alert, place = raised(small_bundle, records)[0]

    judged = again(replace(alert, threshold=alert.score), place, records, small_bundle)

    assert judged.comparisons[-1].again == "not over the threshold"


def test_another_bundle_is_the_reason(small_bundle: Bundle, headed_bundle: Bundle) -> None:
    records = in_one_partition()
    alert, place = raised(small_bundle, records)[0]

    judged = again(alert, place, records, headed_bundle)

    assert "bundle" in [one.name for one in judged.comparisons if not one.is_same]
    assert judged.reasons == (
        f"another bundle: {small_bundle.id} raised the alert, and this is {headed_bundle.id}",
    )


def test_an_alert_of_a_head_comes_out_the_same(headed_bundle: Bundle) -> None:
    feed = Feed(seed=3)
    feed.rows(15)
    for n in range(10):
        feed.rows(1, steam=3.0 + 0.3 * (-1) ** n)
    rules = default_rules(with_head=True)
    found = raised(headed_bundle, feed.records, rules)
    ((alert, place),) = [one for one in found if one[0].rule == "break-likely"]

    judged = again(alert, place, feed.records, headed_bundle, rules)

    assert [one for one in judged.comparisons if not one.is_same] == []


def test_a_reading_that_is_gone_from_the_run_shows(small_bundle: Bundle) -> None:
    records = in_one_partition()
    alert, place = raised(small_bundle, records)[0]
    ours = [
        one for one in records[place.first : place.last + 1] if one.key == alert.machine.encode()
    ]

    judged = judge_again(alert, place, ours[:-4] + ours[-3:], small_bundle, RULES)

    assert [one.name for one in judged.comparisons if not one.is_same]
    assert "`poison`" in judged.reasons[-1]


def test_another_topic_of_the_same_name_is_told(small_bundle: Bundle) -> None:
    records = in_one_partition()
    alert, place = raised(small_bundle, records)[0]

    with pytest.raises(AlertError, match=f"no reading of {alert.machine!r} is at offset"):
        judge_again(alert, place, records[place.first : place.last], small_bundle, RULES)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Rule(name="odd"), "the alert is of the rule 'sheet-break', but the rules have 'odd'"),
        (
            Rule(name="sheet-break", score="head"),
            "goes by the score of a head, and this bundle has",
        ),
    ],
)
def test_rules_that_cannot_have_raised_it_are_refused(
    small_bundle: Bundle, rule: Rule, says: str
) -> None:
    records = in_one_partition()
    alert, place = raised(small_bundle, records)[0]

    with pytest.raises(SettingsError, match=says):
        again(alert, place, records, small_bundle, Rules(rules=(rule,)))
