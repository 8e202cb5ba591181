"""Plans as Keras models: bare for training, and between their scalings for the bundle."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.architectures import Layer, NetworkConfig, plan
from trainer.quiet_tensorflow import keras
from trainer.score_parts import Coordinates, NetworkSpace

layers = keras.layers


class KerasModels(NamedTuple):
    """An autoencoder and its halves; they share their layers.

    ``spread``, of a variational network, reads what the encoder's last layer reads, and gives
    the logarithms of the code's variances.
    """

    encoder: Any
    decoder: Any
    autoencoder: Any
    spread: Any = None

    @property
    def variables(self) -> list[Any]:
        """The variables of all layers; those of the autoencoder first."""
        spread = [] if self.spread is None else self.spread.variables
        return [*self.autoencoder.variables, *spread]

    @property
    def weights(self) -> list[NDArray[np.float32]]:
        """All weights, in the order of the plan: encoder, decoder, spread."""
        return [array for part in self._parts for array in part.get_weights()]

    def set_weights(self, weights: Sequence[NDArray[np.float32]]) -> None:
        """Take weights in the order of the plan."""
        start = 0
        for part in self._parts:
            stop = start + len(part.weights)
            part.set_weights(weights[start:stop])
            start = stop

    @property
    def _parts(self) -> tuple[Any, ...]:
        return (self.encoder, self.decoder, *([] if self.spread is None else [self.spread]))


def build(config: NetworkConfig, *, n_sensors: int) -> KerasModels:
    """Build the network with fresh weights.

    It reads rows, shape (readings_back * n_sensors,) for the dense kind and (window_size,
    n_sensors) for the LSTM, and writes rows of shape (readings_back * n_sensors,).
    """
    stacked = (config.readings_back * n_sensors,)
    shape = stacked if config.kind == "dense" else (config.window_size, n_sensors)
    encoding, decoding, spreading = plan(config, n_sensors=n_sensors)
    encoder = _sequence("encoder", shape, *(_layer(one, config) for one in encoding))
    back = (_layer(one, config) for one in decoding)
    decoder = _sequence("decoder", (config.code,), *back, layers.Reshape(stacked))
    autoencoder = _sequence("autoencoder", shape, encoder, decoder)
    if spreading is None:
        return KerasModels(encoder, decoder, autoencoder)
    read_by_code = encoder.layers[-1].input.shape[1:]
    spread = _sequence("spread", read_by_code, _layer(spreading, config))
    return KerasModels(encoder, decoder, autoencoder, spread)


def before_code(models: KerasModels, rows: Any) -> Any:
    """Give what the code's own layer reads of these rows."""
    for layer in models.encoder.layers[:-1]:
        rows = layer(rows)
    return rows


def between(space: NetworkSpace, models: KerasModels, config: NetworkConfig) -> KerasModels:
    """Put the whitening, if there is one, before a fitted network and its inverse behind it.

    The result reads windows of scaled and clipped readings, shape (window_size, p), and
    writes their last readings, shape (readings_back, p), so it can be used without knowing
    of whitening.
    """
    p = models.decoder.output.shape[-1] // config.readings_back
    inward = [layers.Flatten()] if config.kind == "dense" else []
    outward = [layers.Reshape((config.readings_back, p))]
    if isinstance(space, Coordinates):
        level = space.level
        of_rows = level if config.kind == "dense" else space.row
        inward.append(_fixed("whitening", of_rows.matrix, -of_rows.mean @ of_rows.matrix))
        outward.insert(0, _fixed("unwhitening", np.linalg.inv(level.matrix), level.mean))
    window = (config.window_size, p)
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
            return layers.RepeatVector(config.readings_back)


def _fixed(name: str, kernel: Any, bias: Any) -> Any:
    """Make a dense layer with given weights that no training changes."""
    fixed = layers.Dense(len(bias), name=name, trainable=False)
    fixed.build((None, len(kernel)))
    fixed.set_weights([kernel, bias])
    return fixed


def keras_files(network: Any, space: NetworkSpace) -> dict[str, bytes]:
    """Save a fitted network, and its halves, as ``.keras`` files between their scalings."""
    models = between(space, network.models, network.config)
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
