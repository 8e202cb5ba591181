"""What a tag costs on its way to a reading, in memory: CPU per tag, and bytes with many tags.

``make bench`` runs this behind the worker. It prints a table and writes it to
``build/bench-bridging.json``; goals are shown as met or not met, and nothing fails.
"""

import json
import os
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from stream_detector.bridges.joining.aligner import Aligner, Entry
from stream_detector.bridges.joining.mapping import TagMap, Target
from stream_detector.bridges.joining.readings import encode
from stream_detector.bridges.joining.rewind import Rewind
from stream_detector.bridges.joining.timing import Timing
from stream_detector.bridges.rows import TagRow
from tests.benchmarks.environment import environment
from tests.benchmarks.progress import tell

_OUT = Path(__file__).resolve().parents[2] / "build" / "bench-bridging.json"
_SECOND = 1_000_000
_BEGIN = 1_763_780_400 * _SECOND
_TIMING = Timing(cadence_us=_SECOND, hold_us=30 * _SECOND, lateness_us=2 * _SECOND)
_SENSORS = 100
"""Of each machine."""


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    tags_per_second: int = 20_000
    seconds: int = 10
    most_tags: int = 100_000
    unmapped: int = 100_000


QUICK = Effort(tags_per_second=400, seconds=5, most_tags=500, unmapped=3000)


@click.command()
@click.option("--quick", is_flag=True, help="Measure next to nothing, to see that it runs.")
@click.option("--out", type=click.Path(path_type=Path), default=_OUT, help="The table as JSON.")
def main(*, quick: bool, out: Path) -> None:
    """Measure what a tag costs in the aligner, and what memory many tags take."""
    effort = QUICK if quick else Effort()
    tell("tags through the aligner, in memory")
    aligning_us, encoding_us = cpu_us_per_tag(effort)
    tell(f"{effort.most_tags} tags, and {effort.unmapped} names of nobody")
    all_mb, more_mb = memory_mb(effort)
    figures: list[tuple[str, float, float | None]] = [
        ("CPU us per tag in the aligner", aligning_us, 15.0),
        ("CPU us per tag more to write the readings", encoding_us, None),
        (f"MB with {effort.most_tags} tags", all_mb, None),
        ("MB more after as much again and endless new names", more_mb, 1.0),
    ]
    out.parent.mkdir(exist_ok=True)
    told = [{"label": label, "value": value, "at_most": most} for label, value, most in figures]
    out.write_text(
        json.dumps(
            {"environment": environment(), "effort": asdict(effort), "figures": told}, indent=2
        ),
        encoding="utf-8",
    )
    tell("done")
    click.echo(f"\nA message per tag, {_SENSORS} sensors a machine; load {os.getloadavg()[0]:.1f}")
    for label, value, at_most in figures:
        goal = (
            ""
            if at_most is None
            else f"  at most {at_most:g}: {'met' if value <= at_most else 'not met'}"
        )
        click.echo(f"  {label:<50} {value:8.2f}{goal}")


def cpu_us_per_tag(effort: Effort) -> tuple[float, float]:
    """Align so many tags a second, a message each, in batches of a tenth; the best second counts.

    Returns
    -------
    tuple of float
        CPU microseconds per tag in the aligner, and to write the readings that come of it.
    """
    names = _names(effort.tags_per_second)
    aligner = _aligner(names)
    rewind = Rewind[int](aligner, 0)
    aligning, encoding = [], []
    for second in range(effort.seconds):
        batches = list(_second(names, second))
        began = time.process_time()
        made = []
        for batch in batches:
            made += aligner.add(batch).readings
            rewind.mark(second)
            rewind.start()
        between = time.process_time()
        written = [encode(reading) for reading in made]
        ended = time.process_time()
        if written:
            aligning.append(between - began)
            encoding.append(ended - between)
    return min(aligning) / len(names) * 1e6, min(encoding) / len(names) * 1e6


def memory_mb(effort: Effort) -> tuple[float, float]:
    """Give what the aligner of so many tags takes, and how much more it takes later.

    Later is as long again, with new names of nobody all the time.
    """
    names = _names(effort.most_tags)
    tracemalloc.start()
    try:
        aligner = _aligner(names)
        for second in range(5):
            for batch in _second(names, second):
                aligner.add(batch)
        first = tracemalloc.get_traced_memory()[0]
        for second in range(5, 8):
            for batch in _second(names, second):
                aligner.add(batch)
        for number in range(effort.unmapped):
            aligner.add([Entry([TagRow(f"nobody-{number}", _BEGIN, 1.0)])])
        return first / 1e6, (tracemalloc.get_traced_memory()[0] - first) / 1e6
    finally:
        tracemalloc.stop()


def _names(count: int) -> list[str]:
    return [f"M{number // _SENSORS}.T{number % _SENSORS}" for number in range(count)]


def _aligner(names: Sequence[str]) -> Aligner:
    targets = {}
    for name in names:
        machine, _, sensor = name.partition(".")
        targets[name] = Target(machine, "sensor", sensor)
    return Aligner(TagMap(targets), lambda _: _TIMING, max_skew_us=300 * _SECOND)


def _second(names: Sequence[str], second: int) -> Iterator[list[Entry]]:
    """Each tag once, in ten batches."""
    tenth = len(names) // 10
    for part in range(10):
        at = _BEGIN + second * _SECOND + part * 100_000
        yield [
            Entry([TagRow(name, at, float(second + part))], at + 50_000)
            for name in names[part * tenth : (part + 1) * tenth]
        ]


if __name__ == "__main__":
    main()
