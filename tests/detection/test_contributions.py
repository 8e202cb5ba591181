"""Each sensor's share of a score."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stream_detector.detection.contributions import Evidence, sensor_shares

NOTHING = [0.0, 0.0, 0.0, 0.0]


def packed(row: Sequence[float]) -> bytes:
    return np.array(row, np.float32).tobytes()


def evidence(
    surprises: tuple[float, float, float],
    levels: Sequence[Sequence[float]],
    deviation: Sequence[float],
    left_out: Sequence[bool] | None = None,
) -> Evidence:
    return Evidence(
        surprises,
        tuple(map(packed, levels)),
        packed(deviation),
        packed([0.0] * len(deviation)),
        None if left_out is None else np.array(left_out),
    )


def shares(one: Evidence) -> list[float]:
    n_sensors = len(one.deviation_row) // 4
    (row,) = sensor_shares([one], n_sensors=n_sensors).tolist()
    return list(row)


rows = st.lists(st.floats(0, 2**20, width=32), min_size=4, max_size=4)
cases = st.builds(
    evidence,
    st.tuples(*[st.floats(0, 300)] * 3),
    st.lists(rows, min_size=1, max_size=8),
    rows,
    st.none() | st.lists(st.booleans(), min_size=4, max_size=4),
)
TINY = evidence((4.0, 0.0, 0.0), [[1e-38] * 4], NOTHING)


@example(one=TINY)
@example(one=evidence((1e-158, 0.0, 0.0), [[1.0] * 4], NOTHING))
@given(one=cases)
def test_shares_are_parts_of_one(one: Evidence) -> None:
    split = shares(one)

    assert min(split) >= 0
    assert sum(split) == pytest.approx(1.0) or not any(split)


@given(batch=st.lists(cases, max_size=5))
def test_the_others_of_a_batch_change_no_bit(batch: list[Evidence]) -> None:
    alone = [sensor_shares([one], n_sensors=4).tobytes() for one in batch]

    together = sensor_shares(batch, n_sensors=4)

    assert [row.tobytes() for row in together] == alone


def test_a_part_takes_the_share_of_its_square() -> None:
    # Squares 9 and 16 of 25; the sensor alone in a part takes all of it.
    assert shares(evidence((3.0, 0.0, 4.0), [[1.0, 0.0]], [0.0, 7.0])) == [0.36, 0.64]


def test_what_is_sustained_is_split_over_its_readings() -> None:
    #  level, oldest first   1 3 | 2 2 | 5 3     sums 8 and 8
    assert shares(evidence((0.0, 1.0, 0.0), [[1, 3], [2, 2], [5, 3]], [0, 0])) == [0.5, 0.5]


def test_the_level_is_split_over_its_own_reading_only() -> None:
    assert shares(evidence((1.0, 0.0, 0.0), [[9, 9], [1, 3]], [0, 0])) == [0.25, 0.75]


def test_a_sensor_that_was_left_out_has_no_share() -> None:
    split = shares(evidence((1.0, 1.0, 1.0), [[8, 1, 1]], [8, 1, 1], [True, False, False]))

    assert split == [0.0, 0.5, 0.5]


def test_where_nothing_contributed_no_sensor_has_a_share() -> None:
    assert shares(evidence((1.0, 1.0, 1.0), [NOTHING], NOTHING)) == NOTHING
