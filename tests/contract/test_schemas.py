"""The schemas themselves: valid, complete, and of one mind."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract.schemas import FOLDER, NAMES, schema

every_schema = pytest.mark.parametrize("name", NAMES)

# Conditions and examples name properties that are described elsewhere.
CONDITIONS = {"if", "then", "else", "allOf", "anyOf", "examples"}


def objects(node: Any, place: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema that describes properties, with its place."""
    if isinstance(node, list):
        for i, one in enumerate(node):
            yield from objects(one, f"{place}[{i}]")
    elif isinstance(node, dict):
        if "properties" in node:
            yield place, node
        for keyword in node.keys() - CONDITIONS:
            yield from objects(node[keyword], f"{place}.{keyword}")


@every_schema
def test_a_schema_is_valid_json_schema(name: str) -> None:
    assert schema(name)["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema(name))


@every_schema
def test_a_schema_is_named_by_a_urn_for_no_address_answers(name: str) -> None:
    assert schema(name)["$id"] == f"urn:stream-detector:schema:{name}:1"


@every_schema
def test_every_property_is_described(name: str) -> None:
    definitions = schema(name).get("$defs", {})
    silent = [
        f"{place}.{key}"
        for place, node in objects(schema(name))
        for key, one in node["properties"].items()
        if "description" not in definitions.get(one.get("$ref", "").rpartition("/")[2], {}) | one
    ]

    assert silent == []


@every_schema
def test_what_is_required_is_described(name: str) -> None:
    for place, node in objects(schema(name)):
        assert set(node.get("required", ())) <= node["properties"].keys(), place


@every_schema
def test_only_the_rules_refuse_what_they_do_not_know(name: str) -> None:
    closed = {node.get("additionalProperties") is False for _, node in objects(schema(name))}

    assert closed == {name == "rules"}


def test_a_definition_reads_the_same_in_every_schema() -> None:
    """Each schema is complete in itself, so some definitions stand in several."""
    first: dict[str, Any] = {}
    for name in NAMES:
        for definition, node in schema(name).get("$defs", {}).items():
            assert first.setdefault(definition, node) == node, f"{definition} in {name}"


def test_an_alert_tells_of_the_threshold_in_the_words_it_was_asked_for() -> None:
    told, asked = schema("alert")["$defs"]["threshold_source"], schema("threshold")

    assert told["required"] == asked["required"]
    assert told["allOf"] == asked["allOf"]
    assert told["properties"].items() <= asked["properties"].items()


def test_the_readme_names_every_file() -> None:
    text = (FOLDER / "README.md").read_text()

    assert [path.name for path in FOLDER.glob("*.json") if f"]({path.name})" not in text] == []
