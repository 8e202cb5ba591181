"""The options of a command that judges recorded readings: by which thresholds."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
import msgspec

from stream_detector.bundle.directory import Bundle
from stream_detector.command_line import EXISTING_FILE, Parsed
from stream_detector.detection.threshold import Threshold
from stream_detector.errors import UNREADABLE, SettingsError
from stream_detector.pipeline.thresholds import ThresholdTable, decode_setting, parse_threshold

_T = TypeVar("_T")


class WantedThresholds(NamedTuple):
    """What somebody wants recorded readings to be judged by; None is what the bundle asks for."""

    for_all: Threshold | None = None
    of_head: Threshold | None = None
    """Of the score of a supervised head."""
    file: Path | None = None
    """JSON of machine (or ``*``) to a threshold as in Redis."""

    def table(self, bundle: Bundle) -> ThresholdTable:
        """Give them for each machine.

        Raises
        ------
        SettingsError
            If the file holds no thresholds, or one is for a head and there is none.
        """
        if self.of_head is not None and bundle.model.head is None:
            raise SettingsError("the bundle has no head; leave --head-threshold out")
        default = self.for_all or bundle.manifest.default_threshold
        by_machine = _read(self.file) if self.file is not None else {}
        return ThresholdTable(default, by_machine, head=self.of_head)


_OPTIONS = (
    click.option(
        "--threshold",
        type=Parsed(parse_threshold),
        help="budget:N, rate:S or fixed:T.  [default: the bundle's own, a budget]",
    ),
    click.option(
        "--head-threshold",
        type=Parsed(parse_threshold),
        help="The same for the score of a supervised head.",
    ),
    click.option(
        "--thresholds",
        "thresholds_file",
        type=EXISTING_FILE,
        help='JSON file of machine (or *) to a threshold: {"pm3": {"kind": "budget", "per_day": '
        '3}}, or kind "rate" with a "share", or "fixed" with a "value".',
    ),
)


def threshold_options(command: Callable[..., _T]) -> Callable[..., _T]:
    """Give a command these options, as one argument ``thresholds``.

    Examples
    --------
    >>> @click.command()
    ... @threshold_options
    ... def show(*, thresholds: WantedThresholds) -> None:
    ...     click.echo(thresholds.for_all)
    >>> show(["--threshold", "budget:3"], standalone_mode=False)
    Budget(per_day=3.0)
    """

    @functools.wraps(command)
    def with_options(*args: Any, **parameters: Any) -> _T:
        names = ("threshold", "head_threshold", "thresholds_file")
        wanted = WantedThresholds(*(parameters.pop(name) for name in names))
        if wanted.for_all is not None and wanted.file is not None:
            raise click.UsageError("give --threshold or --thresholds, not both")
        return command(*args, **parameters, thresholds=wanted)

    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options


def _read(path: Path) -> Mapping[str, Threshold]:
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    except (*UNREADABLE, OSError) as error:
        raise SettingsError(f"{str(path)!r} holds no thresholds: {error}") from error
    found = {}
    for machine, entry in entries.items():
        try:
            found[machine] = decode_setting(bytes(entry)).threshold
        except SettingsError as error:
            raise SettingsError(f"{str(path)!r}, machine {machine!r}: {error}") from error
    return found
