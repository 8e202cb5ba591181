"""What a training run is told, besides the recording itself."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from stream_detector.errors import SettingsError
from trainer.architectures import DENSE, LINEAR, LSTM, NetworkConfig

Size = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Window = Annotated[int, msgspec.Meta(ge=4, le=1000)]
Seed = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
Holdout = Annotated[float, msgspec.Meta(ge=0, lt=0.9)]
PerDay = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
"""At most one a second: more, or an infinite number, is a slip of the pen."""


class NetworkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The network of the level part; what is not given is as the kind has it."""

    kind: Literal["dense", "lstm", "linear"] = "dense"
    layers: tuple[Size, ...] | None = None
    """Units of the encoder's layers before the code; the decoder mirrors them."""
    code: Size | None = None
    """Units of the code."""
    activation: Literal["tanh", "relu", "linear"] | None = None
    window: Window | None = None
    """Readings an LSTM sees; the other kinds have no choice."""
    steps: Size | None = None
    batch: Size | None = None
    rate: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    decay: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None

    def config(self, *, seed: int) -> NetworkConfig:
        """Give the network's configuration, with the defaults of its kind filled in.

        Raises
        ------
        SettingsError
            If the kind has no such thing to set.
        """
        default = {"dense": DENSE, "lstm": LSTM, "linear": LINEAR}[self.kind]
        given: dict[str, Any] = {
            "layers": self.layers,
            "code": self.code,
            "activation": self.activation,
            "window_size": self.window,
            "steps": self.steps,
            "batch": self.batch,
            "rate": self.rate,
            "decay": self.decay,
        }
        if self.kind != "lstm" and self.window is not None:
            raise SettingsError(
                f"a {self.kind} model has no window to set, it sees 4 readings: leave that out, or "
                "take an lstm model"
            )
        changed = {name: value for name, value in given.items() if value is not None}
        return dataclasses.replace(default, seed=seed, **changed)


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A training run; a TOML file has the same names."""

    network: NetworkSettings = NetworkSettings()
    seed: Seed = 0
    """The same data, configuration and seed give the same bundle on the same machine."""

    holdout: Holdout = 0.2
    """Share of the rows, the latest ones, kept back for the report. 0 for short recordings:
    thresholds are cross-fitted and need none."""

    budget: PerDay = 6.0
    """False alerts a day that the bundle's default threshold holds to."""


def read_config(path: Path) -> TrainingConfig:
    """Read a configuration from a TOML file.

    Raises
    ------
    SettingsError
        If it cannot be read, or has an unknown name or a wrong value.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), TrainingConfig)
    except OSError as error:
        raise SettingsError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    except (ValueError, msgspec.ValidationError) as error:
        hint = f"it may say {known_names()}" if "unknown field" in str(error) else "correct it"
        raise SettingsError(f"{str(path)!r} is wrong: {error}; {hint}") from error


def known_names() -> str:
    """Name all that a configuration file may say.

    >>> known_names()
    'seed, holdout, budget; in [network] kind, layers, code, activation, window, steps, batch, \
rate, decay'
    """
    own = ", ".join(name for name in TrainingConfig.__struct_fields__ if name != "network")
    return f"{own}; in [network] {', '.join(NetworkSettings.__struct_fields__)}"
