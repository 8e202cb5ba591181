"""Whatever the rows, their batches and the place of a kill: the readings are the same."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.bridges.joining.aligner import Aligned, Aligner, Entry
from stream_detector.bridges.joining.mapping import TagMap, Target
from stream_detector.bridges.joining.rewind import Rewind
from stream_detector.bridges.joining.timing import Timing
from stream_detector.bridges.rows import TagRow
from tests.bridges.rows import aligner, timing

TAGS = TagMap(
    {
        "a": Target("pm3", "sensor", "a"),
        "b": Target("pm3", "sensor", "b", hold_us=7),
        "S": Target("pm3", "event", None, meaning={"1": "break", "2": "wash-up"}),
        "c": Target("pm4", "sensor", "c"),
        "G": Target("pm4", "mode", None),
        "d": Target("pm5", "sensor", "d"),
    }
)

values = st.sampled_from([0.0, 1.0, 2.0, None])
# How much later than the entry before it each entry is, and how far its rows lie before it.
steps = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 1, 2, 3, 10, 100]),
        st.lists(
            st.tuples(st.sampled_from([*TAGS.targets, "other"]), st.integers(-2, 25), values),
            max_size=3,
        ),
    ),
    max_size=60,
)
us = st.integers(0, 15)
timings = st.builds(
    lambda cadence, hold, lateness: timing(
        cadence=cadence / 1e6, hold=hold / 1e6, lateness=lateness / 1e6
    ),
    st.integers(1, 9),
    us,
    us,
)


def entries(steps: Sequence[tuple[int, list[tuple[str, int, float | None]]]]) -> list[Entry]:
    made, now = [], 1000
    for later, rows in steps:
        now += later
        made.append(Entry([TagRow(tag, now - age, value) for tag, age, value in rows], now))
    return made


def by_machine(batches: Sequence[Aligned]) -> dict[str, list[object]]:
    """Of each machine all that was made, in order; and the rows that were refused."""
    told: dict[str, list[object]] = {"refused": []}
    for batch in batches:
        for reading in batch.readings:
            told.setdefault(reading.machine, []).append(reading)
        told["refused"] += [(one.row, one.error.code) for one in batch.refusals]
    return told


@given(steps, timings, st.lists(st.integers(0, 60)))
def test_the_same_rows_cut_into_any_batches_give_the_same_readings(
    steps: list[tuple[int, list[tuple[str, int, float | None]]]], of: Timing, cuts: list[int]
) -> None:
    log = entries(steps)
    places = [0, *sorted(cuts), len(log)]
    parts = [log[begin:end] for begin, end in pairwise(places)]
    whole, cut = made_by(of), made_by(of)

    assert by_machine([cut.add(part) for part in parts]) == by_machine([whole.add(log)])


@settings(max_examples=400)
@given(steps, timings, st.sets(st.integers(0, 60)), st.integers(0, 60))
def test_one_that_reads_again_from_the_noted_place_goes_on_as_if_nothing_had_been(
    steps: list[tuple[int, list[tuple[str, int, float | None]]]],
    of: Timing,
    marks: set[int],
    killed_at: int,
) -> None:
    log = entries(steps)
    killed_at = min(killed_at, len(log))
    first = made_by(of)
    rewind = Rewind(first, 0)
    for place, entry in enumerate(log[:killed_at], 1):
        first.add([entry])
        if place in marks:
            rewind.mark(place)
    mark, note = rewind.start(), first.note()

    second = made_by(of, clock_us=mark.clock_us)
    second.add(log[mark.place : killed_at])
    second.settle(note)

    rest = log[killed_at:]
    assert by_machine([second.add(rest)]) == by_machine([first.add(rest)])
    assert second.note() == first.note()


def test_rows_that_no_reading_needs_any_more_are_not_read_again() -> None:
    of = timing(cadence=10e-6, hold=30e-6, lateness=5e-6)
    joined = made_by(of)
    rewind = Rewind(joined, 0)
    for place, second in enumerate(range(1000, 2000, 5), 1):
        joined.add([Entry([TagRow("a", second, 1.0)], second)])
        rewind.mark(place)
        mark = rewind.start()

    # The newest row is of 1995, so the readings are out up to 1980; a row counts for 30 more, and
    # one that was late by a cadence may have come before.
    assert mark.newest_us[0] == 1980 - 30 - 10
    assert mark.place == 1 + (1940 - 1000) / 5


def test_however_much_must_be_read_again_few_places_are_remembered() -> None:
    joined = made_by(timing(cadence=10e-6, hold=20_000e-6, lateness=0))
    rewind = Rewind(joined, 0)
    for place in range(1, 10_001):
        joined.add([Entry([TagRow("a", place, 1.0)], place)])
        rewind.mark(place)
    places = [rewind.start().place]
    for second in range(20_000, 31_000, 10):
        joined.add([Entry([TagRow("a", second, 1.0)], second)])
        places.append(rewind.start().place)

    assert (places[0], places[-1]) == (0, 10_000)
    assert len(set(places)) <= 64


def made_by(of: Timing, clock_us: int | None = None) -> Aligner:
    joined = aligner(TAGS, of)
    if clock_us is not None:
        joined.clock_us = clock_us
    return joined
