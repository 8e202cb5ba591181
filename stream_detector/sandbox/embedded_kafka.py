"""A Kafka for the demo and the tests: one broker, in memory, in a process of its own."""

import sys
from collections.abc import Mapping
from subprocess import PIPE
from typing import Final, Self

from stream_detector.errors import ServiceError
from stream_detector.sandbox.child import ChildProcess

# It is up within 0.2 s; the rest is for a machine busy with other things.
_START_LIMIT_SECONDS: Final = 30.0


class EmbeddedKafka:
    """A running broker with the given topics; a context manager.

    It serves producers, consumers, groups and committed offsets, with these limits:

    - no compaction, no time index, no CreateTopics for clients;
    - it keeps about 5 MiB per partition, then drops the oldest;
    - two members of one group disturb each other, and one that comes right after another
      left waits for its ``session.timeout.ms`` less a second;
    - it holds an empty fetch for the whole ``fetch.wait.max.ms``: give it 10.

    Parameters
    ----------
    topics : mapping of str to int
        Partitions of each topic.

    Attributes
    ----------
    bootstrap : str
        Address for clients, ``127.0.0.1:port``.
    process : ChildProcess

    Raises
    ------
    ServiceError
        If it does not start; the message gives its reason.

    Examples
    --------
    >>> with EmbeddedKafka({"sensor.readings": 4}) as kafka:
    ...     kafka.bootstrap.startswith("127.0.0.1:")
    True
    """

    def __init__(self, topics: Mapping[str, int]) -> None:
        self.process = ChildProcess(
            "kafka",
            [
                *(sys.executable, "-m", "stream_detector.sandbox.mock_cluster"),
                *(f"{name}:{partitions}" for name, partitions in topics.items()),
            ],
            stdout=PIPE,
        )
        try:
            self.bootstrap = _address(self.process)
        except BaseException:
            self.process.stop()
            raise

    def __enter__(self) -> Self:
        """Return the running broker."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever happened."""
        self.process.stop()


def _address(child: ChildProcess) -> str:
    """Return the address the cluster prints; anything else it prints is why it has none."""
    answer = child.first_line(limit_seconds=_START_LIMIT_SECONDS)
    if not answer.startswith("127.0.0.1:"):
        reason = answer or "it gave no address"
        raise ServiceError(f"the embedded Kafka did not start: {reason}")
    return answer
