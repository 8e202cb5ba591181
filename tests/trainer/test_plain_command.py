"""``fit --plain`` and ``replay`` as a user calls them, held against Keras and scikit-learn."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.preprocessing import StandardScaler

from stream_detector.bundle.directory import read_bundle
from stream_detector.replay.commands import replay
from tests.small_models import SENSORS, normal_recording
from trainer.commands import main

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(600)]

N_ROWS, RESTART = 600, 450
"""At this row the machine runs again after an hour's pause."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recording = normal_recording(N_ROWS)
    table = pd.DataFrame(recording.values, columns=list(SENSORS))
    times = recording.times + (np.arange(N_ROWS) >= RESTART) * np.timedelta64(1, "h")
    table.insert(0, "time", [f"{time}Z" for time in times])
    path = tmp_path_factory.mktemp("plain") / "pm3.csv"
    table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(("kind", "window"), [("dense-32-16-16-32", 1), ("lstm", 5)])
def test_a_plain_model_is_replayed_as_keras_has_it(
    history: Path, tmp_path: Path, kind: str, window: int
) -> None:
    """Standardised by the first four fifths; the mean squared residual of ``model.keras``."""
    config, scores = tmp_path / "plain.toml", tmp_path / "scores.csv"
    config.write_text(f"holdout = 0\n[network]\nkind = {kind!r}\n[plain]\nepochs = 2\n")
    folder, csv = str(tmp_path / "model"), str(history)
    run(main, "fit", "--csv", csv, "--out", folder, "--config", str(config))
    run(replay, "--bundle", folder, "--csv", csv, "--scores", str(scores))

    windows = windows_of(pd.read_csv(history)[list(SENSORS)], size=window)
    residual = windows - given_back(Path(folder, "model.keras"), windows)

    replayed = pd.read_csv(scores)["score"]
    np.testing.assert_allclose(
        replayed, np.square(residual).mean(axis=(1, 2)), rtol=1e-4, atol=1e-5
    )
    network = read_bundle(Path(folder)).manifest.network
    assert (network["plain"], network["window_size"], network["epochs"]) == (True, window, 2)


def run(command: object, *arguments: str) -> None:
    CliRunner().invoke(command, arguments, catch_exceptions=False, standalone_mode=False)  # type: ignore[arg-type]


def windows_of(sensors: pd.DataFrame, *, size: int) -> np.ndarray:
    """Standardised readings and those before them in the run, whose first one repeats."""
    scaled = StandardScaler().fit(sensors[: round(0.8 * N_ROWS)]).transform(sensors)
    rows = np.arange(N_ROWS)
    first = np.where(rows < RESTART, 0, RESTART)
    before = [scaled[np.maximum(rows - k, first)] for k in reversed(range(size))]
    return np.stack(before, axis=1).astype(np.float32)


def given_back(path: Path, windows: np.ndarray) -> np.ndarray:
    from trainer.quiet_tensorflow import keras

    return np.asarray(keras.models.load_model(path)(windows).numpy())
