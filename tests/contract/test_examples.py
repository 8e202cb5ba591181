"""Each example is what its folder and its name say, and our own readers agree."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream_detector.alerting.commands import decode_command
from stream_detector.alerting.rules import read_rules
from stream_detector.bundle.manifest import Manifest
from stream_detector.errors import CommandError, SettingsError
from stream_detector.pipeline.thresholds import decode_setting
from tests.contract.schemas import FOLDER, NAMES, examples, faults, parse, validator


def each(kind: str, *names: str) -> pytest.MarkDecorator:
    """Run a test for every example of this kind of these schemas."""
    return pytest.mark.parametrize(
        "path",
        [path for name in names for path in examples(name, kind)],
        ids=lambda path: f"{path.parts[-3]}/{path.stem}",
    )


def toml(value: Any) -> str:
    """Write plain data as one TOML value; its strings and numbers are those of JSON."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def test_every_schema_has_examples_of_both_kinds() -> None:
    assert sorted(path.name for path in (FOLDER / "examples").iterdir()) == NAMES
    assert all(len(examples(name, kind)) > 2 for name in NAMES for kind in ("valid", "invalid"))


@each("valid", *NAMES)
def test_a_valid_example_holds_to_its_schema(path: Path) -> None:
    assert faults(parse(path.read_bytes()), f"{path.parts[-3]}.v1.json") == []


@each("invalid", *NAMES)
def test_an_invalid_example_breaks_its_schema_in_one_place(path: Path) -> None:
    """So it fails for the reason it is named after."""
    found = validator(f"{path.parts[-3]}.v1.json").iter_errors(parse(path.read_bytes()))

    assert len({error.json_path for error in found}) == 1


@each("valid", "threshold")
def test_a_valid_threshold_is_accepted(path: Path) -> None:
    written = parse(path.read_bytes())

    assert decode_setting(path.read_bytes()).source().items() <= written.items()


@each("invalid", "threshold")
def test_an_invalid_threshold_is_refused(path: Path) -> None:
    with pytest.raises(SettingsError):
        decode_setting(path.read_bytes())


@each("valid", "rules")
def test_valid_rules_are_accepted(path: Path) -> None:
    assert read_rules(as_toml_file(path)).rules


@each("invalid", "rules")
def test_invalid_rules_are_refused(path: Path) -> None:
    with pytest.raises(SettingsError):
        read_rules(as_toml_file(path))


def as_toml_file(path: Path) -> str:
    return "\n".join(f"{key} = {toml(value)}" for key, value in parse(path.read_bytes()).items())


@each("valid", "command")
def test_a_valid_command_is_accepted(path: Path) -> None:
    assert decode_command(path.read_bytes()).command_id == parse(path.read_bytes())["command_id"]


@each("invalid", "command")
def test_an_invalid_command_is_refused(path: Path) -> None:
    with pytest.raises(CommandError, match=r"^malformed: "):
        decode_command(path.read_bytes())


@each("valid", "alert-state")
def test_a_state_holds_an_alert_as_it_was_sent(path: Path) -> None:
    alert = parse(path.read_bytes())["alert"]

    assert alert is None or faults(alert, "alert.v1.json") == []


@each("valid", "manifest")
def test_a_valid_manifest_is_read_and_written_again(path: Path) -> None:
    manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    written = parse(msgspec.json.encode(manifest))

    assert faults(written, "manifest.v1.json") == []
    assert written.items() <= parse(path.read_bytes()).items()
