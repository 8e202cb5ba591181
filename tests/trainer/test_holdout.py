"""What is watched while the rows kept back are replayed: other budgets, and the sensors."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.conditioning import CLIP
from stream_detector.detection.threshold import Budget
from stream_detector.replay.recording import LabelKind, Recording
from tests.small_models import BROKEN_STEAM, SENSORS, START, normal_recording, recording_of
from trainer.budgets import OtherBudgets, point
from trainer.evaluation import evaluate
from trainer.explained import Explained, SensorWatch

STEAM = SENSORS.index("steam")
RULES = Rules()
(RULE,) = RULES.rules
FAULTS = (52, 100, 101, 150)


def faulty(labels: Sequence[int] | None, kind: LabelKind = "event") -> Recording:
    values = normal_recording(200, seed=1).values.copy()
    values[list(FAULTS), STEAM] = BROKEN_STEAM
    return dataclasses.replace(recording_of(values, outcomes=labels), label_kind=kind)


@pytest.mark.parametrize("kind", ["event", "rows"])
def test_a_budget_beside_brings_what_it_would_have_brought_alone(
    small_bundle: Bundle, kind: LabelKind
) -> None:
    recording = faulty([53, 102, 103], kind)
    budgets = (0.5, 6.0, 200.0)
    beside = OtherBudgets(small_bundle, recording, rules=RULES, rule=RULE, per_day=budgets)

    evaluate(small_bundle, recording, rules=RULES, budget=Budget(1.0), watch=[beside])

    alone = []
    for per_day in budgets:
        evaluation = evaluate(small_bundle, recording, rules=RULES, budget=Budget(per_day))
        assert evaluation is not None
        alone.append(point(evaluation))
    assert list(beside.points()) == alone
    # Otherwise this would compare the same thing three times.
    assert len({one.n_alerts for one in alone}) > 1


def explained(bundle: Bundle, recording: Recording) -> Explained:
    watch = SensorWatch(recording, RULE)
    evaluation = evaluate(bundle, recording, rules=RULES, budget=Budget(1.0), watch=[watch])
    assert evaluation is not None
    return watch.explain(evaluation, bundle.model.conditioning)


def test_contributions_name_the_sensor_that_was_wrong_before_an_outcome(
    small_bundle: Bundle,
) -> None:
    found = explained(small_bundle, faulty([53, 180]))

    first, second = found.events
    assert found.kind == "outcome"
    assert (first.was_found, second.was_found) == (True, False)
    assert first.shares.argmax() == STEAM
    assert first.shares.sum() == pytest.approx(1.0, abs=1e-6)
    # Nothing was wrong before the second one.
    assert second.shares[STEAM] < 0.5 < first.shares[STEAM]


def test_an_outcome_right_after_a_gap_is_left_out_and_counted(small_bundle: Bundle) -> None:
    #  row     51 52 53      ... gap of an hour ... 120 ...
    #                outcome                        outcome
    recording = faulty([53, 120])
    times = recording.times.copy()
    times[120:] += np.timedelta64(1, "h")

    found = explained(small_bundle, dataclasses.replace(recording, times=times))

    assert [(one.time - START).total_seconds() / 120 for one in found.events] == [53]
    assert (found.n_events, found.n_left_out) == (1, 1)


def test_of_labelled_rows_each_stretch_is_an_event(small_bundle: Bundle) -> None:
    found = explained(small_bundle, faulty([100, 101, 102, 170], "rows"))

    assert found.kind == "stretch"
    assert [(one.time - START).total_seconds() / 120 for one in found.events] == [100, 170]
    assert [one.was_found for one in found.events] == [True, False]
    assert found.positive is not None
    assert (found.normal.n_rows, found.positive.n_rows) == (196, 4)


def test_without_labels_each_alert_is_an_event(small_bundle: Bundle) -> None:
    found = explained(small_bundle, faulty(None))

    assert found.kind == "alert"
    assert found.positive is None
    assert {int(one.shares.argmax()) for one in found.events} == {STEAM}
    assert len(found.events) == 3


def test_of_rows_over_the_threshold_it_is_told_whose_they_are(small_bundle: Bundle) -> None:
    quiet = explained(small_bundle, recording_of(normal_recording(200, seed=1).values[:30]))
    over = explained(small_bundle, faulty(None)).over

    assert quiet.over is None
    assert over is not None
    assert over.n_rows >= len(FAULTS)
    assert over.shares.argmax() == STEAM
    assert over.shares.sum() == pytest.approx(1.0)


def test_a_cell_beyond_any_sensor_leaves_residuals_as_the_model_saw_it(
    small_bundle: Bundle,
) -> None:
    usual = faulty(FAULTS, "rows")
    values = usual.values.copy()
    values[20, STEAM] = 1e300

    with_it = explained(small_bundle, dataclasses.replace(usual, values=values)).normal
    without = explained(small_bundle, usual).normal

    # One of 196 rows, at 12 spreads for all of 1e300.
    assert abs(with_it.mean[STEAM] - without.mean[STEAM]) < 2 * CLIP / 196
    assert with_it.deviation[STEAM] < CLIP


def test_residuals_are_what_was_not_expected_in_training_spreads(small_bundle: Bundle) -> None:
    recording = faulty(FAULTS, "rows")
    conditioning = small_bundle.model.conditioning

    found = explained(small_bundle, recording)

    # Of a row and its conditional mean given its other values, by the textbook.
    normal = np.setdiff1d(np.arange(200), FAULTS)
    rows = (recording.values[normal] - conditioning.center) / conditioning.spread
    away = (rows - conditioning.row_mean) @ conditioning.precision
    residuals = away / np.diag(conditioning.precision)
    np.testing.assert_allclose(found.normal.mean, residuals.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(found.normal.deviation, residuals.std(axis=0), atol=1e-3)
    assert found.positive is not None
    assert found.positive.mean[STEAM] > 8


def test_every_row_is_counted_by_what_became_of_it(small_bundle: Bundle) -> None:
    recording = faulty([53])
    watch = SensorWatch(recording, RULE)

    evaluate(small_bundle, recording, rules=RULES, budget=Budget(1.0), watch=[watch])

    assert dict(watch.states) == {"good": 199, "event": 1}
