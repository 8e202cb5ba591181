"""Sends operators' commands, and waits for what the alert book replies."""

import asyncio
from contextlib import suppress
from typing import Final, Self

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from stream_detector.alerting.commands import Command, Reply
from stream_detector.connections.consumers import aiokafka_options, follower, kafka_faults, leave
from stream_detector.connections.settings import Settings
from stream_detector.errors import UNREADABLE, ServiceError

log = structlog.get_logger()

_ANSWER_SECONDS: Final = 10.0
"""A worker answers within a second; another one takes over from it within 15."""

_POLL_MS: Final = 500

_PAUSE_SECONDS: Final = 1.0

_GOODBYE_SECONDS: Final = 1.0
"""What Kafka has not taken by then, it does not take from us any more."""


class OperatorCommands:
    """Sends commands; runs inside ``async with``, any number at the same time.

    Parameters
    ----------
    settings : Settings
    patience_seconds : float
        How long to wait for a reply.
    """

    def __init__(self, settings: Settings, *, patience_seconds: float = _ANSWER_SECONDS) -> None:
        self._topic = settings.commands_topic
        self._patience_seconds = patience_seconds
        self._replies: AIOKafkaConsumer = follower(settings)
        self._place = TopicPartition(settings.replies_topic, 0)
        self._producer = AIOKafkaProducer(
            **aiokafka_options(settings), acks="all", enable_idempotence=True
        )
        self._awaited: dict[str, asyncio.Future[Reply]] = {}

    async def __aenter__(self) -> Self:
        """Begin to listen: no reply can come before that.

        Raises
        ------
        ServiceError
            If Kafka does not answer.
        """
        with kafka_faults():
            try:
                await self._replies.start()
                self._replies.assign([self._place])
                await self._replies.seek_to_end(self._place)
                await self._replies.position(self._place)
                await self._producer.start()
            except KafkaError:
                await self._stop()
                raise
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave; nobody waits any more."""
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening
        await self._stop()

    async def send(self, command: Command) -> Reply:
        """Send a command, and give the reply.

        Raises
        ------
        ServiceError
            If none comes. Nobody knows then whether the command is carried out: sent again
            under the same ``command_id``, it is carried out once.
        """
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._awaited[command.command_id] = reply
        is_taken = False
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._producer.send_and_wait(
                    self._topic, msgspec.json.encode(command), key=command.key.encode()
                )
                is_taken = True
                return await reply
        except TimeoutError as error:
            if not is_taken:
                raise ServiceError(
                    f"Kafka did not take {command.command!r} within {self._patience_seconds:g} s: "
                    "look at the alert again when Kafka is back, and then repeat it"
                ) from error
            raise ServiceError(
                f"no answer to {command.command!r} within {self._patience_seconds:g} s: is a "
                "worker running? One keeps the alert book. The command waits for it, with the "
                f"command_id {command.command_id}"
            ) from error
        except KafkaError as error:
            raise ServiceError(f"Kafka did not take {command.command!r}: {error}") from error
        finally:
            del self._awaited[command.command_id]

    async def _listen(self) -> None:
        while True:
            try:
                found = await self._replies.getmany(self._place, timeout_ms=_POLL_MS)
            except KafkaError as error:
                for waiting in self._awaited.values():
                    if not waiting.done():
                        waiting.set_exception(ServiceError(f"Kafka gives no replies: {error}"))
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            for message in found.get(self._place, ()):
                self._hand_over(message.key or b"", message.value)

    def _hand_over(self, key: bytes, value: bytes | None) -> None:
        waiting = self._awaited.get(key.decode(errors="replace"))
        if waiting is None or waiting.done():
            return
        try:
            waiting.set_result(msgspec.json.decode(value or b"", type=Reply))
        except UNREADABLE as error:
            # Nobody of ours wrote that, and the others wait too.
            log.warning("reply.unreadable", key=repr(key), error=str(error))

    async def _stop(self) -> None:
        await leave(self._replies)
        # It waits for what was not taken, and an idempotent one for as long as Kafka is away.
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._producer.stop()
