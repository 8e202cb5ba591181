"""The environment: what of it is ours, and what is wrong with it."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import BaseModel, ValidationError

from stream_detector.errors import SettingsError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX: Final = "DETECTOR_"

Model = TypeVar("Model", bound=BaseModel)


def variables(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give our variables by the settings they are; one with nothing in it is not set.

    Examples
    --------
    >>> variables({"DETECTOR_BROKER": "kafka:9092", "DETECTOR_GROUP": "", "HOME": "/"})
    {'broker': 'kafka:9092'}
    """
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in (os.environ if environment is None else environment).items()
        if name.startswith(PREFIX) and value.strip()
    }


def validated(model: type[Model], given: Mapping[str, str]) -> Model:
    """Make settings of variables.

    Raises
    ------
    SettingsError
        If one is missing or wrong; without its value, which may be a secret.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found_wrong = error.errors(include_input=False, include_context=False)
        problems = "; ".join(map(_problem, found_wrong))
        raise SettingsError(f"wrong settings: {problems}") from None


def _problem(one: "ErrorDetails") -> str:
    missing = one["type"] == "missing"
    what = "is not set, and has no default" if missing else one["msg"].removeprefix("Value error, ")
    # What is wrong with several together stands at none of them.
    return f"{PREFIX}{str(one['loc'][0]).upper()}: {what}" if one["loc"] else what
