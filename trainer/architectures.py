"""Autoencoders as plans: what the layers are, before any library builds them.

A plan is read twice, by ``keras_models`` to train the network and by ``export`` to write
it as an ONNX graph; a test holds the two readings together. A new kind of network is a
new plan, and a new kind of layer one more case in both readers. What the literature adds
to an autoencoder (noise, sparsity, tied weights ...) is a setting each; all but the spread
of a variational code count in training only, and leave the plan as it is.

In the default recipe all networks give back the same: the last 5 readings, whitened side
by side (see ``whitening``), so with no network left the level score is the Mahalanobis
distance. An LSTM reads the whole window for it. Asked for the window itself, reading by
reading in whitened coordinates of single readings, it detects less (VUS-PR on the ASD
servers .38 instead of .43): those leave the likeness of neighbouring readings in, and the
network learns to repeat it. A plain network, as published, gives back the window it reads.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from stream_detector.errors import SettingsError

STACKED_READINGS = 5
"""Readings that the linear part and the dense network see side by side as one long row.

With 4, 5, 6 and 8 a linear model's VUS-PR on the ASD servers is .38, .39, .40 and .40, and it
detects as much of the TEP faults; each one more costs a tenth of the graph's time and more."""

Kind = Literal["dense", "lstm", "linear"]
Activation = Literal["tanh", "relu", "linear"]
Optimizer = Literal["adam", "rmsprop"]
NetworkScore = Literal["reconstruction", "elbo"]

_OF_EVERY_NETWORK = (
    "kind",
    "layers",
    "code",
    "activation",
    "window_size",
    "batch",
    "rate",
    "decay",
    "seed",
)
_OF_DENSE_NETWORKS = (
    "decoder",
    "code_activation",
    "tied",
    "unit_norm",
    "orthogonality",
    "decorrelation",
    "variational",
)


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Which network, and how it is trained.

    >>> NetworkConfig(kind="lstm", layers=(32,), code=16, window_size=30).window_size
    30
    """

    kind: Kind = "dense"
    """``dense``: reads some readings side by side. ``lstm``: reads the window reading by
    reading. ``linear``: no network, the level score is the Mahalanobis distance alone."""

    layers: tuple[int, ...] = (48,)
    """Units of the encoder's layers before the code."""

    code: int = 12
    """Units of the code, the bottleneck."""

    activation: Activation = "tanh"
    """Of all layers but a dense network's code and the output, which is linear. An LSTM
    with relu trains no faster, and its outputs explode (308 from inputs near 1)."""

    window_size: int = STACKED_READINGS
    """Readings in the window: 5, which the linear part compares, or more for an LSTM. A
    plain network has the choice."""

    steps: int = 1500
    """Steps of the optimizer in the default recipe; their number is fixed, not stopped early."""

    batch: int = 64
    """Windows per step, drawn at random with replacement; an epoch draws each once."""

    rate: float = 2e-3
    """Rate of the optimizer in the first step; over ``steps`` it falls along a cosine to 2 %
    of that, over epochs it stays."""

    decay: float = 1e-4
    """Weight decay: this half of the sum of squares of a weight matrix, in the mean over
    the matrices, is added to the loss."""

    seed: int = 0
    """Of the first weights, of the order of the windows, and of noise."""

    decoder: tuple[int, ...] | None = None
    """Units of the decoder's layers before its output. None mirrors the encoder's, in an LSTM
    behind one more of the code's size."""

    code_activation: Activation = "linear"
    """Of a dense network's code."""

    optimizer: Optimizer = "adam"

    sparsity: float = 0.0
    """L1 activity penalty: this times the sum of absolute outputs of the first layer is added
    to the loss, so that most of them rest at 0."""

    noise: float = 0.0
    """Standard deviation of Gaussian noise that training adds to the inputs, not to what is to
    be given back."""

    dropout: float = 0.0
    """Share of the inputs that training sets to 0; the others grow by as much."""

    tied: bool = False
    """The decoder's matrices are the encoder's, transposed."""

    unit_norm: bool = False
    """What comes into a unit of the encoder, and out of one of the decoder's inputs, has
    weights of length 1."""

    orthogonality: float = 0.0
    """This times the mean squared cosine between the weight vectors of a layer is added to the
    loss."""

    decorrelation: float = 0.0
    """This times the mean squared correlation between the code's units is added to the loss."""

    variational: float = 0.0
    """The code is a distribution, and this times its divergence from the standard normal one is
    added to the loss (1 makes it the ELBO). Scored is its mean. 0 is an ordinary code."""

    score: NetworkScore = "reconstruction"
    """What a variational network is judged by: the residual, or the ELBO (residual and
    divergence)."""

    plain: bool = False
    """As published: between standardised readings, not whitened ones, and it gives back the
    whole window."""

    epochs: int | None = None
    """Instead of steps: passes over the rows to learn from. The weights with the lowest
    validation loss are kept."""

    patience: int | None = None
    """Epochs without a lower validation loss after which training ends early; None for never."""

    def __post_init__(self) -> None:
        """Refuse what no network can have.

        Raises
        ------
        SettingsError
        """
        self._check_window()
        if self.kind == "lstm":
            self._check_lstm()
        if self.tied and self.decoder is not None:
            raise SettingsError("a tied decoder mirrors the encoder: leave its layers out")
        if self.score == "elbo" and not self.variational:
            raise SettingsError("only a variational network can be scored by its ELBO")
        sizes = (*self.layers, *(self.decoder or ()), self.code, self.steps, self.batch)
        if min(sizes) < 1:
            raise SettingsError(f"sizes and steps of a network must be positive, got {sizes}")

    def _check_window(self) -> None:
        if self.plain and self.kind == "linear":
            raise SettingsError(
                "a plain model is its network's residual, and linear has no network; choose "
                "another kind, or the default recipe"
            )
        if self.window_size < self.readings_back:
            raise SettingsError(
                f"the window has {self.window_size} readings; "
                f"it needs at least the {STACKED_READINGS} that the linear part compares"
            )
        if self.kind != "lstm" and self.window_size > self.readings_back:
            raise SettingsError(
                f"a {self.kind} model reads {STACKED_READINGS} readings, "
                f"not {self.window_size}; choose lstm for a longer window"
            )

    def _check_lstm(self) -> None:
        if self.activation == "linear":
            raise SettingsError("an LSTM needs the activation tanh or relu, not linear")
        for name in _OF_DENSE_NETWORKS:
            if getattr(self, name) != getattr(DENSE, name):
                raise SettingsError(
                    f"an LSTM has no {name} to set: leave that out, or choose dense"
                )

    @property
    def readings_back(self) -> int:
        """Readings that the network gives back, the newest of the window."""
        return self.window_size if self.plain else STACKED_READINGS

    @property
    def described(self) -> dict[str, Any]:
        """The network in plain values: its sizes and training, and what else it has.

        What it does not have is not named.

        >>> NetworkConfig(kind="dense", tied=True).described["tied"], "noise" in DENSE.described
        (True, False)
        """
        if self.kind == "linear":
            return {"kind": self.kind, "seed": self.seed}
        named = {*_OF_EVERY_NETWORK, "steps" if self.epochs is None else "epochs"}
        named |= {name for name, value in vars(self).items() if value != getattr(DENSE, name)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
            if name in named
        }


DENSE = NetworkConfig()
LSTM = NetworkConfig(kind="lstm", layers=(32,), code=16, window_size=5)
LINEAR = NetworkConfig(kind="linear", layers=())


class Layer(NamedTuple):
    """One layer of a plan.

    Parameters
    ----------
    kind : {"dense", "lstm", "repeat"}
        ``repeat`` hands one code to each of the readings given back; it has no weights.
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
    """Layers from the readings to the code, and from the code back.

    ``spread``, of a variational network, reads what the code's own layer reads, and gives the
    logarithms of the code's variances.
    """

    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    spread: Layer | None = None


def plan(config: NetworkConfig, *, n_sensors: int) -> Plan:
    """Lay out the network for so many sensors.

    >>> encoder, decoder, _ = plan(NetworkConfig(), n_sensors=5)
    >>> [layer.units for layer in encoder], [layer.units for layer in decoder]
    ([48, 12], [48, 25])
    """
    act = config.activation
    mirrored = config.layers[::-1]
    match config.kind:
        case "dense":
            back = mirrored if config.decoder is None else config.decoder
            code = Layer("dense", config.code, config.code_activation)
            return Plan(
                (*(Layer("dense", n, act) for n in config.layers), code),
                (
                    *(Layer("dense", n, act) for n in back),
                    Layer("dense", config.readings_back * n_sensors),
                ),
                Layer("dense", config.code) if config.variational else None,
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
