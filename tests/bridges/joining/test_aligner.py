"""Rows to readings, by hand: what counts at an instant, what is late, what nobody mapped."""

import math

import pytest

from stream_detector.bridges.joining.aligner import MAX_UNMAPPED_NAMES, OTHER_TAGS, Entry
from stream_detector.bridges.joining.machine_rows import MAX_HELD
from stream_detector.bridges.joining.mapping import TagMap, Target
from stream_detector.bridges.joining.units import Conversion
from tests.bridges.rows import SECOND, add, aligner, row, shown, tags, timing


def test_a_reading_has_the_newest_row_of_each_sensor_up_to_its_instant() -> None:
    #  second   0    3    8    10        12   20  21
    #  a             1    2              4        x
    #  b                       5                        at 10: a=2, b=5; at 20: a=4, b=5
    joined = aligner(tags("a", "b"))

    made = add(joined, row("a", 3, 1.0), row("a", 8, 2.0), row("b", 10, 5.0), row("a", 12, 4.0))
    more = add(joined, row("a", 21, 9.0))

    assert shown(made.readings) == [(10, (2.0, 5.0))]
    assert shown(more.readings) == [(20, (4.0, 5.0))]


def test_a_row_at_the_instant_itself_may_be_followed_by_one_of_the_same_time() -> None:
    joined = aligner(tags("a", "b"))

    assert add(joined, row("a", 10, 1.0), row("b", 10, 2.0)).readings == []
    assert shown(add(joined, row("a", 20, 3.0)).readings) == [(10, (1.0, 2.0))]


def test_a_value_counts_up_to_its_hold_and_is_then_missing() -> None:
    joined = aligner(
        tags("a", "b", c=Target("pm3", "sensor", "c", hold_us=5 * SECOND)), timing(hold=20)
    )

    made = add(joined, row("a", 10, 1.0), row("c", 4, 3.0), row("b", 41, 2.0))

    # The hold of c is over at 9, that of a at 30 with the instant 30 in it; at 40 nothing counts.
    assert shown(made.readings) == [
        (10, (1.0, None, None)),
        (20, (1.0, None, None)),
        (30, (1.0, None, None)),
    ]


def test_a_silence_of_years_is_no_endless_row_of_readings() -> None:
    #  second   10        20 ... 100010   100020 ... 1e9   1e9+10
    #  a        1                                    2       3
    #           '- 1 + 10,000 readings -'  none      '-------'
    joined = aligner(tags("a"), timing(hold=2e9))

    made = shown(
        add(joined, row("a", 10, 1.0), row("a", 1e9, 2.0), row("a", 1e9 + 11, 3.0)).readings
    )

    assert len(made) == 1 + MAX_HELD + 2
    assert made[MAX_HELD:] == [(100_010, (1.0,)), (1e9, (2.0,)), (1e9 + 10, (2.0,))]


def test_no_data_takes_the_place_of_the_last_value() -> None:
    joined = aligner(tags("a", "b"))

    made = add(joined, row("a", 1, 1.0), row("b", 1, 2.0), row("a", 5, None), row("b", 11, 3.0))

    assert shown(made.readings) == [(10, (None, 2.0))]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_json_cannot_write_is_no_data(value: float) -> None:
    joined = aligner(tags("a", "b"))

    made = add(joined, row("a", 1, value), row("b", 1, 2.0), row("b", 11, 3.0))

    assert shown(made.readings) == [(10, (None, 2.0))]


def test_without_any_value_there_is_no_reading() -> None:
    made = add(aligner(tags("a")), row("a", 1, None), row("a", 11, None), row("a", 31, None))

    assert made == ([], [])


def test_readings_wait_for_late_rows_and_what_is_later_is_refused() -> None:
    joined = aligner(tags("a", "b"), timing(lateness=5))

    waiting = add(joined, row("a", 10, 1.0), row("a", 15, 2.0), row("b", 9, 3.0))
    made = add(joined, row("a", 15.1, 2.0), row("b", 10, 4.0), row("b", 10.1, 5.0))
    more = add(joined, row("a", 25.1, 2.0))

    assert waiting == ([], [])
    assert shown(made.readings) == [(10, (1.0, 3.0))]
    assert [(one.row.value, one.error.code) for one in made.refusals] == [(4.0, "late")]
    assert "up to 1970-01-01T00:00:10+00:00" in made.refusals[0].error.reason
    assert shown(more.readings) == [(20, (2.0, 5.0))]


def test_of_two_rows_of_one_time_the_later_one_counts() -> None:
    made = add(aligner(tags("a")), row("a", 7, 1.0), row("a", 7, 2.0), row("a", 11, 0.0))

    assert shown(made.readings) == [(10, (2.0,))]


def test_values_are_brought_to_the_units_of_the_sensors() -> None:
    fahrenheit = Target("pm3", "sensor", "t", Conversion(5 / 9, -160 / 9))
    made = add(aligner(tags("a", T=fahrenheit)), row("T", 1, 212.0), row("a", 11, 1))

    (reading,) = made.readings
    assert reading.values == [None, pytest.approx(100.0)]


def test_each_machine_has_its_own_cadence_and_waits_for_its_own_rows() -> None:
    joined = aligner(
        TagMap({"a": Target("pm3", "sensor", "a"), "b": Target("pm4", "sensor", "b")}),
        {"pm3": timing(cadence=2), "pm4": timing(cadence=5)},
    )

    made = add(joined, row("a", 1, 1.0), row("b", 1, 2.0), row("a", 4.5, 3.0), row("b", 6, 4.0))

    assert [(one.machine, one.time_us / SECOND) for one in made.readings] == [
        ("pm3", 2),
        ("pm3", 4),
        ("pm4", 5),
    ]


def test_the_mode_stands_until_the_next_one() -> None:
    grade = Target("pm3", "mode", None, meaning={"2": "grade-2"})
    joined = aligner(tags("a", G=grade), timing(hold=60))

    made = add(joined, row("G", 1, 2.0), row("a", 1, 5.0), row("G", 45, "other"), row("a", 51, 0.0))

    assert shown(made.readings) == [
        *((second, (5.0,), "grade-2") for second in (10, 20, 30, 40)),
        (50, (5.0,), "other"),
    ]


def test_an_event_is_told_once_with_the_first_reading_after_it() -> None:
    state = Target("pm3", "event", None, meaning={"1": "break"})
    joined = aligner(tags("a", S=state))

    rows = [row("S", second, value) for second, value in enumerate([0.0, 1.0, 1.0, None, 1.0])]
    made = add(joined, *rows, row("a", 5, 7.0), row("S", 15, 1.0), row("S", 25, 0.0))
    again = add(joined, row("S", 27, 1.0), row("S", 31, 1.0))

    assert shown(made.readings) == [(10, (7.0,), "break"), (20, (7.0,))]
    assert shown(again.readings) == [(30, (7.0,), "break")]


def test_of_several_events_within_one_cadence_each_is_told() -> None:
    state = Target("pm3", "event", None, meaning={"1": "break", "2": "wash-up"})

    made = add(aligner(tags("a", S=state)), row("S", 3, 1.0), row("S", 6, 2.0), row("a", 11, 1.0))

    assert shown(made.readings) == [(3, None, "break"), (10, None, "wash-up")]


def test_a_tag_that_nobody_mapped_is_counted_by_name_but_not_without_bound() -> None:
    joined = aligner(tags("a"))

    for number in range(MAX_UNMAPPED_NAMES + 500):
        add(joined, row(f"other-{number}", 1, 1.0))
    add(joined, row("other-7", 2, 1.0))

    assert joined.unmapped["other-7"] == 2
    assert joined.unmapped[OTHER_TAGS] == 500
    assert len(joined.unmapped) == MAX_UNMAPPED_NAMES + 1


def test_a_clock_that_is_ahead_is_refused_and_does_not_make_the_others_late() -> None:
    joined = aligner(tags("a", "b"))

    wrong = add(joined, row("a", 500, 1.0), logged=100)
    made = add(joined, row("b", 101, 2.0), row("b", 111, 2.0), logged=112)

    assert [one.error.code for one in wrong.refusals] == ["clock"]
    assert "latest that can be" in wrong.refusals[0].error.reason
    assert shown(made.readings) == [(110, (None, 2.0))]
    assert made.refusals == []


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (row("a", 1, "Bad"), "not-a-number"),
        (row("a", -1, 1.0), "invalid"),
        (row("a", 1e12, 1.0), "invalid"),
        (row("G", 1, "x" * 201), "invalid"),
    ],
)
def test_a_row_that_is_none_is_refused_and_the_others_go_on(refused: object, code: str) -> None:
    joined = aligner(tags("a", "b", G=Target("pm3", "mode", None)))

    made = joined.add([Entry([row("b", 1, 2.0)]), Entry([refused, row("b", 11, 3.0)])])  # type: ignore[list-item]

    assert [(one.entry, one.row, one.error.code) for one in made.refusals] == [(1, refused, code)]
    assert shown(made.readings) == [(10, (None, 2.0))]


def test_a_machine_that_falls_silent_is_closed_by_the_time_of_the_log() -> None:
    #  pm3 says 1.0 at 12, then nothing. Its hold of 30, its lateness of 5 and its cadence of 10
    #  are over at 57: then the reading of 20 is made, that has its row in it, and none after it.
    of_both = TagMap({"a": Target("pm3", "sensor", "a"), "b": Target("pm4", "sensor", "b")})
    joined = aligner(of_both, timing(lateness=5))

    waiting = [*add(joined, row("a", 12, 1.0), logged=12), *add(joined, logged=57)]
    made = add(joined, logged=57.5)
    back = add(joined, row("a", 20, 2.0), row("a", 21, 3.0), row("a", 36, 4.0), logged=60)

    assert waiting == [[], [], [], []]
    assert shown(made.readings) == [(20, (1.0,))]
    assert [one.row.value for one in back.refusals] == [2.0]
    assert shown(back.readings) == [(30, (3.0,))]


def test_a_value_of_before_a_silence_does_not_count_after_it() -> None:
    joined = aligner(tags("a", "b"))
    add(joined, row("a", 1, 1.0), logged=1)

    made = add(joined, row("b", 12, 2.0), row("b", 21, 2.0), logged=100)

    assert shown(made.readings) == [(10, (1.0, None)), (20, (None, 2.0))]
