"""Looks from outside of a program's stream whether it still flows, and ends the program if not.

A thread of its own: it also sees an event loop that hangs. The clients of Kafka retry for
ever, and tell so a hundred times a second; here it is told once that it does not answer,
and once that it is back. While it does not, the program waits. It ends, so that whoever
supervises it starts it again, when Kafka answers and its health is found failing, and when a
topic is gone.
"""

import threading
import time
from collections.abc import Callable, Collection
from typing import NoReturn, Protocol

import structlog

from stream_detector.connections.health_report import Report
from stream_detector.connections.kafka import cluster_metadata
from stream_detector.connections.log import end_at_once
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import missing_topics
from stream_detector.errors import ServiceError

log = structlog.get_logger()

_LOOK_SECONDS = 5.0

_LOOKS = 2
"""So often a topic has to be missing: a broker that just started does not know them all yet."""


class Health(Protocol):
    """What is known of a program: told what Kafka says, and judged then."""

    stall_seconds: float
    kafka_away: bool

    def kafka_answered(self, *, now: float) -> None:
        """Note that it is there."""
        ...

    def kafka_did_not_answer(self) -> None:
        """Note that it is away."""
        ...

    def report(self, *, now: float) -> Report:
        """Judge the facts."""
        ...


class Watchdog:
    """Looks every 5 seconds; more often where less than 20 s without progress are too long.

    Parameters
    ----------
    settings : Settings
    health : Health
    topics : collection of str
        Those without which the program does not work.
    ask : callable, optional
        Asks Kafka what else the program wants to know of it; raises ServiceError.
    """

    def __init__(
        self,
        settings: Settings,
        health: Health,
        *,
        topics: Collection[str],
        ask: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._health = health
        self._topics = sorted(topics)
        self._ask = ask
        self._n_missing = 0
        self._told: type[ServiceError] = ServiceError
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look; it ends with the process."""
        self._thread.start()

    def _watch(self) -> None:
        pause = min(_LOOK_SECONDS, self._health.stall_seconds / 4)
        while True:
            time.sleep(pause)
            self._look()
            report = self._health.report(now=time.monotonic())
            if report.failing:
                _end("; ".join(report.failing))

    def _look(self) -> None:
        health, was_away = self._health, self._health.kafka_away
        try:
            cluster = cluster_metadata(self._settings)
            missing = missing_topics(cluster, self._topics)
            if not missing:
                self._ask()
        except ServiceError as error:
            health.kafka_did_not_answer()
            # A broker that comes back may refuse us: that is another matter.
            if not was_away or type(error) is not self._told:
                log.warning("kafka.away", error=str(error), doing="waiting for it")
            self._told = type(error)
            return
        health.kafka_answered(now=time.monotonic())
        if was_away:
            log.info("kafka.back")
        self._n_missing = self._n_missing + 1 if missing else 0
        if self._n_missing == _LOOKS:
            _end(
                f"Kafka has lost topic {', '.join(missing)}; make it again with "
                "`stream-detector topics create`"
            )


def _end(reason: str) -> NoReturn:
    log.error("watchdog.ending", reason=reason, doing="ending the process, to be started again")
    end_at_once()
