"""What all tables of a bridge's TOML file have in common."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo


class Table(BaseModel):
    """A table of the file: an unknown key is refused, a wrong type is not converted."""

    model_config = ConfigDict(
        frozen=True, use_attribute_docstrings=True, extra="forbid", strict=True
    )


def _beside(path: Path, info: ValidationInfo) -> Path:
    return path if info.context is None else Path(info.context) / path


NamedFile = Annotated[Path, Field(strict=False), AfterValidator(_beside)]
"""A relative name counts from the folder of the TOML file, which is the context of validation."""
