"""An ONNX graph as it is written: nodes in the order they run, and their constants."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSETS = {"": 17, "ai.onnx.ml": 3}
_IR_VERSION = 9
"""Old enough for every ONNX Runtime since 2022."""

_Shapes = dict[str, tuple[str | int, ...]]


class GraphWriter:
    """Nodes in the order they run, and their constants."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Append a node and return the name of its first output that has one."""
        out = out or f"{operator}_{len(self._nodes)}"
        outputs = [""] * attributes.pop("nth_output", 0) + [out]
        self._nodes.append(helper.make_node(operator, list(inputs), outputs, **attributes))
        return out

    def floats(self, values: Any) -> str:
        """Add a constant of floats and return its name."""
        return self._constant(np.asarray(values, np.float32))

    def ints(self, *values: int) -> str:
        """Add a constant of integers and return its name."""
        return self._constant(np.array(values, np.int64))

    def _constant(self, array: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def serialize(self, *, inputs: _Shapes, outputs: _Shapes) -> bytes:
        """Write the graph with these inputs and outputs, as checked bytes."""

        def values(shapes: _Shapes) -> list[onnx.ValueInfoProto]:
            return [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in shapes.items()
            ]

        graph = helper.make_graph(
            self._nodes, "stream_detector", values(inputs), values(outputs), self._constants
        )
        opsets = [
            helper.make_opsetid(domain, _OPSETS[domain])
            for domain in sorted({node.domain for node in self._nodes})
        ]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))
