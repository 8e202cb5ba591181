"""``python -m trainer fit`` as a user calls it, on a simulated machine."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from threadpoolctl import threadpool_limits

from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.errors import RecordingError, SettingsError, StreamDetectorError
from stream_detector.sandbox.paper_machine import simulate
from tests.small_models import SENSORS, normal_recording
from trainer.architectures import STACKED_READINGS, NetworkConfig
from trainer.commands import main

LABELS = ("--label-column", "break", "--mode-column", "grade")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "pm9.csv"
    simulate(days=2, seed=3, start=datetime(2026, 1, 1, tzinfo=UTC)).write_csv(path)
    return path


def fit(history: Path, out: Path, *options: str) -> Bundle:
    arguments = ["fit", "--csv", str(history), "--out", str(out), *options]
    CliRunner().invoke(main, arguments, catch_exceptions=False, standalone_mode=False)
    return read_bundle(out)


@pytest.mark.slow
def test_a_linear_model_says_what_it_is_worth(history: Path, tmp_path: Path) -> None:
    bundle = fit(history, tmp_path / "model", "--model", "linear", *LABELS)

    assert bundle.manifest.network["kind"] == "linear"
    assert bundle.manifest.cadence_seconds == 120
    assert bundle.manifest.validation is not None
    assert bundle.manifest.validation.n_outcomes > 0
    assert json.loads((tmp_path / "model" / "report.json").read_text())
    assert not (tmp_path / "model" / "model.keras").exists()


@pytest.mark.slow
def test_a_model_that_sees_the_grade_is_judged_with_it(history: Path, tmp_path: Path) -> None:
    bundle = fit(history, tmp_path / "model", "--model", "linear", "--one-hot-mode", *LABELS)

    rows = history.read_text().splitlines()[1:]
    grades = {row.split(",")[2] for row in rows[: round(0.8 * len(rows))]}
    assert set(bundle.manifest.modes) == grades
    assert bundle.manifest.validation is not None
    report = json.loads((tmp_path / "model" / "report.json").read_text())
    assert {f"mode={grade}" for grade in grades} < set(report["sensors"])
    # What scores are due to is told of the grades, too; what is expected is not.
    explained = report["holdout"]["sensors"]
    assert sum(explained["contributions"]["last"][0]["shares"]) == pytest.approx(1.0, abs=1e-4)
    means = explained["residuals_in_training_spreads"]["normal"]["mean"]
    assert [mean is None for mean in means] == ["mode=" in name for name in report["sensors"]]


@pytest.mark.slow
def test_without_labels_and_hold_out_there_is_a_model_all_the_same(
    history: Path, tmp_path: Path
) -> None:
    options = ("--model", "linear", "--holdout", "0", "--exclude", "break,grade")

    bundle = fit(history, tmp_path / "model", *options)

    assert bundle.manifest.validation is None
    assert (tmp_path / "model" / "report.html").exists()
    assert "rows kept back" not in " ".join(bundle.manifest.provenance["seconds"])


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", ["dense", "lstm"])
def test_the_same_data_config_and_seed_give_the_same_bundle(
    history: Path, tmp_path: Path, kind: str
) -> None:
    logs, config = tmp_path / "logs", tmp_path / "short.toml"
    config.write_text(f'budget = 4.0\n[network]\nkind = "{kind}"\nsteps = 40\n')
    options = ("--config", str(config), *LABELS)

    first = fit(history, tmp_path / "one", *options, "--tensorboard", str(logs))
    again = fit(history, tmp_path / "two", *options)

    assert first.id == again.id
    assert first.manifest.default_budget_per_day == 4.0
    assert any(logs.rglob("events.out.tfevents.*"))
    for name in ("model.keras", "encoder.keras", "decoder.keras"):
        assert (tmp_path / "one" / name).exists()
    report = json.loads((tmp_path / "one" / "report.json").read_text())
    assert report["codes"]["rows"] > 0.9 * report["rows"]


@pytest.mark.slow
def test_a_history_that_is_too_short_is_refused_in_one_line(history: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.csv"
    short.write_text("".join(history.read_text().splitlines(keepends=True)[:200]))
    command = [sys.executable, "-m", "trainer", "fit", "--csv", str(short), "--model", "linear"]

    done = subprocess.run(
        [*command, "--out", str(tmp_path / "model"), *LABELS],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "too few" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("budget = -1", "budget"),
        ("budget = inf", "budget"),
        ("[network]\nrate = inf", "rate"),
        ("[network]\nlayer = 3", "layer"),
        (
            'model = "linear"',
            r"unknown field `model`; it may say seed, .* \[network\] kind, .* \[plain\] epochs",
        ),
        ("[network]\nwindow = 10", "a dense model has no window to set"),
        ('[network]\nkind = "magic"', "no model is called 'magic'; take dense, linear, lstm"),
        ("[network]\nsteps = 10\n[plain]", "a plain model trains epochs"),
        ('[plain]\nthreshold = "best"', "threshold"),
        ("budget = ", "wrong.toml"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(
    history: Path, tmp_path: Path, text: str, told: str
) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text(text)

    with pytest.raises(SettingsError, match=told):
        fit(history, tmp_path / "model", "--config", str(config), *LABELS)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--window 0", "Invalid value for '--window': 0: Expected `int` >= 1"),
        ("--model lstm --window 3", "the window has 3 readings; it needs at least the 5"),
        ("--model linear --plain", "linear has no network"),
        ("--model magic", "'magic' is not one of 'dense', 'linear', 'lstm'"),
        ("--window 10", "a dense model has no window to set"),
        ("--model linear --window 10", "a linear model has no window to set"),
        ("--budget inf", "Invalid value for '--budget': inf: Expected `float` <= 86400"),
        ("--budget nan", "Invalid value for '--budget': nan"),
        ("--budget 0", "Invalid value for '--budget': 0"),
        ("--holdout 0.9", "Invalid value for '--holdout': 0.9: Expected `float` < 0.9"),
        ("--seed -1", "Invalid value for '--seed': -1"),
        ("--model linear --tensorboard logs", "a linear model has no loss to log"),
        ("--no-head --head-budget 4", "without a head there is nothing to hold to --head-budget"),
        ("--seed many", "'many' is not a valid integer"),
    ],
)
def test_an_option_out_of_bounds_is_2_before_the_history_is_read(
    tmp_path: Path, options: str, told: str
) -> None:
    unreadable = tmp_path / "empty.csv"
    unreadable.write_text("")
    arguments = ["fit", "--csv", str(unreadable), "--out", str(tmp_path / "model")]

    refused = CliRunner().invoke(main, [*arguments, *options.split()])

    assert refused.exit_code == 2
    assert told in refused.output


def test_the_help_asks_for_no_window_that_would_be_refused() -> None:
    told = " ".join(CliRunner().invoke(main, ["fit", "--help"]).output.split())

    assert f"Readings an LSTM sees, at least {STACKED_READINGS}, or a plain model" in told
    assert settings_of_lstm(STACKED_READINGS).window_size == STACKED_READINGS
    with pytest.raises(SettingsError, match="needs at least"):
        settings_of_lstm(STACKED_READINGS - 1)


def settings_of_lstm(window_size: int) -> NetworkConfig:
    return NetworkConfig(kind="lstm", layers=(32,), code=16, window_size=window_size)


def test_an_option_gives_a_file_the_model_its_window_belongs_to(tmp_path: Path) -> None:
    config, unreadable = tmp_path / "window.toml", tmp_path / "empty.csv"
    config.write_text("[network]\nwindow = 10\n")
    unreadable.write_text("")
    options = ("--config", str(config), "--model", "lstm")

    with pytest.raises(RecordingError, match="the file is empty"):
        fit(unreadable, tmp_path / "model", *options)


@pytest.mark.slow
def test_what_is_odd_about_the_history_is_told_in_a_line_each(tmp_path: Path) -> None:
    path = tmp_path / "pm3.csv"
    recording = normal_recording(600)
    rows = [
        f"{time}Z,ok,{','.join(map(str, row))}"
        for time, row in zip(recording.times, recording.values.tolist(), strict=True)
    ]
    path.write_text("\n".join([f"time,a remark of the shift crew,{','.join(SENSORS)}", *rows]))
    arguments = ["fit", "--csv", str(path), "--out", str(tmp_path / "model"), "--model", "linear"]

    done = CliRunner().invoke(main, arguments)

    assert done.exit_code == 0
    assert [line for line in done.output.splitlines() if line.startswith("note: ")] == [
        "note: column 'a remark of the shift crew' is text (first 'ok' in line 2): not a sensor",
        "note: only 480 normal rows: thresholds will be rough; 1000 are better",
    ]


@pytest.mark.slow
def test_another_number_of_processors_gives_the_same_bundle(history: Path, tmp_path: Path) -> None:
    options = ("--model", "linear", "--holdout", "0", *LABELS)

    with threadpool_limits(limits=1):
        alone = fit(history, tmp_path / "one", *options)
    with threadpool_limits(limits=2):
        together = fit(history, tmp_path / "two", *options)

    assert alone.id == together.id


def test_a_folder_that_is_no_bundle_is_not_overwritten(history: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(StreamDetectorError, match="no bundle"):
        fit(history, tmp_path, "--model", "linear", *LABELS)
