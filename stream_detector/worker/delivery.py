"""Messages to programs of others over HTTP: sent until they are taken, or refused for good."""

from collections.abc import Mapping
from typing import Final

import aiohttp
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from stream_detector.worker.health import DeliveryHealth

log = structlog.get_logger()

LONGEST_WAIT_SECONDS: Final = 60.0
"""Between two attempts: an outage of a day costs 1,500 of them."""

_TIMEOUT: Final = aiohttp.ClientTimeout(total=15)

_TRY_AGAIN: Final = frozenset({408, 425, 429})
"""Besides 5xx: the receiver asks for it."""


class NotTakenError(Exception):
    """It was not taken this time."""


def until_taken() -> AsyncRetrying:
    """Make attempts for ever, each a longer time after the one before."""
    return AsyncRetrying(
        retry=retry_if_exception_type(NotTakenError),
        wait=wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_SECONDS),
    )


class Receiver:
    """Somebody who takes JSON by POST; runs inside ``async with``-ed session.

    Parameters
    ----------
    name : str
        Of the channel.
    url : str
        Never logged: it may hold a secret.
    session : aiohttp.ClientSession
    health : DeliveryHealth
    """

    def __init__(
        self, name: str, url: str, session: aiohttp.ClientSession, health: DeliveryHealth
    ) -> None:
        self._name = name
        self._url = url
        self._session = session
        self._health = health

    async def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send it once. What is refused for good is counted and told, and so done with.

        Raises
        ------
        NotTakenError
            If it may be taken another time.
        """
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers={"Content-Type": "application/json", **(headers or {})},
                timeout=_TIMEOUT,
                # It would go to somebody nobody has named, and as a GET without the message.
                allow_redirects=False,
            ) as answer:
                status = answer.status
        except TimeoutError:
            raise self._not_taken("it does not answer") from None
        except (aiohttp.ClientError, OSError) as error:
            raise self._not_taken(f"it is not reached ({type(error).__name__})") from None
        if status >= 500 or status in _TRY_AGAIN:  # noqa: PLR2004 - HTTP's own
            raise self._not_taken(f"it answers {status}")
        if self._health.fault is not None:
            log.info("notify.back", channel=self._name)
            self._health.fault = None
        if status >= 300:  # noqa: PLR2004
            self._health.n_refused += 1
            self._health.refusal = f"it refused the last message with {status}"
            log.error("notify.refused", channel=self._name, status=status, doing="giving it up")
        else:
            self._health.n_delivered += 1
            self._health.refusal = None

    def note_dropped(self, n_messages: int) -> None:
        """Count messages that it will never get, as too many waited for it."""
        self._health.n_dropped += n_messages

    def _not_taken(self, fault: str) -> NotTakenError:
        self._health.n_failed += 1
        if self._health.fault is None:
            log.warning("notify.failed", channel=self._name, reason=fault, doing="trying on")
        self._health.fault = fault
        return NotTakenError(fault)
