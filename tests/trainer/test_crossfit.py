from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.bundle.graph import OnnxGraph
from stream_detector.errors import TrainingError
from tests.trainer.networks import (
    PlainNetwork,
    PrincipalComponents,
    correlated_windows,
    untrained_network,
)
from trainer.architectures import LSTM
from trainer.crossfit import fit_parts
from trainer.score_parts import NetworkSpace, ScoreParts


class NotingFitter(PrincipalComponents):
    """Notes which rows each network learnt from."""

    def __init__(self) -> None:
        super().__init__(code=2)
        self.learnt: dict[str, set[int]] = {}

    def fit(
        self,
        windows: NDArray[np.float32],
        space: NetworkSpace,
        *,
        learn_from: NDArray[np.intp],
        validate_on: NDArray[np.intp] | None = None,
        name: str = "network",
    ) -> PlainNetwork:
        self.learnt[name] = {*learn_from.tolist()}
        return super().fit(
            windows, space, learn_from=learn_from, validate_on=validate_on, name=name
        )


class UntrainedLSTM(NotingFitter):
    """Notes the same, and leaves the network as it was made."""

    def __init__(self) -> None:
        super().__init__()
        self.config = replace(LSTM, layers=(3,), code=2, window_size=30)

    def fit(self, *args: Any, **options: Any) -> PlainNetwork:
        super().fit(*args, **options)
        return untrained_network(self.config, n_sensors=3)


@pytest.mark.parametrize(("n_rows", "n_blocks"), [(400, 5), (2100, 3)])
def test_every_row_is_scored_by_a_network_that_never_saw_its_neighbourhood(
    n_rows: int, n_blocks: int
) -> None:
    windows = correlated_windows(n_rows=n_rows, window_size=5, n_sensors=3)
    fitter = NotingFitter()

    fitted = fit_parts(windows, windows[:, -1], fitter=fitter)

    names = [f"block-{number}-of-{n_blocks}" for number in range(1, n_blocks + 1)]
    assert list(fitter.learnt) == [*names, "final"] == list(fitted.losses)
    length = n_rows // n_blocks
    outside = {*range(length - 10), *range(2 * length + 10, n_rows)}
    _assert_most(fitter.learnt[names[1]], outside)
    _assert_most(fitter.learnt["final"], {*range(n_rows)})


def test_no_window_of_a_row_to_learn_from_reaches_into_the_block() -> None:
    #  block 2 of 3 holds readings 700 to 1399; a window of 30 begins 29 readings before its row
    windows = correlated_windows(n_rows=2100, window_size=30, n_sensors=3)
    fitter = UntrainedLSTM()

    fit_parts(windows, windows[:, -1], fitter=fitter)

    _assert_most(fitter.learnt["block-2-of-3"], {*range(670), *range(1430, 2100)})


def test_a_window_that_leaves_too_little_to_learn_from_is_refused() -> None:
    windows = correlated_windows(n_rows=300, window_size=100, n_sensors=2)

    with pytest.raises(TrainingError, match=r"100 readings leave 80 of 300 rows.*shorten --window"):
        fit_parts(windows, windows[:, -1], fitter=NotingFitter())


def test_scores_out_of_sample_are_those_of_new_rows() -> None:
    windows = correlated_windows(n_rows=1000, window_size=5, n_sensors=8)
    fitted = fit_parts(windows[:500], windows[:500, -1], fitter=PrincipalComponents(code=6))

    new = fitted.parts.score(windows[500:], windows[500:, -1])

    for own, later in (
        (fitted.level_out_of_sample, new.level),
        (fitted.deviation_out_of_sample, new.deviation),
    ):
        assert np.median(own) == pytest.approx(np.median(later), rel=0.1)
        assert np.quantile(own, 0.95) == pytest.approx(np.quantile(later, 0.95), rel=0.2)


def test_each_half_of_the_level_counts_in_units_of_its_median() -> None:
    windows = correlated_windows(n_rows=500, window_size=5, n_sensors=3)

    linear = fit_parts(windows, windows[:, -1], fitter=None)
    mixed = fit_parts(windows, windows[:, -1], fitter=PrincipalComponents(code=2))

    assert np.median(linear.level_out_of_sample) == pytest.approx(1.0)
    assert isinstance(linear.parts, ScoreParts)
    assert isinstance(mixed.parts, ScoreParts)
    assert mixed.parts.linear_unit == linear.parts.linear_unit
    network_half = 2 * mixed.level_out_of_sample - linear.level_out_of_sample
    assert np.median(network_half) == pytest.approx(1.0)


def test_the_graph_is_that_of_the_parts() -> None:
    windows = correlated_windows(n_rows=500, window_size=5, n_sensors=3)
    fitted = fit_parts(windows, windows[:, -1], fitter=PrincipalComponents(code=2))

    scores = OnnxGraph(fitted.graph, window_size=5, n_sensors=3)(windows, windows[:, -1])

    np.testing.assert_allclose(
        scores.level, fitted.parts.score(windows, windows[:, -1]).level, rtol=1e-5
    )


def test_a_machine_that_stood_still_is_refused() -> None:
    windows = np.ones((300, 5, 2), np.float32)

    with pytest.raises(TrainingError, match="exactly alike"):
        fit_parts(windows, windows[:, -1], fitter=None)


def test_too_short_a_history_is_refused() -> None:
    windows = correlated_windows(n_rows=150, window_size=5, n_sensors=2)

    with pytest.raises(TrainingError, match="150 normal training rows are too few"):
        fit_parts(windows, windows[:, -1], fitter=None)


def test_a_row_far_out_teaches_little_but_is_scored_in_full() -> None:
    windows = correlated_windows(n_rows=2100, window_size=5, n_sensors=3)
    odd = range(300, 312)
    windows[odd] *= 10
    fitter = NotingFitter()

    fitted = fit_parts(windows, windows[:, -1], fitter=fitter)

    assert len(fitter.learnt["final"] & {*odd}) <= 2
    assert (fitted.level_out_of_sample[odd] > 10).all()


def _assert_most(learnt: set[int], of: set[int]) -> None:
    """Of a calm history hardly a row is left out, and every row is one of these."""
    assert learnt <= of
    assert len(learnt) > 0.97 * len(of)
