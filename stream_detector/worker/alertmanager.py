"""Open alerts to Alertmanager: it is told again and again what stands, and forgets what does not.

Whatever it has missed it learns with the next message, so nothing has to be kept for it. An
alert runs out at Alertmanager by itself when nobody tells of it any more, also where we are
gone.

References
----------
The Alertmanager API, version 2: ``POST /api/v2/alerts``.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from stream_detector.alerting.alert_state import AlertState, Flood
from stream_detector.alerting.life import rfc3339
from stream_detector.alerting.news import news_of
from stream_detector.alerting.notices import Wants, calls, is_silenced
from stream_detector.worker.delivery import NotTakenError, Receiver, until_taken

PATH: Final = "/api/v2/alerts"

RESEND_SECONDS: Final = 60.0

LASTS: Final = timedelta(seconds=3 * RESEND_SECONDS)
"""So long an alert stands that is not told again: two messages may be lost."""

_PAST: Final = timedelta(seconds=5)
"""So long ago is what ends now: an end that its clock has not come to yet counts for nothing, and
the alert would stand until it runs out."""

_AT_ONCE: Final = 200
"""Alerts in a message: some 400 kB."""

_N_SENSORS: Final = 3

_FLOOD: Final = "alert-flood"

_Firing = dict[str, Any]
"""An alert as Alertmanager wants it, its end only where that is the machine's."""


class Alertmanager:
    """Tells one Alertmanager.

    Parameters
    ----------
    receiver : Receiver
    wants : Wants
    site : str or None
        Named with a flood; alerts bring their own.
    """

    def __init__(self, receiver: Receiver, wants: Wants, site: str | None) -> None:
        self._receiver = receiver
        self._wants = wants
        self._site = site
        self._firing: dict[str, _Firing] = {}
        """By machine and rule."""
        self._news: set[str] = set()
        """Of these, those that it was not told of yet."""
        self._over: dict[object, _Firing] = {}
        """Those that are over and that it is to be told of, by their labels."""
        self._something = asyncio.Event()

    def take(self, change: AlertState | Flood) -> None:
        """Take in a change; what changes who is called is told at once, the rest when it is due."""
        if isinstance(change, Flood):
            key, now = _FLOOD, self._of_flood(change) if change.active else None
        else:
            key, now = change.key, _of_alert(change) if calls(change, self._wants) else None
        before = self._firing.pop(key, None)
        if now is not None:
            self._firing[key] = now
        if _is_same(before, now):
            return
        if before is not None:
            # Also where it is told of it only now: that message may be on its way, or may have
            # been taken though nobody knows. Of an end alone it makes nothing.
            self._over[_who(before)] = _ended(before, change)
        self._news.discard(key)
        if now is not None:
            self._news.add(key)
        self._something.set()

    async def run(self) -> None:
        """Tell what stands, for ever; that nothing does, too: so it is seen when nobody listens."""
        clock = asyncio.get_running_loop().time
        resend_at = clock()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(resend_at):
                    await self._something.wait()
            # Also where there is always something: what stands runs out at Alertmanager.
            if clock() >= resend_at:
                resend_at = clock() + RESEND_SECONDS
                self._news |= self._firing.keys()
            await self._tell_news()

    async def _tell_news(self) -> None:
        """Tell of all that waits; as it is then, when it is taken after a while."""
        async for attempt in until_taken():
            with attempt:
                over, news = self._over, self._news
                self._over, self._news = {}, set()
                self._something.clear()
                try:
                    await self._post(list(over.values()), sorted(news))
                except NotTakenError:
                    self._over = over | self._over
                    self._news |= news & self._firing.keys()
                    raise

    async def _post(self, over: list[_Firing], news: list[str]) -> None:
        now = datetime.now(UTC)
        past = now - _PAST
        ended = [_with_end(one, now, min(one.get("endsAt", past), past)) for one in over]
        # What is over first: what stands may have the same labels.
        told = ended + [_with_end(self._firing[key], now, now + LASTS) for key in news]
        for first in range(0, max(len(told), 1), _AT_ONCE):
            some = told[first : first + _AT_ONCE]
            await self._receiver.post(msgspec.json.encode(some))

    def _of_flood(self, flood: Flood) -> _Firing:
        labels = {"alertname": _FLOOD, "severity": "high", **_site(self._site)}
        text = f"{flood.n_raised} alerts within ten minutes; those of low priority are held back"
        more = () if flood.lists_all else ("and perhaps more",)
        held_back = ", ".join((*flood.alerts, *more))
        return {
            "startsAt": flood.began_at,
            "labels": labels,
            "annotations": {"summary": text, "held_back": held_back},
        }


class _Sensor(msgspec.Struct):
    sensor: str
    actual: float | None
    expected: float | None
    unit: str | None = None


class _Evidence(msgspec.Struct):
    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    run_start: str


class _Details(msgspec.Struct):
    """What is told of an alert besides what the book itself reads of it."""

    kind: str = msgspec.field(name="class", default="advisory")
    site: str | None = None
    contributors: list[_Sensor] | None = None
    evidence: _Evidence | None = None


def _details(alert: dict[str, Any]) -> _Details:
    try:
        return msgspec.convert(alert, _Details)
    except msgspec.ValidationError:
        # Of another program, and not as ours are: what stands is told all the same.
        return _Details()


def _of_alert(state: AlertState) -> _Firing:
    """Describe an open alert: who it is by labels, all else by annotations."""
    alert = state.alert or {}
    details = _details(alert)
    machine, rule = state.machine, state.rule
    annotations = {
        "summary": f"{machine}: {rule}",
        "alert_id": alert["alert_id"],
        "score": alert.get("score"),
        "threshold": alert.get("threshold"),
        "sensors": "; ".join(map(_sensor, (details.contributors or ())[:_N_SENSORS])),
        "evidence": _evidence(details.evidence),
        "response": alert.get("response"),
        "runbook_url": alert.get("runbook_url"),
        "acknowledged": state.acknowledged and f"by {state.acknowledged.by}",
    }
    return {
        "startsAt": datetime.fromisoformat(alert["raised_at"]),
        "labels": {
            "alertname": rule,
            "machine": machine,
            "class": details.kind,
            "severity": alert["priority"],
            **_site(details.site),
        },
        "annotations": {name: str(one) for name, one in annotations.items() if one},
    }


def _ended(firing: _Firing, change: AlertState | Flood) -> _Firing:
    """Say when it was over where its machine says so.

    Alertmanager makes one of two alerts with the same labels that overlap. The next one begins by
    the machine's time, which may be far behind ours: so by that this one has to end.
    """
    if isinstance(change, Flood) or is_silenced(change):
        return firing
    news = news_of(change.alert or {})
    is_followed = news.raised_at != firing["startsAt"]
    return {**firing, "endsAt": news.raised_at if is_followed else news.event_time}


def _with_end(firing: _Firing, now: datetime, end: datetime) -> _Firing:
    # The machine's clock may be ahead of ours: what begins after its end is refused.
    starts_at = min(firing["startsAt"], now, end)
    return {**firing, "startsAt": rfc3339(starts_at), "endsAt": rfc3339(end)}


def _is_same(one: _Firing | None, other: _Firing | None) -> bool:
    """Whether it is the same alert under the same labels, or both are none."""
    if one is None or other is None:
        return one is other
    return _who(one) == _who(other) and bool(one["startsAt"] == other["startsAt"])


def _who(firing: _Firing | None) -> object:
    return firing and frozenset(firing["labels"].items())


def _site(site: str | None) -> dict[str, str]:
    # An empty label is none to Alertmanager.
    return {"site": site} if site else {}


def _sensor(one: _Sensor) -> str:
    unit = f" {one.unit}" if one.unit else ""
    return f"{one.sensor} {one.actual}{unit}, expected {one.expected}"


def _evidence(span: _Evidence | None) -> str | None:
    return None if span is None else f"{span.start} to {span.end}, run since {span.run_start}"
