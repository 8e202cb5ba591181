"""``replay`` of a recording that comes faster or slower than what the model was fitted on."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from stream_detector.replay.commands import replay
from tests.small_models import SENSORS, START, normal_recording


@pytest.mark.parametrize(
    ("seconds", "what"),
    [
        (1, "scores and budgets do not mean what they should"),
        (120, None),
        (600, "each begins a run of its own, so there is no alert"),
    ],
)
def test_another_pace_than_the_model_s_is_told_once(
    small_bundle_folder: Path, tmp_path: Path, seconds: int, what: str | None
) -> None:
    path = tmp_path / "pm3.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["time", *SENSORS])
        for row, values in enumerate(normal_recording(20, seed=3).values.tolist()):
            time = START + row * timedelta(seconds=seconds)
            table.writerow([time.isoformat(), *values])

    done = CliRunner().invoke(
        replay, [f"--bundle={small_bundle_folder}", f"--csv={path}"], catch_exceptions=False
    )

    *notes, counts = done.stderr.splitlines()
    assert counts.startswith("20 rows, 20 scored")
    assert notes == (
        [
            f"note: readings come every {seconds} s, but the model was fitted on one every 120 s: "
            f"{what}; fit a model on readings of this pace, or bring them every 120 s"
        ]
        if what
        else []
    )
