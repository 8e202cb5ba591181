import dataclasses
from datetime import timedelta

import numpy as np

from tests.trainer.made_findings import (
    linear,
    made_evaluation,
    made_findings,
    paper_like,
    with_a_return,
)
from trainer.explained import Over
from trainer.report.page import tiles

PER_DAY = 720


def said(sentences: tuple[str, ...], words: str) -> bool:
    return words in " ".join(sentences)


def test_the_model_and_its_rows_are_named() -> None:
    dense, without_network = made_findings(), linear(made_findings())

    assert dense.trained[0] == (
        "pm3: a dense autoencoder (48-12-48 units) beside a linear model was trained on 12,000 "
        "normal rows of 59 sensors, 2026-10-15 08:00 to 2026-10-31 23:58 UTC (the recording has "
        "15,300 rows)."
    )
    assert said(without_network.trained, "Mahalanobis distance, no network")


def test_a_recall_stands_beside_its_interval_and_chance() -> None:
    #  Two outcomes on one day; one was foretold, and one alert was false.
    evaluation = made_evaluation(
        np.ones(PER_DAY), outcome_rows=(100, 300), alert_rows=((98, 100), (500, 505))
    )

    showed = made_findings(evaluation).showed

    assert said(showed, "1 of 2 alerts was false (no outcome followed within 4 min), 1.0 a day")
    assert said(showed, "6 false ones a day were asked for")
    assert said(
        showed, "1 of 2 outcomes was warned of, at most 4 min ahead: a recall of 50 % (95 % "
    )
    assert said(showed, "As many alerts at random times would reach 0.56 %")
    assert said(showed, "The median warning came 4 min ahead")
    assert not said(showed, "nobody knows")


def test_alerts_of_which_nobody_knows_are_told_so_that_the_numbers_add_up() -> None:
    #  One was false, one was right; what followed the last ones the rows do not tell.
    alerts = ((98, 100), (500, 505), (718, None))
    one = made_evaluation(np.ones(PER_DAY), outcome_rows=(100,), alert_rows=alerts)
    two = made_evaluation(
        np.ones(PER_DAY), outcome_rows=(100,), alert_rows=(*alerts[:2], (718, 719), (719, None))
    )

    assert said(made_findings(one).showed, "1 of 3 alerts was false")
    assert said(made_findings(one).showed, "Of 1 more nobody knows: the rows end within 4 min of")
    assert said(made_findings(two).showed, "Of 2 more nobody knows: the rows end within 4 min of t")
    assert one.n_undecided + (one.n_false or 0) + len(one.card.leads) == len(one.alerts)


def test_an_alert_that_returns_is_one_alert_that_counts_again() -> None:
    one = with_a_return()
    unlabelled = dataclasses.replace(one, label_kind=None)

    assert said(
        made_findings(one).showed,
        "They raised 2 alerts, 3 times with returns; an alert was open",
    )
    assert said(
        made_findings(one).showed,
        "One that returns within 30 min is the same alert, and counts again because it calls "
        "again. 2 of 3 raises were false",
    )
    assert said(made_findings(unlabelled).showed, "That is 3.0 raises a day")


def test_the_best_f1_of_the_curves_is_told_from_the_threshold_in_force() -> None:
    fixed = dataclasses.replace(made_findings(paper_like()), is_fixed=True)

    assert said(fixed.showed, "a day; the fixed threshold keeps to no budget.")
    assert said(fixed.trained, "over 2.9, which was chosen without the rows kept back, and never")
    assert said(fixed.cautions, "The best F1 that the curves mark is at a threshold chosen on the")
    assert said(fixed.cautions, "It is not the one in force.")


def test_time_in_alarm_is_of_the_readings_for_nobody_knows_when_a_machine_rested() -> None:
    findings = made_findings(made_evaluation(np.ones(PER_DAY), alert_rows=((100, 172),)))

    assert said(findings.showed, "an alert was open during 10 % of the time with readings.")
    assert tiles(findings)[2].beside == "of the time with readings"


def test_few_outcomes_are_called_few() -> None:
    assert said(
        made_findings(paper_like()).cautions, "With 18 outcomes the true recall may be anything"
    )


def test_alerts_that_chance_could_equal_are_said_to_prove_nothing() -> None:
    missed = made_evaluation(np.ones(PER_DAY), outcome_rows=(100,), alert_rows=((500, 505),))
    foretold = made_evaluation(np.ones(PER_DAY), outcome_rows=(100,), alert_rows=((99, 105),))

    assert said(made_findings(missed).cautions, "not shown that the alerts do better than chance")
    assert not said(made_findings(foretold).cautions, "better than chance")


def test_one_hit_that_chance_may_make_too_proves_nothing() -> None:
    #  Four alerts cover 16 of 718 minutes: of 7 outcomes chance finds one or more in one case of
    #  seven, though the lower bound of 1 of 7, 2.6 %, is over the 2.2 % of chance.
    outcomes = tuple(range(40, 320, 40))
    alerts = ((38, 40), (330, 332), (340, 342), (350, 352))
    once = made_evaluation(np.ones(360), outcome_rows=outcomes, alert_rows=alerts)
    twice = made_evaluation(
        np.ones(360), outcome_rows=outcomes, alert_rows=((38, 40), (78, 80), *alerts[2:])
    )

    assert said(
        made_findings(once).cautions,
        "as many alerts at random times would find 1 or more of 7 outcomes with a probability of "
        "14 %",
    )
    assert not said(made_findings(twice).cautions, "better than chance")


def test_a_horizon_shorter_than_the_cadence_warns_of_nothing_and_neither_does_chance() -> None:
    #  A reading every 2 minutes, and a warning counts 1 minute ahead at most.
    evaluation = made_evaluation(
        np.ones(PER_DAY),
        outcome_rows=(100,),
        alert_rows=((99, 105),),
        horizon=timedelta(minutes=1),
    )
    findings = made_findings(evaluation)

    assert said(findings.showed, "As many alerts at random times would reach 0 %")
    assert said(
        findings.cautions, "with a reading every 2 min no alert can come at most 60 s ahead"
    )
    assert said(findings.cautions, "Set the rule's horizon_seconds to 120 or more")
    assert not said(findings.cautions, "better than chance")


def test_without_labels_the_recall_is_unknown() -> None:
    findings = made_findings(
        made_evaluation(np.ones(PER_DAY), alert_rows=((5, 9),), label_kind=None)
    )

    assert said(findings.cautions, "The recall is unknown: without labels")
    assert said(findings.showed, "That is 1.0 alerts a day")
    assert not said(findings.showed, "false (")
    assert not said(findings.showed, "warned of")


def test_where_nothing_happened_the_recall_is_unknown() -> None:
    quiet = made_findings(made_evaluation(np.ones(PER_DAY)))

    assert said(quiet.cautions, "hold nothing that was to be warned of")
    assert said(quiet.showed, "They raised no alert")


def test_minutes_are_not_called_no_day() -> None:
    findings = made_findings(made_evaluation(np.ones(10), alert_rows=((5, 9),)))

    assert said(findings.showed, "(20 min of readings")
    assert said(findings.cautions, "20 min are short")


def test_much_time_in_alarm_and_far_more_alerts_than_asked_for_are_told() -> None:
    alerts = tuple((row, row + 40) for row in range(0, PER_DAY - 50, 60))
    cautions = made_findings(made_evaluation(np.ones(PER_DAY), alert_rows=alerts)).cautions

    assert said(cautions, "An alert was open during 67 % of the time")
    assert said(cautions, "far more alerts than asked for")
    assert said(cautions, "24 h are short")


def test_a_threshold_that_many_training_rows_exceed_is_told() -> None:
    findings = made_findings()
    low = dataclasses.replace(findings, default_limit=0.3)

    assert said(low.cautions, "of the training rows are over the default threshold")
    assert not said(findings.cautions, "over the default threshold")


def test_without_rows_kept_back_nothing_is_claimed() -> None:
    without = made_findings()
    unscored = dataclasses.replace(without, n_kept_back=3)

    assert without.showed == (
        "No row was kept back, so nothing shows how the model does on new rows.",
    )
    assert unscored.showed == ("None of the rows kept back could be scored, so they show nothing.",)
    assert without.summary == (*without.trained, *without.showed, *without.cautions)


def test_sensors_that_stand_far_from_where_they_trained_are_named() -> None:
    findings = made_findings(made_evaluation(np.ones(9)))
    shift = np.zeros(59)
    shift[[3, 7]] = 3.5, -9.0
    moved = dataclasses.replace(findings.drift, shift=shift)

    assert said(
        dataclasses.replace(findings, drift=moved).cautions,
        "In the rows kept back x8, x4 stood more than 3 spreads from where they trained",
    )
    assert not said(
        dataclasses.replace(
            findings, drift=dataclasses.replace(moved, shift=np.zeros(59))
        ).cautions,
        "spreads from where they trained",
    )


def test_a_sensor_that_holds_most_of_the_scores_is_named() -> None:
    findings = made_findings(paper_like())
    explained = findings.explained
    assert explained is not None

    def told(sensor: int, share: float, n_rows: int = 40) -> tuple[str, ...]:
        shares = np.full(59, (1 - share) / 58)
        shares[sensor] = share
        one = dataclasses.replace(explained, over=Over(shares, n_rows))
        return dataclasses.replace(findings, explained=one).cautions

    assert said(told(2, 0.99), "One sensor, x3, holds 99 % of the scores over the threshold (40")
    assert said(told(2, 0.99), "and it stood still in all rows that train: they tell of it alone")
    assert said(told(4, 0.81), "(40 rows kept back): they tell of it alone")
    assert not said(told(4, 0.79), "One sensor")
    assert not said(told(4, 0.81, n_rows=9), "One sensor")


def test_what_was_drawn_between_readings_is_not_believed() -> None:
    findings = made_findings()
    drawn = np.zeros(59)
    drawn[5] = 0.1
    quality = dataclasses.replace(findings.quality, drawn=drawn)

    told = dataclasses.replace(findings, quality=quality).cautions

    assert said(told, "1 sensor lies on exactly straight lines in a tenth or more of the rows")
    assert not said(findings.cautions, "straight lines")
