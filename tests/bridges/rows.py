"""Tags of small plants, and rows as tests write them: times in seconds."""

from collections.abc import Iterable, Mapping

from stream_detector.bridges.joining.aligner import Aligned, Aligner, Entry
from stream_detector.bridges.joining.mapping import TagMap, Target
from stream_detector.bridges.joining.readings import WideReading
from stream_detector.bridges.joining.timing import Timing
from stream_detector.bridges.rows import TagRow

SECOND = 1_000_000


def timing(*, cadence: float = 10, hold: float = 30, lateness: float = 0) -> Timing:
    return Timing(round(cadence * SECOND), round(hold * SECOND), round(lateness * SECOND))


def tags(*sensors: str, **others: Target) -> TagMap:
    """Sensors of pm3 whose tags have the same names, and other tags."""
    return TagMap({one: Target("pm3", "sensor", one) for one in sensors} | others)


def aligner(tag_map: TagMap, of: Timing | Mapping[str, Timing] | None = None) -> Aligner:
    def find(machine: str) -> Timing:
        return of[machine] if isinstance(of, Mapping) else of or timing()

    return Aligner(tag_map, find, max_skew_us=300 * SECOND)


def row(tag: str, second: float, value: float | str | None) -> TagRow:
    return TagRow(tag, round(second * SECOND), value)


def add(to: Aligner, *rows: TagRow, logged: float | None = None) -> Aligned:
    return to.add([Entry(rows, None if logged is None else round(logged * SECOND))])


def shown(readings: Iterable[WideReading]) -> list[tuple[object, ...]]:
    """Second, values, and mode and event where there are."""
    return [
        (
            one.time_us / SECOND,
            None if one.values is None else tuple(one.values),
            *filter(None, (one.mode, one.event)),
        )
        for one in readings
    ]
