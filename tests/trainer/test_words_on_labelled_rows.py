"""What a report says of rows that are labelled anomalous, and of their stretches."""

import numpy as np

from tests.trainer.made_findings import made_evaluation, made_findings

PER_DAY = 720


def said(sentences: tuple[str, ...], words: str) -> bool:
    return words in " ".join(sentences)


def test_anomalous_rows_are_held_against_rows_drawn_at_random() -> None:
    scores = np.ones(100)
    scores[[10, 11, 50]] = 5.0
    findings = made_findings(made_evaluation(scores, anomalous_rows=(10, 11, 12, 13)))

    assert said(findings.showed, "2 of 4 anomalous rows were over the threshold: a recall of 50 %")
    assert said(
        findings.showed, "So were 1 of 96 normal rows: as many rows drawn at random would reach 3 %"
    )


def test_labelled_stretches_are_counted_by_those_with_an_alert() -> None:
    #  Of three stretches of one row, one has an alert; chance is one of 100 rows twice over.
    evaluation = made_evaluation(
        np.ones(100), anomalous_rows=(10, 20, 30), alert_rows=((20, 21), (50, 51))
    )

    showed = made_findings(evaluation).showed

    assert said(showed, "An alert was raised in 1 of 3 labelled stretches: 33 % (95 % interval")
    assert said(showed, "As many alerts at random times would find 2 %.")


def test_rows_without_an_anomaly_speak_of_no_outcome() -> None:
    #  Labels mark rows, none of those that were kept back.
    findings = made_findings(
        made_evaluation(np.ones(PER_DAY), alert_rows=((5, 9),), label_kind="rows")
    )

    assert said(findings.showed, "1 of 1 alert was false (raised on rows that are not labelled")
    assert said(findings.cautions, "hold nothing that was to be warned of")
    assert "outcome" not in " ".join(findings.showed)


def test_a_threshold_that_all_rows_exceed_is_said_to_prove_nothing() -> None:
    #  All rows are over the threshold of 3, and the anomalous ones score least.
    scores = np.full(100, 5.0)
    scores[10:20] = 4.0
    over_all = made_findings(made_evaluation(scores, anomalous_rows=tuple(range(10, 20))))
    scores = np.full(100, 1.0)
    anomalous = (*range(10, 15), *range(20, 25))
    scores[list(anomalous)] = 4.0
    told_apart = made_findings(
        made_evaluation(scores, anomalous_rows=anomalous, alert_rows=((10, 15), (20, 25)))
    )

    assert said(over_all.showed, "So were 90 of 90 normal rows")
    # One stretch is one case, however many rows it has.
    assert said(over_all.cautions, "rows drawn at random reach a recall of 100 %")
    assert said(over_all.cautions, "the rows of 1 labelled stretch are 1 case, not more")
    assert said(over_all.cautions, "in 0 % of all pairs, and 50 % is chance")
    assert not said(told_apart.cautions, "chance")


def test_stretches_that_chance_finds_too_prove_nothing() -> None:
    #  Half of the rows lie in one of two stretches; an alert was raised in the first.
    evaluation = made_evaluation(
        np.ones(100), anomalous_rows=(*range(25), *range(50, 75)), alert_rows=((5, 6),)
    )

    assert said(
        made_findings(evaluation).cautions,
        "would find 1 or more of 2 labelled stretches with a probability of 44 %",
    )
