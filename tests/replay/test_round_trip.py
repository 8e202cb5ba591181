"""What was written is read back, to the last bit and the last microsecond."""

import gzip
from datetime import datetime
from math import isnan
from operator import itemgetter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.replay.recording import RecordingOptions, read_recording

NUMBERS = st.floats(allow_infinity=False)
INSTANTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001
ROWS = st.lists(st.tuples(INSTANTS, NUMBERS, NUMBERS), min_size=1, max_size=20)


@settings(deadline=None)  # the first example imports pyarrow
@given(rows=ROWS, last=st.floats(allow_nan=False, allow_infinity=False))
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_what_was_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    rows: list[tuple[datetime, float, float]],
    last: float,
) -> None:
    # A row of numbers, so that both columns are sensors.
    rows = sorted([*rows, (datetime(2024, 5, 1), last, last)], key=itemgetter(0))  # noqa: DTZ001
    path = tmp_path_factory.getbasetemp() / f"back{suffix}"
    write(path, rows)

    recording = read_recording(path, RecordingOptions(time_zone="UTC"))

    assert recording.times.tolist() == [time for time, _, _ in rows]
    np.testing.assert_array_equal(recording.values, [[a, b] for _, a, b in rows])
    np.testing.assert_array_equal(recording.lines, range(2, 2 + len(rows)))


def write(path: Path, rows: list[tuple[datetime, float, float]]) -> None:
    if path.suffix == ".parquet":
        pa = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        names = ["time", "a", "b"]
        columns = [list(column) for column in zip(*rows, strict=True)]
        parquet.write_table(pa.table(dict(zip(names, columns, strict=True))), path)
        return
    lines = [f"{time.isoformat()},{a!r},{'' if isnan(b) else b}" for time, a, b in rows]
    text = "\n".join(["time,a,b", *lines]).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
