"""What becomes of a batch and how long it takes, for whoever follows it; nobody by default.

A span for each batch, from when Kafka gave it to when it is done, holds one for each partition's
judging and one for the delivery.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from stream_detector.pipeline.messages import Output
from stream_detector.worker.reader import Batch


class Traces(Protocol):
    """Somebody who follows batches; each method's context is the time that it took."""

    def batch(self, batch: Batch) -> AbstractContextManager[object]:
        """Follow a batch."""

    def judging(self, partition: int, n_readings: int) -> AbstractContextManager[object]:
        """Follow the readings of one partition in a batch."""

    def delivering(self, outputs: Sequence[Output]) -> AbstractContextManager[Sequence[Output]]:
        """Follow what came out, and give it with what lets its readers follow it on."""

    def end(self) -> None:
        """Be done with it; the process ends."""


class _Nobody:
    """Follows nothing, and costs nothing."""

    def batch(self, batch: Batch) -> AbstractContextManager[object]:  # noqa: ARG002
        return nullcontext()

    def judging(
        self,
        partition: int,  # noqa: ARG002
        n_readings: int,  # noqa: ARG002
    ) -> AbstractContextManager[object]:
        return nullcontext()

    def delivering(self, outputs: Sequence[Output]) -> AbstractContextManager[Sequence[Output]]:
        return nullcontext(outputs)

    def end(self) -> None:
        pass


NO_TRACES: Final[Traces] = _Nobody()
