import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from stream_detector.errors import SettingsError
from trainer.architectures import DENSE, LINEAR, LSTM, Layer, NetworkConfig, plan
from trainer.models import MODELS


def test_the_dense_network_has_a_linear_code_and_output() -> None:
    encoder, decoder, _ = plan(DENSE, n_sensors=59)

    assert encoder == (Layer("dense", 48, "tanh"), Layer("dense", 12, "linear"))
    assert decoder == (Layer("dense", 48, "tanh"), Layer("dense", 295, "linear"))


def test_the_lstm_network_hands_one_code_to_the_readings_it_gives_back() -> None:
    encoder, decoder, _ = plan(LSTM, n_sensors=59)

    assert encoder == (Layer("lstm", 32, "tanh"), Layer("lstm", 16, "tanh", every_reading=False))
    assert decoder == (
        Layer("repeat", 16),
        Layer("lstm", 16, "tanh"),
        Layer("lstm", 32, "tanh"),
        Layer("dense", 59, "linear"),
    )


def test_a_published_decoder_need_not_mirror_the_encoder() -> None:
    encoder, decoder, _ = plan(MODELS["dense-32-16-16-32"], n_sensors=59)

    assert [layer.units for layer in (*encoder, *decoder)] == [32, 16, 16, 32, 295]
    assert {layer.activation for layer in (*encoder, *decoder[:-1])} == {"relu"}
    assert decoder[-1].activation == "linear"


def test_a_variational_network_also_tells_the_spread_of_its_code() -> None:
    _, _, spread = plan(MODELS["variational"], n_sensors=59)

    assert spread == Layer("dense", 12, "linear")


@pytest.mark.parametrize(("window", "units"), [(1, 59), (3, 177)])
def test_a_plain_dense_network_gives_back_the_window_it_reads(window: int, units: int) -> None:
    config = NetworkConfig(window_size=window, plain=True)

    assert plan(config, n_sensors=59).decoder[-1].units == units


def test_a_plain_lstm_gives_back_all_readings_of_its_window() -> None:
    assert replace(LSTM, plain=True).readings_back == 5
    assert LSTM.readings_back == 5


def test_a_network_is_described_by_what_it_has() -> None:
    assert DENSE.described == {
        "kind": "dense",
        "layers": [48],
        "code": 12,
        "activation": "tanh",
        "window_size": 5,
        "steps": 1500,
        "batch": 64,
        "rate": 2e-3,
        "decay": 1e-4,
        "seed": 0,
    }
    assert LINEAR.described == {"kind": "linear", "seed": 0}
    special = {"tied", "unit_norm", "orthogonality", "decorrelation"}
    assert MODELS["well-posed"].described.keys() == DENSE.described.keys() | special
    trained = replace(DENSE, plain=True, epochs=200).described
    assert trained.keys() == DENSE.described.keys() - {"steps"} | {"plain", "epochs"}


def test_a_window_shorter_than_the_linear_part_needs_is_refused() -> None:
    with pytest.raises(SettingsError, match="3 readings"):
        NetworkConfig(kind="lstm", window_size=3)


def test_only_an_lstm_reads_a_longer_window() -> None:
    with pytest.raises(SettingsError, match="choose lstm"):
        NetworkConfig(kind="dense", window_size=30)


def test_an_lstm_needs_a_bent_activation() -> None:
    with pytest.raises(SettingsError, match="tanh or relu"):
        NetworkConfig(kind="lstm", window_size=5, activation="linear")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"kind": "lstm", "window_size": 5, "tied": True}, "an LSTM has no tied to set"),
        ({"kind": "lstm", "window_size": 5, "variational": 1.0}, "an LSTM has no variational"),
        ({"tied": True, "decoder": (8,)}, "a tied decoder mirrors the encoder"),
        ({"score": "elbo"}, "only a variational network"),
        ({"kind": "linear", "plain": True}, "linear has no network"),
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        NetworkConfig(**wrong)


@pytest.mark.parametrize("wrong", [{"layers": (48, 0)}, {"code": 0}, {"steps": 0}, {"batch": 0}])
def test_a_size_of_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="must be positive"):
        NetworkConfig(**wrong)  # type: ignore[arg-type]


def test_a_model_without_a_network_is_fitted_without_tensorflow() -> None:
    code = "import sys, trainer.crossfit; sys.exit('tensorflow' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
