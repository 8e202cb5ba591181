"""A signed message for each change of an alert that matters, one after the other.

Signed as Standard Webhooks has it, for which receivers find ready-made libraries: headers
``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, HMAC-SHA256 over all three
parts. What waits for a receiver that is away is held as the newest state of each alert, with
what is left to tell of its history: so an outage of any length takes some kB for each alert.

References
----------
The Standard Webhooks specification, version 1.0.0, section "Signature scheme".
"""

import asyncio
import base64
import hashlib
import hmac
import time

import msgspec

from stream_detector.alerting.alert_state import AlertState, Flood
from stream_detector.alerting.notices import (
    Notification,
    Told,
    Wants,
    before_newest,
    next_untold,
    of_flood,
    rest_of,
)
from stream_detector.worker.delivery import Receiver, until_taken


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
        self._told: dict[str, Told] = {}
        self._waiting: dict[str, tuple[int, AlertState]] = {}
        """Alerts there is something to tell of: since which offset, and how they stand."""
        self._floods: dict[str, tuple[int, Notification]] = {}
        self._flood_told: str | None = None
        self._something = asyncio.Event()

    @property
    def undone_since(self) -> int | None:
        """Offset of the first change that is not told."""
        waiting = [*self._waiting.values(), *self._floods.values()]
        return min((offset for offset, _ in waiting), default=None)

    def know(self, change: AlertState | Flood) -> None:
        """Take in what was told before."""
        if isinstance(change, Flood):
            self._flood_told = of_flood(change).id
            return
        key = change.key
        told = self._told.get(key, before_newest(change))
        message: Notification | None
        while True:
            message, told = next_untold(change, told, self._wants)
            if message is None:
                break
        self._told[key] = told
        self._waiting.pop(key, None)

    def take(self, offset: int, change: AlertState | Flood) -> None:
        """Take in what may have to be told."""
        if isinstance(change, Flood):
            flood = of_flood(change)
            if flood.id != self._flood_told:
                self._flood_told = flood.id
                self._floods[flood.id] = offset, flood
        else:
            told = self._told.setdefault(change.key, before_newest(change))
            rest = rest_of(change, told)
            if not rest.history and change.key not in self._waiting:
                return
            first, _ = self._waiting.get(change.key, (offset, rest))
            self._waiting[change.key] = first, rest
        self._something.set()

    async def run(self) -> None:
        """Tell what there is to tell, for ever."""
        while True:
            self._something.clear()
            while self._floods or self._waiting:
                for flood_id in list(self._floods):
                    await self._send(self._floods[flood_id][1])
                    del self._floods[flood_id]
                for key in list(self._waiting):
                    await self._tell(key)
            await self._something.wait()

    async def _tell(self, key: str) -> None:
        while True:
            # It may have changed while the message before was on its way.
            _, state = self._waiting[key]
            message, told = next_untold(state, self._told[key], self._wants)
            if message is not None:
                await self._send(message)
            self._told[key] = told
            if message is None:
                del self._waiting[key]
                return

    async def _send(self, message: Notification) -> None:
        body = msgspec.json.encode(message)
        async for attempt in until_taken():
            with attempt:
                headers = signed_headers(self._key, message.id, body, at=int(time.time()))
                await self._receiver.post(body, headers)
