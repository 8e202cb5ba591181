"""The machine's part in the demo: its readings go to Kafka, faster than they were recorded."""

from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from typing import Final, Protocol

import numpy as np
from confluent_kafka import KafkaError, Message, Producer
from numpy.typing import NDArray

from stream_detector.connections.kafka import client_options
from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError
from stream_detector.pipeline.readings import Record

# Nothing is to be seen while a machine stands still, so the demo waits no longer than this.
_LONGEST_STEP_IN_CADENCES: Final = 5

# The embedded Kafka keeps 5 MiB of a partition and forgets the oldest, read or not. A reading
# becomes a score of about 1 kB, so this many stay well within that on their way out, too.
_MAX_AHEAD: Final = 1000
_MAX_BYTES_AHEAD: Final = 2 * 2**20


def due_seconds(times: NDArray[np.datetime64], *, cadence: timedelta) -> NDArray[np.float64]:
    """Give when each reading is due, in the machine's seconds since the first; shape (n,).

    Standstills are shortened, and late readings are due at once.

    Examples
    --------
    >>> minutes = np.array([0, 2, 60, 58, 62])
    >>> times = np.datetime64("2026-01-01T00:00", "us") + minutes.astype("m8[m]")
    >>> due_seconds(times, cadence=timedelta(minutes=2))
    array([   0.,  120.,  720.,  720.,  960.])
    """
    steps = np.diff(times, prepend=times[:1]) / np.timedelta64(1, "s")
    return np.cumsum(np.clip(steps, 0, _LONGEST_STEP_IN_CADENCES * cadence.total_seconds()))


class Pace:
    """Says whether the next reading may go: when it is due, and the worker is not far behind.

    Parameters
    ----------
    due : float64 array, shape (n,)
        When each reading is due, in seconds since the start; never falling.

    Examples
    --------
    >>> pace = Pace(np.array([0.0, 2.0]))
    >>> pace.may_send(elapsed=1.0)
    True
    >>> pace.sent(n_bytes=1250)
    >>> pace.may_send(elapsed=1.0), pace.may_send(elapsed=2.0)
    (False, True)
    """

    def __init__(self, due: NDArray[np.float64]) -> None:
        self._due: list[float] = due.tolist()
        self._ahead: deque[int] = deque()
        self._bytes_ahead = 0
        self.n_sent = 0

    @property
    def n_judged(self) -> int:
        """How many of those sent the worker is done with."""
        return self.n_sent - len(self._ahead)

    @property
    def is_over(self) -> bool:
        """Whether all was sent and judged."""
        return self.n_judged == len(self._due)

    def may_send(self, elapsed: float) -> bool:
        """Tell whether the next reading may go, so many seconds after the start."""
        return (
            self.n_sent < len(self._due)
            and self._due[self.n_sent] <= elapsed
            and len(self._ahead) < _MAX_AHEAD
            and self._bytes_ahead < _MAX_BYTES_AHEAD
        )

    def sent(self, n_bytes: int) -> None:
        """Note that the next reading went."""
        self._ahead.append(n_bytes)
        self._bytes_ahead += n_bytes
        self.n_sent += 1

    def judged(self, n_judged: int) -> None:
        """Note how many readings the worker is done with, of all."""
        while self.n_judged < n_judged:
            self._bytes_ahead -= self._ahead.popleft()


class Sender(Protocol):
    """Takes readings on their way to Kafka."""

    def send(self, record: Record) -> None:
        """Take the next reading."""
        ...

    def check(self) -> None:
        """Raise a ServiceError if one did not get through."""
        ...

    def close(self) -> None:
        """Give up what is still on its way: nobody is there any more to read it."""
        ...


class Feed:
    """Sends readings as they become due; close it in the end.

    Parameters
    ----------
    records : iterator of Record
    pace : Pace
    sender : Sender
    """

    def __init__(self, records: Iterator[Record], pace: Pace, sender: Sender) -> None:
        self._records, self._pace, self._sender = records, pace, sender

    def send_due(self, elapsed: float) -> None:
        """Send what is due, so many seconds after the start.

        Raises
        ------
        ServiceError
            If a reading did not get through.
        """
        while self._pace.may_send(elapsed):
            record = next(self._records)
            self._sender.send(record)
            self._pace.sent(len(record.value or b""))
        self._sender.check()

    def close(self) -> None:
        """End the sending."""
        self._sender.close()


class KafkaSender:
    """Sends readings to Kafka as they are.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.readings_topic
        self._errors: list[KafkaError] = []
        self._producer = Producer(
            {**client_options(settings), "enable.idempotence": True, "linger.ms": 0}
        )

    def send(self, record: Record) -> None:
        """Send a reading."""
        self._producer.produce(
            self._topic, key=record.key, value=record.value, on_delivery=self._note
        )

    def check(self) -> None:
        """Look what became of those that were sent.

        Raises
        ------
        ServiceError
            If Kafka did not take one.
        """
        self._producer.poll(0)
        if self._errors:
            raise ServiceError(f"Kafka did not take a reading: {self._errors[0].str()}")

    def close(self) -> None:
        """Give up what was not delivered: nobody is there any more to read it."""
        self._producer.purge()
        self._producer.flush(0)

    def _note(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._errors.append(error)
