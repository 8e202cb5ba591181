"""Single cells that no sensor measured are told of; the tails of real sensors are not."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.replay.far_cells import far_cells
from stream_detector.replay.recording import RecordingOptions, read_recording

NORMAL = np.random.default_rng(seed=7).normal(60.0, 1.0, 3000)


def with_cells(value: float, *rows: int) -> NDArray[np.float64]:
    values = NORMAL.copy()
    values[list(rows)] = value
    return values


@pytest.mark.parametrize("value", [1e300, -1e300, 1.7e308, 1e30, -9999.0, 9999.0])
@pytest.mark.parametrize("rows", [(5,), tuple(range(100, 122))])
def test_what_no_sensor_measures_is_found(value: float, rows: tuple[int, ...]) -> None:
    assert far_cells(with_cells(value, *rows)).tolist() == list(rows)


def test_cells_far_to_both_sides_do_not_hide_each_other() -> None:
    values = with_cells(1e30, 5)
    values[[7, 9]] = -9999.0, -1e300

    assert far_cells(values).tolist() == [5, 7, 9]


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(seed=7).lognormal(0, 3, 3000),
        np.random.default_rng(seed=7).standard_t(2, 3000),
        np.where(np.arange(3000) % 500, 0.0, NORMAL),  # a pulse now and then
        np.where(np.arange(3000) < 2995, 1.0, 1000.0),  # a step
        np.where(np.arange(3000) % 20, NORMAL, -9999.0),  # too often to be an exception
        np.full(3000, np.nan),
        np.array([1.0, 2.0, 9e9]),
    ],
)
def test_ordinary_columns_are_left_alone(values: NDArray[np.float64]) -> None:
    assert not len(far_cells(values))


def test_a_note_tells_of_far_cells_unless_limits_take_them_out(tmp_path: Path) -> None:
    path, tags = tmp_path / "pm3.csv", tmp_path / "tags.csv"
    column = with_cells(-9999.0, 3, 8)
    path.write_text("\n".join(["x", *map(str, column.tolist())]))
    tags.write_text("sensor,unit,low,high\nx,kPa,0,100\n")

    told = read_recording(path, RecordingOptions(cadence=120)).notes
    with_limits = read_recording(path, RecordingOptions(cadence=120, tags=tags)).notes

    assert told == (
        "column 'x': 2 cells are far outside of everything else, first -9999 in line 5: taken as "
        "read; if that is no reading, clear it, or give the sensor limits with --tags",
    )
    assert with_limits == ()
