"""A model that sees the machine's mode: grades as columns of 0 and 1, in training and live."""

import dataclasses

import numpy as np
import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.errors import TrainingError
from stream_detector.replay.recording import Recording
from tests.pipeline.station import Station
from tests.small_models import SENSORS, Feed, normal_recording, write_model
from tests.trainer.live import live_rows
from trainer.config import NetworkSettings, TrainingConfig
from trainer.history import measure_timing
from trainer.steps import Steps
from trainer.training import TrainedModel, train

HEAVY = 95.0
"""The weight in the grade "board"; "paper" is as the machine is, at 80."""


@pytest.fixture(scope="module")
def history() -> Recording:
    """Campaigns of 50 rows, paper and board in turn; some rows tell no grade."""
    recording = normal_recording(1000)
    is_board = np.arange(1000) // 50 % 2 == 1
    recording.values[is_board, SENSORS.index("weight")] += HEAVY - 80.0
    grades = np.where(is_board, "board", "paper").tolist()
    modes = [None if row % 97 == 1 else grade for row, grade in enumerate(grades)]
    return dataclasses.replace(recording, modes=tuple(modes))


def trained(history: Recording) -> TrainedModel:
    return train(
        history,
        measure_timing(history),
        TrainingConfig(network=NetworkSettings(kind="linear"), one_hot_mode=True),
        rules=Rules(),
        make_fitter=None,
        steps=Steps(),
    )


@pytest.fixture(scope="module")
def model(history: Recording) -> TrainedModel:
    return trained(history)


@pytest.fixture(scope="module")
def bundle(model: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("modes") / "bundle"
    write_model(folder, model)
    return read_bundle(folder)


def test_each_mode_of_the_history_is_a_sensor(bundle: Bundle) -> None:
    features = bundle.model.features

    assert features.measured == SENSORS
    assert features.sensors[len(SENSORS) :] == ("mode=board", "mode=paper")


def test_training_rows_are_what_the_live_code_makes_of_the_messages(
    history: Recording, model: TrainedModel, bundle: Bundle
) -> None:
    _, live = live_rows(history, bundle.model, sizes=[1, 30])

    np.testing.assert_array_equal(live.windows, model.rows.windows)
    np.testing.assert_array_equal(live.deviations, model.rows.deviations)


def test_a_weight_is_normal_in_its_own_grade_only(bundle: Bundle) -> None:
    in_paper, in_board = Feed(), Feed()
    in_paper.mode, in_board.mode = "paper", "board"

    (*_, odd) = Station(bundle).take(in_paper.rows(5, weight=HEAVY)).scores
    (*_, usual) = Station(bundle).take(in_board.rows(5, weight=HEAVY)).scores

    assert odd["score"] > 8.0
    assert usual["score"] < 3.0
    assert {"mode=board", "mode=paper", "weight"} >= {
        one["sensor"] for one in odd["contributors"][:3]
    }


@pytest.mark.parametrize("mode", [None, "tissue"])
def test_in_a_mode_it_does_not_know_it_judges_by_the_sensors(
    bundle: Bundle, mode: str | None
) -> None:
    feed = Feed()
    feed.mode = mode

    (score,) = Station(bundle).take(feed.rows(1, weight=HEAVY)).scores

    assert score["quality"] == {"state": "uncertain", "channels_used": 5, "channels_total": 7}
    assert score["score"] < 3.0


def test_the_column_of_a_mode_counts_by_the_mode_and_not_by_what_is_sent(bundle: Bundle) -> None:
    plain, false = Feed(), Feed()
    plain.mode = false.mode = "paper"

    expected = Station(bundle).take(plain.rows(3)).scores
    station = Station(bundle)
    got = station.take(false.rows(3, **{"mode=board": 1.0})).scores

    assert got == expected
    assert station.pipeline.oddities.unknown_sensors == {"mode=board": 3}


def test_no_campaign_is_too_long(bundle: Bundle) -> None:
    feed = Feed()
    feed.mode = "paper"

    sent = Station(bundle).take(feed.rows(400))

    assert sent.faults == []
    assert {one["quality"]["state"] for one in sent.scores} == {"good"}


def test_without_a_mode_in_the_history_there_is_nothing_to_see() -> None:
    with pytest.raises(TrainingError, match="no row tells a mode to make columns of"):
        trained(normal_recording(400))


@pytest.mark.parametrize("mode", ["speed", "a" * 200])
def test_a_mode_that_cannot_name_a_column_is_refused(mode: str) -> None:
    recording = normal_recording(400)
    sensors = ("mode=speed", *recording.sensors[1:])

    with pytest.raises(TrainingError, match="would be the column of a mode"):
        trained(dataclasses.replace(recording, sensors=sensors, modes=(mode,) * 400))
