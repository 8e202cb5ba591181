"""A signed message for each change of an alert that matters, one after the other.

Signed as Standard Webhooks has it, for which receivers find ready-made libraries: headers
``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, HMAC-SHA256 over all three
parts. What waits for a receiver that is away is held as what is left to tell of each machine and
rule, up to a bound: so an outage of any length takes at most some 200 kB for each.

References
----------
The Standard Webhooks specification, version 1.0.0, section "Signature scheme".
"""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec
import structlog

from stream_detector.alerting.alert_state import AlertState, Flood
from stream_detector.alerting.notices import Notification, Wants, of_flood
from stream_detector.alerting.recall import Recalled
from stream_detector.alerting.untold import ALL_IS_NEWS, Untold
from stream_detector.worker.delivery import Receiver, until_taken

log = structlog.get_logger()


def signed_headers(key: bytes, message_id: str, body: bytes, *, at: int) -> dict[str, str]:
    """Sign a message as sent at this second of Unix time.

    Examples
    --------
    >>> signed_headers(b"k" * 24, "pm3.sheet-break/1", b"{}", at=1)["webhook-signature"]
    'v1,79wbg/aA5ydx7ZbKOFMSjx76AAScpG7UhPzbKPQFUS8='
    """
    # An alert's name may hold what no header may.
    safe_id = hashlib.sha256(message_id.encode()).hexdigest()[:32]
    signed = f"{safe_id}.{at}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return {
        "webhook-id": safe_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature}",
    }


class Webhook:
    """Tells one receiver.

    Parameters
    ----------
    receiver : Receiver
    key : bytes
        To sign with.
    wants : Wants
    """

    def __init__(self, receiver: Receiver, key: bytes, wants: Wants) -> None:
        self._receiver = receiver
        self._key = key
        self._wants = wants
        self._untold: dict[str, Untold] = {}
        """By machine and rule."""
        self._waiting: dict[str, Untold] = {}
        """Of these, those of which something is due."""
        self._floods: dict[str, tuple[int, Notification]] = {}
        self._flood_told: str | None = None
        self._something = asyncio.Event()

    @property
    def undone_since(self) -> int | None:
        """Offset of the first change that is not told."""
        waiting = [one.undone_since for one in self._waiting.values()]
        floods = [offset for offset, _ in self._floods.values()]
        return min((one for one in [*waiting, *floods] if one is not None), default=None)

    @property
    def undone_at(self) -> datetime | None:
        """Kafka's time of the first that happened to an alert and is not told."""
        waiting = [one.undone_at for one in self._waiting.values()]
        return min((one for one in waiting if one is not None), default=None)

    def know(self, change: AlertState | Flood) -> None:
        """Take in what was told before."""
        if isinstance(change, Flood):
            self._flood_told = of_flood(change).id
        else:
            self._of(change).know(change)
            self._waiting.pop(change.key, None)

    def take(
        self,
        offset: int,
        change: AlertState | Flood,
        *,
        told_until: datetime | None = ALL_IS_NEWS,
    ) -> None:
        """Take in what may have to be told.

        Parameters
        ----------
        offset : int
        change : AlertState or Flood
        told_until : datetime, optional
            As :meth:`Untold.take` has it.
        """
        if isinstance(change, Flood):
            flood = of_flood(change)
            if flood.id != self._flood_told:
                self._flood_told = flood.id
                self._floods[flood.id] = offset, flood
                self._something.set()
            return
        untold = self._of(change)
        with self._counting_dropped(untold):
            untold.take(offset, change, told_until=told_until)
        if untold.undone_since is not None:
            self._waiting[change.key] = untold
            self._something.set()

    def recall(self, one: Recalled, *, told_until: datetime) -> None:
        """Take in what the log still has, as :meth:`Untold.recall` does; its state comes after."""
        untold = self._of(one.state)
        with self._counting_dropped(untold):
            untold.recall(one, told_until=told_until)

    async def run(self) -> None:
        """Tell what there is to tell, for ever: of all that waits by turns."""
        while True:
            self._something.clear()
            while self._floods or self._waiting:
                for flood_id in list(self._floods):
                    await self._send(self._floods[flood_id][1])
                    del self._floods[flood_id]
                for key in list(self._waiting):
                    await self._tell(key)
            await self._something.wait()

    def _of(self, state: AlertState) -> Untold:
        return self._untold.setdefault(state.key, Untold(self._wants))

    @contextmanager
    def _counting_dropped(self, untold: Untold) -> Iterator[None]:
        before = untold.n_dropped
        yield
        self._receiver.note_dropped(untold.n_dropped - before)

    async def _tell(self, key: str) -> None:
        untold = self._waiting[key]
        if (message := untold.next()) is not None:
            await self._send(message)
            untold.done()
        if untold.undone_since is None:
            del self._waiting[key]
            self._log_dropped(key, untold)

    def _log_dropped(self, key: str, untold: Untold) -> None:
        machine, _, rule = key.rpartition("/")
        if untold.n_dropped:
            log.warning(
                "notify.dropped",
                channel="webhook",
                machine=machine,
                rule=rule,
                messages=untold.n_dropped,
                reason="too many waited, or too long before a restart: of alerts that were over",
            )
            untold.n_dropped = 0

    async def _send(self, message: Notification) -> None:
        body = msgspec.json.encode(message)
        async for attempt in until_taken():
            with attempt:
                headers = signed_headers(self._key, message.id, body, at=int(time.time()))
                await self._receiver.post(body, headers)
