"""Networks trained by TensorFlow: small ones, to keep the compilations short."""

import functools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.errors import TrainingError
from tests.trainer.networks import coordinates_of, correlated_windows
from trainer.architectures import DENSE, LSTM, NetworkConfig
from trainer.config import NetworkSettings, TrainingConfig
from trainer.crossfit import fit_parts
from trainer.fitters import make_fitter
from trainer.models import MODELS
from trainer.plain_parts import PlainParts, PlainSpace
from trainer.score_parts import Coordinates

if TYPE_CHECKING:
    from trainer.fitting import NetworkFitter

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(600)]

ALL = np.arange(400)
"""The windows of the data."""

SMALL_DENSE = replace(DENSE, layers=(8,), code=3, steps=100, batch=16, rate=0.02)
SMALL_LSTM = replace(LSTM, layers=(6,), code=4, steps=100, batch=16, rate=0.02)
KINDS = pytest.mark.parametrize("config", [SMALL_DENSE, SMALL_LSTM], ids=["dense", "lstm"])


@KINDS
def test_the_same_data_and_seed_give_the_same_weights_bit_for_bit(config: NetworkConfig) -> None:
    from trainer.fitting import NetworkFitter

    windows, coordinates = _data(config)

    first = _fitter(config).fit(windows, coordinates, learn_from=ALL)
    again = _fitter(config).fit(windows, coordinates, learn_from=ALL)
    anew = NetworkFitter(config, n_sensors=3).fit(windows, coordinates, learn_from=ALL)
    other = NetworkFitter(replace(config, seed=1), n_sensors=3).fit(
        windows, coordinates, learn_from=ALL
    )

    for fitted in (again, anew):
        for ours, theirs in zip(first.weights, fitted.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(first.losses, fitted.losses)
    assert not np.array_equal(first.weights[0], other.weights[0])


@KINDS
def test_training_lowers_the_loss(config: NetworkConfig) -> None:
    windows, coordinates = _data(config)

    losses = _fitter(config).fit(windows, coordinates, learn_from=ALL).losses

    assert losses.shape == (100,)
    assert losses[-20:].mean() < 0.98 * losses[:20].mean()


def test_rows_that_are_held_out_are_never_looked_at() -> None:
    windows, coordinates = _data(SMALL_DENSE)
    windows[100:] = np.nan

    fitted = _fitter(SMALL_DENSE).fit(windows, coordinates, learn_from=np.arange(100))

    assert np.isfinite(fitted.losses).all()


def test_progress_is_told_and_tensorboard_logs_it(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
        EventAccumulator,
    )

    from trainer.fitting import NetworkFitter

    told: list[tuple[str, int, int, float]] = []
    windows, coordinates = _data(SMALL_DENSE)

    fitted = NetworkFitter(
        SMALL_DENSE,
        n_sensors=3,
        progress=lambda *args: told.append(args),
        tensorboard=tmp_path,
    ).fit(windows, coordinates, learn_from=ALL, name="final")

    means = fitted.losses.reshape(2, 50).mean(axis=1)
    assert told == [("final", 50, 100, float(means[0])), ("final", 100, 100, float(means[1]))]
    log = EventAccumulator(str(tmp_path / "final"))
    log.Reload()
    assert [one.step for one in log.Tensors("loss")] == [50, 100]


def test_whoever_trains_the_network_of_a_configuration_is_told_how_it_gets_on() -> None:
    told: list[int] = []
    small = NetworkSettings(layers=(8,), code=3, steps=100, batch=16)
    config = TrainingConfig(network=small)
    windows, coordinates = _data(config.network_config)

    make = make_fitter(config, progress=lambda _, step, *__: told.append(step))
    assert make is not None
    make(3).fit(windows, coordinates, learn_from=ALL)

    assert told == [50, 100]
    assert make_fitter(TrainingConfig(network=NetworkSettings(kind="linear"))) is None


def test_any_number_of_steps_is_run_fifty_at_a_time() -> None:
    from trainer.fitting import NetworkFitter

    told: list[int] = []
    config = replace(SMALL_DENSE, steps=101)  # a prime
    windows, coordinates = _data(config)

    fitted = NetworkFitter(
        config, n_sensors=3, progress=lambda _, step, *__: told.append(step)
    ).fit(windows, coordinates, learn_from=ALL)

    assert told == [50, 100, 101]
    assert fitted.losses.shape == (101,)
    hundred = _fitter(replace(config, steps=100)).fit(windows, coordinates, learn_from=ALL)
    np.testing.assert_array_equal(fitted.losses[0], hundred.losses[0])
    assert (fitted.losses > 0).all()


def test_a_network_that_diverges_is_refused() -> None:
    from trainer.fitting import NetworkFitter

    config = replace(SMALL_DENSE, rate=1e30)
    windows, coordinates = _data(config)

    with pytest.raises(TrainingError, match="lower the rate"):
        NetworkFitter(config, n_sensors=3).fit(windows, coordinates, learn_from=ALL)


@pytest.mark.parametrize(
    "config",
    [SMALL_DENSE, SMALL_LSTM, replace(SMALL_LSTM, window_size=30, steps=10)],
    ids=["dense", "lstm-5", "lstm-30"],
)
def test_the_exported_graph_is_the_trained_network(config: NetworkConfig) -> None:
    """Fitting the parts compares the graph with Keras, one row at a time and 64 at once."""
    windows, _ = _data(config)

    fitted = fit_parts(windows, windows[:, -1], fitter=_fitter(config))

    assert np.median(fitted.level_out_of_sample) == pytest.approx(1.0, rel=0.2)
    assert set(fitted.losses) == {*(f"block-{n}-of-5" for n in range(1, 6)), "final"}


def test_the_constraints_of_a_network_hold_when_it_is_trained() -> None:
    config = replace(MODELS["well-posed"], code=3, steps=100, batch=16, rate=0.02)
    windows, coordinates = _data(config)

    into, _, back, _ = _fitter(config).fit(windows, coordinates, learn_from=ALL).weights

    np.testing.assert_array_equal(back, into.T)
    np.testing.assert_allclose(np.linalg.norm(into, axis=0), 1.0, rtol=1e-5)
    cosines = into.T @ into
    assert np.abs(cosines[~np.eye(3, dtype=bool)]).max() < 0.1


def test_a_noisy_and_variational_network_is_the_same_again() -> None:
    config = replace(SMALL_DENSE, noise=0.3, dropout=0.1, variational=1.0, steps=60)
    windows, coordinates = _data(config)

    first = _fitter(config).fit(windows, coordinates, learn_from=ALL)
    again = _fitter(config).fit(windows, coordinates, learn_from=ALL)

    np.testing.assert_array_equal(first.losses, again.losses)
    assert first.losses[-10:].mean() < first.losses[:10].mean()


def test_epochs_keep_the_weights_with_the_lowest_validation_loss() -> None:
    """The rows to validate on are other ones: sooner or later they fit worse."""
    config = replace(SMALL_DENSE, plain=True, window_size=1, epochs=30, patience=3, rate=0.3)
    windows, _ = _data(config)
    windows[300:] *= 2

    fitted = _fitter(config).fit(
        windows, PlainSpace(), learn_from=np.arange(300), validate_on=np.arange(300, 400)
    )

    losses = fitted.validation_losses
    best = int(losses.argmin())
    assert len(losses) == best + 1 + 3 < 30
    assert len(fitted.losses) == len(losses) * (300 // 16)
    left = PlainParts(fitted, 3).score(windows[300:], windows[300:, 0]).level
    assert left.mean() == pytest.approx(losses[best], rel=1e-4)


def test_training_prints_nothing_of_its_own() -> None:
    code = (
        "from tests.trainer import test_fitting as t; from trainer.fitting import NetworkFitter; "
        "NetworkFitter(t.SMALL_DENSE, n_sensors=3).fit(*t._data(t.SMALL_DENSE), learn_from=t.ALL)"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@functools.cache
def _fitter(config: NetworkConfig) -> "NetworkFitter":
    """Compile each network once for all tests; a test says that fits do not mix."""
    from trainer.fitting import NetworkFitter

    return NetworkFitter(config, n_sensors=3)


def _data(config: NetworkConfig) -> tuple[NDArray[np.float32], Coordinates]:
    windows = correlated_windows(n_rows=len(ALL), window_size=config.window_size, n_sensors=3)
    return windows, coordinates_of(windows)
