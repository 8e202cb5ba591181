"""What another threshold would have made of the past, by the code that judges live."""

from datetime import timedelta

import msgspec
import pytest

from stream_detector.alerting.rules import SHEET_BREAK, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.console.plant import OutcomeSeen, Plant
from stream_detector.console.rejudging import Judged, as_it_was, past_of, rejudged, summed
from stream_detector.detection.threshold import Budget, Fixed, Threshold
from stream_detector.pipeline.messages import ScoreMessage
from tests.console.messages import BUNDLE, at, plant_of, raising, score
from tests.pipeline.station import HIGH, Sent, Station
from tests.pipeline.two_rules import RULES, three_breaks
from tests.small_models import BROKEN_STEAM, Feed


def machine_that_breaks() -> Feed:
    """Ten times: fifty quiet readings, a fault of two, in every other case a break after it."""
    feed = Feed()
    for number in range(10):
        feed.rows(50)
        feed.rows(2, steam=BROKEN_STEAM)
        if number % 2:
            feed.tell(event="break")
    feed.rows(20)
    return feed


def heard(sent: Sent) -> Plant:
    """What the page knows after these messages."""
    plant = Plant()
    for one in sent.scores:
        message = msgspec.convert(one, ScoreMessage)
        plant.take_score(message, received_at=message.event_time.timestamp())
    for one in sent.outcomes:
        plant.take_outcome(msgspec.convert(one, OutcomeSeen))
    return plant


def n_raised(sent: Sent) -> int:
    return sum(one["event"] == "raised" for one in sent.alerts)


@pytest.mark.parametrize("other", [Budget(6.0), Budget(1.0), Budget(40.0), Fixed(1.2), Fixed(3.0)])
def test_it_counts_what_the_pipeline_would_have_raised(
    small_bundle: Bundle, other: Threshold
) -> None:
    records = machine_that_breaks().records
    lived = Station(small_bundle, threshold=Budget(6.0)).take(records)
    relived = Station(small_bundle, threshold=other).take(records)

    past = past_of(heard(lived).machines["pm3"], small_bundle.id)
    judged = rejudged(past, other, model=small_bundle.model, rules=Rules())

    assert judged.n_alerts == n_raised(relived)
    assert judged.n_outcomes == 5
    assert n_raised(lived) > 5


def test_as_it_was_is_what_was_raised(small_bundle: Bundle) -> None:
    sent = Station(small_bundle, threshold=Budget(6.0)).take(machine_that_breaks().records)

    judged = as_it_was(past_of(heard(sent).machines["pm3"], small_bundle.id), Rules())

    assert judged.n_alerts == n_raised(sent)


def test_of_two_rules_each_alert_counts_and_warns_of_what_its_rule_is_for(
    small_bundle: Bundle,
) -> None:
    """Also one that is raised while one of the other rule stands."""
    sent = Station(small_bundle, rules=RULES).take(three_breaks().records)
    past = past_of(heard(sent).machines["pm3"], small_bundle.id)

    was = as_it_was(past, RULES)

    assert (was.n_alerts, was.n_warned, was.n_outcomes) == (n_raised(sent), 2, 3) == (4, 2, 3)
    assert rejudged(past, HIGH, model=small_bundle.model, rules=RULES) == was


def test_alerts_of_two_rules_by_one_reading_count_once(small_bundle: Bundle) -> None:
    twin = msgspec.structs.replace(SHEET_BREAK, name="twin", outcome=None)
    rules = Rules(rules=(SHEET_BREAK, twin))
    sent = Station(small_bundle, rules=rules).take(machine_that_breaks().records)
    past = past_of(heard(sent).machines["pm3"], small_bundle.id)

    was = as_it_was(past, rules)

    assert n_raised(sent) == 2 * was.n_alerts > 0
    assert rejudged(past, HIGH, model=small_bundle.model, rules=rules).n_alerts == was.n_alerts


def test_an_alert_warns_as_far_ahead_as_its_own_rule() -> None:
    #  minute   0  2         12
    #  raised      x         break
    far = msgspec.structs.replace(SHEET_BREAK, name="far", horizon_seconds=1200.0)
    for raised_by, n_warned in (("sheet-break", 0), ("far", 1)):
        plant = plant_of(
            score("pm3", 0, 1.0),
            raising(score("pm3", 2, 9.0), rule=raised_by),
        )
        plant.take_outcome(OutcomeSeen("pm3", at(12), "break", at(0)))

        was = as_it_was(past_of(plant.machines["pm3"], BUNDLE), Rules(rules=(SHEET_BREAK, far)))

        assert (was.n_alerts, was.n_warned, was.n_outcomes) == (1, n_warned, 1)


def test_an_outcome_is_warned_of_by_an_alert_within_the_horizon(small_bundle: Bundle) -> None:
    #  minute   0  2  4   6  8        20 22 24 26 28
    #  score    1  9  1              1  1  1  1  1
    #  break             7                        27
    values = {0: 1.0, 2: 9.0, 4: 1.0, 6: 1.0, 8: 1.0, **{20 + 2 * n: 1.0 for n in range(5)}}
    plant = plant_of(*(score("pm3", minute, value) for minute, value in values.items()))
    plant.take_outcome(OutcomeSeen("pm3", at(5.5), "break", at(0)))
    plant.take_outcome(OutcomeSeen("pm3", at(27), "break", at(20)))
    plant.take_outcome(OutcomeSeen("pm3", at(27), "something else"))

    judged = rejudged(
        past_of(plant.machines["pm3"], BUNDLE), Fixed(5.0), model=small_bundle.model, rules=Rules()
    )

    assert judged == Judged(n_alerts=1, n_warned=1, n_outcomes=2, span=timedelta(minutes=28))


def test_alerts_of_a_plant_are_told_for_each_machine_and_day_as_its_budget_is() -> None:
    day = timedelta(days=1)

    found = summed([Judged(5, 1, 2, day), Judged(1, 0, 0, 2 * day)])

    assert found == Judged(n_alerts=6, n_warned=1, n_outcomes=2, span=3 * day)
    assert found.per_day == 2.0


def test_a_machine_without_a_past_has_no_alerts(small_bundle: Bundle) -> None:
    plant = Plant()
    plant.take_outcome(OutcomeSeen("pm3", at(0), "break"))

    past = past_of(plant.machines["pm3"], BUNDLE)

    assert rejudged(past, Budget(6.0), model=small_bundle.model, rules=Rules()).per_day is None
    assert as_it_was(past, Rules()).n_alerts == 0


def test_scores_of_another_model_are_left_out_of_a_past() -> None:
    #  minute  0  2  4  6
    #  model   a  b  b  a
    plant = plant_of(
        *(
            msgspec.structs.replace(score("pm3", minute, value), bundle=bundle)
            for minute, value, bundle in (
                (0, 1.0, "a" * 16),
                (2, 7.0, "b" * 16),
                (4, 8.0, "b" * 16),
                (6, 1.5, "a" * 16),
            )
        )
    )
    machine = plant.machines["pm3"]

    past, none = past_of(machine, "b" * 16), past_of(machine, "c" * 16)

    assert [one.score for one in past.scores] == [7.0, 8.0]
    assert past.n_left_out == 2
    assert (none.scores, none.n_left_out) == ((), 4)
