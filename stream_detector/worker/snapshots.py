"""The state of machines in Kafka, in a compacted topic: what it holds, how it is written and read.

Partition p holds the machines of partition p of the readings, each under its name, stamped
with the offset up to which its state reaches. A round of snapshots ends with a marker,
under the empty key, that says how far each of them must have come. So a reader notices what
is missing or older, whoever wrote last: a worker that was frozen may wake, and write an old
state after a newer one. Offsets count in one log alone: where the topic of the readings was
deleted and made again, or Kafka lost its end, those of the one before say nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import msgspec

from stream_detector.errors import UNREADABLE
from stream_detector.worker.suspicion import Suspicion

VERSION = 3
"""Of the format. What has another one is not read: the log tells all of it again, but for which
readings ended a worker."""

MARKER_KEY = b""
"""No machine has an empty name."""

_Offset = Annotated[int, msgspec.Meta(ge=0)]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one machine under the model that judges it."""

    version: int = VERSION
    bundle: str
    """Of that model: so whoever takes the state up judges by the same."""
    next_offset: _Offset
    """All readings of the partition below it are in the state."""
    state: dict[str, Any]
    readings_id: str = ""
    """Of the topic that the offset is of; empty where nobody knows, and then it is any."""


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What a round of snapshots says of a partition."""

    version: int = VERSION
    next_offset: _Offset
    """All readings of the partition below it are in the states."""
    machines: dict[str, _Offset]
    """The next offset that the snapshot of each machine has, or a newer one."""
    suspicion: Suspicion = Suspicion()
    readings_id: str = ""
    """As that of a snapshot."""


class _OldMarker(msgspec.Struct, frozen=True):
    """What can be read of a marker of another format."""

    suspicion: Suspicion = Suspicion()


Kept = TypeVar("Kept", Snapshot, Marker)

_encoder = msgspec.msgpack.Encoder()


def encode(kept: Snapshot | Marker) -> bytes:
    """Write a snapshot or a marker."""
    return _encoder.encode(kept)


class PartitionSnapshots:
    """What the topic holds of one partition, as far as it was read.

    Parameters
    ----------
    has_model : callable
        Whether there is a model, by its bundle's id; the states under others are passed over.
    readings_id : str
        Of the log that there is; what is of another one is passed over.

    Examples
    --------
    >>> found = PartitionSnapshots(lambda bundle_id: bundle_id == "3f9a", readings_id="")
    >>> found.take(b"pm3", encode(Snapshot(bundle="3f9a", next_offset=40, state={})))
    >>> marker = Marker(next_offset=90, machines={"pm3": 40})
    >>> found.take(MARKER_KEY, encode(marker))
    >>> found.start
    90
    """

    def __init__(self, has_model: Callable[[str], bool], *, readings_id: str) -> None:
        self._has_model = has_model
        self._readings_id = readings_id
        self._of_another_log: set[str] = set()
        self._snapshots: dict[str, Snapshot] = {}
        self._newest: dict[str, Snapshot] = {}
        self._marker: Marker | None = None
        self._skipped: tuple[int, ...] = ()
        self._unreadable: set[str] = set()
        self._n_unusable = 0

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Take in the next message of the topic."""
        if key == MARKER_KEY:
            if (said := self._decode(value, Marker)) is None:
                self._skipped = _skipped(value) or self._skipped
            elif self._is_of_this_log("", said):
                self._marker = _newer(self._marker, said)
            return
        name = (key or b"").decode(errors="replace")
        if value is None:  # the machine is gone for good
            self._snapshots.pop(name, None)
            self._newest.pop(name, None)
            self._unreadable.discard(name)
        elif (found := self._decode(value, Snapshot)) is None:
            self._unreadable.add(name)
        elif self._is_of_this_log(name, found):
            self._newest[name] = _newer(self._newest.get(name), found)
            self._unreadable.discard(name)
            if self._has_model(found.bundle):
                self._snapshots[name] = _newer(self._snapshots.get(name), found)
            else:
                self._n_unusable += 1

    def end_log_at(self, offset: int) -> None:
        """Take in where the log ends: what reaches beyond is of the log before Kafka lost its end.

        To be told last: who still judges it meanwhile may keep more.
        """
        for name in [name for name, one in self._newest.items() if one.next_offset > offset]:
            del self._newest[name]
            self._snapshots.pop(name, None)
            self._of_another_log.add(name)
            self._n_unusable += 1
        if self._marker is not None and self._marker.next_offset > offset:
            self._marker = None

    def discard(self, name: str) -> None:
        """Pass over the snapshot of a machine, as if it were lost."""
        del self._snapshots[name]
        self._unreadable.add(name)
        self._n_unusable += 1

    @property
    def snapshots(self) -> Mapping[str, Snapshot]:
        """The newest state of each machine, by name."""
        return self._snapshots

    @property
    def passed_over(self) -> Mapping[str, Sequence[str]]:
        """Machines whose newest state is of a model that there is not, by its bundle's id."""
        found: dict[str, list[str]] = {}
        for name, one in self._newest.items():
            if not self._has_model(one.bundle):
                found.setdefault(one.bundle, []).append(name)
        return found

    @property
    def lost(self) -> frozenset[str]:
        """Machines whose newest state cannot be taken up."""
        # Once a worker has begun with a new log, it has seen to those of the one before.
        of_another_log = self._of_another_log if self.log_was_replaced else ()
        return frozenset(self._unreadable).union(of_another_log, *self.passed_over.values())

    @property
    def suspicion(self) -> Suspicion:
        """What is known of crashes."""
        return self._marker.suspicion if self._marker else Suspicion(skipped=self._skipped)

    @property
    def n_unusable(self) -> int:
        """Messages of another format or log, or of a model that there is not."""
        return self._n_unusable

    @property
    def log_was_replaced(self) -> bool:
        """Whether there is a state of another log, and no worker began with this one yet."""
        return self._marker is None and bool(self._of_another_log)

    @property
    def start(self) -> int | None:
        """Offset from which the log must be read again; None is from its begin.

        What lies below the ``next_offset`` of a machine is in its state already.
        """
        if self._marker is None:
            return None
        start = self._marker.next_offset
        for name, reached in self._marker.machines.items():
            snapshot = self._snapshots.get(name)
            if snapshot is None:
                return None  # lost: only the log is left
            if snapshot.next_offset < reached:
                start = min(start, snapshot.next_offset)
        return start

    def _decode(self, value: bytes | None, kind: type[Kept]) -> Kept | None:
        try:
            found = msgspec.msgpack.decode(value or b"", type=kind)
        except UNREADABLE:
            found = None
        if found is None or found.version != VERSION:
            self._n_unusable += 1
            return None
        return found

    def _is_of_this_log(self, name: str, found: Snapshot | Marker) -> bool:
        if not self._readings_id or found.readings_id in ("", self._readings_id):
            return True
        self._of_another_log.add(name)
        self._n_unusable += 1
        return False


def _skipped(value: bytes | None) -> tuple[int, ...]:
    """Read of a marker of another format which readings are passed over."""
    try:
        return msgspec.msgpack.decode(value or b"", type=_OldMarker).suspicion.skipped
    except UNREADABLE:
        return ()


def _newer(one: Kept | None, later: Kept) -> Kept:
    """Give the one that reaches further, the later one of two equals."""
    return one if one is not None and one.next_offset > later.next_offset else later
