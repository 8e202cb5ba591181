"""A model as published, from a history to scores of the live code; its network in NumPy."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.detection.threshold import Budget, Fixed, Rate, Threshold
from stream_detector.errors import TrainingError
from stream_detector.pipeline.machine import Verdict
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records
from stream_detector.replay.replaying import verdicts
from tests.pipeline.station import Station
from tests.small_models import CENTER, SPREAD, Feed, normal_recording, recording_of, write_model
from tests.trainer.networks import PlainNetwork, PrincipalComponents
from trainer.architectures import NetworkConfig
from trainer.config import PlainSettings, TrainingConfig
from trainer.history import measure_timing
from trainer.plain_parts import PlainParts
from trainer.score_parts import NetworkSpace
from trainer.steps import Steps
from trainer.training import TrainedModel, train

N_ROWS, N_LEARNT = 1000, 800
"""Of the history, and those that train: the last fifth validates."""


class Fitter(PrincipalComponents):
    """Keeps the first principal component of standardised readings; notes what it was given."""

    def __init__(self) -> None:
        super().__init__(code=1)
        self.config = NetworkConfig(layers=(), code=1, plain=True, window_size=1)
        self.learnt: list[int] = []
        self.validated: list[int] = []

    def fit(
        self,
        windows: NDArray[np.float32],
        space: NetworkSpace,
        *,
        learn_from: NDArray[np.intp],
        validate_on: NDArray[np.intp] | None = None,
        name: str = "network",
    ) -> PlainNetwork:
        assert validate_on is not None
        self.learnt, self.validated = learn_from.tolist(), validate_on.tolist()
        network = super().fit(windows, space, learn_from=learn_from, name=name)
        return dataclasses.replace(
            network,
            losses=np.array([4.0, 3.0, 2.0, 1.0], np.float32),
            validation_losses=np.array([3.5, 1.5], np.float32),
        )


def trained(
    history: Recording,
    plain: PlainSettings | None = None,
    *,
    fitter: Fitter | None = None,
) -> TrainedModel:
    return train(
        history,
        measure_timing(history),
        TrainingConfig(plain=plain or PlainSettings()),
        rules=Rules(),
        make_fitter=lambda _: fitter or Fitter(),
        steps=Steps(),
    )


def replayed(bundle: Bundle, recording: Recording, threshold: Threshold) -> list[Verdict]:
    pipeline, table = Pipeline(bundle, Rules()), ThresholdTable(threshold)
    every = verdicts(records(recording, Rules()), pipeline, table)
    return [one for one in every if isinstance(one, Verdict)]


def left_of(model: TrainedModel, history: Recording, judged: Recording) -> NDArray[np.float64]:
    """Squared residuals of a recording's rows, shape (n, p), without a line of ours."""
    normal = history.values if history.labels is None else history.values[~history.labels]
    learnt = normal[: round(0.8 * len(normal))]
    scaled = ((judged.values - learnt.mean(axis=0)) / learnt.std(axis=0)).astype(np.float32)
    assert isinstance(model.parts.parts, PlainParts)
    into, _, back, _ = model.parts.parts.network.weights
    return np.asarray((scaled - scaled @ into @ back) ** 2)


@pytest.fixture(scope="module")
def history() -> Recording:
    return normal_recording(N_ROWS)


@pytest.fixture(scope="module")
def model(history: Recording) -> TrainedModel:
    return trained(history)


@pytest.fixture(scope="module")
def bundle(model: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("plain") / "bundle"
    write_model(folder, model)
    return read_bundle(folder)


def test_the_live_score_is_the_mean_squared_residual(
    model: TrainedModel, bundle: Bundle, history: Recording
) -> None:
    judged = normal_recording(300, seed=8)

    found = replayed(bundle, judged, Fixed(1.0))

    expected = left_of(model, history, judged).mean(axis=1)
    scores = np.array([one.scored.score for one in found], float)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)
    assert [one.anomaly.over for one in found] == (scores > 1.0).tolist()


def test_a_sensor_has_its_own_squared_residual_for_a_share(
    model: TrainedModel, bundle: Bundle, history: Recording
) -> None:
    odd = CENTER + SPREAD * np.array([0.0, 6.0, 0.0, 0.0, 0.0])
    judged = recording_of(odd[None], sensors=history.sensors)

    values = dict(zip(history.sensors, odd.tolist(), strict=True))
    sent = Station(bundle, threshold=Fixed(0.1)).take([Feed().values(**values)])

    squares = left_of(model, history, judged)[0]
    (score,) = sent.scores
    assert score["contributors"][0]["sensor"] == "draw"
    for one in score["contributors"]:
        share = squares[history.sensors.index(one["sensor"])] / squares.sum()
        assert one["share"] == pytest.approx(share, abs=2e-4)


def test_expected_is_what_the_network_gives_back_in_units(
    model: TrainedModel, bundle: Bundle, history: Recording
) -> None:
    feed = Feed()
    judged = dict(zip(history.sensors, (CENTER + SPREAD).tolist(), strict=True))

    (score,) = Station(bundle).take([feed.values(**judged)]).scores

    learnt = history.values[:N_LEARNT]
    mean, deviation = learnt.mean(axis=0), learnt.std(axis=0)
    assert isinstance(model.parts.parts, PlainParts)
    into, _, back, _ = model.parts.parts.network.weights
    given_back = ((CENTER + SPREAD - mean) / deviation) @ into @ back * deviation + mean
    for one in score["contributors"]:
        i = history.sensors.index(one["sensor"])
        assert one["expected"] == pytest.approx(given_back[i], abs=SPREAD[i] / 500)


def test_a_missing_sensor_is_no_reason_and_the_score_is_of_the_others(bundle: Bundle) -> None:
    whole, without = Feed(), Feed()

    (full,) = Station(bundle).take(whole.rows(1)).scores
    (partial,) = Station(bundle).take(without.rows(1, steam=None)).scores

    assert partial["quality"] == {
        "state": "uncertain",
        "channels_used": 4,
        "channels_total": 5,
    }
    assert "steam" not in {one["sensor"] for one in partial["contributors"]}
    assert partial["score"] == pytest.approx(full["score"], rel=0.9)


def test_streamed_readings_get_the_bits_of_a_batch(bundle: Bundle) -> None:
    log = Feed().rows(100)

    at_once = Station(bundle).take(log).scores
    streaming = Station(bundle)
    streamed = [streaming.take([record]).scores[0] for record in log]

    assert streamed == at_once


def test_the_later_rows_validate_and_none_near_them_trains(history: Recording) -> None:
    fitter = Fitter()

    model = trained(history, fitter=fitter)

    assert fitter.learnt == list(range(N_LEARNT - 10))
    assert fitter.validated == list(range(N_LEARNT, N_ROWS))
    assert model.unseen == slice(N_LEARNT, N_ROWS)
    assert len(model.calibrated.scores) == 200
    assert model.parts.losses["validation"].tolist() == [3.5, 3.5, 1.5, 1.5]


def test_rows_that_validate_say_nothing_of_the_scale(history: Recording) -> None:
    values = history.values.copy()
    values[N_LEARNT:] += 3 * SPREAD

    scale = trained(dataclasses.replace(history, values=values)).rows.conditioning

    learnt = history.values[:N_LEARNT]
    np.testing.assert_allclose(scale.center, learnt.mean(axis=0))
    np.testing.assert_allclose(scale.spread, learnt.std(axis=0))


def test_a_constant_column_is_not_scaled_by_what_rounding_leaves_of_it(history: Recording) -> None:
    values = history.values.copy()
    values[:, 1] = 0.1
    assert 0 < np.nanstd(values[:N_LEARNT], axis=0)[1] < 1e-12

    scale = trained(dataclasses.replace(history, values=values)).rows.conditioning

    assert scale.spread[1] == 1.0


def test_a_rate_is_exceeded_by_that_share_of_the_rows_that_validate(model: TrainedModel) -> None:
    over = model.calibrated.scores > model.limits.limit(Rate(0.1))

    assert over.mean() == pytest.approx(0.1, abs=0.006)


def test_the_default_is_a_budget_unless_a_threshold_is_asked_for(
    model: TrainedModel, history: Recording
) -> None:
    asked = trained(history, PlainSettings(threshold=0.4))

    assert model.manifest.default_threshold == Budget(6.0)
    assert asked.manifest.default_threshold == Fixed(0.4)
    assert model.manifest.parts is asked.manifest.parts is None


def test_the_controller_of_a_plain_model_goes_by_the_scale_of_its_scores(bundle: Bundle) -> None:
    limits = bundle.model.limits
    station = Station(bundle, threshold=Budget(6.0))

    scores = station.take(Feed().rows(3, draw=4.5)).scores

    assert limits.unit == pytest.approx(limits.by_rate(0.01) - limits.by_rate(0.1))
    assert 0 < limits.unit < 1
    #  The alert of the second reading lifts the threshold for the third by 0.2 powers of ten.
    risen = scores[2]["threshold"] - scores[1]["threshold"]
    assert scores[1]["alarm"]
    assert risen == pytest.approx(0.2 * limits.unit, abs=1e-5)


def with_faults(rows: range, *, earlier: range) -> Recording:
    """A history with labelled rows at which the draw is off, at the earlier ones far more."""
    recording = normal_recording(N_ROWS)
    values, labels = recording.values.copy(), np.zeros(N_ROWS, bool)
    values[rows, 1] += 5 * SPREAD[1]
    values[earlier, 1] += 50 * SPREAD[1]
    labels[rows] = labels[earlier] = True
    return dataclasses.replace(recording, values=values, labels=labels, label_kind="rows")


BEST_F1 = PlainSettings(threshold="best-f1")


def test_the_threshold_has_the_best_f1_on_the_rows_that_validate() -> None:
    """Faults before them, which are larger, are not asked."""
    history = with_faults(range(900, 920), earlier=range(100, 300))
    model = trained(history, BEST_F1)
    threshold = model.manifest.default_threshold
    assert isinstance(threshold, Fixed)

    validated = history.times >= model.rows.times[model.unseen][0]
    scores = left_of(model, history, history).mean(axis=1)[validated]
    assert history.labels is not None
    labels = history.labels[validated]

    def f1(limit: float) -> float:
        hits = int((labels & (scores > limit)).sum())
        return 2 * hits / (int((scores > limit).sum()) + int(labels.sum()))

    assert labels.sum() == 20
    assert f1(threshold.value) == max(f1(score - 1e-4) for score in scores)
    assert "has the best F1" in model.rows.notes[-1]


def test_without_labels_among_the_rows_that_validate_no_f1_is_the_best() -> None:
    history = with_faults(range(0), earlier=range(100, 120))

    with pytest.raises(TrainingError, match="0 of the 196 rows that validate are to be warned at"):
        trained(history, BEST_F1)
