import subprocess
import sys

import pytest

from stream_detector.errors import SettingsError
from trainer.architectures import DENSE, LSTM, Layer, NetworkConfig, plan


def test_the_dense_network_has_a_linear_code_and_output() -> None:
    encoder, decoder = plan(DENSE, n_sensors=59)

    assert encoder == (Layer("dense", 48, "tanh"), Layer("dense", 12, "linear"))
    assert decoder == (Layer("dense", 48, "tanh"), Layer("dense", 236, "linear"))


def test_the_lstm_network_hands_one_code_to_the_readings_it_gives_back() -> None:
    encoder, decoder = plan(LSTM, n_sensors=59)

    assert encoder == (Layer("lstm", 32, "tanh"), Layer("lstm", 16, "tanh", every_reading=False))
    assert decoder == (
        Layer("repeat", 16),
        Layer("lstm", 16, "tanh"),
        Layer("lstm", 32, "tanh"),
        Layer("dense", 59, "linear"),
    )


def test_a_window_shorter_than_the_linear_part_needs_is_refused() -> None:
    with pytest.raises(SettingsError, match="3 readings"):
        NetworkConfig(kind="lstm", window_size=3)


def test_only_an_lstm_reads_a_longer_window() -> None:
    with pytest.raises(SettingsError, match="choose lstm"):
        NetworkConfig(kind="dense", window_size=30)


def test_an_lstm_needs_a_bent_activation() -> None:
    with pytest.raises(SettingsError, match="tanh or relu"):
        NetworkConfig(kind="lstm", window_size=5, activation="linear")


@pytest.mark.parametrize("wrong", [{"layers": (48, 0)}, {"code": 0}, {"steps": 0}, {"batch": 0}])
def test_a_size_of_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="must be positive"):
        NetworkConfig(**wrong)  # type: ignore[arg-type]


def test_a_model_without_a_network_is_fitted_without_tensorflow() -> None:
    code = "import sys, trainer.crossfit; sys.exit('tensorflow' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
