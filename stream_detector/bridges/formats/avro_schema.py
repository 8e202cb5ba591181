"""Which Avro schemas a message may bring: those that bound what comes out of its bytes.

Anyone who may write to the topic may name any schema of the registry. Two kinds of them make a few
bytes into something without a limit: lists of what takes no bytes, and records within themselves.
"""

import json
from typing import Any

from fastavro.schema import SchemaParseException, UnknownType, expand_schema

from stream_detector.errors import RowError

_PLAIN = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})


def check_bounded(text: str) -> None:
    """Refuse a schema whose records could be endless.

    One that refers to others in the registry is not looked at.

    Raises
    ------
    RowError
        ``other-schema``.

    Examples
    --------
    >>> check_bounded('{"type": "array", "items": "string"}')
    >>> check_bounded('{"type": "array", "items": "null"}')
    Traceback (most recent call last):
    stream_detector.errors.RowError: other-schema: the schema has a list of what takes no bytes, \
so a short message could be endless
    """
    try:
        _check(expand_schema(json.loads(text)))
    except (SchemaParseException, UnknownType, RecursionError, ValueError) as error:
        raise RowError("other-schema", f"the schema cannot be read: {error!s:.200}") from error


def _check(schema: Any) -> None:
    if isinstance(schema, list):
        for branch in schema:
            _check(branch)
    elif isinstance(schema, str):
        # All names are replaced by what they mean, but for those within their own meaning.
        if schema not in _PLAIN:
            raise RowError(
                "other-schema", f"the schema has {schema!r} within itself: expected none"
            )
    elif schema["type"] in {"array", "map"}:
        inner = schema["items" if schema["type"] == "array" else "values"]
        if schema["type"] == "array" and _takes_no_bytes(inner):
            raise RowError(
                "other-schema",
                "the schema has a list of what takes no bytes, so a short message could be endless",
            )
        _check(inner)
    elif schema["type"] in {"record", "error"}:
        for field in schema["fields"]:
            _check(field["type"])
    elif not isinstance(schema["type"], str):
        _check(schema["type"])


def _takes_no_bytes(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return bool(schema == "null")
    if schema["type"] in {"record", "error"}:
        return all(_takes_no_bytes(field["type"]) for field in schema["fields"])
    return bool(schema["type"] == "null") or (schema["type"] == "fixed" and schema["size"] == 0)
