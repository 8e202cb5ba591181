"""``encode`` and ``decode`` as a user calls them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import read_bundle, write_bundle
from stream_detector.errors import BundleError, RecordingError
from tests.small_models import SENSORS, SPREAD, Feed, normal_recording
from tests.trainer.networks import untrained_network
from trainer.architectures import STACKED_READINGS, NetworkConfig
from trainer.assembly import keras_files_of
from trainer.commands import main
from trainer.config import PlainSettings, TrainingConfig
from trainer.history import measure_timing
from trainer.score_parts import NetworkSpace
from trainer.steps import Steps
from trainer.training import train

N_ROWS = 500


@dataclass
class Untrained:
    """Leaves a network at random weights."""

    config: NetworkConfig

    def fit(self, windows: Any, space: NetworkSpace, **_: Any) -> Any:
        from trainer.fitting import FittedNetwork

        del windows, space
        made = untrained_network(self.config, n_sensors=len(SENSORS))
        nothing = np.zeros(4, np.float32)
        return FittedNetwork(self.config, len(SENSORS), made.weights, nothing, nothing)


def bundle_in(folder: Path, config: TrainingConfig) -> Path:
    history = normal_recording(N_ROWS)
    model = train(
        history,
        measure_timing(history),
        config,
        rules=Rules(),
        make_fitter=lambda _: Untrained(config.network_config),
        steps=Steps(),
    )
    files = {"model.onnx": model.parts.graph, **keras_files_of(model.parts)}
    write_bundle(folder, model.manifest, parameters=model.parameters, files=files)
    return folder


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred rows, of which the fifth lacks a sensor and the sixth most of them."""
    path = tmp_path_factory.mktemp("recording") / "pm3.csv"
    table = pd.DataFrame([json.loads(one.value or b"")["values"] for one in Feed().rows(200)])
    table.loc[5, "steam"] = np.nan
    table.loc[6, ["steam", "draw", "weight"]] = np.nan
    times = pd.date_range("2026-11-22T03:00:00Z", periods=200, freq="2min")
    table.insert(0, "time", times.strftime("%Y-%m-%dT%H:%M:%SZ"))
    table.to_csv(path, index=False)
    return path


def run(*arguments: object) -> Result:
    given = [str(argument) for argument in arguments]
    return CliRunner().invoke(main, given, catch_exceptions=False, standalone_mode=False)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "config", [TrainingConfig(), TrainingConfig(plain=PlainSettings())], ids=["recipe", "plain"]
)
def test_decoded_codes_are_what_the_network_gives_back_of_the_newest_reading(
    config: TrainingConfig, recording: Path, tmp_path: Path
) -> None:
    from trainer.quiet_tensorflow import keras

    folder, codes, values = bundle_in(tmp_path / "m", config), tmp_path / "c", tmp_path / "v"

    told = run("encode", "--bundle", folder, "--csv", recording, "--out", codes)
    run("decode", "--bundle", folder, "--codes", codes, "--out", values)

    decoded = pd.read_csv(values)
    read = pd.read_csv(recording)[list(SENSORS)].to_numpy()
    scale = read_bundle(folder).model.conditioning
    scaled = ((read - scale.center) / scale.spread).clip(-12, 12).astype(np.float32)
    back_to_front = range(STACKED_READINGS - 1, -1, -1)
    windows = np.stack([scaled[np.maximum(np.arange(200) - k, 0)] for k in back_to_front], axis=1)
    windows = windows[:, -scale.window_size :]
    back = keras.models.load_model(folder / "model.keras")(windows).numpy()[:, -1]
    assert decoded["row"].tolist() == [row for row in range(200) if row != 6]
    # From row 11 on no window holds a value that was missing.
    expected = (back * scale.spread + scale.center)[11:]
    given = decoded[list(SENSORS)].to_numpy()[10:]
    assert np.abs((given - expected) / SPREAD).max() < 1e-3
    # How much that is: over the rows with a code, without the value that is missing.
    kept = np.delete(read, 6, axis=0)
    lost = np.nansum((kept - decoded[list(SENSORS)].to_numpy()) ** 2, axis=0)
    shares = 1 - lost / np.nansum((kept - np.nanmean(kept, axis=0)) ** 2, axis=0)
    lowest = ", ".join(f"{SENSORS[k]} {shares[k]:.2f}" for k in np.argsort(shares)[:3])
    assert f"median {np.median(shares):.2f}, lowest {lowest}" in told.stderr


@pytest.mark.tensorflow
def test_a_line_of_codes_says_whose_row_it_is_and_in_which_regime(
    recording: Path, tmp_path: Path
) -> None:
    folder, codes = bundle_in(tmp_path / "m", TrainingConfig()), tmp_path / "codes.csv"

    told = run("encode", "--bundle", folder, "--csv", recording, "--out", codes, "--regimes", 3)

    table = pd.read_csv(codes)
    units = [f"code_{n}" for n in range(1, 13)]
    assert list(table.columns) == ["row", "time", "machine", "regime", *units]
    assert table["time"][0] == "2026-11-22T03:00:00Z"
    assert set(table["machine"]) == {"pm3"}
    assert set(table["regime"]) == {1, 2, 3}
    assert "199 of 200 rows encoded; rows by regime: 1: " in told.stderr


@pytest.mark.tensorflow
def test_codes_of_another_size_are_refused(tmp_path: Path) -> None:
    folder, codes = bundle_in(tmp_path / "m", TrainingConfig()), tmp_path / "codes.csv"
    codes.write_text("code_1,code_2\n1.0,2.0\n")

    with pytest.raises(BundleError, match="has 12 units, not 2; decode by the model that encoded"):
        run("decode", "--bundle", folder, "--codes", codes, "--out", tmp_path / "values.csv")


@pytest.mark.parametrize("command", ["encode", "decode"])
def test_a_linear_model_has_no_code(
    command: str, small_bundle_folder: Path, recording: Path, tmp_path: Path
) -> None:
    codes = tmp_path / "codes.csv"
    codes.write_text("code_1\n1.0\n")
    source = ("--csv", recording) if command == "encode" else ("--codes", codes)

    with pytest.raises(BundleError, match="is linear: it has no network and no code; fit one with"):
        run(command, "--bundle", small_bundle_folder, *source, "--out", tmp_path / "out.csv")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("row,regime\n1,1\n", r"the columns of codes \(none\)"),
        ("code_1,code_3\n1.0,2.0\n", "columns of codes code_1, code_3; expected"),
        ("code_1\n", "has 0 lines"),
        ("code_1,code_2\n1.0,2.0\n3.0,\n", "line 3, code_2: '' is no number"),
        ("code_1\nmany\n", "line 2, code_1: 'many' is no number"),
    ],
)
def test_what_is_no_table_of_codes_is_refused(
    text: str, told: str, small_bundle_folder: Path, tmp_path: Path
) -> None:
    codes, values = tmp_path / "codes.csv", tmp_path / "values.csv"
    codes.write_text(text)

    with pytest.raises(RecordingError, match=told):
        run("decode", "--bundle", small_bundle_folder, "--codes", codes, "--out", values)


def test_the_codes_are_not_written_over_the_recording(
    small_bundle_folder: Path, recording: Path
) -> None:
    arguments = ["encode", "--bundle", str(small_bundle_folder), "--csv", str(recording)]

    refused = CliRunner().invoke(main, [*arguments, "--out", str(recording)])

    assert refused.exit_code == 2
    assert "name the same file" in refused.output
