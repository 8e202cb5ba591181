"""The graph of a model: what it takes and gives, and what is none."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from stream_detector.bundle.directory import Bundle
from stream_detector.bundle.graph import MAX_ROWS, OnnxGraph
from stream_detector.errors import BundleError

OUTPUTS = (
    "level",
    "deviation_score",
    "level_contributions",
    "deviation_contributions",
    "expected",
)


def copying_graph(inputs: dict[str, list[Any]], outputs: tuple[str, ...]) -> bytes:
    """A graph that gives its first input back under other names."""
    source = next(iter(inputs))
    graph = helper.make_graph(
        [helper.make_node("Identity", [source], [name]) for name in outputs],
        "copy",
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in inputs.items()],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, inputs[source]) for k in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


RIGHT = {"window": ["n", 4, 5], "deviation": ["n", 5]}


def test_a_graph_of_the_right_inputs_and_outputs_is_taken() -> None:
    OnnxGraph(copying_graph(RIGHT, OUTPUTS), window_size=4, n_sensors=5)


@pytest.mark.parametrize(
    "inputs",
    [
        {"window": ["n", 4, 5]},
        {"window": ["n", 5, 5], "deviation": ["n", 5]},
        {"window": ["n", 4, 5], "deviation": ["n", 6]},
        {"window": ["n", 4, 5], "distance": ["n", 5]},
        {"window": ["n", 4, 5], "deviation": ["n", 5], "mode": ["n"]},
    ],
)
def test_a_graph_with_other_inputs_is_refused(inputs: dict[str, list[Any]]) -> None:
    with pytest.raises(BundleError, match=r"model\.onnx takes .*, expected .*fit it anew"):
        OnnxGraph(copying_graph(inputs, OUTPUTS), window_size=4, n_sensors=5)


@pytest.mark.parametrize("missing", OUTPUTS)
def test_a_graph_that_gives_too_little_is_refused(missing: str) -> None:
    given = tuple(name for name in OUTPUTS if name != missing)

    with pytest.raises(BundleError, match=re.escape(f"gives {sorted(given)}")):
        OnnxGraph(copying_graph(RIGHT, given), window_size=4, n_sensors=5)


@pytest.mark.parametrize("data", [b"", b"no graph at all"])
def test_what_is_no_graph_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError, match=r"model\.onnx cannot be loaded"):
        OnnxGraph(data, window_size=4, n_sensors=5)


def test_a_graph_that_ends_too_early_is_refused(small_bundle_folder: Path) -> None:
    whole = (small_bundle_folder / "model.onnx").read_bytes()

    with pytest.raises(BundleError, match=r"model\.onnx"):
        OnnxGraph(whole[: len(whole) // 2], window_size=4, n_sensors=5)


@pytest.mark.parametrize("n_rows", [1, 2, MAX_ROWS - 1, MAX_ROWS, MAX_ROWS + 1, 200])
def test_a_row_gets_the_same_bits_in_any_batch(small_bundle: Bundle, n_rows: int) -> None:
    random = np.random.default_rng(seed=7)
    windows = random.normal(size=(n_rows, 5, 5)).astype(np.float32)
    deviations = random.normal(size=(n_rows, 5)).astype(np.float32)
    graph = small_bundle.model.graph

    together = graph(windows, deviations)

    for i in range(n_rows):
        alone = graph(windows[i : i + 1], deviations[i : i + 1])
        assert [one[i].tobytes() for one in together] == [one[0].tobytes() for one in alone]


def test_contributions_are_never_negative_and_sum_to_their_score(small_bundle: Bundle) -> None:
    random = np.random.default_rng(seed=7)
    scores = small_bundle.model.graph(
        random.uniform(-12, 12, size=(100, 5, 5)).astype(np.float32),
        random.uniform(-12, 12, size=(100, 5)).astype(np.float32),
    )

    assert min(scores.level_contributions.min(), scores.deviation_contributions.min()) >= 0
    np.testing.assert_allclose(scores.level_contributions.sum(axis=1), scores.level, rtol=1e-5)
    np.testing.assert_allclose(
        scores.deviation_contributions.sum(axis=1), scores.deviation, rtol=1e-5
    )


def test_the_runtime_tells_nobody_of_this_machine(tmp_path: Path) -> None:
    # What it reports it keeps beside a device id in the home folder first. In CI it never does.
    unset = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"}
    plain = {name: text for name, text in os.environ.items() if name not in unset}

    subprocess.run(
        [sys.executable, "-c", "import stream_detector.bundle.graph"],
        env={**plain, "HOME": str(tmp_path)},
        check=True,
        timeout=60,
    )

    assert not any(tmp_path.iterdir())
