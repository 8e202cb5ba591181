"""What the alerts topic says is open, where the states that knew it are lost.

A state that cannot be used, as one of another form or of a model that is gone, takes with it
which alerts are open. Those who were told of them would wait for their ends for ever.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from aiokafka import TopicPartition

from stream_detector.alerting.news import AlertNews, decode_news
from stream_detector.errors import AlertError
from stream_detector.pipeline.machine import Machine
from stream_detector.pipeline.pipeline import Pipeline


class _Told(NamedTuple):
    offset: int
    """Of the reading that led to it."""
    news: AlertNews


class ToldAlerts:
    """The newest message of each alert that readings of a partition, up to an offset, led to.

    What later readings led to counts for nothing: these are judged again.

    Parameters
    ----------
    partition : TopicPartition
        Of the readings.
    offset : int
    machines : collection of str
        Only those of these are taken in.
    """

    def __init__(self, partition: TopicPartition, offset: int, machines: Collection[str]) -> None:
        self.partition = partition.partition
        self._place = {
            "evidence_topic": partition.topic.encode(),
            "evidence_partition": str(partition.partition).encode(),
        }
        self._offset = offset
        self._machines = {name.encode() for name in machines}
        self._newest: dict[bytes, _Told] = {}

    def take(
        self, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> None:
        """Take in the next message of the alerts topic."""
        if key is None or key.rpartition(b"/")[0] not in self._machines:
            return
        said = dict(headers)
        with suppress(AlertError, KeyError, ValueError):  # others write there too
            found, offset = decode_news(value), int(said["evidence_to_offset"])
            is_ours = self._place.items() <= said.items() and offset < self._offset
            newest = self._newest.get(key)
            # A worker that was frozen may wake, and tell something old again.
            if isinstance(found, tuple) and is_ours and not (newest and newest.offset > offset):
                self._newest[key] = _Told(offset, found[0])

    @property
    def open(self) -> list[AlertNews]:
        """Those that nothing has cleared."""
        return [one.news for one in self._newest.values() if one.news.event != "cleared"]

    def let_go(self, pipeline: Pipeline) -> tuple[Machine, ...]:
        """Have these end where the states of their machines do not know them.

        Returns
        -------
        tuple of Machine
            Those whose state has changed by that.
        """
        changed: dict[str, Machine] = {}
        for news in self.open:
            machine = pipeline.machines.find(self.partition, news.machine)
            if machine is None:  # the log tells nothing of it any more
                machine = pipeline.models.beginning(news.machine).new_machine(news.machine)
                pipeline.machines.put(self.partition, machine)
            machine.end_lost(news)
            changed[machine.name] = machine
        return tuple(changed.values())
