"""Sensors may have the names that a plant gives them."""

from pathlib import Path

import pytest

from stream_detector.errors import RecordingError
from tests.replay.written import read


@pytest.mark.parametrize(
    "name", ['Pipe 4" flow', r"\\PISRV1\PM3.FLOW", "x, y", "Fl\u00f6\u00df (%)"]
)
def test_a_sensor_may_be_called_what_a_plant_calls_it(tmp_path: Path, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    assert read(tmp_path, f"{quoted}\n1\n", cadence=60.0).sensors == (name,)


def test_names_of_sensors_go_on_one_line(tmp_path: Path) -> None:
    text = 'time,"Flow\n(m3/h)","a\x1bb","remark\n2"\n2026-11-22T03:00Z,1,2,ok\n'

    with pytest.raises(RecordingError) as caught:
        read(tmp_path, text)

    assert str(caught.value).endswith(
        "the names of columns 'Flow\\n(m3/h)', 'a\\x1bb' hold a line break or another control "
        "character; rename them in the file, or --exclude them"
    )
