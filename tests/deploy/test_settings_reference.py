"""settings.md tells of every setting, with the default it has."""

import re
from pathlib import Path

import pytest

from stream_detector.connections.environment import PREFIX
from stream_detector.connections.settings import Settings
from stream_detector.connections.source_settings import SourceSettings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
TEXT = (DEPLOY / "settings.md").read_text()
NAMES = [
    f"{PREFIX}{name.upper()}" for name in (*Settings.model_fields, *SourceSettings.model_fields)
]


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_is_told_of(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_no_other_setting_is_told_of() -> None:
    told = set(re.findall(r"`(DETECTOR_[A-Z_]+[A-Z])`", TEXT))

    assert {one.removesuffix("_FILE") for one in told} <= {
        one.removesuffix("_FILE") for one in NAMES
    }


@pytest.mark.parametrize(
    ("name", "default"),
    [
        (name, field.default)
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, (int, float, str)) and name != "health_port"
    ],
)
def test_its_default_stands_beside_it(name: str, default: object) -> None:
    shown = f"{default:g}" if isinstance(default, float) else str(default)
    (line,) = (
        one for one in TEXT.splitlines() if one.startswith("|") and f"{name.upper()}`" in one
    )

    assert f"`{shown}`" in line


@pytest.mark.parametrize(
    "path",
    [
        "Dockerfile",
        "compose.yaml",
        "systemd/stream-detector.service",
        "operations.md",
        "scaling.md",
    ],
)
def test_what_is_deployed_names_only_settings_there_are(path: str) -> None:
    named = set(re.findall(r"\bDETECTOR_[A-Z_]+[A-Z]\b", (DEPLOY / path).read_text()))

    assert {one.removesuffix("_FILE") for one in named} <= {
        one.removesuffix("_FILE") for one in NAMES
    }
