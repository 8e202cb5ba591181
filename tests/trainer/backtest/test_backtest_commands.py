"""``trainer evaluate`` and ``compare`` as a user calls them."""

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

from stream_detector.errors import RecordingError, SettingsError
from stream_detector.replay.recording import Recording
from tests.small_models import SENSORS
from tests.trainer.backtest.histories import breaking
from trainer.commands import main


def write(recording: Recording, path: Path) -> Path:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["time", *SENSORS, "break"])
        assert recording.labels is not None
        for row, values in enumerate(recording.values.tolist()):
            table.writerow([recording.time(row).isoformat(), *values, int(recording.labels[row])])
    return path


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(breaking(), tmp_path_factory.mktemp("history") / "pm3.csv")


@pytest.fixture(scope="module")
def drawn_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a line through a fifth of the steam pressures."""
    recording = breaking()
    recording.values[300:540, 2] = np.linspace(2.9, 3.1, 240)
    return write(recording, tmp_path_factory.mktemp("history") / "pm3.csv")


def run(command: str, history: Path, *options: str) -> str:
    arguments = [command, "--csv", str(history), "--label-column", "break", *options]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture(scope="module")
def evaluated(drawn_history: Path) -> tuple[str, dict[str, Any]]:
    out = drawn_history.parent / "evaluation.json"
    text = run(
        "evaluate", drawn_history, "--model", "linear", "--folds", "0.5,0.75,1", "--budget", "4",
        "--out", str(out),
    )  # fmt: skip
    return text, json.loads(out.read_text())


REFERENCES = {
    "random",
    "minutes since restart",
    "always on",
    "PCA T2",
    "PCA Q",
    "ridge Mahalanobis",
}


@pytest.mark.slow
def test_a_model_never_stands_alone(evaluated: tuple[str, dict[str, Any]]) -> None:
    text, found = evaluated

    assert found["as_delivered"].keys() == {"linear", *REFERENCES}
    assert found["models"] == ["linear"]
    for name in REFERENCES:
        assert name in text
    assert [entry["seed"] for entry in found["as_delivered"]["random"][:5]] == [0, 1, 2, 3, 4]


@pytest.mark.slow
def test_what_is_always_printed_is_printed(evaluated: tuple[str, dict[str, Any]]) -> None:
    text, found = evaluated

    for what in ("ROC-AUC", "PR-AUC", "by chance", "in alarm", "of events", "of days"):
        assert what in text
    for budget in ("1", "3", "4", "6", "12"):
        assert f"asked: {budget} a day" in text
    for horizon in ("4 min", "10 min", "30 min", "60 min"):
        assert horizon in text
    (entry,) = (one for one in found["as_delivered"]["linear"] if one["asked_per_day"] == 4)
    # Row 699 warns of 700 and 949 of 950; nothing warns of 800 and 1100.
    assert entry["events"] == 4
    assert entry["within"][0]["minutes"] == 4
    assert entry["within"][0]["warned"] == 2
    assert entry["within"][0]["recall"] == 0.5
    low, high = entry["within"][0]["by_events"]
    assert low <= 0.5 <= high
    assert 0 <= entry["within"][0]["by_chance"] < 0.1
    assert entry["lead_minutes"]["latest"] == 2.0
    assert entry["realised_over_asked"] == pytest.approx(entry["false_per_day"] / 4, abs=1e-5)
    assert 0 < entry["alarm_share"] < 0.2
    assert entry["roc_auc"] > 0.5
    assert entry["base_rate"] == pytest.approx(8 / 596, abs=1e-5)


@pytest.mark.slow
def test_a_label_that_stays_is_one_event_and_a_note_says_so(history: Path, tmp_path: Path) -> None:
    recording = breaking()
    rows = [250, 700, 701, 702, 800, 950, 951, 1100]
    stays = dataclasses.replace(recording, labels=np.isin(np.arange(recording.n_rows), rows))
    options = ("--model", "linear", "--folds", "0.5,0.75,1")

    once = run("evaluate", history, *options)
    told = run("evaluate", write(stays, tmp_path / "pm3.csv"), *options)

    note = "note: 3 labelled rows go on with the outcome of the row before"
    assert (note in once, note in told) == (False, True)
    for text in (once, told):
        assert " with 4 outcomes, each fold" in text


@pytest.mark.slow
def test_a_rule_that_looks_further_ahead_is_shown_at_its_own_horizon(tmp_path: Path) -> None:
    recording = breaking()
    slow = np.datetime64("2026-11-22", "us") + np.arange(recording.n_rows) * np.timedelta64(10, "m")
    history = write(dataclasses.replace(recording, times=slow), tmp_path / "pm3.csv")
    rules, out = tmp_path / "rules.toml", tmp_path / "evaluation.json"
    rules.write_text(
        'run_ending_events = ["break"]\n[[rules]]\nname = "far"\noutcome = "break"\n'
        'horizon_seconds = 21600\nclass = "advisory"\npriority = "low"\n'
    )

    text = run(
        "evaluate", history, "--model", "linear", "--folds", "0.5,0.75,1", "--rules", str(rules),
        "--out", str(out),
    )  # fmt: skip

    first, *_ = json.loads(out.read_text())["as_delivered"]["linear"]
    assert [one["minutes"] for one in first["within"]] == [4, 10, 30, 60, 360]
    note = "note: rows come every 600 s: no alert can come within 4 min before an outcome"
    for what in ("  in 6 h\n", "1 a day, 6 h", "an outcome followed within 6 h:", note):
        assert what in text


@pytest.mark.slow
def test_what_a_historian_drew_is_taken_back_in_a_result_beside(
    evaluated: tuple[str, dict[str, Any]],
) -> None:
    text, found = evaluated

    assert found["drawn_by_a_historian"]["steam"] == pytest.approx(238 / 1200, abs=0.01)
    assert found["held"].keys() == found["as_delivered"].keys()
    assert "== held ==" in text
    assert "No straight lines" not in text


@pytest.mark.slow
def test_a_fold_says_which_rows_it_judged(evaluated: tuple[str, dict[str, Any]]) -> None:
    _, found = evaluated

    assert [(one["n_earlier"], one["n_rows"]) for one in found["folds"]] == [(600, 300), (900, 300)]


@pytest.mark.slow
def test_a_comparison_has_more_references_and_several_models(history: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "other.toml", tmp_path / "comparison.json"
    config.write_text('budget = 4.0\n[network]\nkind = "linear"\n')

    text = run(
        "compare", history, "--model", "linear", "--model", str(config), "--folds", "0.8,1",
        "--out", str(out),
    )  # fmt: skip

    whole = json.loads(out.read_text())
    assert "held" not in whole
    assert "No straight lines that a historian drew were found" in text
    found = whole["as_delivered"]
    more = {"one-class SVM", "isolation forest"}
    assert found.keys() == {"linear", "other", *REFERENCES, *more}
    # It is the same model: there is no network that could help.
    assert found["other"] == found["linear"]
    assert "help" not in text
    # The file says at which budget to look closely.
    assert "  At 4 a day:" in text
    assert "  At 6 a day:" not in text


@pytest.mark.tensorflow
def test_a_model_as_published_is_judged_like_all_others(history: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "published.toml", tmp_path / "evaluation.json"
    config.write_text("[plain]\nepochs = 5\n")

    run("evaluate", history, "--model", str(config), "--folds", "0.8,1", "--out", str(out))

    found = json.loads(out.read_text())["as_delivered"]
    assert found.keys() == {"linear", "published", *REFERENCES}
    assert found["published"][0]["days"] == found["linear"][0]["days"]


@pytest.mark.slow
def test_a_random_split_is_had_only_with_the_reason_why_it_is_worthless(
    history: Path, tmp_path: Path, evaluated: tuple[str, dict[str, Any]]
) -> None:
    assert "random_split" not in evaluated[1]
    out = tmp_path / "evaluation.json"

    text = run(
        "evaluate", history, "--model", "linear", "--folds", "0.8,1", "--random-split",
        "--out", str(out),
    )  # fmt: skip

    assert "A random split is worthless: neighbouring rows are near copies" in text
    found = json.loads(out.read_text())["random_split"]["linear"]
    # A fifth of 1200 rows, less those of outcomes.
    assert found["at_random"]["rows"] == pytest.approx(240, abs=40)
    assert found["by_time"]["rows"] == 239


@pytest.mark.slow
def test_a_recording_without_labels_is_judged_for_its_alerts(history: Path, tmp_path: Path) -> None:
    out = tmp_path / "evaluation.json"
    arguments = ["evaluate", "--csv", str(history), "--exclude", "break", "--model", "linear"]

    result = CliRunner().invoke(main, [*arguments, "--folds", "0.8,1", "--out", str(out)])

    assert result.exception is None
    assert "Without labels nobody can say what was warned of" in result.stdout
    found = json.loads(out.read_text())
    assert found["label_kind"] is None
    assert found["as_delivered"]["linear"][0]["roc_auc"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "nothing"), "neither a model"),
        (("--model", "plain:linear"), "plain"),
        (("--folds", "a,b"), "no shares of the rows"),
        (("--folds", "0.9,0.5"), "rising shares"),
    ],
)
def test_a_slip_of_the_pen_is_told(history: Path, options: tuple[str, str], message: str) -> None:
    with pytest.raises((SettingsError, click.UsageError), match=message):
        run("evaluate", history, "--model", "linear", *options)


def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(tmp_path: Path) -> None:
    unreadable = tmp_path / "pm3.csv"
    unreadable.write_text("")

    with pytest.raises(RecordingError, match="cannot be written"):
        run("evaluate", unreadable, "--model", "linear", "--out", str(tmp_path / "none" / "e.json"))


def test_what_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    unreadable, out = tmp_path / "pm3.csv", tmp_path / "e.json"
    unreadable.write_text("")
    out.write_text("{}")

    with pytest.raises(RecordingError):
        run("evaluate", unreadable, "--model", "linear", "--out", str(out))

    assert out.read_text() == "{}"
    assert {path.name for path in tmp_path.iterdir()} == {"pm3.csv", "e.json"}


def test_files_that_ask_for_several_budgets_are_refused_unless_one_is_given(
    history: Path, tmp_path: Path
) -> None:
    files = tmp_path / "mine.toml", tmp_path / "other.toml"
    for number, file in enumerate(files, start=4):
        file.write_text(f'budget = {number}\n[network]\nkind = "linear"\n')
    options = [option for file in files for option in ("--model", str(file))]

    with pytest.raises(SettingsError, match="ask for a budget of 4, 5"):
        run("compare", history, *options)
    with pytest.raises(SettingsError, match="rising shares"):
        run("compare", history, *options, "--budget", "2", "--folds", "0.9,0.5")


def test_two_models_of_one_name_cannot_be_told_apart(history: Path) -> None:
    with pytest.raises(click.UsageError, match="two models are called linear"):
        run("compare", history, "--model", "linear", "--model", "linear")


@pytest.mark.slow
def test_a_column_that_knows_the_outcome_is_named(history: Path, tmp_path: Path) -> None:
    rows = [line.split(",") for line in history.read_text().splitlines()]
    leaks = ["leak", *(row[-1] for row in [*rows[2:], rows[1]])]
    leaking = tmp_path / "pm3.csv"
    leaking.write_text(
        "\n".join(",".join([*row, leak]) for row, leak in zip(rows, leaks, strict=True))
    )

    text = run("evaluate", leaking, "--model", "linear", "--folds", "0.8,1")

    assert "note: 'leak': taken as a sensor, but 1 in few rows and else 0" in text
