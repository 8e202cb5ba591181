"""Looks from outside of the stream whether it still flows, and ends the worker if not.

A thread of its own: it also sees an event loop that hangs. The clients of Kafka retry for
ever, and tell so a hundred times a second; here it is told once that it does not answer,
and once that it is back. While it does not, the worker waits. It ends, so that whoever
supervises it starts it again, when Kafka answers, readings wait, and none is judged; when
Kafka answers and the group gives no place; and when a topic is gone.
"""

import os
import sys
import threading
import time
from typing import NoReturn

import structlog

from stream_detector.connections.kafka import cluster_metadata, end_offsets
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import missing_topics, topics
from stream_detector.errors import ServiceError
from stream_detector.worker.health import Health, Status

log = structlog.get_logger()

_LOOK_SECONDS = 5.0

_LOOKS = 2
"""So often a topic has to be missing: a broker that just started does not know them all yet."""


class Watchdog:
    """Looks every 5 seconds; more often where less than 20 s without progress are too long.

    Parameters
    ----------
    settings : Settings
    health : Health
        Told what Kafka says; judged then.
    """

    def __init__(self, settings: Settings, health: Health) -> None:
        self._settings = settings
        self._health = health
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
            if report.status is Status.FAILING:
                _end("; ".join(report.reasons))

    def _look(self) -> None:
        health, was_away = self._health, self._health.kafka_away
        try:
            cluster = cluster_metadata(self._settings)
            # That of bridges is theirs alone: a plant without one need not have it.
            ours = {topic.name for topic in topics(self._settings)}
            names = sorted(ours - {self._settings.bridges_topic})
            missing = missing_topics(cluster, names)
            ends = {} if missing else end_offsets(self._settings, health.partitions)
        except ServiceError as error:
            health.kafka_did_not_answer()
            # A broker that comes back may refuse us: that is another matter.
            if not was_away or type(error) is not self._told:
                log.warning("kafka.away", error=str(error), doing="waiting for it")
            self._told = type(error)
            return
        health.kafka_answered(ends, now=time.monotonic())
        if was_away:
            log.info("kafka.back")
        self._n_missing = self._n_missing + 1 if missing else 0
        if self._n_missing == _LOOKS:
            _end(
                f"Kafka has lost topic {', '.join(missing)}; make it again with "
                "`stream-detector topics create`"
            )


def _end(reason: str) -> NoReturn:
    """End the process at once: an event loop that hangs cannot be asked to."""
    log.error("watchdog.ending", reason=reason, doing="ending the process, to be started again")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
