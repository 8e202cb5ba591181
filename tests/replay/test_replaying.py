"""What a replay writes of each reading, and what it counts."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from stream_detector.alerting.rules import Rules, default_rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.errors import RecordingError
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.commands import replay as replay_command
from stream_detector.replay.replaying import Tally, in_words, replay
from tests.small_models import BROKEN_STEAM, Feed


def judge(records: list[Record], bundle: Bundle, **files: Path) -> Tally:
    pipeline = Pipeline(bundle, Rules(), published_scores="none")
    return replay(records, pipeline, ThresholdTable(Fixed(8.0)), **files)


@pytest.fixture
def records() -> list[Record]:
    """A reading for each thing that can become of one."""
    feed = Feed()
    feed.rows(2)
    feed.rows(1, draw=None)
    feed.values(speed=900.0)  # one sensor of five
    feed.message(b"Guten Morgen")
    feed.rows(2, steam=BROKEN_STEAM)  # the first after a gap, which raises no alert, and another
    feed.time -= timedelta(minutes=2)
    feed.rows(1)  # at the time of the reading before
    feed.time -= timedelta(minutes=6)
    feed.rows(1)
    feed.time += timedelta(minutes=4)
    feed.tell(event="break")
    feed.rows(1)
    return feed.records


def test_each_record_has_a_line_that_says_what_became_of_it(
    records: list[Record], small_bundle: Bundle, tmp_path: Path
) -> None:
    judge(records, small_bundle, scores=tmp_path / "scores.csv")

    head, *lines = (line.split(",") for line in (tmp_path / "scores.csv").read_text().splitlines())
    told = [dict(zip(head, line, strict=True)) for line in lines]
    assert [
        (one["row"], one["time"][11:16], one["score"] != "", one["threshold"], one["quality"])
        for one in told
    ] == [
        ("0", "03:00", True, "8.0", "good"),
        ("1", "03:02", True, "8.0", "good"),
        ("2", "03:04", True, "8.0", "uncertain"),
        ("3", "03:06", False, "8.0", "bad"),
        ("4", "", False, "", "not-json"),
        ("5", "03:08", True, "8.0", "good"),
        ("6", "03:10", True, "8.0", "good"),
        ("7", "03:10", False, "", "duplicate"),
        ("8", "03:06", False, "", "late"),
        ("9", "03:12", False, "", "event"),
        ("10", "03:14", True, "8.0", "good"),
    ]


def test_a_line_says_whether_the_score_is_over_the_threshold_and_an_alert_open(
    records: list[Record], small_bundle: Bundle, tmp_path: Path
) -> None:
    judge(records, small_bundle, scores=tmp_path / "scores.csv")

    lines = (tmp_path / "scores.csv").read_text().splitlines()[1:]
    assert [line.split(",")[5] for line in lines] == list("00000110000")
    # Neither a duplicate nor a late reading closes the alert; the break does.
    assert [line.split(",")[6] for line in lines] == list("00000011100")


def test_a_replay_counts_what_it_saw(records: list[Record], small_bundle: Bundle) -> None:
    raised = Counter({"sheet-break": 1})

    assert judge(records, small_bundle) == Tally(
        rows=11, scored=6, above=2, raised=raised, refused=1
    )


def test_of_several_rules_each_has_its_own_count_in_words() -> None:
    # The rows above the threshold are those of the anomaly score, not of a head's.
    tally = Tally(rows=80, scored=77, above=0, raised=Counter({"break-likely": 2}))

    assert in_words(tally, default_rules(with_head=True)) == (
        "80 rows, 77 scored, 0 above the threshold, 2 alerts raised (sheet-break 0, break-likely 2)"
    )
    assert in_words(Tally(refused=2, raised=Counter({"sheet-break": 1})), Rules()) == (
        "0 rows, 2 refused, 0 scored, 0 above the threshold, 1 alert raised"
    )


def test_a_replay_of_nothing_leaves_a_table_without_lines(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    scores, alerts = tmp_path / "scores.csv", tmp_path / "alerts.jsonl"

    assert judge([], small_bundle, scores=scores, alerts=alerts) == Tally()

    assert scores.read_text() == "row,time,machine,score,threshold,above,alarm,quality\n"
    assert alerts.read_text() == ""


def test_a_file_that_cannot_be_written_is_named(
    records: list[Record], small_bundle: Bundle, tmp_path: Path
) -> None:
    with pytest.raises(RecordingError, match=r"scores\.csv' cannot be written: No such file"):
        judge(records, small_bundle, scores=tmp_path / "nowhere" / "scores.csv")


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
