"""Sparkplug B: what edge nodes say in births, data and deaths -> tag rows.

A tag is called ``group/node/metric`` or ``group/node/device/metric``. Data names its metrics by
the numbers that the last birth gave them, so it is read only while no message can have been missed
since then; else the node is asked for a new birth. What is dead has no data.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import structlog

from stream_detector.bridges.joining.aligner import LAST_US
from stream_detector.bridges.mqtt.sparkplug_payload import decode, value_of
from stream_detector.bridges.rows import MAX_TAG, TagRow
from stream_detector.errors import RowError, counted, listed

log = structlog.get_logger()

NAMESPACE: Final = "spBv1.0"

_OF_NODES: Final = frozenset({"NBIRTH", "NDATA", "NDEATH"})
_OF_DEVICES: Final = frozenset({"DBIRTH", "DDATA", "DDEATH"})
_OF_OTHERS: Final = frozenset({"NCMD", "DCMD", "STATE"})
"""Commands and what host applications say of themselves."""

_SEQUENCE: Final = 256
"""Messages of a node are numbered from 0 to 255, over and over."""

_ASK_AGAIN_US: Final = 10_000_000
"""A birth of thousands of metrics takes a node a moment."""

_CONTROL: Final = ("Node Control/", "Device Control/", "bdSeq")
"""What metrics are called that are about the session and not the machine."""


class Heard(NamedTuple):
    """What a message came to."""

    rows: list[TagRow]
    left_out: tuple[RowError, ...] = ()
    """Why some of its metrics are not among them: ``historical``, for a value that the edge node
    had kept, and that must not raise an alert of today; ``unborn``, for one that no birth named;
    ``tag``, for one whose name is too long."""


class NodeName(NamedTuple):
    """Who publishes: the group and the name within it."""

    group: str
    node: str


class _Metric(NamedTuple):
    tag: str
    datatype: int


@dataclass
class _Node:
    """An edge node, as its births and deaths left it."""

    is_born: bool = False
    """Whether what the last birth said holds: no death and no missing message since."""
    birth_number: int | None = None
    sequence: int = 0
    by_alias: dict[int, _Metric] = field(default_factory=dict)
    by_tag: dict[str, _Metric] = field(default_factory=dict)
    devices: dict[str | None, set[str]] = field(default_factory=dict)
    """The tags of each device, and of the node itself (None), that were ever born."""
    newest_us: int = 0
    """The newest time that was not of a wrong clock."""
    asked_us: int | None = None


class EdgeNodes:
    """Knows what the edge nodes of an installation last said of themselves.

    Parameters
    ----------
    max_skew_us : int
        A time so much newer than that of its arrival comes from a wrong clock: whoever joins the
        rows refuses it, so no death has to come after it.
    """

    def __init__(self, *, max_skew_us: int) -> None:
        self._skew_us = max_skew_us
        self._nodes: dict[NodeName, _Node] = {}
        self._unsaid: set[NodeName] = set()

    def take(
        self, topic: str, payload: bytes, *, received_us: int, is_repeat: bool = False
    ) -> Heard:
        """Take the next message.

        Parameters
        ----------
        topic, payload : str, bytes
        received_us : int
            When it came, microseconds since 1970. A death has this time where its own is of a wrong
            clock; a node's has no other: what it says was written when it was born.
        is_repeat : bool
            Whether the broker says that it may have sent it before.

        Raises
        ------
        RowError
            With the code ``not-sparkplug``; ``no-birth`` if it cannot be read without a birth that
            was not heard: it is asked for then (:meth:`rebirths`); ``no-time``; or ``time``.
        """
        kind, name, device = _parsed(topic)
        last_us = received_us + self._skew_us
        if kind in _OF_OTHERS:
            return Heard([])
        content = decode(payload)
        node = self._nodes.setdefault(name, _Node())
        if kind == "NDEATH":
            return Heard(self._bury(name, node, content, received_us))
        if kind == "NBIRTH":
            if not content.HasField("seq"):
                raise RowError("not-sparkplug", f"a birth of {'/'.join(name)!r} has no number")
            _bear(node, content)
            log.info("sparkplug.born", group=name.group, node=name.node)
        elif is_repeat and _was_taken(node, content):
            return Heard([])
        elif not self._follows(name, node, content, received_us):
            raise RowError(
                "no-birth",
                f"messages of edge node {'/'.join(name)!r} are missing before this one, so its "
                "numbers may mean other metrics; the node is asked for a new birth",
            )
        if kind == "DDEATH":
            log.warning("sparkplug.device_died", group=name.group, node=name.node, device=device)
            said_us = content.timestamp * 1000
            when_us = said_us if 0 < said_us <= last_us else received_us
            return Heard(_silenced(node, node.devices.get(device, ()), when_us))
        place = "/".join(filter(None, (*name, device)))
        if kind in {"NBIRTH", "DBIRTH"}:
            _learn(node, content, place=place, device=device)
        heard = _heard(node, content, place=place, is_birth=kind in {"NBIRTH", "DBIRTH"})
        for row in heard.rows:
            if node.newest_us < row.time_us <= last_us:
                node.newest_us = row.time_us
        if kind == "NBIRTH":
            heard.rows[:0] = _stale(node, _microseconds(content.timestamp))
        return heard

    def forget(self) -> None:
        """Trust no birth of before: messages may have been missed, and nobody knows which."""
        for node in self._nodes.values():
            node.is_born = False

    def rebirths(self) -> set[NodeName]:
        """Give, once, the nodes that have to be asked for a birth now."""
        asked, self._unsaid = self._unsaid, set()
        return asked

    def _follows(self, name: NodeName, node: _Node, content: Any, received_us: int) -> bool:
        """Tell whether a message is the next one of its node; else have the node asked."""
        expected = (node.sequence + 1) % _SEQUENCE
        if node.is_born and content.HasField("seq") and content.seq == expected:
            node.sequence = expected
            return True
        if node.is_born:
            log.warning(
                "sparkplug.gap",
                group=name.group,
                node=name.node,
                got=content.seq,
                expected=expected,
                doing="asking for a new birth",
            )
        node.is_born = False
        if node.asked_us is None or received_us - node.asked_us >= _ASK_AGAIN_US:
            node.asked_us = received_us
            self._unsaid.add(name)
        return False

    def _bury(self, name: NodeName, node: _Node, content: Any, received_us: int) -> list[TagRow]:
        number = _birth_number(content)
        if number is not None and node.birth_number not in {None, number}:
            return []  # of a session before the last birth: the broker tells of it late
        node.is_born = False
        tags = [tag for device in node.devices.values() for tag in device]
        log.warning("sparkplug.died", group=name.group, node=name.node, n_tags=len(tags))
        return _silenced(node, tags, received_us)


def _parsed(topic: str) -> tuple[str, NodeName, str | None]:
    """Split a topic into the kind of its messages, the edge node, and the device if it has one."""
    namespace, *parts = topic.split("/")
    if namespace == NAMESPACE and all(parts):
        match parts:
            case ["STATE", host]:
                return "STATE", NodeName("", host), None
            case [group, kind, node] if kind in _OF_NODES | _OF_OTHERS:
                return kind, NodeName(group, node), None
            case [group, kind, node, device] if kind in _OF_DEVICES | _OF_OTHERS:
                return kind, NodeName(group, node), device
    raise RowError("not-sparkplug", f"topic {topic[:100]!r} is none of Sparkplug B")


def _bear(node: _Node, content: Any) -> None:
    node.is_born = True
    node.birth_number = _birth_number(content)
    node.sequence = content.seq
    node.by_alias.clear()
    node.by_tag.clear()


def _was_taken(node: _Node, content: Any) -> bool:
    return node.is_born and (node.sequence - content.seq) % _SEQUENCE < _SEQUENCE // 2


def _birth_number(content: Any) -> int | None:
    for metric in content.metrics:
        if metric.name == "bdSeq":
            return int(metric.long_value or metric.int_value)
    return None


def _learn(node: _Node, content: Any, *, place: str, device: str | None) -> None:
    """Remember what a birth calls its metrics, and by which numbers."""
    tags = node.devices.setdefault(device, set())
    for metric in content.metrics:
        if not metric.name or metric.name.startswith(_CONTROL):
            continue
        known = _Metric(f"{place}/{metric.name}", metric.datatype)
        if len(known.tag) > MAX_TAG:
            continue
        node.by_tag[known.tag] = known
        tags.add(known.tag)
        if metric.HasField("alias"):
            node.by_alias[metric.alias] = known


def _heard(node: _Node, content: Any, *, place: str, is_birth: bool) -> Heard:
    rows: list[TagRow] = []
    n_historical, n_too_long, unborn = 0, 0, list[str]()
    for metric in content.metrics:
        if metric.name.startswith(_CONTROL):
            continue
        name = metric.name and f"{place}/{metric.name}"
        known = node.by_tag.get(name) if name else node.by_alias.get(metric.alias)
        if len(name) > MAX_TAG:
            n_too_long += 1
        elif metric.is_historical:
            n_historical += 1
        elif known is None:
            unborn.append(name or f"{place} number {metric.alias}")
        else:
            # A birth says what is, also where the value came long ago: none came since.
            time_ms = content.timestamp if is_birth else metric.timestamp or content.timestamp
            if not time_ms:
                raise RowError("no-time", f"neither {known.tag!r} nor its message has a time")
            value = value_of(metric, metric.datatype or known.datatype)
            rows.append(TagRow(known.tag, _microseconds(time_ms), value))
    return Heard(rows, tuple(_left_out(place, n_historical, n_too_long, unborn)))


def _stale(node: _Node, when_us: int) -> list[TagRow]:
    """No data of what a node's birth does not name: of its devices, until their own births."""
    tags = {tag for tags in node.devices.values() for tag in tags}
    return [TagRow(tag, when_us, None) for tag in sorted(tags - node.by_tag.keys())]


def _microseconds(time_ms: int) -> int:
    """Read a time, which may be any number of 64 bits: a journal takes none beyond all years."""
    if time_ms * 1000 > LAST_US:
        raise RowError("time", f"{time_ms} is no time in ms before the year 10000")
    return time_ms * 1000


def _left_out(
    place: str, n_historical: int, n_too_long: int, unborn: list[str]
) -> Iterator[RowError]:
    if n_too_long:
        yield RowError(
            "tag",
            f"{counted(n_too_long, 'metric')} of {place!r} would be tags of over {MAX_TAG} "
            "characters; give shorter names",
        )
    if n_historical:
        yield RowError(
            "historical",
            f"{counted(n_historical, 'metric')} of {place!r} had been kept by the edge node and "
            "sent later; they are not for live readings",
        )
    if unborn:
        yield RowError(
            "unborn",
            f"no birth named {listed(unborn)}; an edge node has to name all its metrics there",
        )


def _silenced(node: _Node, tags: Iterable[str], when_us: int) -> list[TagRow]:
    """No data from now on, and after all that was heard."""
    node.newest_us = max(when_us, node.newest_us + 1)
    return [TagRow(tag, node.newest_us, None) for tag in sorted(tags)]
