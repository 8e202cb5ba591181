"""Tells in the log of messages that are refused, but not of each."""

from typing import Any, Final

import structlog

from stream_detector.errors import CodedError

_SECONDS: Final = 60.0

_LONGEST: Final = 200
"""Characters of what a sender wrote; all of it is in the dead letter."""


class RefusalLog:
    """Names the newest refused message of each reason, at most once a minute, and their number.

    Parameters
    ----------
    event : str
        Name of the log's line.

    Examples
    --------
    >>> refusals = RefusalLog("readings.refused")
    >>> refusals.note(CodedError("not-json", "it is none"), offset=7)
    >>> with structlog.testing.capture_logs() as lines:
    ...     refusals.tell(now=0.0)
    >>> [(one["code"], one["n"], one["offset"]) for one in lines]
    [('not-json', 1, 7)]
    """

    def __init__(self, event: str) -> None:
        self._log, self._event = structlog.get_logger(), event
        self._untold: dict[str, tuple[int, dict[str, Any]]] = {}
        """By reason code how many, and the newest of them."""
        self._told_at: dict[str, float] = {}

    def note(self, error: CodedError, **place: object) -> None:
        """Note that a message was refused; ``place`` says where it stands."""
        n, _ = self._untold.get(error.code, (0, {}))
        self._untold[error.code] = n + 1, {"reason": error.reason[:_LONGEST], **place}

    def tell(self, *, now: float) -> None:
        """Tell of those that nothing was said of, where it is time; call it now and then.

        Parameters
        ----------
        now : float
            Seconds of a clock that never goes back.
        """
        for code, (n, newest) in list(self._untold.items()):
            if now - self._told_at.get(code, now - _SECONDS) >= _SECONDS:
                self._log.warning(
                    self._event,
                    code=code,
                    n=n,
                    **newest,
                    doing="passing them on to the dead letters; the newest one is named",
                )
                self._told_at[code] = now
                del self._untold[code]


def shown(text: bytes | None) -> str:
    """Give what a sender wrote as text for the log.

    Examples
    --------
    >>> shown(b"pm3"), shown(None)
    ('pm3', '')
    """
    return (text or b"")[:_LONGEST].decode(errors="replace")
