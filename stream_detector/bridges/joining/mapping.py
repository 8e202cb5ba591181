"""The mapping file: which tag is which sensor of which machine, and in what unit.

A CSV as plants keep it, one line per tag::

    tag,machine,sensor,kind,from_unit,to_unit,scale,offset,hold_seconds,meaning
    PM3.WIRE.SPEED,pm3,x1,,ft/min,m/min,,,,
    PM3.STEAM.P,pm3,x2,,,,0.1,-1,60,
    PM3.GRADE,pm3,,mode,,,,,,
    PM3.BREAK,pm3,,event,,,,,,1=break

Only ``tag`` and ``machine`` have to be there; a column that nobody needs may be left out.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TextIO

from stream_detector.bridges.joining.units import UNCHANGED, Conversion, conversion
from stream_detector.errors import SettingsError
from stream_detector.pipeline.names import MAX_NAME, machine_name
from stream_detector.pipeline.readings import MAX_VALUES

_COLUMNS: Final = (
    *("tag", "machine", "sensor", "kind", "from_unit", "to_unit"),
    *("scale", "offset", "hold_seconds", "meaning"),
)
_REQUIRED: Final = ("tag", "machine")

Kind = Literal["sensor", "mode", "event"]
_KINDS: Final[tuple[Kind, ...]] = ("sensor", "mode", "event")

MAX_HOLD_SECONDS: Final = 1e9
"""Some 30 years: as good as no limit, and arithmetic on it is exact."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a tag is."""

    machine: str
    kind: Kind
    sensor: str | None
    """None for a mode or an event: a machine has one of each at most."""
    conversion: Conversion = UNCHANGED
    hold_us: int | None = None
    """The tag's own hold, microseconds; None is as the machine has it (a mode: without limit)."""
    meaning: Mapping[str, str] | None = None
    """What values of a mode or an event are called. A mode's other values stand for themselves;
    an event's other values say that nothing happens."""


@dataclass(frozen=True)
class TagMap:
    """All tags that somebody mapped; it does not change."""

    targets: Mapping[str, Target]

    @property
    def machines(self) -> tuple[str, ...]:
        """The machines, in the order of the file."""
        return tuple(dict.fromkeys(target.machine for target in self.targets.values()))


def read_mapping(path: Path) -> TagMap:
    """Read a mapping file: UTF-8, cut at commas, or at semicolons as Excel may write it.

    Raises
    ------
    SettingsError
        If it cannot be read, or a line is wrong: it names the line and what to do.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return TagMap(MappingProxyType(dict(_targets(stream))))
    except SettingsError as error:
        raise SettingsError(f"mapping file {str(path)!r}: {error}") from error
    except OSError as error:
        raise SettingsError(
            f"mapping file {str(path)!r} cannot be read: {error.strerror}; correct `mapping`"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"mapping file {str(path)!r} is no CSV in UTF-8: {error}") from error


def _targets(stream: TextIO) -> Iterator[tuple[str, Target]]:
    header = stream.readline()
    delimiter = ";" if header.count(";") > header.count(",") else ","
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    _check_names(names)
    n_sensors: Counter[str] = Counter()
    line_of_tag: dict[str, int] = {}
    line_of_place: dict[tuple[str, Kind, str | None], int] = {}
    rows = csv.reader(stream, delimiter=delimiter, strict=True)
    for row in rows:
        line = rows.line_num + 1
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(names):
            raise SettingsError(
                f"line {line} has {len(row)} cells, the first line names {len(names)} columns"
            )
        cells = dict(zip(names, (cell.strip() for cell in row), strict=True))
        tag = cells["tag"]
        try:
            target = _target(cells)
        except SettingsError as error:
            raise SettingsError(f"line {line}: {error}") from error
        if not tag:
            raise SettingsError(f"line {line} names no tag; name one, or delete the line")
        if tag in line_of_tag:
            raise SettingsError(
                f"line {line}: tag {tag!r} stands in line {line_of_tag[tag]} already; delete one"
            )
        place = (target.machine, target.kind, target.sensor)
        if place in line_of_place:
            what = f"sensor {target.sensor!r}" if target.sensor else f"the {target.kind}"
            raise SettingsError(
                f"line {line}: {what} of machine {target.machine!r} is given by the tag in line "
                f"{line_of_place[place]} already; delete one, or rename the sensor"
            )
        n_sensors[target.machine] += target.kind == "sensor"
        if n_sensors[target.machine] > MAX_VALUES:
            raise SettingsError(
                f"line {line}: machine {target.machine!r} has over {MAX_VALUES} sensors, and a "
                "reading has no more; make two machines of it"
            )
        line_of_tag[tag] = line_of_place[place] = line
        yield tag, target
    if not line_of_tag:
        raise SettingsError("there is no line below the names of the columns; map a tag")


def _check_names(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in _COLUMNS]
    missing = [name for name in _REQUIRED if name not in names]
    if unknown or missing or len(set(names)) < len(names):
        raise SettingsError(
            f"the first line is {','.join(names)!r}, expected the columns {','.join(_COLUMNS)}, "
            "each once at most, in any order, with tag and machine among them"
        )


def _target(cells: Mapping[str, str]) -> Target:
    kind = _kind(cells.get("kind", ""))
    sensor = cells.get("sensor", "")
    if kind != "sensor" and sensor:
        raise SettingsError(f"a tag of kind {kind!r} is no sensor; leave the sensor empty")
    if kind == "sensor":
        sensor = sensor or cells["tag"]
    meaning = _meaning(cells.get("meaning", ""))
    if kind == "event" and not meaning:
        raise SettingsError("an event needs a meaning; say which value is which, e.g. '1=break'")
    if kind == "sensor" and meaning:
        raise SettingsError("a sensor's values have no meaning; leave it empty, or give the kind")
    hold = cells.get("hold_seconds", "")
    hold_seconds = _number(hold, "hold_seconds") if hold else None
    if hold_seconds is not None and not 0 <= hold_seconds <= MAX_HOLD_SECONDS:
        raise SettingsError(f"hold_seconds is {hold!r}, expected 0 to {MAX_HOLD_SECONDS:.0f}")
    return Target(
        machine=machine_name(cells["machine"]),
        kind=kind,
        sensor=_name(sensor, "sensor") if kind == "sensor" else None,
        conversion=_conversion(cells, kind),
        hold_us=None if hold_seconds is None else round(hold_seconds * 1e6),
        meaning=meaning or None,
    )


def _kind(text: str) -> Kind:
    for kind in _KINDS:
        if text in {"", kind}:
            return kind
    raise SettingsError(f"kind is {text!r}, expected {', '.join(_KINDS)} or nothing")


def _name(text: str, what: str) -> str:
    if not 1 <= len(text) <= MAX_NAME:
        raise SettingsError(f"{what} is {text[:50]!r}, expected 1 to {MAX_NAME} characters")
    return text


def _number(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SettingsError(f"{what} is {text!r}, expected a number, decimals with a point")
    return number


def _conversion(cells: Mapping[str, str], kind: Kind) -> Conversion:
    units = cells.get("from_unit", ""), cells.get("to_unit", "")
    numbers = cells.get("scale", ""), cells.get("offset", "")
    if kind != "sensor" and any((*units, *numbers)):
        raise SettingsError(f"a tag of kind {kind!r} has no unit; leave units and scale empty")
    if any(units) and any(numbers):
        raise SettingsError("units and scale or offset are given; give one of the two")
    if any(units):
        if not all(units):
            raise SettingsError("from_unit and to_unit go together; give both or none")
        return conversion(*units)
    scale, offset = numbers
    found = Conversion(_number(scale or "1", "scale"), _number(offset or "0", "offset"))
    if not found.scale:
        raise SettingsError("scale is 0, so every value would be the same; correct it")
    return found


def _meaning(text: str) -> dict[str, str]:
    """Read ``1=break; 2=stop``."""
    found: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        value, equals, name = (one.strip() for one in part.partition("="))
        if not (value and equals and name) or value in found:
            raise SettingsError(
                f"meaning is {text!r}, expected each value once, as '1=break; 2=stop'"
            )
        found[value] = _name(name, "meaning")
    return found
