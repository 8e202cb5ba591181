"""What the alert book bears: a thousand open alerts, a hundred changes a second, and commands.

``make load`` runs this on a real Kafka, with the book in a process of its own. It prints how long
a command takes until its reply is there, and until what it did is seen in ``detector.alert-state``;
what the book takes of a core; and its memory before and after. The figures depend on the machine,
so nothing fails.
"""

import asyncio
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import click
from confluent_kafka import Producer

from stream_detector.alerting.alert_state import AlertState
from stream_detector.alerting.commands import Command
from stream_detector.connections.alert_states import AlertStates
from stream_detector.connections.operator_commands import OperatorCommands
from stream_detector.connections.settings import Settings, read_settings
from tests.alerting.told import Alerts, alert_id
from tests.end_to_end.installation import N_PARTITIONS, Installation
from tests.end_to_end.real_kafka import AS_SHIPPED, RealKafka
from tests.end_to_end.server import Server

N_MACHINES = 1000
CHANGES_PER_SECOND = 100
COMMANDS_PER_SECOND = 4

_LOOK_MS = 50
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Keeper:
    """The process that keeps the book, as the system sees it."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    @property
    def cpu_seconds(self) -> float:
        words = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / _TICKS_PER_SECOND

    @property
    def memory_mb(self) -> float:
        lines = (self._folder / "status").read_text().splitlines()
        (line,) = [line for line in lines if line.startswith("VmRSS")]
        return int(line.split()[1]) / 1024


class Machines:
    """Machines with an alert each, of which one after the other changes."""

    def __init__(self, installation: Installation) -> None:
        self.lives = [Alerts(f"pm{n}", "sheet-break") for n in range(N_MACHINES)]
        self._topic = installation.topics["alerts"]
        self._producer = Producer({"bootstrap.servers": installation.broker})
        self._n_told = 0

    def tell_until(self, count: int) -> None:
        """Tell of changes until it were so many. Now and then one clears, and is raised again."""
        while self._n_told < count:
            turn, number = divmod(self._n_told, N_MACHINES)
            life = self.lives[number]
            clears = life.is_open and (turn + number) % 20 == 0
            message = life.next(self._n_told / 10, 2 if clears else turn % 2)
            life.told.clear()
            key = f"{life.machine}/{life.rule}".encode()
            self._producer.produce(self._topic, message, key=key, partition=number % N_PARTITIONS)
            self._n_told += 1
        self._producer.poll(0)

    def close(self) -> None:
        self._producer.flush(60)


class Operator:
    """Sends commands at a steady pace, and takes the time."""

    def __init__(self, commands: OperatorCommands, machines: Machines) -> None:
        self._commands = commands
        self._machines = machines
        self._sent_at: dict[str, float] = {}
        self.asked: list[asyncio.Task[None]] = []
        self.replied: list[float] = []
        """Seconds until each reply."""
        self.seen: list[float] = []
        """Seconds until what each command did was seen."""

    def ask_until(self, count: int) -> None:
        while len(self.asked) < count:
            self.asked.append(asyncio.create_task(self._ask(len(self.asked))))

    def look_at(self, states: Sequence[object]) -> None:
        for one in states:
            if isinstance(one, AlertState) and one.history[-1].command_id in self._sent_at:
                sent_at = self._sent_at.pop(one.history[-1].command_id)
                self.seen.append(time.monotonic() - sent_at)

    async def _ask(self, number: int) -> None:
        life = self._machines.lives[number * 7 % N_MACHINES]
        command_id = str(uuid.uuid4())
        sent_at = self._sent_at[command_id] = time.monotonic()
        await self._commands.send(
            Command(
                command_id=command_id,
                command="comment",
                by="anna",
                at=datetime.now(UTC),
                alert_id=alert_id(life.raised, machine=life.machine),
                comment="seen",
            )
        )
        self.replied.append(time.monotonic() - sent_at)


async def load(settings: Settings, machines: Machines, keeper: Keeper, *, seconds: float) -> None:
    """Put the load on, and print what came of it."""
    async with OperatorCommands(settings) as commands, AlertStates(settings) as states:
        machines.tell_until(N_MACHINES)
        while len(states.states) < N_MACHINES:
            await states.next_changes(timeout_ms=_LOOK_MS)
        operator = Operator(commands, machines)
        memory, cpu, began = keeper.memory_mb, keeper.cpu_seconds, time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            machines.tell_until(N_MACHINES + int(passed * CHANGES_PER_SECOND))
            operator.ask_until(int(passed * COMMANDS_PER_SECOND))
            operator.look_at(await states.next_changes(timeout_ms=_LOOK_MS))
        cpu = (keeper.cpu_seconds - cpu) / passed
        await asyncio.gather(*operator.asked)
        while len(operator.seen) < len(operator.asked):
            operator.look_at(await states.next_changes(timeout_ms=_LOOK_MS))
    machines.close()
    n_open = sum(state.open for state in states.states.values())
    click.echo(
        f"{len(states.states)} alerts, {n_open} of them open; {CHANGES_PER_SECOND} changes and "
        f"{COMMANDS_PER_SECOND} commands a second for {seconds:.0f} s"
    )
    for what, delays in (("replied", operator.replied), ("seen", operator.seen)):
        click.echo(f"a command is {what} after: {_spread(delays)}")
    click.echo(f"the book takes {cpu:.1%} of a core")
    click.echo(f"its memory: {memory:.0f} MB before, {keeper.memory_mb:.0f} MB after")


def _spread(delays: Sequence[float]) -> str:
    p90 = quantiles(delays, n=10)[-1]
    return f"median {median(delays):.3f} s, p90 {p90:.3f} s, at most {max(delays):.3f} s"


@click.command()
@click.option("--seconds", type=click.FloatRange(min=2), default=60.0, show_default=True)
def main(*, seconds: float) -> None:
    """Put the alert book under load."""
    with (
        tempfile.TemporaryDirectory() as name,
        RealKafka(Path(name) / "kafka", java=AS_SHIPPED) as kafka,
    ):
        folder = Path(name)
        made = Installation(kafka.bootstrap, "redis://unused", bundle=folder, folder=folder)
        made.create_topics()
        signed = folder / "keeper"
        server = Server(
            [sys.executable, "-m", "tests.end_to_end.book_alone", "none", signed],
            log=folder / "book.log",
            is_ready=signed.exists,
            environment=made.environment(),
        )
        with server:
            settings = read_settings(made.environment())
            asyncio.run(load(settings, Machines(made), Keeper(server.pid), seconds=seconds))


if __name__ == "__main__":
    main()
