"""Who may use the page, and what they may do there."""

import stat
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from stream_detector.console.sessions import Person
from stream_detector.console.users import Role, UsersFile, add_user, read_users
from stream_detector.errors import SettingsError
from tests.console.doors import PASSWORD, make_sessions, write_users

HASH = f"$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA${'aGFzaGhh' * 5}c2g"


def test_a_file_has_a_line_per_person_and_remarks() -> None:
    users = read_users(f"# the shift\n\nanna:operator:{HASH}\nBert Smith:viewer:{HASH}\n")

    assert [(one.name, one.role) for one in users.values()] == [
        ("anna", Role.OPERATOR),
        ("Bert Smith", Role.VIEWER),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names nobody"),
        (
            f"anna:boss:{HASH}",
            "line 1 .*role is 'boss', expected one of viewer, operator, engineer",
        ),
        ("anna:viewer:secret", "line 1 .*argon2 hash is none"),
        (f"anna:viewer:{HASH}\nanna:viewer:{HASH}", "line 2 .*'anna' is there twice"),
        (f":viewer:{HASH}", "the name is ''"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as refused:
        read_users(text)

    assert "secret" not in str(refused.value)


def test_who_is_added_gets_in_and_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "users.txt"

    is_new = add_user(path, "anna", Role.OPERATOR, PASSWORD)

    users = UsersFile(path)

    assert is_new
    assert users.check("anna", PASSWORD) == users.all()["anna"]
    assert users.check("anna", "a wrong password") is None
    assert users.check("nobody", PASSWORD) is None
    assert PASSWORD not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_who_is_added_again_is_changed_and_the_others_stay(tmp_path: Path) -> None:
    path = write_users(tmp_path)

    is_new = add_user(path, "anna", Role.ENGINEER, "another password")

    users = UsersFile(path)
    assert not is_new
    assert {one.name: one.role for one in users.all().values()} == {
        "anna": Role.ENGINEER,
        "vera": Role.VIEWER,
    }
    assert users.check("anna", PASSWORD) is None


@pytest.mark.parametrize(
    ("name", "password", "reason"),
    [
        ("anna", "short", "5 characters, expected 12 to 200"),
        ("anna", "x" * 201, "201 characters"),
        ("an:na", PASSWORD, "the name is 'an:na'"),
        ("#anna", PASSWORD, "the name is '#anna'"),
        ("anna ", PASSWORD, "the name is 'anna '"),
        ("anna\nvera", PASSWORD, "the name is"),
    ],
)
def test_a_name_or_password_of_no_use_is_refused(
    tmp_path: Path, name: str, password: str, reason: str
) -> None:
    with pytest.raises(SettingsError, match=reason):
        add_user(tmp_path / "users.txt", name, Role.VIEWER, password)

    assert list(tmp_path.iterdir()) == []


def test_a_session_ends_after_its_time(tmp_path: Path) -> None:
    sessions = make_sessions(write_users(tmp_path), lifetime_seconds=60.0)
    user = sessions.check("anna", PASSWORD)
    assert user is not None

    token = sessions.begin(user, now=100.0)

    assert sessions.person(token, now=159.9) == Person("anna", Role.OPERATOR)
    assert sessions.person(token, now=160.0) is None
    assert sessions.person(token, now=100.0) is None


def test_a_session_follows_the_file(tmp_path: Path) -> None:
    path = write_users(tmp_path)
    sessions = make_sessions(path)
    user = sessions.check("anna", PASSWORD)
    assert user is not None
    token = sessions.begin(user, now=0.0)
    text = path.read_text()

    path.write_text(text.replace("anna:operator:", "anna:viewer:"))
    lowered = sessions.person(token, now=1.0)
    path.write_text("")
    edited = sessions.person(token, now=1.0)
    path.write_text("".join(line for line in text.splitlines(keepends=True) if "anna" not in line))
    removed = sessions.person(token, now=1.0)

    assert lowered == edited == Person("anna", Role.VIEWER)
    assert removed is None


def test_of_a_file_that_is_wrong_those_count_who_were_there_and_still_are(tmp_path: Path) -> None:
    path = write_users(tmp_path)
    users = UsersFile(path)
    anna, vera = path.read_text().splitlines()

    path.write_text(f"{anna}\nrubbish\nolga:engineer:{anna.partition(':')[2]}\n")
    with capture_logs() as lines:
        found = [set(users.all()) for _ in range(2)]
    path.write_text(f"{anna}\n{vera}\n")

    assert found == [{"anna"}, {"anna"}]
    assert [(one["event"], one["log_level"]) for one in lines] == [("users.wrong", "error")]
    assert lines[0]["error"].startswith("line 2 of the users file: ")
    assert set(users.all()) == {"anna", "vera"}


def test_who_is_in_a_file_that_is_gone_stays_and_the_log_says_so(tmp_path: Path) -> None:
    path = write_users(tmp_path)
    users = UsersFile(path)

    path.unlink()
    with capture_logs() as lines:
        found = [set(users.all()) for _ in range(2)]

    assert found == [{"anna", "vera"}] * 2
    assert [one["event"] for one in lines] == ["users.wrong"]


def test_a_token_is_long_and_nowhere_kept(tmp_path: Path) -> None:
    sessions = make_sessions(write_users(tmp_path))
    user = sessions.check("anna", PASSWORD)
    assert user is not None

    tokens = {sessions.begin(user, now=time.monotonic()) for _ in range(3)}

    assert len(tokens) == 3
    assert all(len(token) >= 43 for token in tokens)  # 256 bits in base 64
    assert not any(token in str(vars(sessions)) for token in tokens)
