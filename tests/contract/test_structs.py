"""The structs of the code and the schemas know the same properties."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
import pytest

from stream_detector.alerting.alert_state import AlertState, BookMarker, Flood
from stream_detector.alerting.commands import Command, RefusalCode, Reply
from stream_detector.alerting.comparison import Comparison
from stream_detector.alerting.figures import LedgerFigures
from stream_detector.alerting.kpi import Kpis
from stream_detector.alerting.life import Change, ClearReason
from stream_detector.alerting.notices import Notification
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bridges.tags.notes import BridgeNote
from stream_detector.bundle.manifest import FORMAT, Manifest
from stream_detector.detection.feed_health import FeedFault, QualityState
from stream_detector.pipeline.messages import (
    AlertMessage,
    DataQualityMessage,
    OutcomeMessage,
    ScoreMessage,
)
from stream_detector.pipeline.readings import ReadingMessage
from stream_detector.pipeline.thresholds import ThresholdSetting
from tests.contract.schemas import parse, schema

WRITTEN: dict[str, type[msgspec.Struct]] = {
    "alert": AlertMessage,
    "score": ScoreMessage,
    "data-quality": DataQualityMessage,
    "manifest": Manifest,
    "reply": Reply,
    "alert-state": AlertState,
    "flood": Flood,
    "book-marker": BookMarker,
    "outcome": OutcomeMessage,
    "notification": Notification,
    "ledger": LedgerFigures,
    "kpi": Kpis,
    "bridge-note": BridgeNote,
    "comparison": Comparison,
}
TAKEN: dict[str, type[msgspec.Struct]] = {
    "command": Command,
    "reading": ReadingMessage,
    "threshold": ThresholdSetting,
    "rules": Rules,
}

BOUNDS = {
    "enum",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "default",
}


class Property(NamedTuple):
    """A property as a schema has it."""

    required: bool
    nullable: bool
    bounds: dict[str, Any]


def properties(node: Any, root: Any, place: str = "") -> Iterator[tuple[str, Property]]:
    """Every property below a node of a schema, with its place, e.g. ``over.count``."""
    for one in meanings(node, root):
        for name, child in one.get("properties", {}).items():
            found = list(meanings(child, root))
            bounds = {key: m[key] for m in found for key in BOUNDS & m.keys()}
            if "enum" in bounds:
                bounds["enum"] = sorted(bounds["enum"])
            yield (
                place + name,
                Property(
                    required=name in one.get("required", ()),
                    nullable=any("null" in m.get("type", ()) for m in found),
                    bounds=bounds,
                ),
            )
            yield from properties(child, root, f"{place}{name}.")
        if isinstance(one.get("items"), dict):
            yield from properties(one["items"], root, place)


def meanings(node: Any, root: Any) -> Iterator[Any]:
    """A node, what it refers to, and the alternatives it gives for a value."""
    yield node
    if "$ref" in node:
        yield from meanings(root["$defs"][node["$ref"].rpartition("/")[2]], root)
    # Beside properties, anyOf is a condition on them.
    if "properties" not in node:
        for one in node.get("anyOf", ()):
            yield from meanings(one, root)


def described(name: str) -> dict[str, Property]:
    root = schema(name)
    return dict(properties(root, root))


def coded(struct: type[msgspec.Struct]) -> dict[str, Property]:
    # As JSON, for a schema that msgspec makes holds tuples where JSON has lists.
    root = parse(msgspec.json.encode(msgspec.json.schema(struct)))
    return dict(properties(root, root))


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_always_has_every_property_of_its_schema(name: str) -> None:
    code, contract = coded(WRITTEN[name]), described(name)
    # The code passes this one on as plain data.
    contract = {k: v for k, v in contract.items() if not k.startswith("threshold_source.")}

    assert code.keys() == contract.keys()
    assert [place for place, one in contract.items() if not one.required] == []
    assert not any(struct.__struct_config__.omit_defaults for struct in structs(WRITTEN[name]))


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_null_only_where_its_schema_says_so(name: str) -> None:
    code, contract = coded(WRITTEN[name]), described(name)

    assert {k: v.nullable for k, v in code.items()}.items() <= {
        k: v.nullable for k, v in contract.items()
    }.items()


def structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """A struct, and those it is made of."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs(field.type)
    else:
        for one in getattr(kind, "__args__", ()):
            yield from structs(one)


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_needs_what_its_schema_requires(name: str) -> None:
    code, contract = coded(TAKEN[name]), described(name)

    assert {k: v.required for k, v in code.items()} == {k: v.required for k, v in contract.items()}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_keeps_to_the_bounds_of_its_schema(name: str) -> None:
    contract = described(name)
    for place, one in coded(TAKEN[name]).items():
        bounds = {key: bound for key, bound in one.bounds.items() if bound is not None}
        if place == "rules":
            bounds.pop("default")  # written shorter in the schema: see the next test
        assert bounds.items() <= contract[place].bounds.items(), place


def test_a_manifest_is_taken_only_within_the_bounds_of_its_schema() -> None:
    contract = described("manifest")

    for place, one in coded(Manifest).items():
        bounds = {key: bound for key, bound in one.bounds.items() if key != "default"}
        assert bounds == contract[place].bounds, place


def test_without_a_rule_there_is_the_one_that_the_schema_gives() -> None:
    default = schema("rules")["properties"]["rules"]["default"]

    assert msgspec.convert(default, tuple[Rule, ...]) == Rules().rules


@pytest.mark.parametrize("name", WRITTEN)
def test_a_closed_vocabulary_is_that_of_the_struct(name: str) -> None:
    contract = described(name)
    for place, one in coded(WRITTEN[name]).items():
        if "enum" in one.bounds:
            assert contract[place].bounds["enum"] == one.bounds["enum"], place


@pytest.mark.parametrize("name", ["alert", "score"])
def test_the_states_of_quality_are_those_of_the_code(name: str) -> None:
    assert described(name)["quality.state"].bounds["enum"] == sorted(QualityState)


def test_the_events_of_an_alert_are_those_of_the_code() -> None:
    assert described("alert")["event"].bounds["enum"] == sorted(Change)


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("alert", "reason", ClearReason),
        ("data-quality", "fault", FeedFault),
        ("reply", "reason_code", RefusalCode),
    ],
)
def test_an_open_vocabulary_begins_with_that_of_the_code(
    name: str, key: str, words: type[StrEnum]
) -> None:
    assert schema(name)["properties"][key]["examples"] == list(words)


def test_the_manifest_has_the_format_that_is_read() -> None:
    assert schema("manifest")["properties"]["format"]["const"] == FORMAT
