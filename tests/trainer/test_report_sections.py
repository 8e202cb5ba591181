"""What stands on the report's page, section by section, and what is said beside it."""

import dataclasses
import functools

import numpy as np
import pytest

from stream_detector.alerting.recorded import Standstill
from tests.small_models import recording_of
from tests.trainer.made_findings import (
    CADENCE,
    SENSORS,
    START,
    linear,
    made_evaluation,
    made_findings,
    paper_like,
    with_a_return,
    with_head,
)
from trainer.drift import drift as measured_drift
from trainer.report import report_html
from trainer.report.about_alerts import alerts
from trainer.report.about_scores import scores as about_scores
from trainer.report.about_sensors import drift, sensors
from trainer.report.layout import Chart, Section, Table
from trainer.report.page import page as laid_out

pytestmark = pytest.mark.slow


@functools.cache
def sections() -> tuple[Section, ...]:
    """Those of a page that has everything."""
    return laid_out(with_head(made_findings(paper_like()))).sections


SECTIONS = {
    "scores": ("Scores of the rows kept back over time", "Scores of the training rows over time"),
    "alerts": (
        "Alerts per day",
        "Asked against realised, by week",
        "Recall against false alerts a day",
        "Lead times",
        "Budgets",
        "Every alert",
    ),
    "classes": (
        "How the scores are spread",
        "Precision, recall and F1 by threshold",
        "ROC curve",
        "Precision against recall",
        "Confusion matrix at the thresholds in force",
        "Classification report at the thresholds in force",
        "Classification report at the best F1, in hindsight",
    ),
    "sensors": ("Contributions before each outcome", "Residuals of the sensors"),
    "codes": ("By class", "By time", "By operating regime", "Operating regimes"),
    "head": (
        "Scores of the rows kept back over time",
        "ROC curve, walk-forward",
        "What followed its alerts",
        "Budgets",
    ),
    "drift": (
        "Where each sensor stood",
        "Farthest from training",
        "Rows kept back against training",
    ),
    "quality": ("The recording", "Every sensor"),
    "training": ("Training loss", "Durations"),
}


def test_everything_that_was_found_has_its_place_and_is_drawn() -> None:
    parts = {one.anchor: one.parts for one in sections()}

    assert list(parts) == list(SECTIONS)
    for anchor, titles in SECTIONS.items():
        assert set(titles) <= {part.title for part in parts[anchor]}
        assert all(part.svg for part in parts[anchor] if isinstance(part, Chart))
        assert all(part.rows for part in parts[anchor] if isinstance(part, Table))


def test_a_threshold_chosen_on_the_rows_it_judges_is_said_to_be_unbelievable() -> None:
    notes = {part.title: part.note for section in sections() for part in section.parts}

    for title in ("Confusion matrix", "Classification report"):
        assert "Not to be believed" in notes[f"{title} at the best F1, in hindsight"]
        assert "Not to be believed" not in notes[f"{title} at the thresholds in force"]
    by_threshold = notes["Precision, recall and F1 by threshold"]
    assert "so not to be believed" in by_threshold
    assert by_threshold.endswith("thresholds in force, each of them set before the row it judged.")


def test_a_threshold_that_never_changes_is_nowhere_said_to_move() -> None:
    fixed = laid_out(dataclasses.replace(made_findings(paper_like()), is_fixed=True))
    notes = {part.title: part.note for section in fixed.sections for part in section.parts}
    budgets = next(
        part for section in fixed.sections for part in section.parts if part.title == "Budgets"
    )

    assert fixed.tiles[-1].beside == "never changes"
    assert fixed.tiles[0].beside == "the fixed threshold keeps to no budget"
    assert "never changes" in notes["Scores of the rows kept back over time"]
    assert isinstance(budgets, Table)
    assert not any("in force" in row[0] for row in budgets.rows)


def test_a_threshold_that_follows_the_budget_is_said_to_move() -> None:
    page = laid_out(made_findings(paper_like()))

    assert page.tiles[-1].beside.startswith("to begin with; later ")
    assert "sinks while all is quiet" in page.sections[0].parts[0].note


def test_the_score_of_a_model_without_a_network_is_no_reconstruction_error() -> None:
    dense = made_findings(paper_like(n_rows=400, n_outcomes=4))

    pages = [" ".join(report_html(one).decode().split()) for one in (dense, linear(dense))]

    assert [page.count("reconstruction error") > 0 for page in pages] == [True, False]
    assert "A row's score is its Mahalanobis distance" in pages[1].replace("&#39;", "'")
    assert linear(dense).measure_of_score == "Mahalanobis distance"


def test_how_rare_a_high_score_is_was_measured_on_the_training_rows() -> None:
    def note(n_rows: int) -> str:
        findings, scores = made_findings(), np.arange(n_rows) / (n_rows - 1)
        few = dataclasses.replace(
            findings, training_scores=scores, training_times=findings.training_times[:n_rows]
        )
        return about_scores(few).note

    of_what = "A row's score is its reconstruction error on a scale of rarity."
    assert note(1001) == (
        f"{of_what} Of the training rows, one in 100 scored over 0.99 and one in 1,000 scored over "
        "0.999."
    )
    assert note(999) == f"{of_what} Of the training rows, one in 100 scored over 0.99."
    assert note(99) == of_what


def test_without_a_head_there_is_no_section_of_it() -> None:
    anchors = [section.anchor for section in laid_out(made_findings()).sections]

    assert "head" not in anchors
    assert set(anchors) == SECTIONS.keys() - {"head"}


def test_a_sensor_may_be_called_anything() -> None:
    names = ("$a$b$", "{x_1}^2", "温度", *made_findings().sensors[3:])
    findings = made_findings(paper_like(n_rows=400, n_outcomes=4))
    odd = dataclasses.replace(
        findings,
        sensors=names,
        drift=dataclasses.replace(findings.drift, sensors=names),
        quality=dataclasses.replace(findings.quality, sensors=names),
    )

    page = report_html(odd).decode()

    assert all(page.count(name) >= 3 for name in names[:3])


def test_in_the_list_of_alerts_a_return_keeps_the_number_of_its_alert() -> None:
    table = alerts(made_findings(with_a_return())).parts[-1]

    assert isinstance(table, Table)
    assert "2 alerts, raised 3 times" in table.note
    assert [row[1] for row in table.rows] == ["1", "1, again", "2"]
    assert [row[4] for row in table.rows] == [
        "a false alert: no outcome in the same run at most 4 min later, but right another time",
        "an outcome",
        "a false alert: no outcome in the same run at most 4 min later",
    ]
    # An outcome followed the first in the same run, after it was cleared.
    assert [row[5] for row in table.rows] == ["20 min", "4 min", ""]


def test_in_the_list_of_alerts_an_outcome_after_the_horizon_is_told() -> None:
    late = made_evaluation(np.ones(720), outcome_rows=(100,), alert_rows=((90, 101),))
    restart = Standstill(START + 92 * CADENCE, START + 95 * CADENCE)
    stood_still = dataclasses.replace(with_a_return(), stood_still=(restart,))
    unlabelled = made_evaluation(np.ones(720), anomalous_rows=(100,), alert_rows=((90, 92),))

    tables = [alerts(made_findings(one)).parts[-1] for one in (late, stood_still, unlabelled)]

    rows = [table.rows[0][4:] for table in tables if isinstance(table, Table)]
    assert rows[0] == ("a false alert: an outcome after the horizon, while it stood", "20 min")
    assert rows[1][1] == ""
    assert rows[2] == ("a false alert: the row is not labelled anomalous", "")


def test_a_day_in_a_wrong_unit_is_named_with_its_sensor() -> None:
    values = 90 + np.random.default_rng(seed=1).normal(size=(40 * 24, 3))
    values[240:264, 1] /= 1000  # the eleventh of forty days
    times = np.datetime64("2026-11-01", "us") + np.arange(960) * np.timedelta64(1, "h")
    recording = recording_of(values, sensors=["a", "b", "c"], times=times)
    found = measured_drift(recording, n_training=960, spread=np.full(3, 2.0))

    table = drift(dataclasses.replace(made_findings(), drift=found)).parts[1]

    assert isinstance(table, Table)
    assert table.title == "Farthest from training"
    # Forty equal spans of 39 days and 23 hours.
    assert table.rows[0][:3] == ("b", "2026-11-10 23:45", "2026-11-11 23:43")
    assert float(table.rows[0][3]) == pytest.approx(0.09, abs=0.001)
    assert float(table.rows[0][4]) == pytest.approx(90.0, abs=0.1)
    assert table.rows[0][5].startswith("-4")
    assert {row[0] for row in table.rows[1:]} == {"a", "c"}


def test_a_column_that_is_empty_or_not_there_is_explained() -> None:
    findings = made_findings(paper_like())
    assert findings.explained is not None
    event = findings.explained.events[0]
    # As of a first reading after a gap, from which every sensor is as far as any other.
    even = event._replace(shares=np.full(len(SENSORS), 1 / len(SENSORS)))
    explained = dataclasses.replace(findings.explained, events=(event, even), n_events=2)

    def note(*, n_left_out: int) -> str:
        shown = dataclasses.replace(explained, n_left_out=n_left_out)
        return sensors(dataclasses.replace(findings, explained=shown)).parts[0].note

    assert "An empty column: none of the sensors shown has 3 %, it was due to many." in (
        note(n_left_out=0)
    )
    assert "Left out" not in note(n_left_out=0)
    assert "Left out: 1 outcome without a row to explain, as right after a gap." in (
        note(n_left_out=1)
    )
