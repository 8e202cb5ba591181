"""Wrong passwords are slowed down, per user and per address."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

_FREE: Final = 3
"""Wrong passwords that cost nothing: people mistype."""

_LONGEST_SECONDS: Final = {"user": 30.0, "address": 900.0}
"""An address may be made to wait long. A user not: else anybody could keep an operator out."""

_FORGET_SECONDS: Final = 3600.0

_MAX_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class _Failures:
    count: int
    latest: float


class Throttle:
    """Says how long somebody has to wait before the next try; times in seconds of any clock.

    After three wrong passwords the wait is 1 s, then twice as long each time.

    Examples
    --------
    >>> throttle = Throttle()
    >>> for at in (0.0, 1.0, 2.0, 3.0):
    ...     throttle.failed("anna", "192.0.2.7", now=at)
    >>> throttle.wait_seconds("anna", "192.0.2.7", now=3.5)
    1.5
    >>> throttle.wait_seconds("bert", "192.0.2.8", now=3.5)
    0.0
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def wait_seconds(self, user: str, address: str, *, now: float) -> float:
        """Tell how long this user at this address has to wait; 0 when they may try."""
        return max(self._wait(key, now) for key in _keys(user, address))

    def failed(self, user: str, address: str, *, now: float) -> None:
        """Note a wrong password."""
        for key in _keys(user, address):
            before = self._recent(key, now)
            self._failures[key] = _Failures(before + 1, now)
            self._failures.move_to_end(key)
        while len(self._failures) > _MAX_REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, user: str) -> None:
        """Forget a user's wrong passwords; an address may have tried many names, so not its."""
        self._failures.pop(("user", user), None)

    def _recent(self, key: tuple[str, str], now: float) -> int:
        found = self._failures.get(key)
        return 0 if found is None or now - found.latest > _FORGET_SECONDS else found.count

    def _wait(self, key: tuple[str, str], now: float) -> float:
        count = self._recent(key, now)
        if count < _FREE:
            return 0.0
        penalty = min(2.0 ** (count - _FREE), _LONGEST_SECONDS[key[0]])
        return max(self._failures[key].latest + penalty - now, 0.0)


def _keys(user: str, address: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("user", user), ("address", address)
