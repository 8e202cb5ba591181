"""``python -m trainer fit`` on a history with many breaks, and what is made of its bundle."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stream_detector.bundle.directory import read_bundle
from stream_detector.replay.commands import replay
from stream_detector.replay.outcomes import outcome_rows
from tests.small_models import SENSORS
from tests.trainer.breaking import breaking_history
from trainer.commands import main

pytestmark = pytest.mark.slow

LABELS = ("--label-column", "break")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty breaks."""
    recording = breaking_history(60)
    path = tmp_path_factory.mktemp("history") / "pm3.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["time", "break", *SENSORS])
        for row, broke in enumerate(outcome_rows(recording).astype(int).tolist()):
            values = recording.values[row].tolist()
            table.writerow([recording.time(row).isoformat(), broke, *values])
    return path


def fit(history: Path, out: Path, *options: str) -> Result:
    arguments = ["--csv", str(history), "--out", str(out), "--model", "linear", *LABELS, *options]
    return CliRunner().invoke(main, ["fit", *arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def fitted(history: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A bundle with all options as always, and what was said."""
    folder = tmp_path_factory.mktemp("fitted") / "model"
    return folder, fit(history, folder)


def test_a_head_is_fitted_unasked_and_told_of(fitted: tuple[Path, Result]) -> None:
    folder, done = fitted

    manifest, report = read_bundle(folder).manifest, (folder / "report.json").read_text()
    assert "labelled outcomes in the rows that train: a head is fitted on them" in done.output
    assert "A supervised head was fitted on" in done.output
    assert manifest.head is not None
    assert manifest.head.n_outcomes >= 45
    assert manifest.head.validation is not None
    assert manifest.head.validation.asked_per_day == 3.0
    assert json.loads(report)["head"]["outcomes"] == manifest.head.n_outcomes
    assert "What the head showed" in (folder / "report.html").read_text()


def test_a_replay_of_it_has_alerts_of_both_rules(
    fitted: tuple[Path, Result], history: Path, tmp_path: Path
) -> None:
    folder, _ = fitted
    alerts = tmp_path / "alerts.jsonl"

    arguments = ["--bundle", str(folder), "--csv", str(history), "--alerts", str(alerts), *LABELS]
    CliRunner().invoke(replay, arguments, catch_exceptions=False)

    told = [json.loads(line) for line in alerts.read_text().splitlines()]
    assert {one["rule"] for one in told if "rule" in one} == {"sheet-break", "break-likely"}


def test_who_wants_no_head_gets_the_model_without_it(
    fitted: tuple[Path, Result], history: Path, tmp_path: Path
) -> None:
    folder, _ = fitted

    done = fit(history, tmp_path / "model", "--no-head")

    assert read_bundle(tmp_path / "model").manifest.head is None
    assert not (tmp_path / "model" / "head.onnx").exists()
    graphs = [(one / "model.onnx").read_bytes() for one in (folder, tmp_path / "model")]
    assert graphs[0] == graphs[1]
    assert "a head" not in done.output
    assert "supervised head" not in done.output


def test_a_configuration_may_set_the_budget_of_the_head(history: Path, tmp_path: Path) -> None:
    config = tmp_path / "few.toml"
    config.write_text("head = true\nhead_budget = 1.5\nholdout = 0.5\n")

    done = fit(history, tmp_path / "model", "--config", str(config))

    manifest = read_bundle(tmp_path / "model").manifest
    assert "30 labelled outcomes in the rows that train: a head is fitted on them" in done.output
    assert manifest.head is not None
    assert manifest.head.default_budget_per_day == 1.5


def test_with_too_few_breaks_it_is_said_how_many_it_takes(history: Path, tmp_path: Path) -> None:
    done = fit(history, tmp_path / "model", "--holdout", "0.5")

    assert "30 labelled outcomes in the rows that train: a head takes 45" in done.output
    assert read_bundle(tmp_path / "model").manifest.head is None
