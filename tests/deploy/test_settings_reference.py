"""What deploy/ says of the settings is what they are."""

import re
from pathlib import Path

import pytest

from stream_detector.connections.environment import PREFIX
from stream_detector.connections.settings import Settings
from tests.deploy.reference import DEPLOY, NAMES, PAGE, SCHEMA, VARIABLES, page, schema

NAMED = r"\bDETECTOR_[A-Z_]+[A-Z]\b"


def test_the_tables_of_the_page_are_made_of_the_settings() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert text == page(text), "out of date; `make reference` renews it"


def test_the_chart_lets_through_what_the_settings_let_through() -> None:
    text = SCHEMA.read_text(encoding="utf-8")

    assert text == schema(text), "out of date; `make reference` renews it"


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_told_of_with_its_unit_and_reason(name: str) -> None:
    (row,) = re.findall(
        rf"^\| `{PREFIX}{name.upper()}`[^|]*\|[^|]+\|[^|]+\| (.+) \|$", PAGE.read_text(), flags=re.M
    )

    assert row.endswith(".")


def test_a_row_says_what_a_setting_takes_and_what_counts_without_it() -> None:
    (row,) = re.findall(r"^\| `DETECTOR_MAX_BATCH` .*$", PAGE.read_text(), flags=re.M)

    assert Settings.model_fields["max_batch"].default == 500
    assert row.startswith("| `DETECTOR_MAX_BATCH` | 1 to 10,000 | `500` | Readings taken from Kaf")


@pytest.mark.parametrize("path", sorted(one for one in DEPLOY.rglob("*") if one.is_file()))
def test_what_is_deployed_names_only_settings_there_are(path: Path) -> None:
    named = set(re.findall(NAMED, path.read_text(encoding="utf-8")))

    assert named - VARIABLES == set()
