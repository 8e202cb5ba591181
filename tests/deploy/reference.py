"""What deploy/ says of the settings, made of the settings themselves.

The tables of ``settings.md`` and what the Helm chart's schema lets through as ``settings`` and
``files`` come from the types, defaults and docstrings of the settings classes:
``python -m tests.deploy.reference`` writes them, and a test says when they are out of date.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from stream_detector.connections.environment import PREFIX
from stream_detector.connections.settings import SECRETS, Settings
from stream_detector.connections.source_settings import SOURCE_SECRETS, SourceSettings

DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"
PAGE: Final = DEPLOY / "settings.md"
SCHEMA: Final = DEPLOY / "helm/stream-detector/values.schema.json"

NAMES: Final = (*Settings.model_fields, *SourceSettings.model_fields)
_ALL_SECRETS: Final = frozenset((*SECRETS, *SOURCE_SECRETS))

VARIABLES: Final = frozenset(
    PREFIX + name.upper() for name in (*NAMES, *(f"{one}_file" for one in _ALL_SECRETS))
)
"""Every variable there is."""

_CONNECTIONS: Final = ("kafka_", "redis_")
"""How those that say who we are begin, beside those of the bridges' sources."""

_LIMITS: Final = (
    *("type", "enum", "pattern", "minLength", "maxLength"),
    *("minimum", "exclusiveMinimum", "maximum"),
)

_SET_BY_CHART: Final = frozenset(("bundle", "bundles", "health_host", "health_port"))

_WITHOUT_PASSWORD: Final = {
    "redis_url": "^rediss?://([^:@/]+@)?[^@]+$",
    "alertmanager_url": "^https?://[^@]+$",
}
"""Secrets only where they hold a password; without one they may stand among the settings."""

_HOST_AND_PORT: Final = r"(kafka://)?(\[[0-9A-Fa-f:.]+\]|[^\s:/@,;]+):\d{1,5}"

_CHECKED_BY_CODE: Final = {"broker": f"^{_HOST_AND_PORT}([,;]\\s*{_HOST_AND_PORT})*$"}
"""What a validator looks at, in so far as a pattern can."""

_LIBRARY_SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "OTEL_TRACES_SAMPLER": {
        "description": "Which of the worker's batches are traced, in OpenTelemetry's words.",
        "type": "string",
        "enum": [
            *("always_on", "always_off", "traceidratio"),
            *("parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"),
        ],
    },
    "OTEL_TRACES_SAMPLER_ARG": {
        "description": "The share of them, for traceidratio.",
        "type": ["string", "number"],
        "pattern": r"^(0|1|0?\.[0-9]+)$",
        "minimum": 0,
        "maximum": 1,
    },
}
_LIBRARY_FILES: Final = ("OTEL_EXPORTER_OTLP_HEADERS", "SSL_CERT_FILE")
"""What libraries read themselves, and what we write of them."""

_BEGIN: Final = "<!-- made of the settings by make reference: {} -->\n"
_END: Final = "<!-- end -->"


def page(text: str) -> str:
    """Give settings.md with its tables as they should be."""
    fields = {**_fields(Settings), **_fields(SourceSettings)}
    connections = {name for name in fields if name.startswith(_CONNECTIONS)}
    connections |= SourceSettings.model_fields.keys()
    for title, names in (
        ("all programs", fields.keys() - connections),
        ("connections", connections),
    ):
        table = "".join(_rows({name: one for name, one in fields.items() if name in names}))
        begin = _BEGIN.format(title)
        before, found, rest = text.partition(begin)
        if not found or _END not in rest:
            raise ValueError(f"{PAGE} lacks {begin.strip()} or the {_END} behind it")
        text = f"{before}{begin}{table}{rest[rest.index(_END) :]}"
    return text


def schema(text: str) -> str:
    """Give the chart's schema with what it lets through as settings and files."""
    found = json.loads(text)
    parts = found["properties"]
    parts["settings"]["properties"] = {**dict(_chart_settings(Settings)), **_LIBRARY_SETTINGS}
    files = sorted((*_chart_files(Settings), *_LIBRARY_FILES))
    parts["files"]["propertyNames"] = {"enum": files}
    of_a_bridge = parts["bridges"]["additionalProperties"]["properties"]
    of_a_bridge["settings"]["properties"] = dict(_chart_settings(SourceSettings))
    of_a_bridge["files"]["propertyNames"] = {"enum": sorted(_chart_files(SourceSettings))}
    return json.dumps(found, indent=2) + "\n"


def _fields(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """Give each field's JSON schema, without the null of those that may be missing."""
    found = {}
    for name, one in model.model_json_schema()["properties"].items():
        kinds: list[dict[str, Any]] = one.get("anyOf", [{}])
        (kind,) = (kind for kind in kinds if kind.get("type") != "null")
        found[name] = {**one, **kind}
    return found


def _rows(fields: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "| variable | takes | default | says |\n|---|---|---|---|\n"
    for name, one in fields.items():
        variable = f"`{PREFIX}{name.upper()}`"
        if name in _ALL_SECRETS:
            variable += f" or `{PREFIX}{name.upper()}_FILE`"
        default = one.get("default")
        shown = (
            "none" if default is None else f"`{default:g}`" if _is_number(one) else f"`{default}`"
        )
        yield f"| {variable} | {_takes(one)} | {shown} | {_says(one)} |\n"


def _is_number(field: dict[str, Any]) -> bool:
    return field["type"] in {"integer", "number"}


def _takes(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if _is_number(field):
        least = field.get("minimum", field.get("exclusiveMinimum", 0) + 1)
        most = field.get("maximum", field.get("exclusiveMaximum", 0) - 1)
        return f"{least:,} to {most:,.0f}"
    return {"password": "a secret", "path": "a path"}.get(field.get("format", ""), "text")


def _says(field: dict[str, Any]) -> str:
    """Give the docstring as Markdown on one line; a setting in it by the name of its variable."""
    text = " ".join(field["description"].split()).replace("|", "\\|")
    text = re.sub(
        r"``(\w+)``",
        lambda found: f"``{PREFIX}{found[1].upper()}``" if found[1] in NAMES else found[0],
        text,
    )
    return text.replace("``", "`")


def _chart_settings(model: type[BaseModel]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in _fields(model).items():
        kind = one.get("format")
        if name in _SET_BY_CHART or kind == "path":
            continue
        allowed: dict[str, Any] = {key: one[key] for key in _LIMITS if key in one}
        if name in _CHECKED_BY_CODE:
            allowed["pattern"] = _CHECKED_BY_CODE[name]
        if kind == "password":
            if name not in _WITHOUT_PASSWORD:
                continue
            allowed = {"type": "string", "pattern": _WITHOUT_PASSWORD[name]}
        yield PREFIX + name.upper(), {"description": _says(one), **allowed}


def _chart_files(model: type[BaseModel]) -> Iterator[str]:
    for name, one in _fields(model).items():
        if name in _ALL_SECRETS:
            yield f"{PREFIX}{name.upper()}_FILE"
        elif one.get("format") == "path" and name not in _SET_BY_CHART:
            yield PREFIX + name.upper()


def main() -> None:
    """Write both."""
    for path, made in ((PAGE, page), (SCHEMA, schema)):
        path.write_text(made(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
