"""The tags file: units and physical limits, and what is said of a wrong one."""

from pathlib import Path

import numpy as np
import pytest

from stream_detector.errors import RecordingError
from stream_detector.replay.tags import Tag, read_tags


def test_every_cell_but_the_sensor_may_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text("sensor,unit,low,high\nspeed,m/min,0,1.5e3\nsteam,,,6\nfree,,,\n")

    assert read_tags(path) == {
        "speed": Tag("m/min", 0, 1500),
        "steam": Tag(None, -np.inf, 6),
        "free": Tag(None, -np.inf, np.inf),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sensor,low,high\nx,1,2\n", "the first line is 'sensor,low,high', expected 'sensor,unit,"),
        ("sensor,unit,low,high\nx,,2,1\n", "sensor 'x' has limits '2' to '1'"),
        ("sensor,unit,low,high\nx,,low,1\n", "sensor 'x' has limits 'low' to '1'"),
        ("sensor,unit,low,high\nx,,,nan\n", "sensor 'x' has limits '' to 'nan'"),
        ("sensor,unit,low,high\nx,,,\nx,,,\n", "sensor 'x' has two lines"),
        ("sensor,unit,low,high\nx,,1\n", "line 2 has 3 cells"),
    ],
)
def test_a_wrong_tags_file_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "tags.csv"
    path.write_text(text)

    with pytest.raises(RecordingError) as caught:
        read_tags(path)

    assert str(caught.value).startswith(f"tags file '{path}': {said}")
