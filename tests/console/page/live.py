"""The page as somebody runs it: an embedded Kafka, a keeper of the alert book, and the console.

What the worker would send is scripted, so no model is needed.
"""

import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Self

import msgspec
from confluent_kafka import Producer

from stream_detector.alerting.alert_state import AlertState
from stream_detector.connections.settings import Settings, read_settings
from stream_detector.connections.topics import topics
from stream_detector.console.machine import ReadingSeen
from stream_detector.pipeline.messages import (
    AlertMessage,
    DataQualityMessage,
    OutcomeMessage,
    ScoreMessage,
)
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from tests.end_to_end.server import Server

_N_PARTITIONS = 4

Message = (
    AlertMessage | ScoreMessage | DataQualityMessage | OutcomeMessage | ReadingSeen | AlertState
)


class LivePlant:
    """Runs inside ``with``; its logs lie in `folder`.

    `environment` are the variables of an installation that is there already, with its Kafka.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keeps_book: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._keeps_book = keeps_book
        self._environment = environment
        self._stack = ExitStack()
        self._numbers = count()
        self._consoles: list[Server] = []

    def __enter__(self) -> Self:
        self._variables = self._environment or self._embed()
        self._names = read_settings(self._variables)
        self._producer = Producer(
            {"bootstrap.servers": self._names.bootstrap_servers, "linger.ms": 5, "log_level": 0}
        )
        if self._keeps_book:
            log = self._folder / "book.log"
            kept_by = self._folder / "book.pid"
            keeper: list[str | Path] = [
                sys.executable,
                "-m",
                "tests.end_to_end.book_alone",
                "none",
                kept_by,
            ]
            self._stack.enter_context(
                Server(
                    keeper,
                    log=log,
                    is_ready=kept_by.exists,
                    environment=self._variables,
                )
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def console(self, *arguments: str | Path, **settings: str) -> Iterator[str]:
        """Run a console of this plant, and give its address; it is ended as an operator would."""
        log = self._folder / f"console-{next(self._numbers)}.log"
        server = Server(
            [sys.executable, "-m", "stream_detector", "console", "--port", "0", *arguments],
            log=log,
            is_ready=lambda: "console.caught_up" in log.read_text(),
            environment={
                **self._variables,
                **{f"DETECTOR_{name.upper()}": value for name, value in settings.items()},
            },
        )
        with server:
            found = re.search(r"the operators' page is at (\S+)", log.read_text())
            assert found is not None
            self._consoles.append(server)
            yield found[1]
            self._consoles.remove(server)
            assert server.stop() == 0

    @contextmanager
    def console_stands_still(self) -> Iterator[None]:
        """What the newest console is sent, and its clicks, reach it when ``with`` is over."""
        console = self._consoles[-1].pid
        os.kill(console, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(console, signal.SIGCONT)

    def send(self, *messages: Message) -> None:
        """Send what the worker, the book or a machine would, and return when Kafka has it."""
        self.send_all(messages)

    def send_all(self, messages: Iterable[Message]) -> None:
        """The same, of many."""
        for message in messages:
            match message:
                case ScoreMessage():
                    topic, key = self._names.scores_topic, message.machine
                case AlertMessage() | OutcomeMessage():
                    topic, key = self._names.alerts_topic, f"{message.machine}/{message.rule}"
                case DataQualityMessage():
                    topic, key = self._names.alerts_topic, message.machine
                case AlertState():
                    topic, key = self._names.alert_state_topic, f"{message.machine}/{message.rule}"
                case ReadingSeen():
                    topic, key = self._names.readings_topic, message.machine
            self._producer.produce(topic, msgspec.json.encode(message), key=key.encode())
            self._producer.poll(0)
        assert self._producer.flush(60) == 0, "not everything was delivered"

    @contextmanager
    def book_stands_still(self) -> Iterator[None]:
        """What is asked for inside ``with`` is answered after it; for a second at most."""
        keeper = int((self._folder / "book.pid").read_text())
        os.kill(keeper, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(keeper, signal.SIGCONT)

    def log_tail(self) -> str:
        return "\n\n".join(
            f"{log.name}:\n{log.read_text()[-3000:]}" for log in sorted(self._folder.glob("*.log"))
        )

    def _embed(self) -> Mapping[str, str]:
        """Start a Kafka of our own, and say where it is."""
        ours = topics(Settings.model_construct(broker=""))
        names = {one.name: one.partitions(_N_PARTITIONS) for one in ours}
        kafka = self._stack.enter_context(EmbeddedKafka(names))
        return {"DETECTOR_BROKER": kafka.bootstrap, "DETECTOR_FETCH_WAIT_MS": "10"}
