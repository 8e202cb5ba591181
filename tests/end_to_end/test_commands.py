"""What every command has in common: an example in its help, and 2 for wrong usage."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from stream_detector.cli import main_group


def commands(
    group: click.Group = main_group, place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it, those of groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*place, name))
        else:
            yield (*place, name), command


COMMANDS = {" ".join(place): (place, command) for place, command in commands()}


def test_there_are_the_commands_that_the_documents_name() -> None:
    assert COMMANDS.keys() >= {
        "demo",
        "worker",
        "check",
        "topics create",
        "threshold show",
        "threshold set",
        "threshold budget",
        "threshold clear",
        "replay",
        "publish",
        "simulate",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_says_what_it_does_and_shows_an_example(name: str) -> None:
    place, command = COMMANDS[name]

    shown = CliRunner().invoke(main_group, [*place, "--help"])

    assert shown.exit_code == 0
    assert command.help
    example = " ".join(shown.output.split()).partition("Example: ")[2]
    assert name in example


@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_usage_is_2_and_nothing_is_done(name: str) -> None:
    place, _ = COMMANDS[name]

    refused = CliRunner().invoke(main_group, [*place, "--nonsense"])

    assert refused.exit_code == 2
    assert "No such option: --nonsense" in refused.output


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "topics create --partitions 0",
        "topics create --replication three",
        "threshold set",
        "threshold budget 0",
        "threshold budget many",
        "publish",
        "publish --csv /nowhere.csv",
        "replay --bundle model",
        "simulate --days 0 --csv out.csv",
    ],
)
def test_an_argument_that_is_missing_or_wrong_is_2(line: str) -> None:
    refused = CliRunner().invoke(main_group, line.split())

    assert refused.exit_code == 2
    assert "Usage: " in refused.output
