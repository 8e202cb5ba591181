"""The command line of the console."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from stream_detector.console.commands import users
from stream_detector.console.users import Role, UsersFile
from stream_detector.errors import SettingsError
from tests.console.doors import PASSWORD


def test_users_are_added_with_a_password_from_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "users.txt"
    arguments = ["add", "anna", "--role", "engineer", "--file", str(path)]

    added = CliRunner().invoke(users, arguments, input=f"{PASSWORD}\n")
    changed = CliRunner().invoke(users, ["add", "anna", "--file", str(path)], input=f"{PASSWORD}\n")

    assert added.output == "anna: added, engineer\n"
    assert changed.output == "anna: changed, operator\n"
    user = UsersFile(path).check("anna", PASSWORD)
    assert user is not None
    assert user.role is Role.OPERATOR


def test_a_role_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    arguments = ["add", "anna", "--role", "boss", "--file", str(tmp_path / "users.txt")]

    result = CliRunner().invoke(users, arguments)

    assert result.exit_code == 2
    assert "expected one of viewer, operator, engineer" in result.output


def test_a_folder_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    arguments = ["add", "anna", "--file", str(tmp_path / "none" / "users.txt")]

    result = CliRunner().invoke(users, arguments, input=f"{PASSWORD}\n")

    with pytest.raises(SettingsError, match=r"users\.txt' cannot be used: No such file"):
        raise result.exception or AssertionError


def test_without_its_packages_the_page_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nicegui", None)
    path = tmp_path / "users.txt"

    result = CliRunner().invoke(users, ["add", "anna", "--file", str(path)], input=f"{PASSWORD}\n")

    with pytest.raises(SettingsError, match=r"pip install 'stream-detector\[console\]'"):
        raise result.exception or AssertionError
    assert not path.exists()
