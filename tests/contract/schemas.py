"""The files in ``schemas/``: as they are, and as checks."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FOLDER = Path(__file__).resolve().parents[2] / "schemas"
NAMES = sorted(path.name.removesuffix(".v1.json") for path in FOLDER.glob("*.v1.json"))


def parse(text: str | bytes) -> Any:
    """Parse JSON as strictly as other languages do: NaN is none."""
    return json.loads(text, parse_constant=_refuse)


def read(file: str) -> Any:
    """Give the content of a JSON file in ``schemas/``."""
    return parse((FOLDER / file).read_bytes())


def schema(name: str) -> dict[str, Any]:
    """Give the schema of this name, e.g. ``alert``."""
    found: dict[str, Any] = read(f"{name}.v1.json")
    return found


def examples(name: str, kind: str) -> list[Path]:
    """List the examples of a schema; ``kind`` is valid or invalid."""
    return sorted((FOLDER / "examples" / name / kind).iterdir())


@cache
def validator(place: str) -> Draft202012Validator:
    """Make a check of a schema: a file, or a place in one (``asyncapi.json#/components/…``)."""
    registry: Registry[Any] = Registry(retrieve=_retrieve)  # type: ignore[call-arg]
    return Draft202012Validator(
        {"$ref": f"{FOLDER.as_uri()}/{place}"},
        registry=registry,
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def faults(document: Any, place: str) -> list[str]:
    """Tell what is wrong with a document, and where in it."""
    return [f"{one.json_path}: {one.message}" for one in validator(place).iter_errors(document)]


def _retrieve(uri: str) -> Resource[Any]:
    file = uri.removeprefix(f"{FOLDER.as_uri()}/")
    return Resource.from_contents(read(file), default_specification=DRAFT202012)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
