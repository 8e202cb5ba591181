"""Plans as Keras models: bare for training, and around a whitening for the bundle."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trainer.architectures import STACKED_READINGS, Layer, NetworkConfig, plan
from trainer.quiet_tensorflow import keras
from trainer.whitening import Whitening

layers = keras.layers


class KerasModels(NamedTuple):
    """An autoencoder and its halves; they share their layers."""

    encoder: Any
    decoder: Any
    autoencoder: Any


def build(config: NetworkConfig, *, n_sensors: int) -> KerasModels:
    """Build the network with fresh weights; it reads and writes whitened rows.

    Rows have shape (4 * n_sensors,) for the dense kind and (window_size, n_sensors) for
    the LSTM. ``autoencoder.get_weights()`` comes in the order of the plan.
    """
    dense = config.kind == "dense"
    shape = (STACKED_READINGS * n_sensors,) if dense else (config.window_size, n_sensors)
    encoding, decoding = plan(config, n_columns=shape[-1])
    encoder = _sequence("encoder", shape, *(_layer(one, config) for one in encoding))
    decoder = _sequence("decoder", (config.code,), *(_layer(one, config) for one in decoding))
    return KerasModels(encoder, decoder, _sequence("autoencoder", shape, encoder, decoder))


def around(whitening: Whitening, models: KerasModels, config: NetworkConfig) -> KerasModels:
    """Put the whitening before a fitted network and its inverse behind it.

    The result reads and writes windows of scaled and clipped readings, shape
    (window_size, p), so it can be used without knowing of whitening.
    """
    columns = len(whitening.mean)
    p = columns // STACKED_READINGS if config.kind == "dense" else columns
    window = (config.window_size, p)
    whiten = _fixed("whitening", whitening.matrix, -whitening.mean @ whitening.matrix)
    unwhiten = _fixed("unwhitening", np.linalg.inv(whitening.matrix), whitening.mean)
    inward, outward = [whiten], [unwhiten]
    if config.kind == "dense":
        inward.insert(0, layers.Flatten())
        outward.append(layers.Reshape(window))
    encoder = _sequence("encoder", window, *inward, models.encoder)
    decoder = _sequence("decoder", (config.code,), models.decoder, *outward)
    return KerasModels(encoder, decoder, _sequence("autoencoder", window, encoder, decoder))


def _sequence(name: str, shape: tuple[int, ...], *parts: Any) -> Any:
    return keras.Sequential([keras.Input(shape), *parts], name=name)


def _layer(layer: Layer, config: NetworkConfig) -> Any:
    match layer.kind:
        case "dense":
            return layers.Dense(layer.units, layer.activation)
        case "lstm":
            return layers.LSTM(layer.units, layer.activation, return_sequences=layer.every_reading)
        case "repeat":
            return layers.RepeatVector(config.window_size)


def _fixed(name: str, kernel: Any, bias: Any) -> Any:
    """Make a dense layer with given weights that no training changes."""
    fixed = layers.Dense(len(bias), name=name, trainable=False)
    fixed.build((None, len(kernel)))
    fixed.set_weights([kernel, bias])
    return fixed


def keras_files(network: Any, whitening: Whitening) -> dict[str, bytes]:
    """Save a fitted network, and its halves, as ``.keras`` files around their whitening."""
    models = around(whitening, network.models, network.config)
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
