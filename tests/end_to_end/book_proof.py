"""Proof that the alert book loses nothing and does nothing twice, whatever happens to its keepers.

While alerts and commands stream, keepers are killed, frozen until somebody else has the book, and
woken; then all that they wrote is held against what was wanted of them. What one book makes of
the same inputs, in the order that the markers tell, has to be what stands there, byte for byte.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from confluent_kafka import Message

from stream_detector.alerting.alert_state import FLOOD_KEY, MARKER_KEY, BookMarker, Flood
from stream_detector.alerting.book import Book, Kept
from stream_detector.alerting.commands import decode_command
from stream_detector.alerting.news import OutcomeNews, decode_news
from stream_detector.pipeline.readings import kafka_time
from tests.alerting.told import RULES
from tests.end_to_end.book_chaos import Fate, Plant
from tests.end_to_end.chaos import Crew
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka

_PACE_SECONDS = 0.02

Told = list[tuple[bytes, bytes]]
"""Keys and values of a topic."""


@dataclass(frozen=True)
class Written:
    """What the keepers wrote, and what they had to go by; messages in the order of their topics."""

    states: Sequence[Message]
    replies: Sequence[Message]
    alerts: Sequence[Message]
    commands: Sequence[Message]

    @property
    def faults(self) -> list[str]:
        """Tell where it is not what one book makes of the same."""
        states, replies = uninterrupted(self)
        told = [one for one in _told(self.states) if one[0] != MARKER_KEY]
        return [
            *_differences("state", told, states),
            *_differences("reply", _told(self.replies), replies),
        ]


def uninterrupted(written: Written) -> tuple[Told, Told]:
    """Let one book take in the same inputs in the order that the markers tell.

    No time is up meanwhile: what is shelved is so for an hour at least.
    """
    book, states, replies = Book(RULES), Told(), Told()
    for alerts, commands in _batches(written):
        for message in sorted(alerts, key=lambda one: (_ms(one), one.partition(), one.offset())):
            news, at = decode_news(message.value()), kafka_time(_ms(message))
            assert news is not None
            if isinstance(news, OutcomeNews):
                states += _as_written(book.fold_outcome(news, at))
            else:
                states += _as_written(book.fold(*news, at))
        for message in commands:
            command = decode_command(message.value())
            reply, kept = book.carry_out(command, kafka_time(_ms(message)))
            states += _as_written(kept)
            replies.append((command.command_id.encode(), msgspec.json.encode(reply)))
    return states, replies


def _batches(written: Written) -> Iterator[tuple[list[Message], list[Message]]]:
    """What was taken in between two markers."""
    read: dict[int, int] = {}
    n_commands = 0
    for message in written.states:
        if message.key() != MARKER_KEY:
            continue
        marker = msgspec.json.decode(message.value() or b"", type=BookMarker)
        reached = {int(partition): offset for partition, offset in marker.alerts.items()}
        alerts = [
            one
            for one in written.alerts
            if read.get(one.partition() or 0, 0)
            <= (one.offset() or 0)
            < reached.get(one.partition() or 0, 0)
        ]
        commands = [
            one for one in written.commands if n_commands <= (one.offset() or 0) < marker.commands
        ]
        assert all(reached[one] >= offset for one, offset in read.items()), "a marker went back"
        read, n_commands = reached, marker.commands
        yield alerts, commands


def _as_written(kept: Iterable[Kept]) -> Told:
    return [
        (FLOOD_KEY if isinstance(one, Flood) else one.key.encode(), msgspec.json.encode(one))
        for one in kept
    ]


def _told(messages: Iterable[Message]) -> Told:
    return [(one.key() or b"", one.value() or b"") for one in messages]


def _differences(what: str, told: Told, expected: Told) -> Iterator[str]:
    if len(told) != len(expected):
        yield f"{len(told)} of {what} were written, {len(expected)} should have been"
    for n, (one, other) in enumerate(zip(told, expected, strict=False)):
        if one != other:
            yield f"{what} {n} is {one!r}, should be {other!r}"
            return


def _ms(message: Message) -> int:
    return message.timestamp()[1]


def prove(
    installation: Installation,
    *,
    seconds: float,
    seed: int,
    fault: str = "none",
    kafka: RealKafka | None = None,
) -> tuple[Written, Counter[str]]:
    """Let machines, operators and keepers go on for so long; give what was written in the end.

    A broker that is given is killed in the middle, and started again.
    """
    signed = installation.folder / "keeper"
    keeper = [sys.executable, "-m", "tests.end_to_end.book_alone", fault, str(signed)]
    crew, plant = Crew(installation, keeper), Plant(installation, seed=seed)
    try:
        crew.add()
        crew.add()
        fate = Fate(crew, signed, seed=seed)
        for _ in range(2):
            until = time.monotonic() + seconds / 2
            while time.monotonic() < until:
                plant.go_on()
                fate.look()
                time.sleep(_PACE_SECONDS)
            if kafka is not None:
                kafka.kill()
                kafka.start()
                kafka = None
        fate.relent()
        plant.finish()
        return _read_all(installation, crew), fate.happened
    finally:
        crew.end()


def _read_all(installation: Installation, crew: Crew) -> Written:
    """Read everything, once the keepers have."""
    with (
        installation.subscriber("alerts") as alerts,
        installation.subscriber("commands") as commands,
        installation.subscriber("alert_state") as states,
        installation.subscriber("replies") as replies,
    ):
        ends: dict[str, int] = {}
        for one in alerts.read_to_the_end():
            ends[str(one.partition())] = (one.offset() or 0) + 1
        n_commands = len(commands.read_to_the_end())

        def is_read() -> bool:
            crew.tend()
            markers = [one for one in states.messages if one.key() == MARKER_KEY]
            if not markers:
                return False
            marker = msgspec.json.decode(markers[-1].value() or b"", type=BookMarker)
            return dict(marker.alerts) == ends and marker.commands == n_commands

        states.wait_until(is_read, f"the book has read {ends} and {n_commands} commands")
        # What commits a transaction reaches one topic after the other.
        replies.wait_for(n_commands)
        return Written(
            states.messages, replies.read_to_the_end(), alerts.messages, commands.messages
        )
