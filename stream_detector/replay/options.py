"""The command-line options that say how to read a recording; the same for every command."""

import csv
import functools
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

import click

from stream_detector.command_line import EXISTING_FILE, Parsed, parse_duration
from stream_detector.errors import RecordingError, SettingsError
from stream_detector.pipeline.names import machine_name
from stream_detector.replay.recording import DEFAULT_START, LabelKind, RecordingOptions
from stream_detector.replay.times import PER_SECOND, read_zone, to_utc

_T = TypeVar("_T")


def _cadence(text: str) -> float:
    """Read a span of time in seconds; a number alone is of seconds."""
    is_number = text.strip().replace(".", "", 1).isdecimal()
    return parse_duration(f"{text.strip()}s" if is_number else text)


def parse_time(text: str) -> datetime:
    """Read a time in ISO 8601 as it is written: with a zone or without.

    Raises
    ------
    SettingsError
        If it is none.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{text!r} is not an ISO 8601 time") from None


def _delimiter(text: str) -> str:
    delimiter = "\t" if text in {"tab", r"\t"} else text
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise SettingsError(f"{text!r} is not one character, such as ';' or tab")
    return delimiter


def _time_format(text: str) -> str:
    if text in PER_SECOND:
        return text
    # A format that cannot read back the date it wrote cannot read a file's dates either.
    written = datetime(2001, 2, 3, 16, 5, 6, tzinfo=UTC)
    try:
        read = datetime.strptime(written.strftime(text), text)  # noqa: DTZ007 -- a trial
    except ValueError as error:
        raise SettingsError(f"{text!r} is not a strptime format: {error}") from None
    if read.date() != written.date():
        raise SettingsError(f"{text!r} has no year, month and day")
    return text


def _zone(text: str) -> str:
    return read_zone(text).key


def _names(text: str) -> tuple[str, ...]:
    try:
        # Read as a line of CSV, so that a name with a comma can be quoted.
        names = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise SettingsError(f"{text!r} is not a list of names: {error}") from None
    return tuple(name.strip() for name in names if name.strip())


def csv_option(
    what: str = "Recording", *, required: bool = False
) -> Callable[[Callable[..., _T]], Callable[..., _T]]:
    """Give a command the option that names the file of a recording, as its argument ``path``."""
    return click.option(
        "--csv",
        "path",
        type=EXISTING_FILE,
        required=required,
        help=f"{what}: CSV, gzipped CSV (.gz) or Parquet (.parquet).",
    )


rules_option = click.option(
    "--rules",
    "rules_file",
    type=EXISTING_FILE,
    help="Rules file.  [default: one sheet-break rule]",
)

_FILE_OPTIONS = (
    click.option(
        "--time-column",
        metavar="NAME",
        default=RecordingOptions.time_column,
        show_default=True,
        help="Column of times.",
    ),
    click.option(
        "--time-format",
        type=Parsed(_time_format),
        metavar="FORMAT",
        help="How times are written, as for strptime, e.g. '%m/%d/%y %H:%M'; or s, ms, us, ns for "
        "a number of these since 1970.  [default: ISO 8601]",
    ),
    click.option(
        "--time-zone",
        type=Parsed(_zone),
        metavar="ZONE",
        help="Zone of times that carry no offset, e.g. UTC or Europe/Helsinki. Without it such "
        "times are refused. When clocks are set back, the first of two equal times is meant.",
    ),
    click.option(
        "--delimiter",
        type=Parsed(_delimiter),
        metavar="CHARACTER",
        default=RecordingOptions.delimiter,
        show_default=True,
        help="Character between cells, e.g. ';' or tab.",
    ),
)
"""How a file of rows is read, whatever its columns are."""

_OPTIONS = (
    *_FILE_OPTIONS,
    click.option(
        "--cadence",
        type=Parsed(_cadence),
        metavar="DURATION",
        help="Time from row to row, e.g. 120, 2min or 1s, for a file without a column of times.",
    ),
    click.option(
        "--start",
        type=Parsed(parse_time),
        metavar="TIME",
        help="Time of the first row, with --cadence.  "
        f"[default: {DEFAULT_START:%Y-%m-%dT%H:%M:%SZ}]",
    ),
    click.option(
        "--machine",
        type=Parsed(machine_name),
        metavar="NAME",
        help="Name of the machine.  [default: the file's name up to its first dot]",
    ),
    click.option(
        "--mode-column",
        metavar="NAME",
        help="Column that names the machine's mode, e.g. the paper grade; not a sensor.",
    ),
    click.option(
        "--label-column",
        metavar="NAME",
        help="Column of 0 and 1 that marks rows, e.g. those of breaks; not a sensor.",
    ),
    click.option(
        "--label-kind",
        type=click.Choice(get_args(LabelKind)),
        default=RecordingOptions.label_kind,
        show_default=True,
        help="What a 1 means: the event to warn of, which ends the run, or anomalous rows, "
        "which training leaves out.",
    ),
    click.option(
        "--exclude",
        type=Parsed(_names),
        multiple=True,
        metavar="NAME,...",
        help="Columns to leave out; may be repeated.",
    ),
    click.option(
        "--tags",
        type=EXISTING_FILE,
        metavar="FILE",
        help="CSV file sensor,unit,low,high: unit and physical limits of each sensor.",
    ),
)


def file_options(command: Callable[..., _T]) -> Callable[..., _T]:
    """Give a command the options that say how the times and cells of a file are written."""
    for option in reversed(_FILE_OPTIONS):
        command = option(command)
    return command


def recording_options(command: Callable[..., _T]) -> Callable[..., _T]:
    """Give a command all options of a recording, as one argument ``options``.

    Wrong values end in click's usage error, exit code 2.

    Examples
    --------
    >>> @click.command()
    ... @click.argument("file")
    ... @recording_options
    ... def show(file: str, *, options: RecordingOptions) -> None:
    ...     click.echo(f"{file}: {options.cadence} s, without {options.exclude}")
    >>> show(["run.csv", "--cadence", "3min", "--exclude", "a,b"], standalone_mode=False)
    run.csv: 180.0 s, without ('a', 'b')
    """

    @functools.wraps(command)
    def with_options(*args: Any, **parameters: Any) -> _T:
        given = {field.name: parameters.pop(field.name) for field in fields(RecordingOptions)}
        return command(*args, **parameters, options=_recording_options(given))

    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options


def _recording_options(given: dict[str, Any]) -> RecordingOptions:
    exclude = tuple(name for names in given["exclude"] for name in names)
    start = given["start"]
    if start is not None:
        if given["cadence"] is None:
            raise click.UsageError("--start is the time of the first row: it needs --cadence")
        start = in_utc(start, given["time_zone"], option="--start")
    return RecordingOptions(**(given | {"exclude": exclude, "start": start}))


def in_utc(time: datetime, time_zone: str | None, *, option: str) -> datetime:
    """Bring the time of an option to UTC, as those of the recording are.

    Raises
    ------
    BadParameter
        If it has no zone, and none is named.
    """
    try:
        return to_utc(time, read_zone(time_zone) if time_zone else None)
    except RecordingError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
