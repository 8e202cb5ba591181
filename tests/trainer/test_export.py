from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from stream_detector.bundle.graph import OnnxGraph
from tests.trainer.networks import (
    PlainNetwork,
    PrincipalComponents,
    correlated_windows,
    parts_with,
    untrained_network,
)
from trainer.architectures import DENSE, LINEAR, LSTM, NetworkConfig
from trainer.config import PlainSettings
from trainer.export import export
from trainer.models import MODELS
from trainer.parity import check_parity
from trainer.plain_parts import PlainParts
from trainer.score_parts import ScoreParts

LSTM_30 = replace(LSTM, window_size=30)
ELBO = MODELS["variational-elbo"]
PLAIN = {
    f"plain-{name}": PlainSettings().as_published(config)
    for name, config in MODELS.items()
    if config.kind != "linear"
}
KINDS = pytest.mark.parametrize(
    "config",
    [LINEAR, DENSE, LSTM, LSTM_30, ELBO, PLAIN["plain-lstm"], PLAIN["plain-variational-elbo"]],
    ids=["linear", "dense", "lstm-5", "lstm-30", "elbo", "plain-lstm", "plain-elbo"],
)
ALL = {**MODELS, **PLAIN}
EVERY = pytest.mark.parametrize("config", ALL.values(), ids=ALL)


@EVERY
def test_the_graph_computes_what_the_parts_define(config: NetworkConfig) -> None:
    parts, windows, deviations = _made(config, n_sensors=7)

    check_parity(export(parts), parts, windows, deviations)


@KINDS
@pytest.mark.parametrize("n_sensors", [1, 19, 59])
def test_a_row_gets_the_same_bits_in_a_batch_of_any_size(
    config: NetworkConfig, n_sensors: int
) -> None:
    """An exact replay rests on this; widths that are no multiple of 4 are the hard ones."""
    parts, windows, deviations = _made(config, n_sensors=n_sensors)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(export(parts), options)

    def in_batches_of(size: int) -> list[NDArray[np.float32]]:
        batches = [
            session.run(
                None, {"window": windows[i : i + size], "deviation": deviations[i : i + size]}
            )
            for i in range(0, 256, size)
        ]
        return [np.concatenate(outputs) for outputs in zip(*batches, strict=True)]

    alone = in_batches_of(1)

    for size in (2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 32, 33, 48, 63, 64, 256):
        for one, together in zip(alone, in_batches_of(size), strict=True):
            np.testing.assert_array_equal(one, together, err_msg=f"batches of {size}")


@KINDS
def test_contributions_are_shares_of_the_scores(config: NetworkConfig) -> None:
    parts, windows, deviations = _made(config, n_sensors=5)

    scores = _session(parts)(windows, deviations)

    assert scores.level_contributions.min() >= 0
    assert scores.deviation_contributions.min() >= 0
    np.testing.assert_allclose(scores.level_contributions.sum(axis=1), scores.level, rtol=1e-6)
    np.testing.assert_allclose(
        scores.deviation_contributions.sum(axis=1), scores.deviation, rtol=1e-6
    )


def test_a_plain_model_has_no_deviation_part_and_expects_what_it_gives_back() -> None:
    parts, windows, deviations = _made(PLAIN["plain-dense-32-16-32"], n_sensors=5)

    scores = _session(parts)(windows, deviations)

    assert not scores.deviation.any()
    assert not scores.deviation_contributions.any()
    left = np.square(windows[:, -1] - scores.expected).mean(axis=1)
    np.testing.assert_allclose(scores.level, left, rtol=1e-5)


def test_the_divergence_of_a_code_is_spread_over_all_sensors() -> None:
    config = PLAIN["plain-variational-elbo"]
    parts, windows, deviations = _made(config, n_sensors=5)
    assert isinstance(parts, PlainParts)
    assert isinstance(parts.network, PlainNetwork)
    network = replace(parts.network, config=replace(config, score="reconstruction"))
    residual_alone = replace(parts, network=network)

    elbo = _session(parts)(windows, deviations)
    residual = _session(residual_alone)(windows, deviations)

    each = elbo.level_contributions - residual.level_contributions
    divergence = parts.divergence(windows)
    assert divergence.min() > 0
    np.testing.assert_allclose(each, np.tile(divergence[:, None] / 5, 5), rtol=1e-4, atol=1e-5)


@KINDS
def test_the_same_parts_give_the_same_bytes(config: NetworkConfig) -> None:
    parts, _, _ = _made(config, n_sensors=3)

    assert export(parts) == export(parts)


def test_the_graph_has_native_operators_of_opset_17_only() -> None:
    model = onnx.load_from_string(export(_made(LSTM, n_sensors=3)[0]))

    assert (model.ir_version, [(one.domain, one.version) for one in model.opset_import]) == (
        9,
        [("", 17)],
    )
    assert sum(node.op_type == "LSTM" for node in model.graph.node) == 4


def test_a_network_with_relu_is_exported_too() -> None:
    parts, windows, deviations = _made(
        NetworkConfig(kind="lstm", layers=(8,), code=4, window_size=6, activation="relu"),
        n_sensors=3,
    )

    assert "Relu" in str(onnx.load_from_string(export(parts)).graph.node)
    assert np.isfinite(_session(parts)(windows, deviations).level).all()


def test_only_what_a_network_leaves_counts() -> None:
    """Principal components that keep every column leave nothing but the linear half."""
    windows = correlated_windows(n_rows=400, window_size=5, n_sensors=2)
    parts = parts_with(None, windows, windows[:, -1])
    fitter = PrincipalComponents(code=10)
    everything = fitter.fit(windows, parts.coordinates, learn_from=np.arange(len(windows)))

    linear = _session(parts)(windows, windows[:, -1]).level
    mixed = _session(replace(parts, network=everything))(windows, windows[:, -1]).level

    np.testing.assert_allclose(mixed, linear / 2, rtol=1e-4)


def _session(parts: ScoreParts | PlainParts) -> OnnxGraph:
    return OnnxGraph(export(parts), window_size=parts.window_size, n_sensors=parts.n_sensors)


def _made(
    config: NetworkConfig, *, n_sensors: int
) -> tuple[ScoreParts | PlainParts, NDArray[np.float32], NDArray[np.float32]]:
    windows = correlated_windows(n_rows=256, window_size=config.window_size, n_sensors=n_sensors)
    deviations = windows[:, -1] - windows[:, -3:].mean(axis=1)
    network = None if config.kind == "linear" else untrained_network(config, n_sensors=n_sensors)
    if network is not None and config.plain:
        return PlainParts(network, n_sensors), windows, deviations
    return parts_with(network, windows, deviations), windows, deviations
