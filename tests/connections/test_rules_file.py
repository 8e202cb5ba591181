"""The rules file on disk; what it may say is tested with the rules."""

from pathlib import Path

import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.connections.rules_file import load_rules
from stream_detector.errors import SettingsError


def test_without_a_file_there_is_the_default_rule() -> None:
    assert load_rules(None) == Rules()


def test_without_a_file_a_model_with_a_head_has_a_rule_for_that_too() -> None:
    rules = load_rules(None, with_head=True)

    assert [(one.name, one.score) for one in rules.rules] == [
        ("sheet-break", "anomaly"),
        ("break-likely", "head"),
    ]


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('site = "Mühle"\n[[rules]]\nname = "odd"\n', encoding="utf-8")

    rules = load_rules(path)

    assert (rules.site, [rule.name for rule in rules.rules]) == ("Mühle", ["odd"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory; correct its name"),
        (b"[[rules]", "the rules file is wrong: .*; correct it"),
        (b'[[rules]]\nname = "odd"\ncoldown_seconds = 1', "unknown field `coldown_seconds`"),
        (b'site = "M\xfchle"', "is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "rules.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsError, match=f"'{path}'.*{reason}"):
        load_rules(path)
