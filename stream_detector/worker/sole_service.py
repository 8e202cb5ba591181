"""Work beside the stream that one worker of a group does: whoever has a topic's one partition.

What goes wrong with it ends no more than that: it is put down, and taken up anew.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Iterable
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, ConsumerStoppedError, IllegalStateError, KafkaError
from mode import Service

from stream_detector.connections.consumers import group_consumer, leave, start
from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError

log = structlog.get_logger()

_POLL_MS: Final = 500
"""How long a look at the topic waits where the work is another worker's."""

_PAUSE_SECONDS: Final = 1.0
"""After something went wrong."""

_LEAVE_SECONDS: Final = 5.0
"""How long leaving the group may take. While the broker is away it would take for ever."""


class SoleService(Service, ConsumerRebalanceListener):  # type: ignore[misc]
    """Does its work whenever that is this worker's.

    Parameters
    ----------
    settings : Settings
    name : str
        Of the work, in the log.
    topic : str
        Whoever is given its partition does the work.
    group : str
        That gives it.
    """

    def __init__(self, settings: Settings, *, name: str, topic: str, group: str) -> None:
        super().__init__()
        self._settings = settings
        self._name = name
        self._group = group
        self._place = TopicPartition(topic, 0)
        self._turn = 0
        """Counts how often the work became ours, or was taken from us."""
        self._is_ours = False
        self._told: str | None = None

    @abstractmethod
    async def _work(self, turn: int) -> None:
        """Do the work until the turn is over, the service is to stop, or something fails."""

    async def _put_down(self) -> None:
        """Finish what is in hand: another worker takes the work up, or we are stopped."""

    def _note_assigned(self) -> None:
        """Take in that the group has said whose the work is."""

    def _note_failed(self, error: str) -> None:
        """Take in why the work does not get on."""

    def _get_well(self) -> None:
        """Forget what went wrong: should it come back, the log says so again."""
        self._told = None

    async def on_start(self) -> None:
        """Get ready to join the group: no start waits for it."""
        self._member = self._make_member()

    async def on_stop(self) -> None:
        """Leave it, with what is in hand finished."""
        self._next_turn(is_ours=False)
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self._put_down()
                await leave(self._member)
        except TimeoutError:
            log.warning("work.not-left", work=self._name, reason="Kafka does not answer")

    async def on_partitions_revoked(self, _revoked: Iterable[TopicPartition]) -> None:
        """Put the work down before another worker takes it up."""
        self._next_turn(is_ours=False)
        await self._put_down()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note whether the work is ours now."""
        self._next_turn(is_ours=bool(list(assigned)))
        self._note_assigned()

    @Service.task
    async def _serve(self) -> None:
        await self._join()
        while not self.should_stop:
            try:
                if self._is_ours and self._place in self._member.assignment():
                    await self._work(self._turn)
                else:
                    # Whoever asks for nothing is taken for dead; what comes now is not for us.
                    await self._member.getmany(timeout_ms=_POLL_MS)
            except ConsumerStoppedError:
                return  # we are being stopped
            except (IllegalStateError, CommitFailedError):
                log.info("work.lost", work=self._name, reason="the group is giving it away")
            except (ServiceError, KafkaError) as error:
                self._fail(str(error))
                await self.sleep(_PAUSE_SECONDS)
            except Exception as error:
                # A fault in here must not stop the scoring.
                log.exception("work.fault", work=self._name, doing="taking it up anew")
                self._note_failed(repr(error))
                await self.sleep(_PAUSE_SECONDS)

    async def _join(self) -> None:
        """Join the group, as often as it takes: readings are judged meanwhile."""
        while not self.should_stop:
            try:
                await start(self._member)
            except KafkaError as error:
                self._fail(str(error))
                self._member = self._make_member()
                await self.sleep(_PAUSE_SECONDS)
            else:
                return

    def _make_member(self) -> AIOKafkaConsumer:
        member = group_consumer(self._settings, self._group)
        member.subscribe([self._place.topic], listener=self)
        return member

    def _next_turn(self, *, is_ours: bool) -> None:
        self._turn, self._is_ours = self._turn + 1, is_ours

    def _fail(self, error: str) -> None:
        if error != self._told:
            log.warning("work.failed", work=self._name, error=error, doing="taking it up anew")
        self._told = error
        self._note_failed(error)
