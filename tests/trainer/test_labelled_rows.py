"""The rows that a head learns from: what is live, and what they are before."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from stream_detector.alerting.rules import BREAK_LIKELY
from stream_detector.bundle.directory import read_bundle
from stream_detector.bundle.graph import OnnxHead
from stream_detector.detection.detector import Detector
from stream_detector.detection.head import Head, lay_out
from stream_detector.detection.scoring import SurpriseCurve
from stream_detector.pipeline.readings import ReadingDecoder
from stream_detector.replay.outcomes import outcome_rows
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records
from tests.small_head import RULES, TREES
from tests.small_models import SENSORS, train_small_model, write_model
from tests.trainer.breaking import breaking_history
from trainer.head import learnable
from trainer.head_graph import PrincipalAxes, head_graph, principal_axes
from trainer.history import measure_timing
from trainer.labelled_rows import LabelledRows, label_rows
from trainer.training import TrainedModel
from trainer.training_rows import prepare

MINUTE = np.timedelta64(1, "m")


@pytest.fixture(scope="module")
def history() -> Recording:
    """Six runs, with a sensor missing now and then."""
    recording = breaking_history(6)
    recording.values[np.random.default_rng(seed=7).random(recording.values.shape) < 0.01] = np.nan
    return recording


@pytest.fixture(scope="module")
def model(history: Recording) -> TrainedModel:
    return train_small_model(history)


def axes_of(model: TrainedModel) -> PrincipalAxes:
    return principal_axes(model.rows.deviations)


def labelled(history: Recording, model: TrainedModel) -> LabelledRows:
    return label_rows(
        history,
        measure_timing(history),
        axes_of(model),
        trained=model.rows,
        rules=RULES,
        rule=BREAK_LIKELY,
    )


@pytest.fixture(scope="module")
def rows(history: Recording, model: TrainedModel) -> LabelledRows:
    return labelled(history, model)


def until_break(rows: LabelledRows) -> list[int]:
    """Minutes from each row to the next break."""
    following = rows.outcomes[np.searchsorted(rows.outcomes, rows.times)]
    minutes: list[int] = ((following - rows.times) / MINUTE).astype(int).tolist()
    return minutes


def test_the_last_four_minutes_before_a_break_are_to_be_found(rows: LabelledRows) -> None:
    assert rows.positives.tolist() == [minutes <= 4 for minutes in until_break(rows)]
    assert rows.positives.sum() == 6 * 2


def test_the_last_hour_before_a_break_is_near_one(rows: LabelledRows) -> None:
    assert rows.near.tolist() == [minutes <= 60 for minutes in until_break(rows)]


def test_rows_that_are_near_but_not_to_be_found_are_not_learned_from(rows: LabelledRows) -> None:
    learned = set(learnable(rows, rule=BREAK_LIKELY).tolist())

    between = set(np.flatnonzero(rows.near & ~rows.positives).tolist())
    assert not learned & between
    assert set(np.flatnonzero(rows.positives).tolist()[:-2]) <= learned


def test_the_last_hour_of_what_is_known_is_not_learned_from(rows: LabelledRows) -> None:
    n_rows = int(np.flatnonzero(rows.positives)[3]) + 1

    learned = learnable(rows, rule=BREAK_LIKELY, n_rows=n_rows)

    assert rows.times[learned].max() < rows.times[n_rows - 1] - 60 * MINUTE


def test_a_break_beyond_a_gap_is_not_what_a_row_was_before(
    history: Recording, model: TrainedModel
) -> None:
    # Three and a half minutes after a reading: by the clock it is soon, but no run goes on so long.
    end = int(np.flatnonzero(outcome_rows(history))[0])
    times = history.times.copy()
    times[end + 1 :] -= times[end + 1] - times[end] - 210 * np.timedelta64(1, "s")
    changed = dataclasses.replace(history, times=times, labels=np.arange(history.n_rows) == end + 1)

    assert not labelled(changed, model).positives.any()


def test_a_head_sees_the_modes_that_its_model_sees(history: Recording) -> None:
    grades = tuple("ab"[row % 2] for row in range(history.n_rows))
    graded, timing = dataclasses.replace(history, modes=grades), measure_timing(history)
    trained = prepare(graded, timing, window_size=4, rules=RULES, modes=("a", "b"))
    axes = principal_axes(trained.deviations)

    found = label_rows(graded, timing, axes, trained=trained, rules=RULES, rule=BREAK_LIKELY)

    rows, _ = lay_out(found.memories[:2], n_sensors=len(SENSORS) + 2)
    levels = rows[:, -1, 0, -2:]
    np.testing.assert_array_equal(levels[0] > levels[1], [True, False])
    np.testing.assert_array_equal(levels[0] < levels[1], [False, True])


def test_a_head_is_shown_in_training_what_it_is_shown_live(
    history: Recording, model: TrainedModel, rows: LabelledRows, tmp_path: Path
) -> None:
    write_model(tmp_path / "bundle", model)
    live = read_bundle(tmp_path / "bundle").model
    graph = OnnxHead(head_graph(axes_of(model), TREES), n_sensors=len(SENSORS))
    curve = SurpriseCurve((1.0,), knee=2.0, tail=1.0, n_scores=10)
    live = dataclasses.replace(live, head=Head(graph, curve, live.limits, budget_per_day=1.0))
    detector = Detector(live, run_ending_events=frozenset({"break"}))
    decoder = ReadingDecoder(live.features, max_clock_skew=timedelta(0))
    readings = [decoder.decode(record) for record in records(history, RULES)]
    state, shown = detector.new_state(), []
    for size in (1, 2, 5, 60, len(readings)):
        batch, readings = readings[:size], readings[size:]
        shown += [one.head_rows for one in detector.score(batch, [state] * len(batch))]

    assert [one for one in shown if one is not None] == rows.memories
