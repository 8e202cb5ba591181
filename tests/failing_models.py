"""A model whose graph can be loaded, and fails at work."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from stream_detector.bundle.directory import Bundle, read_bundle, write_bundle
from tests.small_models import normal_recording, train_small_model

ALWAYS = -1000.0

NEVER_IN_NORMAL_OPERATION = 7.0
"""Standard deviations."""


def fit_failing_bundle(folder: Path, *, above: float) -> Bundle:
    """Fit a model that fails once a sensor's scaled value is above this, and read it back."""
    fitted = train_small_model(normal_recording(seed=8))
    graph = onnx.load_from_string(fitted.graphs["model.onnx"])
    for node in graph.graph.node:
        node.output[:] = ["true_level" if name == "level" else name for name in node.output]
        node.input[:] = ["true_level" if name == "level" else name for name in node.input]
    graph.graph.initializer.extend(
        [
            helper.make_tensor("fails_above", TensorProto.FLOAT, [], [above]),
            # Of one element: there is no second one to take.
            helper.make_tensor("nothing", TensorProto.FLOAT, [1], [0.0]),
        ]
    )
    graph.graph.node.extend(
        [
            helper.make_node("ReduceMax", ["window"], ["highest"], keepdims=0),
            helper.make_node("Greater", ["highest", "fails_above"], ["is_above"]),
            helper.make_node("Cast", ["is_above"], ["which"], to=TensorProto.INT64),
            helper.make_node("Gather", ["nothing", "which"], ["taken"]),
            helper.make_node("Add", ["true_level", "taken"], ["level"]),
        ]
    )
    files = {**fitted.graphs, "model.onnx": graph.SerializeToString(deterministic=True)}
    write_bundle(folder, fitted.manifest, parameters=fitted.parameters, files=files)
    return read_bundle(folder)
