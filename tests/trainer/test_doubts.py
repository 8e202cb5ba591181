"""What is not to be believed of a recording, and of what it showed."""

import dataclasses

import numpy as np

from tests.small_models import recording_of
from tests.trainer.made_findings import made_evaluation, made_findings, paper_like, with_head
from tests.trainer.test_plain_words import said
from trainer.doubts import doubts_of_labels
from trainer.explained import Over
from trainer.report.page import tiles


def test_the_only_sensor_of_a_model_is_not_blamed_for_it() -> None:
    findings = made_findings(paper_like())
    explained = findings.explained
    assert explained is not None

    single = dataclasses.replace(
        findings,
        sensors=("x1", "mode=80 g"),
        explained=dataclasses.replace(explained, over=Over(np.array([1.0, 0.0]), 40)),
        drift=dataclasses.replace(findings.drift, sensors=("x1",), shift=np.zeros(1)),
    )

    assert not said(single.cautions, "One sensor")


def test_a_label_that_most_rows_have_is_doubted_first() -> None:
    half = recording_of(np.zeros((100, 1)), sensors=["x"], outcomes=range(50))
    most = recording_of(np.zeros((100, 1)), sensors=["x"], outcomes=range(51))
    of_rows = dataclasses.replace(most, label_kind="rows")
    unlabelled = dataclasses.replace(most, labels=None)

    assert not [*doubts_of_labels(half), *doubts_of_labels(unlabelled)]
    (doubt,) = doubts_of_labels(of_rows)
    assert doubt == (
        "51 % of all rows are labelled, so the label may be the wrong way round: a 1 marks an "
        "anomalous row. If here it marks a normal row, believe no figure: swap 0 and 1, and begin "
        "anew."
    )
    assert "a 1 marks the event to warn of" in next(doubts_of_labels(most))
    findings = dataclasses.replace(made_findings(paper_like()), of_labels=(doubt,))
    assert findings.cautions[0] == doubt


def test_a_threshold_that_rose_far_is_told_with_its_share_of_rows() -> None:
    evaluation = made_evaluation(np.ones(400))
    thresholds = np.full(400, 1.2)
    thresholds[100:200], thresholds[200:] = 2.2, 2.43
    raised = dataclasses.replace(evaluation, thresholds=thresholds)
    findings = with_head(made_findings(raised))

    told = "rose far, from 1.20 to 2.43 at most: in 50 % of the rows kept back it was over 2.20."
    assert said(findings.cautions, f"The threshold {told}")
    assert said(findings.cautions, f"The threshold of the head's score {told}")
    assert tiles(findings)[-1].beside == "to begin with; later 1.20 to 2.43"
    assert not said(made_findings(evaluation).cautions, "rose far")


def test_far_is_counted_in_what_makes_a_score_ten_times_as_rare() -> None:
    thresholds = np.linspace(1.0, 3.0, 400)
    plain = dataclasses.replace(made_evaluation(np.ones(400)), thresholds=thresholds, unit=2.5)

    assert plain.share_raised == 0.0


def test_rows_at_another_pace_than_the_model_s_are_not_believed() -> None:
    evaluation = paper_like()
    findings = made_findings(evaluation)
    row = np.arange(len(evaluation.times))

    def told(seconds: int) -> tuple[str, ...]:
        times = evaluation.times[0] + row * np.timedelta64(seconds, "s")
        one = dataclasses.replace(evaluation, times=times)
        return dataclasses.replace(findings, evaluation=one).cautions

    slow = (
        f"{len(row) - 1:,} of the rows kept back came every 10 min, and the model is of one every "
        "2 min. Each was judged as a run of its own, which raises no alert: believe no figure of "
        "theirs. Bring all rows at one pace."
    )
    assert told(600)[0] == slow
    assert said(told(30), "came every 30 s, and the model is of one every 2 min. They were judged")
    assert not said(told(120), "pace")


def test_rows_that_train_at_another_pace_are_told() -> None:
    findings = made_findings(paper_like())
    times = findings.training_times.copy()
    times[:500] -= (np.arange(500)[::-1] * 8 * 60).astype("timedelta64[s]")

    told = dataclasses.replace(findings, training_times=times).cautions

    assert told[0] == (
        "499 of the rows that train came every 10 min, and the model is of one every 2 min. The "
        "model learnt from them as if each began a run: nothing of what goes on from reading to "
        "reading."
    )
