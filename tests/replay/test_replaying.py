"""A recording through the pipeline: a line for each row, whatever became of it."""

import csv
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.commands import replay as replay_command
from stream_detector.replay.records import records
from stream_detector.replay.replaying import Tally, replay
from tests.small_models import BROKEN_STEAM, Feed, normal_recording, recording_of


def test_every_row_has_a_line_that_tells_what_became_of_it(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    #  row   0     1      2          3     4          5     6      7
    #        good  late   duplicate  bad   uncertain  over  break  good, a new run
    recording = normal_recording(8, seed=1)
    values, times = recording.values.copy(), recording.times.copy()
    times[1] -= np.timedelta64(1, "h")
    times[2] = times[0]
    values[3, :3] = np.nan
    values[4, 0] = np.nan
    values[5, 2] = BROKEN_STEAM
    source = records(recording_of(values, times=times, outcomes=[6]))
    scores, alerts = tmp_path / "scores.csv", tmp_path / "alerts.jsonl"

    tally = replay(
        source,
        Pipeline(small_bundle, Rules()),
        ThresholdTable(Budget(6.0)),
        scores=scores,
        alerts=alerts,
    )

    assert tally == Tally(rows=8, scored=4, above=1, raised=1)
    with scores.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["row"] for line in lines] == list("01234567")
    assert [line["quality"] for line in lines] == [
        "good",
        "late",
        "duplicate",
        "bad",
        "uncertain",
        "good",
        "event",
        "good",
    ]
    assert [bool(line["score"]) for line in lines] == [
        *[True, False, False, False],
        *[True] * 2,
        False,
        True,
    ]
    assert [line["above"] for line in lines] == list("00000100")
    assert [line["alarm"] for line in lines] == list("00000100")
    assert len(alerts.read_text().splitlines()) == 2  # raised, and cleared by the break


def test_what_is_no_reading_has_a_line_with_its_reason(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    feed = Feed()
    feed.message(b"no JSON")
    scores = tmp_path / "scores.csv"

    tally = replay(
        feed.records, Pipeline(small_bundle, Rules()), ThresholdTable(Budget(6.0)), scores=scores
    )

    assert tally == Tally(rows=1, refused=1)
    assert scores.read_text().splitlines()[1] == "0,,,,,0,0,not-json"


def test_rules_that_the_bundle_was_not_fitted_with_are_told(
    small_bundle_folder: Path, tmp_path: Path
) -> None:
    rules, history = tmp_path / "rules.toml", tmp_path / "pm3.csv"
    rules.write_text('[[rules]]\nname = "odd"\non_delay = { count = 3, of = 5 }\n')
    history.write_text("time,speed\n2026-11-22T03:00Z,900\n")

    done = CliRunner().invoke(
        replay_command,
        [f"--bundle={small_bundle_folder}", f"--csv={history}", f"--rules={rules}"],
    )

    assert done.exit_code == 0
    assert "note: rule 'odd' has an on-delay of 3 of 5, but the bundle's" in done.output
