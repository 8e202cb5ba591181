from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.trainer.networks import (
    PlainNetwork,
    coordinates_of,
    correlated_windows,
    untrained_network,
)
from trainer.architectures import DENSE, LSTM, NetworkConfig
from trainer.config import PlainSettings
from trainer.models import MODELS
from trainer.plain_parts import PlainParts, PlainSpace

pytestmark = pytest.mark.tensorflow

NETWORKS = {name: config for name, config in MODELS.items() if config.kind != "linear"}
EVERY = pytest.mark.parametrize("config", NETWORKS.values(), ids=NETWORKS)
KINDS = pytest.mark.parametrize("config", [DENSE, LSTM], ids=["dense", "lstm"])


@EVERY
def test_keras_reads_a_plan_as_numpy_does(config: NetworkConfig) -> None:
    ours = untrained_network(config, n_sensors=3)
    rows = _rows(config)

    theirs = _fitted(ours)

    np.testing.assert_allclose(
        theirs.reconstruct(rows), ours.reconstruct(rows), rtol=1e-4, atol=1e-5
    )
    if config.variational:
        np.testing.assert_allclose(theirs.divergence(rows), ours.divergence(rows), rtol=1e-4)


@KINDS
def test_the_halves_saved_make_the_whole(config: NetworkConfig, tmp_path: Path) -> None:
    """Saved models take windows of scaled readings and know the whitening themselves."""
    from trainer.keras_models import keras_files
    from trainer.quiet_tensorflow import keras

    network = _fitted(untrained_network(config, n_sensors=3))
    windows = correlated_windows(n_rows=200, window_size=config.window_size, n_sensors=3)
    coordinates = coordinates_of(windows)
    models = {}
    for name, content in keras_files(network, coordinates).items():
        (tmp_path / name).write_bytes(content)
        models[name] = keras.models.load_model(tmp_path / name)

    code = models["encoder.keras"](windows)
    back = models["decoder.keras"](code).numpy()

    assert code.shape == (200, config.code)
    assert back.shape == (200, 5, 3)
    np.testing.assert_allclose(models["model.keras"](windows).numpy(), back, rtol=1e-5, atol=1e-5)
    given_back = network.reconstruct(coordinates.inputs(config.kind, windows))
    np.testing.assert_allclose(coordinates.targets(back), given_back, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["dense-32-16-16-32", "lstm"])
def test_a_plain_model_is_saved_between_scaled_windows(name: str, tmp_path: Path) -> None:
    """It reads what the graph reads, and gives back all of it."""
    from trainer.keras_models import keras_files
    from trainer.quiet_tensorflow import keras

    config = replace(PlainSettings().as_published(MODELS[name]), window_size=3)
    network = _fitted(untrained_network(config, n_sensors=3))
    windows = correlated_windows(n_rows=50, window_size=3, n_sensors=3)
    (tmp_path / "model.keras").write_bytes(keras_files(network, PlainSpace())["model.keras"])

    back = keras.models.load_model(tmp_path / "model.keras")(windows).numpy()

    left = PlainParts(network, 3).residuals(windows).reshape(50, 3, 3)
    np.testing.assert_allclose(windows - back, left, rtol=1e-4, atol=1e-5)


def _rows(config: NetworkConfig) -> Any:
    shape = (50, 15) if config.kind == "dense" else (50, config.window_size, 3)
    return np.random.default_rng(seed=4).normal(size=shape).astype(np.float32)


def _fitted(plain: PlainNetwork) -> Any:
    from trainer.fitting import FittedNetwork

    return FittedNetwork(plain.config, 3, plain.weights, plain.losses)
