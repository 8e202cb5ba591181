"""What a training run is told, besides the recording itself."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from stream_detector.detection.threshold import HIGHEST_PER_DAY
from stream_detector.errors import SettingsError
from trainer.architectures import Activation, NetworkConfig, NetworkScore, Optimizer
from trainer.models import MODELS

Size = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Window = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Seed = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
Holdout = Annotated[float, msgspec.Meta(ge=0, lt=0.9)]
Weight = Annotated[float, msgspec.Meta(ge=0, le=1000)]
"""Of something that is added to the loss; 0 leaves it out."""

PerDay = Annotated[float, msgspec.Meta(gt=0, le=HIGHEST_PER_DAY)]

PLAIN_BATCH, PLAIN_RATE = 128, 1e-3
"""Windows per step, and rate of the optimizer, that a plain model is published with."""


class NetworkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The network; what is not given is as the kind has it (see ``architectures``)."""

    kind: str = "dense"
    """Name of a model, see ``models``."""
    layers: tuple[Size, ...] | None = None
    """Units of the encoder's layers before the code; the decoder mirrors them."""
    code: Size | None = None
    """Units of the code."""
    decoder: tuple[Size, ...] | None = None
    """Units of the decoder's layers, where they do not mirror the encoder's."""
    activation: Activation | None = None
    code_activation: Activation | None = None
    window: Window | None = None
    """Readings an LSTM, or any plain model, sees; the others have no choice."""
    optimizer: Optimizer | None = None
    steps: Size | None = None
    """In the default recipe; a plain model trains epochs."""
    batch: Size | None = None
    rate: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    decay: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    sparsity: Weight | None = None
    noise: Annotated[float, msgspec.Meta(ge=0, le=10)] | None = None
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)] | None = None
    tied: bool | None = None
    unit_norm: bool | None = None
    orthogonality: Weight | None = None
    decorrelation: Weight | None = None
    variational: Weight | None = None
    score: NetworkScore | None = None


class PlainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model as it was published: of standardised readings, its mean squared residual."""

    epochs: Size = 200
    """Passes over the rows that train; the weights with the lowest validation loss are kept."""

    patience: Size | None = None
    """Epochs without a lower validation loss after which training ends early."""

    validation: Annotated[float, msgspec.Meta(gt=0, lt=0.9)] = 0.2
    """Share of the training rows, the latest ones, that validate: they choose the weights, and
    every threshold is measured on them."""

    threshold: Annotated[float, msgspec.Meta(gt=0, le=1000)] | Literal["best-f1"] | None = None
    """Default threshold: a mean squared residual, or the one with the best F1 on the rows that
    validate. Without one, the budget's."""

    def as_published(self, network: NetworkConfig) -> NetworkConfig:
        """Give a network the size of window and the training of publications.

        Raises
        ------
        SettingsError
            If there is no network.
        """
        return dataclasses.replace(
            network,
            plain=True,
            window_size=network.window_size if network.kind == "lstm" else 1,
            batch=PLAIN_BATCH,
            rate=PLAIN_RATE,
            decay=0.0,
            epochs=self.epochs,
            patience=self.patience,
        )


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A training run; a TOML file has the same names."""

    network: NetworkSettings = NetworkSettings()
    plain: PlainSettings | None = None
    """None for the default recipe."""

    seed: Seed = 0
    """The same data, configuration and seed give a bundle of the same id on the same machine.

    All that decides scores is the same then; when and how long it trained is not.
    """

    holdout: Holdout = 0.2
    """Share of the rows, the latest ones, kept back for the report. 0 for short recordings:
    thresholds are cross-fitted and need none."""

    one_hot_mode: bool = False
    """Whether the model sees the machine's mode: one more sensor for each mode that the history
    has, 1 in readings of that mode and else 0."""

    budget: PerDay = 6.0
    """False alerts a day that the bundle's default threshold holds to."""

    head: bool | None = None
    """Whether a supervised head is fitted; None: from 45 labelled outcomes on."""

    head_budget: PerDay = 3.0
    """False alerts a day that the default threshold of the head's score holds to."""

    @property
    def network_config(self) -> NetworkConfig:
        """The network, with the defaults of its kind and of the form filled in.

        Raises
        ------
        SettingsError
            If there is no such kind, or it has no such thing to set.
        """
        network, plain = self.network, self.plain
        default = MODELS.get(network.kind)
        if default is None:
            raise SettingsError(f"no model is called {network.kind!r}; take {', '.join(MODELS)}")
        given = {field: getattr(network, field) for field in network.__struct_fields__}
        given["window_size"] = given.pop("window")
        del given["kind"]
        changed: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        if plain is None and default.kind != "lstm" and network.window is not None:
            raise SettingsError(
                f"a {network.kind} model has no window to set, it sees 5 readings: leave that out, "
                "or take an lstm or a plain model"
            )
        if plain is not None and network.steps is not None:
            raise SettingsError("a plain model trains epochs: set those in [plain], not steps")
        of_form = default if plain is None else plain.as_published(default)
        return dataclasses.replace(of_form, seed=self.seed, **changed)


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

    >>> known_names().partition(";")[0]
    'seed, holdout, one_hot_mode, budget, head, head_budget'
    """
    tables = {"network": NetworkSettings, "plain": PlainSettings}
    parts = [", ".join(name for name in TrainingConfig.__struct_fields__ if name not in tables)]
    parts += [f"in [{name}] {', '.join(one.__struct_fields__)}" for name, one in tables.items()]
    return "; ".join(parts)
