"""What an OPC UA server tells -> tag rows: what changed, and that the rest did not.

A server tells of changes alone. When it says that there is nothing more to tell, a value that it
did not mention has not changed, so now and then the last row of each tag is given again. When the
server is away that ends, and the hold of the machine makes the sensor missing: a steady value and a
lost one are told apart.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

from asyncua import ua

from stream_detector.bridges.rows import TagRow
from stream_detector.pipeline.names import MAX_NAME

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ToldRows:
    """The rows of one subscription.

    Parameters
    ----------
    tags : sequence of str
        By their numbers in the subscription.
    uncertain : str
        What a value of uncertain status is, ``good`` or ``bad``.
    clock : str
        Whose time a value has, that of its ``source`` or of the ``server``.
    delay_us : int
        So long a change may take until the server tells of it, microseconds.
    repeat_us : int
        When a tag's row is given again, microseconds of the server's clock.
    """

    def __init__(
        self,
        tags: Sequence[str],
        *,
        uncertain: Literal["good", "bad"],
        clock: Literal["source", "server"],
        delay_us: int,
        repeat_us: int,
    ) -> None:
        self._tags = tags
        self._uncertain, self._clock = uncertain, clock
        self._delay_us, self._repeat_us = delay_us, repeat_us
        self._last: dict[str, TagRow] = {}
        self._sure_us: int | None = None
        """Up to this time the server has told of all changes."""
        self._repeated_us = 0
        """As of this time the rows were given again last."""

    def take(self, told: ua.PublishResult) -> list[TagRow]:
        """Give the rows of the next message, by their times.

        Raises
        ------
        ConnectionError
            If the message says that no other follows.
        """
        changes, published = list(_changes(told)), told.NotificationMessage.PublishTime
        sure_us = microseconds(published) - self._delay_us
        if self._sure_us is None:
            self._sure_us = self._repeated_us = sure_us
        rows = [
            self._placed(self._tags[item.ClientHandle], item.Value, published, self._sure_us)
            for item in changes
        ]
        rows.sort(key=lambda row: row.time_us)
        if not told.MoreNotifications:
            self._sure_us = sure_us
            if sure_us - self._repeated_us >= self._repeat_us:
                self._repeated_us = sure_us
                rows += self._repeated(sure_us)
        return rows

    def _placed(self, tag: str, said: ua.DataValue, published: datetime, sure_us: int) -> TagRow:
        """Make a row that comes after what is known of its tag, and not after the message.

        A value has an old time when we ask for it first, when its status alone changes, and when
        the clock of its source is slow; one of the future, when that is fast. It holds now all
        the same.
        """
        row = tag_row(tag, said, uncertain=self._uncertain, clock=self._clock, published=published)
        known_us = max(sure_us, self._last[tag].time_us) if tag in self._last else sure_us
        time_us = max(min(row.time_us, microseconds(published)), known_us + 1)
        self._last[tag] = row = row._replace(time_us=time_us)
        return row

    def _repeated(self, time_us: int) -> Iterator[TagRow]:
        for tag, row in self._last.items():
            if row.time_us < time_us:
                self._last[tag] = again = row._replace(time_us=time_us)
                yield again


def tag_row(
    tag: str,
    said: ua.DataValue,
    *,
    uncertain: Literal["good", "bad"],
    clock: Literal["source", "server"],
    published: datetime,
) -> TagRow:
    """Make a row of a value.

    One whose status is bad is no data, and so is one that is neither number nor text. Where the
    source says no time, it has the server's, and else that of the message.

    Examples
    --------
    >>> at = datetime(2026, 11, 22, 3, 10, tzinfo=UTC)
    >>> said = ua.DataValue(ua.Variant(8.5), SourceTimestamp=at)
    >>> tag_row("ns=2;s=X1", said, uncertain="good", clock="source", published=at)
    TagRow(tag='ns=2;s=X1', time_us=1795317000000000, value=8.5)
    """
    at = (said.SourceTimestamp if clock == "source" else None) or said.ServerTimestamp or published
    status, variant = said.StatusCode, said.Value
    is_good = status is None or status.is_good() or (status.is_uncertain() and uncertain == "good")
    raw = None if variant is None or not is_good else variant.Value
    return TagRow(tag, microseconds(at), _value(raw))


def microseconds(at: datetime) -> int:
    """Give a time of asyncua's, which is in UTC whether it says so or not."""
    since = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _changes(told: ua.PublishResult) -> Iterator[ua.MonitoredItemNotification]:
    for one in told.NotificationMessage.NotificationData or ():
        if isinstance(one, ua.DataChangeNotification):
            yield from one.MonitoredItems
        elif isinstance(one, ua.StatusChangeNotification):
            raise ConnectionError(f"the subscription has ended: {one.Status.name}")


def _value(raw: object) -> float | str | None:
    if isinstance(raw, str):
        return raw if len(raw) <= MAX_NAME else None
    if not isinstance(raw, int | float):
        return None
    number = float(raw)
    return number if number - number == 0 else None  # neither NaN nor infinite
