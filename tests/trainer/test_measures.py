import dataclasses

import numpy as np
import pytest

from stream_detector.alerting.recorded import Fate
from tests.trainer.made_findings import made_evaluation
from trainer.found import wilson_interval
from trainer.measures import measure
from trainer.thinning import MAX_POINTS, histogram, peaks, thinned


def test_without_labels_no_alert_is_called_right_or_wrong() -> None:
    evaluation = made_evaluation(np.ones(10), alert_rows=((1, 3),), label_kind=None)

    measures = measure(evaluation)

    assert measures.evaluation.n_false is None
    assert measures.confusion is None
    assert measures.curves is None
    assert measures.recall_interval is None


def test_classes_are_named_by_what_the_labels_mark() -> None:
    breaks, rows = made_evaluation(np.ones(9)), made_evaluation(np.ones(9), label_kind="rows")

    # Neither holds anything that was to be warned of: the rows themselves do not tell.
    assert measure(breaks).class_names == ("normal rows kept back", "rows before an outcome")
    assert measure(rows).class_names == ("normal rows kept back", "anomalous rows")


def test_rows_are_counted_at_the_threshold_in_force() -> None:
    #  anomalous                   x    x    x
    scores = np.array([1.0, 4.0, 2.0, 5.0, 3.0])
    evaluation = made_evaluation(scores, anomalous_rows=(2, 3, 4), threshold=3.0)

    confusion = measure(evaluation).confusion

    assert confusion is not None
    assert confusion == (1, 1, 2, 1)
    assert (confusion.precision, confusion.recall) == (1 / 2, 1 / 3)
    assert (confusion.false_positive_rate, confusion.share_over) == (1 / 2, 2 / 5)


def test_what_has_no_rows_to_be_counted_from_is_not_known() -> None:
    quiet = measure(made_evaluation(np.ones(5))).confusion

    assert quiet is not None
    assert quiet.recall is None
    assert quiet.precision is None


def test_curves_of_classes_that_a_threshold_parts() -> None:
    scores = np.array([1.0, 2.0, 3.0, 4.0])
    curves = measure(made_evaluation(scores, anomalous_rows=(2, 3))).curves

    assert curves is not None
    assert (curves.auc, curves.average_precision, curves.base_rate) == (1.0, 1.0, 0.5)
    # Half-way between the highest score below and the lowest above.
    assert (curves.best_threshold, curves.best_f1) == (2.5, 1.0)
    np.testing.assert_array_equal(curves.thresholds, scores)
    np.testing.assert_allclose(curves.precision, [2 / 4, 2 / 3, 1, 1])
    np.testing.assert_allclose(curves.recall, [1, 1, 1, 1 / 2])


@pytest.mark.parametrize("anomalous", [(), (0, 1, 2)])
def test_rows_of_one_class_have_no_curves(anomalous: tuple[int, ...]) -> None:
    evaluation = made_evaluation(np.arange(3.0), anomalous_rows=anomalous)

    assert measure(evaluation).curves is None


def test_alerts_are_counted_by_day_and_days_without_rows_are_told_apart() -> None:
    per_day = 720
    evaluation = made_evaluation(
        np.ones(3 * per_day), alert_rows=((5, 6), (9, 10), (2 * per_day + 1, None))
    )
    others = np.r_[0:per_day, 2 * per_day : 3 * per_day]
    columns = ("times", "scores", "thresholds", "positives")
    without_second_day = dataclasses.replace(
        evaluation, **{name: getattr(evaluation, name)[others] for name in columns}
    )

    table = measure(without_second_day).by_day

    assert table[Fate.NUISANCE.value].tolist() == [2, 0, 1]
    assert table["rows"].tolist() == [per_day, 0, per_day]
    assert table["days"].tolist() == [1, 1, 1]


def test_years_become_bars_of_several_days() -> None:
    evaluation = made_evaluation(np.ones(500), alert_rows=((3, 4),))
    daily = evaluation.times[0] + np.arange(500) * np.timedelta64(1, "D")

    table = measure(dataclasses.replace(evaluation, times=daily)).by_day

    assert len(table) == 167
    assert table["days"].sum() == table["rows"].sum() == 500
    assert table[Fate.NUISANCE.value].sum() == 1


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 10, 0.0, 0.278), (5, 10, 0.237, 0.763), (3, 3, 0.4385, 1.0)],
)
def test_wilson_interval_of_few_trials(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(hits, trials) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize("n_rows", [0, 1, 2, MAX_POINTS, 7 * MAX_POINTS + 3])
def test_thinning_a_series_keeps_its_order_and_its_peak(n_rows: int) -> None:
    times = np.datetime64("2026-11-22", "us") + np.arange(n_rows) * np.timedelta64(2, "m")
    scores = np.random.default_rng(seed=7).exponential(size=n_rows)

    thin = peaks(times, scores, -scores, within=times)

    assert len(thin.times) <= MAX_POINTS
    assert (np.diff(thin.times) > np.timedelta64(0)).all()
    assert thin.scores.max(initial=0) == scores.max(initial=0)
    np.testing.assert_array_equal(thin.thresholds, -thin.scores)


def test_thinning_a_curve_keeps_its_steep_part() -> None:
    x = np.linspace(0, 1, 100_000)
    y = np.where(x < 0.99, 0.0, (x - 0.99) * 100)

    thin_x, thin_y = thinned(x, y)

    assert len(thin_x) <= MAX_POINTS
    assert (thin_x[0], thin_x[-1]) == (0.0, 1.0)
    assert ((thin_y > 0) & (thin_y < 1)).sum() > MAX_POINTS / 3


def test_a_histogram_has_every_row_in_a_bin() -> None:
    classes = {"normal": np.array([0.0, 1.0, 2.0]), "positive": np.array([9.0])}

    counts = histogram(classes).counts

    assert {name: int(of_class.sum()) for name, of_class in counts.items()} == {
        "normal": 3,
        "positive": 1,
    }
