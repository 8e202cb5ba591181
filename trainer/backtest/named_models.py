"""The models that people name for an evaluation, and the budgets that their files ask for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from stream_detector.errors import SettingsError
from trainer.config import NetworkSettings, PlainSettings, TrainingConfig, read_config
from trainer.models import MODELS

_PLAIN = "plain:"

HOW_TO_NAME = (
    f"Name of a model, as `trainer fit --model` takes it, with {_PLAIN} before it for the form in "
    "which it was published; or a configuration file (TOML)"
)

# Written out: their modules load scikit-learn and LightGBM.
NAMES_TAKEN = frozenset(
    {
        "linear",
        "head",
        "random",
        "minutes since restart",
        "always on",
        "PCA T2",
        "PCA Q",
        "ridge Mahalanobis",
        "one-class SVM",
        "isolation forest",
        "undersampled forest",
        "undersampled SVM",
    }
)
"""What stands beside the models has these names in a result."""


class Model(NamedTuple):
    """A model to judge.

    Parameters
    ----------
    name : str
        Under which it is told of.
    config : TrainingConfig
    is_of_file : bool
        Whether a configuration file describes it.
    """

    name: str
    config: TrainingConfig
    is_of_file: bool = False


def read_model(text: str) -> Model:
    """Take a model by its name, or by the configuration file that describes it.

    Raises
    ------
    SettingsError
        If it is neither, or what the file says does not go together.
    """
    kind, file = text.removeprefix(_PLAIN), Path(text)
    if kind in MODELS:
        plain = None if kind == text else PlainSettings()
        model = Model(text, TrainingConfig(network=NetworkSettings(kind=kind), plain=plain))
    elif file.is_file():
        if file.stem in NAMES_TAKEN:
            raise SettingsError(
                f"the model of {text!r} would be called {file.stem!r}, as what always stands "
                "beside models is; give the file another name"
            )
        model = Model(file.stem, read_config(file), is_of_file=True)
    else:
        raise SettingsError(
            f"{text!r} is neither a model ({', '.join(MODELS)}; as published with {_PLAIN} before "
            "it) nor a configuration file"
        )
    model.config.network_config  # noqa: B018 - raises where it does not go together
    return model


def budget_of_files(
    models: Sequence[Model], name: Literal["budget", "head_budget"] = "budget"
) -> float:
    """Take the budget that the models' files ask for; the usual one where none has a file.

    Raises
    ------
    SettingsError
        If they ask for several.
    """
    asked = sorted({getattr(one.config, name) for one in models if one.is_of_file})
    if not asked:
        return float(getattr(TrainingConfig(), name))
    first, *others = asked
    if others:
        remedy = ", or give --budget" if name == "budget" else ""
        raise SettingsError(
            f"the models' files ask for a {name} of {', '.join(f'{one:g}' for one in asked)}, and "
            f"all models are looked at most closely at one: let the files say the same{remedy}"
        )
    return float(first)
