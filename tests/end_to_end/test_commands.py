"""What every command has in common: an example in its help, and 2 for wrong usage."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from stream_detector.cli import main_group
from trainer.commands import main as trainer_group

PROGRAMS = {"stream-detector": main_group, "python -m trainer": trainer_group}


def commands(group: click.Group, *words: str) -> Iterator[tuple[str, ...]]:
    """The words that call each command of a program, those in groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *words, name)
        else:
            yield *words, name


COMMANDS = [
    (program, " ".join(words)) for program, group in PROGRAMS.items() for words in commands(group)
]


def test_there_are_the_commands_that_the_documents_name() -> None:
    assert {command for _, command in COMMANDS} >= {
        "demo",
        "worker",
        "check",
        "topics create",
        "threshold show",
        "threshold set",
        "threshold budget",
        "threshold clear",
        "alerts list",
        "alerts ack",
        "alerts shelve",
        "alerts unshelve",
        "alerts comment",
        "alerts label",
        "alerts out-of-service",
        "alerts in-service",
        "replay",
        "publish",
        "simulate",
        "fit",
    }


@pytest.mark.parametrize(("program", "command"), COMMANDS)
def test_the_help_of_a_command_says_what_it_does_and_shows_an_example(
    program: str, command: str
) -> None:
    shown = CliRunner().invoke(PROGRAMS[program], [*command.split(), "--help"])

    assert shown.exit_code == 0
    usage, _, rest = " ".join(shown.output.split()).partition(" Options: ")
    assert len(usage.partition("] ")[2].split()) > 3, "nothing but how to call it"
    assert f"{program} {command} " in f"{rest.partition('Example: ')[2]} "


@pytest.mark.parametrize(("program", "command"), COMMANDS)
def test_an_option_that_does_not_exist_is_2(program: str, command: str) -> None:
    refused = CliRunner().invoke(PROGRAMS[program], [*command.split(), "--nonsense"])

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
        "alerts ack",
        "alerts shelve pm3 --for 2h --comment felt",
        "alerts shelve pm3/sheet-break --for ever --comment felt",
        "alerts label good pm3.sheet-break.2026-11-22T03:10:00Z",
        "publish",
        "publish --csv /nowhere.csv",
        "replay --bundle model",
        "replay --bundle model --kafka / --csv pyproject.toml",
        "replay --bundle model --kafka noon/",
        "replay --bundle model --kafka / --threshold high",
        "replay --bundle model --kafka / --skip 4711",
        "replay --bundle model --kafka / --threshold rate:0.1 --thresholds pyproject.toml",
        "replay --bundle model --csv pyproject.toml --scores a --alerts a",
        "replay --bundle model --csv pyproject.toml --scores pyproject.toml",
        "replay --bundle model --kafka 2026-11-23T00:00Z/2026-11-22T00:00Z",
        "publish --csv pyproject.toml --speed nan",
        "simulate --days 0 --csv out.csv",
        "simulate --days nan --csv out.csv",
        "simulate --csv out.parquet",
        "simulate --csv out.csv --tags out.csv",
    ],
)
def test_an_argument_that_is_missing_or_wrong_is_2(line: str) -> None:
    refused = CliRunner().invoke(main_group, line.split())

    assert refused.exit_code == 2
    assert "Usage: " in refused.output
