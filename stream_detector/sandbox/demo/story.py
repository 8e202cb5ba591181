"""The story of a streamed machine, as it is told by what the worker sends."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Final, Literal

import numpy as np

from stream_detector.alerting.life import Change, ClearReason
from stream_detector.alerting.recorded import Standstill, standstills
from stream_detector.detection.feed_health import FeedFault
from stream_detector.pipeline.messages import (
    AlertMessage,
    DataQualityMessage,
    OutcomeMessage,
    ScoreMessage,
)
from stream_detector.replay.recording import Recording
from stream_detector.sandbox.demo.labels import read_labels
from stream_detector.sandbox.demo.outputs import DeadLetter, Told
from stream_detector.sandbox.demo.words import score_and_threshold, sensor, span

Kind = Literal["alert", "cleared", "break", "label", "feed", "refused"]

_HEADINGS: Final[dict[Kind, str]] = {
    "alert": "ALERT",
    "cleared": "cleared",
    "break": "BREAK",
    "label": "LABELLED",
    "feed": "feed",
    "refused": "REFUSED",
}
_TOP_SENSORS: Final = 3
_GAP_IN_CADENCES: Final = 1.5
"""A longer step between two readings is a standstill, as for the model."""


@dataclass(frozen=True)
class Event:
    """Something worth a line; ``details`` are lines that go with it."""

    time: datetime
    kind: Kind
    text: str
    details: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """What people call an event of its kind."""
        return _HEADINGS[self.kind]


@dataclass(frozen=True)
class Point:
    """A judged reading, and its row; ``score`` is None where it could not be scored."""

    time: datetime
    row: int
    score: float | None
    threshold: float
    quality: str
    alarm_since: datetime | None

    @property
    def share(self) -> float:
        """The score as a share of the threshold: above 1 is anomalous."""
        return (self.score or 0.0) / self.threshold

    @property
    def state(self) -> str:
        """What was made of the reading."""
        if self.score is None:
            return f"no score, quality {self.quality}"
        if self.alarm_since is not None:
            lasting = self.time - self.alarm_since
            return f"ALERT for {span(lasting)}" if lasting else "ALERT"
        return "over the threshold" if self.share > 1 else "normal"


class Story:
    """Follows one machine: what was scored, raised, cleared, and what broke.

    Parameters
    ----------
    streamed : Recording
        What is sent; its labels say when something broke.
    cadence : timedelta

    Attributes
    ----------
    points : list of Point
        In time order.
    events : list of Event
    alerts : list of (raised, cleared or None)
        One that returns within its cooldown is there twice: it calls the operator twice.
    n_refused : int
    labels : Labels
        What is to happen.
    """

    def __init__(self, streamed: Recording, *, cadence: timedelta) -> None:
        self.cadence = cadence
        self.points: list[Point] = []
        self.events: list[Event] = []
        self.alerts: list[tuple[datetime, datetime | None]] = []
        self.n_refused = 0
        self.n_rows = streamed.n_rows
        self.labels = read_labels(streamed)
        # A late row does not turn the clock back.
        self._times = np.maximum.accumulate(streamed.times)
        breaks = ((time, None) for time in self.labels.breaks)
        self._to_happen = deque(sorted((*breaks, *self.labels.anomalies), key=itemgetter(0)))

    @property
    def start(self) -> datetime:
        """When the stream begins."""
        return self._time(0)

    @property
    def end(self) -> datetime:
        """When the stream ends."""
        return self._time(self.n_rows - 1)

    @property
    def now(self) -> datetime | None:
        """The machine's time of the newest score."""
        return self.points[-1].time if self.points else None

    @property
    def running(self) -> timedelta:
        """How long the machine ran with readings that could be scored."""
        return sum(one.score is not None for one in self.points) * self.cadence

    @property
    def stood_still(self) -> tuple[Standstill, ...]:
        """When the machine sent nothing."""
        times = (self._time(row) for row in range(self.n_rows))
        return standstills(times, max_gap=_GAP_IN_CADENCES * self.cadence)

    @property
    def alarm_since(self) -> datetime | None:
        """When the open alert was raised; None while none is open."""
        raised, cleared = self.alerts[-1] if self.alerts else (None, None)
        return raised if cleared is None else None

    def row(self, time: datetime) -> int:
        """Give the last row of the stream that is not after a time."""
        moment = np.datetime64(time.astimezone(UTC).replace(tzinfo=None))
        return max(int(self._times.searchsorted(moment, side="right")) - 1, 0)

    def take(self, told: Told) -> None:
        """Take in what the worker sent next."""
        if isinstance(told, DeadLetter):
            self._take_dead_letter(told)
            return
        self._tell_labels(until=told.event_time)
        match told:
            case ScoreMessage():
                self._take_score(told)
            case AlertMessage():
                self._take_alert(told)
            case DataQualityMessage():
                self._take_feed_fault(told)
            case OutcomeMessage():
                pass  # the labels tell of it, warned of or not

    def finish(self) -> None:
        """Take in that nothing follows."""
        self._tell_labels(until=self.end)

    def _take_score(self, score: ScoreMessage) -> None:
        self.points.append(
            Point(
                time=score.event_time,
                row=self.row(score.event_time),
                score=score.score,
                threshold=score.threshold,
                quality=score.quality.state,
                alarm_since=self.alarm_since if score.alarm else None,
            )
        )

    def _take_alert(self, alert: AlertMessage) -> None:
        if alert.event == Change.RAISED:
            self.alerts.append((alert.event_time, None))
            self.events.append(_raised(alert))
        elif alert.event == Change.CLEARED:
            raised, _ = self.alerts[-1]
            self.alerts[-1] = (raised, alert.event_time)
            length = span(alert.event_time - raised)
            by_break = alert.reason == ClearReason.OUTCOME
            text = f"after {length}: " + ("the break came" if by_break else "returned to normal")
            self.events.append(Event(alert.event_time, "cleared", text))

    def _take_feed_fault(self, fault: DataQualityMessage) -> None:
        began = fault.event == "began"
        match fault.fault:
            case FeedFault.SILENCE if began:
                return  # told when it is over, with its length
            case FeedFault.SILENCE:
                before = self._time(self.row(fault.event_time) - 1)
                silent = span(fault.event_time - before)
                text = f"readings again after {silent} of standstill"
            case FeedFault.STUCK:
                names = ", ".join(fault.sensors)
                text = f"{names}: {'one value all the time, left out' if began else 'moves again'}"
            case FeedFault.FROZEN:
                text = "all sensors stand still: no score" if began else "the sensors move again"
            case _:
                text = f"{fault.fault} {fault.event}"
        self.events.append(Event(fault.event_time, "feed", text))

    def _take_dead_letter(self, letter: DeadLetter) -> None:
        self.n_refused += 1
        if self.n_refused == 1:
            self.events.append(
                Event(self.now or self.start, "refused", f"a reading: {letter.reason}")
            )

    def _tell_labels(self, *, until: datetime) -> None:
        while self._to_happen and self._to_happen[0][0] <= until:
            time, last = self._to_happen.popleft()
            self.events.append(self._break(time) if last is None else self._anomaly(time, last))

    def _break(self, time: datetime) -> Event:
        since = self.alarm_since
        if since is None:
            return Event(time, "break", "without an open alert")
        return Event(time, "break", f"{span(time - since)} after the alert")

    def _anomaly(self, first: datetime, last: datetime) -> Event:
        length = span(last - first + self.cadence)
        return Event(first, "label", f"anomalous from here, for {length}")

    def _time(self, row: int) -> datetime:
        time: datetime = self._times[row].item()
        return time.replace(tzinfo=UTC)


def _raised(alert: AlertMessage) -> Event:
    again = " again" if alert.occurrence > 1 else ""
    score, threshold = score_and_threshold(alert.score, alert.threshold)
    text = f"score {score}{again} over the threshold {threshold}"
    sensors = tuple(sensor(one) for one in alert.contributors[:_TOP_SENSORS])
    return Event(alert.event_time, "alert", text, sensors)
