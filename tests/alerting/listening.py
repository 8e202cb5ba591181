"""Those who are told of alerts, and what must be so of what they are told."""

from collections.abc import Iterable, Iterator

from stream_detector.alerting.alert_state import AlertState
from stream_detector.alerting.notices import Notification, Wants
from stream_detector.alerting.rules import Rules
from stream_detector.alerting.untold import Untold

ALL = Wants(Rules(), "webhook")


def all_of(untold: Untold) -> list[Notification]:
    """What is told at once."""
    return list(_all_of(untold))


def _all_of(untold: Untold) -> Iterator[Notification]:
    while (message := untold.next()) is not None:
        yield message
        untold.done()


def told_meanwhile(
    untold: Untold, states: Iterable[AlertState], n: list[int]
) -> list[Notification]:
    """What is told while these come, so many messages from one to the next."""
    told = []
    for number, state in enumerate(states):
        untold.take(number, state)
        for _ in range(n[number % len(n)]):
            if (message := untold.next()) is not None:
                told.append(message)
                untold.done()
    return told


def ids(messages: Iterable[Notification]) -> list[str]:
    return [one.id for one in messages]


def short(messages: Iterable[Notification]) -> list[str]:
    """The event and the alert's ``seq``."""
    return [f"{one.event} {one.id.rpartition('/')[2]}" for one in messages]


def assert_nobody_waits_for_an_end(told: list[Notification], state: AlertState) -> None:
    """Each alert that somebody was called for is over, or open still; and no end comes first."""
    called: str | None = None
    for one in told:
        if one.event == "cleared":
            assert called == one.alert_id
            called = None
        else:
            assert called in {None, one.alert_id}
            called = one.alert_id
    open_alert = state.alert_id if state.open else None
    assert called in {None, open_alert}
