"""Plans as Keras models: bare for training, and between their whitenings for the bundle."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trainer.architectures import STACKED_READINGS, Layer, NetworkConfig, plan
from trainer.quiet_tensorflow import keras
from trainer.score_parts import Coordinates

layers = keras.layers


class KerasModels(NamedTuple):
    """An autoencoder and its halves; they share their layers."""

    encoder: Any
    decoder: Any
    autoencoder: Any


def build(config: NetworkConfig, *, n_sensors: int) -> KerasModels:
    """Build the network with fresh weights.

    It reads whitened rows, shape (4 * n_sensors,) for the dense kind and (window_size,
    n_sensors) for the LSTM, and writes rows of shape (4 * n_sensors,).
    ``autoencoder.get_weights()`` comes in the order of the plan.
    """
    stacked = (STACKED_READINGS * n_sensors,)
    shape = stacked if config.kind == "dense" else (config.window_size, n_sensors)
    encoding, decoding = plan(config, n_sensors=n_sensors)
    encoder = _sequence("encoder", shape, *map(_layer, encoding))
    decoder = _sequence("decoder", (config.code,), *map(_layer, decoding), layers.Reshape(stacked))
    return KerasModels(encoder, decoder, _sequence("autoencoder", shape, encoder, decoder))


def between(coordinates: Coordinates, models: KerasModels, config: NetworkConfig) -> KerasModels:
    """Put the whitening before a fitted network and its inverse behind it.

    The result reads windows of scaled and clipped readings, shape (window_size, p), and
    writes their last 4 readings, so it can be used without knowing of whitening.
    """
    level, row = coordinates.level, coordinates.row
    p = len(row.mean)
    if config.kind == "dense":
        inward = [layers.Flatten(), _fixed("whitening", level.matrix, -level.mean @ level.matrix)]
    else:
        inward = [_fixed("whitening", row.matrix, -row.mean @ row.matrix)]
    unwhitening = _fixed("unwhitening", np.linalg.inv(level.matrix), level.mean)
    outward = [unwhitening, layers.Reshape((STACKED_READINGS, p))]
    window = (config.window_size, p)
    encoder = _sequence("encoder", window, *inward, models.encoder)
    decoder = _sequence("decoder", (config.code,), models.decoder, *outward)
    return KerasModels(encoder, decoder, _sequence("autoencoder", window, encoder, decoder))


def _sequence(name: str, shape: tuple[int, ...], *parts: Any) -> Any:
    return keras.Sequential([keras.Input(shape), *parts], name=name)


def _layer(layer: Layer) -> Any:
    match layer.kind:
        case "dense":
            return layers.Dense(layer.units, layer.activation)
        case "lstm":
            return layers.LSTM(layer.units, layer.activation, return_sequences=layer.every_reading)
        case "repeat":
            return layers.RepeatVector(STACKED_READINGS)


def _fixed(name: str, kernel: Any, bias: Any) -> Any:
    """Make a dense layer with given weights that no training changes."""
    fixed = layers.Dense(len(bias), name=name, trainable=False)
    fixed.build((None, len(kernel)))
    fixed.set_weights([kernel, bias])
    return fixed


def keras_files(network: Any, coordinates: Coordinates) -> dict[str, bytes]:
    """Save a fitted network, and its halves, as ``.keras`` files between their whitenings."""
    models = between(coordinates, network.models, network.config)
    names = {
        "model.keras": models.autoencoder,
        "encoder.keras": models.encoder,
        "decoder.keras": models.decoder,
    }
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, model in names.items():
            path = Path(folder, name)
            model.save(path)
            files[name] = path.read_bytes()
    return files
