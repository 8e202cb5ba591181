"""Autoencoders as plans: what the layers are, before any library builds them.

A plan is read twice, by ``keras_models`` to train the network and by ``export`` to write
it as an ONNX graph; a test holds the two readings together. A new kind of network is a
new plan, and a new kind of layer one more case in both readers.

All networks give back the same: the last 4 readings, whitened side by side (see
``whitening``), so with no network left the level score is the Mahalanobis distance. An
LSTM reads the whole window for it. Asked for the window itself, reading by reading in
whitened coordinates of single readings, it detects less (VUS-PR on the ASD servers .38
instead of .43): those leave the likeness of neighbouring readings in, and the network
learns to repeat it.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from stream_detector.errors import SettingsError

STACKED_READINGS = 4
"""Readings that the linear part and the dense network see side by side as one long row."""

Kind = Literal["dense", "lstm", "linear"]
Activation = Literal["tanh", "relu", "linear"]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Which network, and how it is trained.

    >>> NetworkConfig(kind="lstm", layers=(32,), code=16, window_size=30).window_size
    30
    """

    kind: Kind = "dense"
    """``dense``: reads 4 readings side by side. ``lstm``: reads the whole window, reading by
    reading. ``linear``: no network, the level score is the Mahalanobis distance alone."""

    layers: tuple[int, ...] = (48,)
    """Units of the encoder's layers before the code; the decoder mirrors them."""

    code: int = 12
    """Units of the code, the bottleneck."""

    activation: Activation = "tanh"
    """Of all layers but a dense network's code and the output, which are linear. An LSTM
    with relu trains no faster, and its outputs explode (308 from inputs near 1)."""

    window_size: int = STACKED_READINGS
    """Readings in the window: 4, which the linear part compares, or more for an LSTM."""

    steps: int = 1500
    """Steps of the optimizer; their number is fixed, not stopped early."""

    batch: int = 64
    """Windows per step, drawn at random with replacement."""

    rate: float = 2e-3
    """Rate of Adam in the first step; it falls along a cosine to 2 % of that."""

    decay: float = 1e-4
    """Weight decay: this half of the sum of squares of a weight matrix, in the mean over
    the matrices, is added to the loss."""

    seed: int = 0
    """Of the first weights and of the order of the windows."""

    def __post_init__(self) -> None:
        """Refuse sizes that no network can have.

        Raises
        ------
        SettingsError
        """
        if self.window_size < STACKED_READINGS:
            raise SettingsError(
                f"the window has {self.window_size} readings; "
                f"it needs at least the {STACKED_READINGS} that the linear part compares"
            )
        if self.kind != "lstm" and self.window_size > STACKED_READINGS:
            raise SettingsError(
                f"a {self.kind} model reads {STACKED_READINGS} readings, "
                f"not {self.window_size}; choose lstm for a longer window"
            )
        if self.kind == "lstm" and self.activation == "linear":
            raise SettingsError("an LSTM needs the activation tanh or relu, not linear")
        sizes = (*self.layers, self.code, self.steps, self.batch)
        if min(sizes) < 1:
            raise SettingsError(f"sizes and steps of a network must be positive, got {sizes}")


DENSE = NetworkConfig()
LSTM = NetworkConfig(kind="lstm", layers=(32,), code=16, window_size=5)
LINEAR = NetworkConfig(kind="linear", layers=())


class Layer(NamedTuple):
    """One layer of a plan.

    Parameters
    ----------
    kind : {"dense", "lstm", "repeat"}
        ``repeat`` hands one code to each of the 4 readings given back; it has no weights.
    units : int
    activation : {"tanh", "relu", "linear"}
    every_reading : bool
        Whether an ``lstm`` gives one output per reading, or only the last.
    """

    kind: Literal["dense", "lstm", "repeat"]
    units: int
    activation: Activation = "linear"
    every_reading: bool = True


class Plan(NamedTuple):
    """Layers from the whitened readings to the code, and from the code back."""

    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]


def plan(config: NetworkConfig, *, n_sensors: int) -> Plan:
    """Lay out the network for so many sensors.

    >>> encoder, decoder = plan(NetworkConfig(), n_sensors=5)
    >>> [layer.units for layer in encoder], [layer.units for layer in decoder]
    ([48, 12], [48, 20])
    """
    act = config.activation
    mirrored = config.layers[::-1]
    match config.kind:
        case "dense":
            return Plan(
                (*(Layer("dense", n, act) for n in config.layers), Layer("dense", config.code)),
                (
                    *(Layer("dense", n, act) for n in mirrored),
                    Layer("dense", STACKED_READINGS * n_sensors),
                ),
            )
        case "lstm":
            code = Layer("lstm", config.code, act, every_reading=False)
            return Plan(
                (*(Layer("lstm", n, act) for n in config.layers), code),
                (
                    Layer("repeat", config.code),
                    *(Layer("lstm", n, act) for n in (config.code, *mirrored)),
                    Layer("dense", n_sensors),
                ),
            )
        case "linear":
            raise ValueError("the linear kind has no network")
