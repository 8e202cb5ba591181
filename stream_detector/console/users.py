"""Who may use the page, and as what: a file with a line per person.

A line is ``name:role:hash``, the hash as argon2 writes it. Blank lines and lines that begin
with ``#`` are left alone. The file is read again when it has changed: whoever is taken out of
it, or gets another password, is signed out, also where another line is wrong meanwhile.
"""

import os
import re
import tempfile
from collections.abc import Mapping
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from stream_detector.errors import SettingsError, listed

log = structlog.get_logger()

_HASHER: Final = PasswordHasher()
"""argon2id with 64 MiB and three passes (RFC 9106, its second choice): 50 ms a password."""

_NAME: Final = re.compile(r"[^\s:#][^\n:]{0,99}")

MIN_PASSWORD: Final = 12
"""Characters of a new password (NIST SP 800-63B asks for 8 at least, better 15)."""

MAX_PASSWORD: Final = 200
"""More is nothing that a person types; what is hashed has a bound."""


class Role(IntEnum):
    """What somebody may do; each may also do what those before may."""

    VIEWER = 1
    """Look."""
    OPERATOR = 2
    """Acknowledge, shelve, comment, label, take out of service."""
    ENGINEER = 3
    """Change thresholds."""

    def __str__(self) -> str:
        """Write it as the file does."""
        return self.name.lower()


class User(NamedTuple):
    """A person in the file."""

    name: str
    role: Role
    password_hash: str

    @property
    def line(self) -> str:
        """As it stands in the file."""
        return f"{self.name}:{self.role}:{self.password_hash}"


def role_of(text: str) -> Role:
    """Read a role.

    Raises
    ------
    SettingsError
        If there is none of that name.

    Examples
    --------
    >>> role_of("operator")
    <Role.OPERATOR: 2>
    """
    found = [role for role in Role if str(role) == text]
    if not found:
        raise SettingsError(f"role is {text!r}, expected one of {', '.join(map(str, Role))}")
    return found[0]


def read_users(text: str) -> dict[str, User]:
    """Read the text of a users file.

    Raises
    ------
    SettingsError
        If a line is wrong, a name is there twice, or there is nobody; the message never
        quotes a hash.
    """
    users: dict[str, User] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            user = _read_user(line.strip())
        except SettingsError as error:
            raise SettingsError(
                f"line {number} of the users file: {error}; write it with "
                "`stream-detector users add`"
            ) from error
        if user.name in users:
            raise SettingsError(f"line {number} of the users file: {user.name!r} is there twice")
        users[user.name] = user
    if not users:
        raise SettingsError(
            "the users file names nobody; add somebody with `stream-detector users add`"
        )
    return users


def hash_password(password: str) -> str:
    """Hash a new password.

    Raises
    ------
    SettingsError
        If it is too short or too long.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise SettingsError(
            f"the password has {len(password)} characters, expected {MIN_PASSWORD} to "
            f"{MAX_PASSWORD}; a few words in a row are easy to keep and hard to guess"
        )
    return _HASHER.hash(password)


class UsersFile:
    """The users file, as it is now.

    Parameters
    ----------
    path : Path

    Raises
    ------
    SettingsError
        If it cannot be read, or is wrong.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _stamp(path)
        self._users: Mapping[str, User] = read_users(_text(path))

    def all(self) -> Mapping[str, User]:
        """Give everybody; of a file that is wrong, those whose lines are in it as they were."""
        stamp = _stamp(self._path)
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._users = read_users(_text(self._path))
            except SettingsError as error:
                self._users = self._still_there()
                log.error("users.wrong", error=str(error), going_on=listed(sorted(self._users)))  # noqa: TRY400
        return self._users

    def _still_there(self) -> Mapping[str, User]:
        """Give those who were not taken out: nobody else loses the page by a slip of the pen."""
        try:
            lines = {line.strip() for line in _text(self._path).splitlines()} - {""}
        except SettingsError:
            return self._users
        # A file without a line is one that is being written.
        return {user.name: user for user in self._users.values() if not lines or user.line in lines}

    def check(self, name: str, password: str) -> User | None:
        """Give the user of a name and password; None where they do not belong together.

        As slow for a name that is not there: how long it takes tells nothing. Takes 50 ms
        and 64 MiB, so not in the event loop.
        """
        user = self.all().get(name)
        known = _hash_of_nobody() if user is None else user.password_hash
        try:
            _HASHER.verify(known, password[:MAX_PASSWORD])
        except VerifyMismatchError:
            return None
        return user


def add_user(path: Path, name: str, role: Role, password: str) -> bool:
    """Write a user into the file, which is made where there is none; tell if they were new.

    Somebody of this name gets the new role and password. The file is replaced as a whole,
    readable for its owner only.

    Raises
    ------
    SettingsError
        If the name or password cannot be used, or the file cannot be read or written.
    """
    _check_name(name)
    line = User(name, role, hash_password(password)).line
    lines = _text(path).splitlines() if path.exists() else []
    places = [i for i, one in enumerate(lines) if one.partition(":")[0].strip() == name]
    for place in places:
        lines[place] = line
    text = "".join(f"{one}\n" for one in (lines if places else [*lines, line]))
    read_users(text)
    try:
        handle, draft = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(draft).replace(path)
    except OSError as error:
        raise _unusable(path, error) from error
    return not places


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash("nobody has this password")


def _read_user(line: str) -> User:
    name, _, rest = line.partition(":")
    role, _, password_hash = rest.partition(":")
    _check_name(name)
    try:
        extract_parameters(password_hash)
    except InvalidHashError as error:
        raise SettingsError("what should be an argon2 hash is none") from error
    return User(name, role_of(role), password_hash)


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) is None or name != name.strip():
        raise SettingsError(
            f"the name is {name!r}, expected 1 to 100 characters on one line, without a colon"
        )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from error


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Give what changes with a file; None where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _unusable(path: Path, error: OSError | UnicodeDecodeError) -> SettingsError:
    reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
    return SettingsError(f"the users file {str(path)!r} cannot be used: {reason}; mend that")
