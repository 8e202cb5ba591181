"""The commands ``alerts list``, ``ack``, ``shelve`` and all else that operators do."""

import asyncio
import sys
import uuid
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, get_args

import click
import msgspec

from stream_detector.alerting.alert_state import Flood, State, urgency
from stream_detector.alerting.commands import MAX_SHELVING, Command, LabelWord, decode_command
from stream_detector.alerting.rules import Priority
from stream_detector.command_line import Parsed, caller, on_one_line, parse_duration
from stream_detector.connections.alert_states import AlertStates
from stream_detector.connections.consumers import kafka_faults
from stream_detector.connections.log import configure_logging
from stream_detector.connections.operator_commands import OperatorCommands
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import Settings, read_settings
from stream_detector.connections.topics import partition_counts
from stream_detector.errors import CommandError, ServiceError, SettingsError
from stream_detector.worker.shell.alert_listing import describe, describe_flood
from stream_detector.worker.shell.figure_commands import kpi, ledger

_AT_ONCE: Final = 50
"""Commands that are under way at the same time."""

_Done = TypeVar("_Done")


def parse_target(text: str) -> tuple[str, str]:
    """Read a machine and a rule, ``MACHINE/RULE``; a machine's name may hold a slash.

    Raises
    ------
    SettingsError
        If one of them is missing.

    Examples
    --------
    >>> parse_target("mill-a/pm3/sheet-break")
    ('mill-a/pm3', 'sheet-break')
    """
    machine, _, rule = text.rpartition("/")
    if not machine or not rule:
        raise SettingsError(f"{text!r} names no rule of a machine, expected e.g. pm3/sheet-break")
    return machine, rule


_ids = click.argument("alert_ids", nargs=-1, required=True, metavar="ALERT_ID...")
_targets = click.argument(
    "targets", nargs=-1, required=True, type=Parsed(parse_target), metavar="MACHINE/RULE..."
)
_by = click.option("--by", default=caller, show_default="you", help="Who wants it.")
_comment = click.option("--comment", help="What there is to say about it.")
_reason = click.option("--comment", required=True, help="Why.")


@click.group()
def alerts() -> None:
    """See how alerts stand, and operate them; a worker has to run.

    A command is answered within a second. Where one is refused, the reason is told and the exit
    code is 1.
    """


@alerts.command("list", epilog="Example: stream-detector alerts list --state unacknowledged")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([str(one) for one in State]),
    help="Only these.",
)
@click.option("--machine", help="Only of this machine.")
@click.option("--rule", help="Only under this rule.")
@click.option("--priority", type=click.Choice(get_args(Priority)), help="Only of this priority.")
@click.option("--all", "show_all", is_flag=True, help="Also what is normal.")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines (alert-state.v1.json).")
def list_alerts(
    *,
    states: tuple[str, ...],
    machine: str | None,
    rule: str | None,
    priority: str | None,
    show_all: bool,
    as_json: bool,
) -> None:
    """List alerts as they stand, the most urgent ones first; what is normal is left out."""
    settings = _settings()
    partition_counts(settings, reads=[settings.alert_state_topic])
    found, flood = _run(_read(settings))
    chosen = [
        one
        for one in sorted(found, key=urgency)
        if (one.state in states if states else show_all or one.state != State.NORMAL)
        and machine in (None, one.machine)
        and rule in (None, one.rule)
        and (priority is None or (one.alert is not None and one.alert["priority"] == priority))
    ]
    for one in chosen:
        if as_json:
            click.echo(msgspec.json.encode(one).decode())
        else:
            click.echo("\n".join(describe(one)))
    if not as_json and flood is not None and flood.active:
        click.echo(describe_flood(flood), err=True)
    if not as_json and not chosen:
        click.echo(f"nothing to show; {len(found)} known, --all lists them", err=True)


@alerts.command(epilog="Example: stream-detector alerts ack pm3.sheet-break.2026-11-22T03:10:00Z")
@_ids
@_comment
@_by
def ack(alert_ids: tuple[str, ...], comment: str | None, by: str) -> None:
    """Acknowledge alerts: somebody has seen them. They stay open until they clear."""
    _send(
        [{"command": "acknowledge", "alert_id": one, "comment": comment} for one in alert_ids], by
    )


@alerts.command(epilog="Example: stream-detector alerts comment ALERT_ID --comment 'felt changed'")
@_ids
@click.option("--comment", required=True, help="What there is to say about it.")
@_by
def comment(alert_ids: tuple[str, ...], comment: str, by: str) -> None:
    """Write a note into the history of alerts, also of some that are over."""
    _send([{"command": "comment", "alert_id": one, "comment": comment} for one in alert_ids], by)


@alerts.command(epilog="Example: stream-detector alerts label nuisance ALERT_ID")
@click.argument("label", type=click.Choice(get_args(LabelWord)))
@_ids
@_comment
@_by
def label(label: str, alert_ids: tuple[str, ...], comment: str | None, by: str) -> None:
    """Say what alerts were worth, for the ledger; `unclear` takes a label back."""
    wanted = {"command": "label", "label": label, "comment": comment}
    _send([{**wanted, "alert_id": one} for one in alert_ids], by)


@alerts.command(
    epilog="Example: stream-detector alerts shelve pm3/sheet-break --for 2h --comment 'felt change'"
)
@_targets
@click.option(
    "--for",
    "seconds",
    type=Parsed(parse_duration),
    required=True,
    metavar="TIME",
    help=f"How long, e.g. 2h or 1h30m; at most {MAX_SHELVING // timedelta(hours=1)}h.",
)
@_reason
@_by
def shelve(targets: tuple[tuple[str, str], ...], seconds: float, comment: str, by: str) -> None:
    """Call nobody for these for a while; they come back by themselves."""
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    _send([_of(one, "shelve", until=until, comment=comment) for one in targets], by)


@alerts.command(epilog="Example: stream-detector alerts unshelve pm3/sheet-break")
@_targets
@_comment
@_by
def unshelve(targets: tuple[tuple[str, str], ...], comment: str | None, by: str) -> None:
    """Take them back from the shelf at once."""
    _send([_of(one, "unshelve", comment=comment) for one in targets], by)


@alerts.command(
    "out-of-service",
    epilog="Example: stream-detector alerts out-of-service pm3/sheet-break --comment 'rebuilt'",
)
@_targets
@_reason
@_by
def out_of_service(targets: tuple[tuple[str, str], ...], comment: str, by: str) -> None:
    """Call nobody for these until they are put back in service."""
    _send([_of(one, "out-of-service", comment=comment) for one in targets], by)


@alerts.command("in-service", epilog="Example: stream-detector alerts in-service pm3/sheet-break")
@_targets
@_comment
@_by
def in_service(targets: tuple[tuple[str, str], ...], comment: str | None, by: str) -> None:
    """Put them back in service."""
    _send([_of(one, "in-service", comment=comment) for one in targets], by)


alerts.add_command(ledger)
alerts.add_command(kpi)


def _of(target: tuple[str, str], command: str, **properties: object) -> dict[str, object]:
    machine, rule = target
    return {"command": command, "machine": machine, "rule": rule, **properties}


def _send(wanted: Sequence[dict[str, Any]], by: str) -> None:
    """Send commands, tell what became of each, and end with 1 if one was refused."""
    settings = _settings()
    site = load_rules(settings.rules).site
    commands = [_command({**one, "by": by, "site": site}) for one in wanted]
    partition_counts(settings, reads=[settings.replies_topic], writes=[settings.commands_topic])
    answers = _run(_ask(settings, commands))
    for answer in answers:
        click.echo(on_one_line(answer))
    sys.exit(0 if all(answer.startswith("done") for answer in answers) else 1)


def _command(value: dict[str, Any]) -> Command:
    stamped = {**value, "command_id": str(uuid.uuid4()), "at": datetime.now(UTC)}
    try:
        return decode_command(msgspec.json.encode(stamped))
    except CommandError as error:
        raise click.UsageError(error.reason) from error


async def _ask(settings: Settings, commands: Sequence[Command]) -> list[str]:
    at_once = asyncio.Semaphore(_AT_ONCE)
    async with OperatorCommands(settings) as sender:

        async def ask(command: Command) -> str:
            try:
                async with at_once:
                    reply = await sender.send(command)
            except ServiceError as error:
                return f"unanswered: {command.key}: {error}"
            if reply.status == "done":
                note = f" ({reply.note})" if reply.note else ""
                return f"done: {command.command} {command.key}{note}"
            return f"refused: {command.command} {command.key}: {reply.reason}"

        return await asyncio.gather(*map(ask, commands))


async def _read(settings: Settings) -> tuple[list[Any], Flood | None]:
    async with AlertStates(settings) as stored:
        await stored.read_to_the_end()
        return list(stored.states.values()), stored.flood


def _run(work: Coroutine[Any, Any, _Done]) -> _Done:
    with kafka_faults():
        return asyncio.run(work)


def _settings() -> Settings:
    settings = read_settings()
    configure_logging(settings)
    return settings
