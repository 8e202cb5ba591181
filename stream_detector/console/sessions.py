"""Who is signed in, since when and as what; in memory: a new start asks everybody again."""

import hashlib
import secrets
from collections import OrderedDict
from typing import Final, NamedTuple

from stream_detector.console.users import Role, User, UsersFile

_MAX_SESSIONS: Final = 1000
"""Beyond, the oldest ends: nobody has so many screens."""


class Person(NamedTuple):
    """Who looks at a page, and what they may do."""

    name: str
    role: Role


class _Session(NamedTuple):
    user: User
    ends_at: float


class Sessions:
    """Sessions by token; times in seconds of any clock.

    A session ends after its time, with ``end``, and when its user is no longer in the file
    or has another password there. A role counts as it is in the file now.

    Parameters
    ----------
    users : UsersFile
    lifetime_seconds : float
    """

    def __init__(self, users: UsersFile, *, lifetime_seconds: float) -> None:
        self._users = users
        self.lifetime_seconds = lifetime_seconds
        self._sessions: OrderedDict[bytes, _Session] = OrderedDict()

    def check(self, name: str, password: str) -> User | None:
        """As :meth:`UsersFile.check`: slow, so not in the event loop."""
        return self._users.check(name, password)

    def begin(self, user: User, *, now: float) -> str:
        """Begin a session and give its token, known to nobody else: only its hash is kept."""
        token = secrets.token_urlsafe(32)
        self._sessions[_key(token)] = _Session(user, now + self.lifetime_seconds)
        while len(self._sessions) > _MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return token

    def person(self, token: str | None, *, now: float) -> Person | None:
        """Give who has this token; None where the session is over or never was."""
        session = self._sessions.get(_key(token)) if token else None
        if token is None or session is None:
            return None
        user = self._users.all().get(session.user.name)
        if (
            now >= session.ends_at
            or user is None
            or user.password_hash != session.user.password_hash
        ):
            self.end(token)
            return None
        return Person(user.name, user.role)

    def end(self, token: str) -> None:
        """End a session."""
        self._sessions.pop(_key(token), None)


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
