"""LightGBM's trees as one operator of an ONNX graph: the worker needs no LightGBM.

A feature is a float32, a split of LightGBM a float64. Rounded down to a float32 a split
parts the same features: for every float32 x, x <= s if and only if x <= the largest
float32 that is not above s.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from trainer.onnx_graph import GraphWriter


class Node(NamedTuple):
    """One node of a tree; a leaf has neither a feature nor nodes below it.

    Parameters
    ----------
    feature, split : int, float
        Asked: is this feature at most this?
    yes, no : int
        Number, within the tree, of the node that follows.
    value : float
        Of a leaf, what it adds.
    """

    feature: int = 0
    split: float = 0.0
    yes: int = 0
    no: int = 0
    value: float = 0.0

    @property
    def is_leaf(self) -> bool:
        """Whether no node follows; none ever leads back to the root, which is number 0."""
        return self.yes == 0


Trees = Sequence[Sequence[Node]]
"""An ensemble, each tree from its root on; its value is the sum of the leaves a row falls into."""


def mean_of_models(dumps: Sequence[dict[str, Any]]) -> Trees:
    """Read models, each as ``Booster.dump_model()`` tells it, as one that gives their mean.

    Examples
    --------
    >>> stump = {
    ...     "split_feature": 3, "threshold": 0.5, "decision_type": "<=",
    ...     "left_child": {"leaf_value": -2.0}, "right_child": {"leaf_value": 1.0},
    ... }
    >>> (root, low, high), _ = mean_of_models([{"tree_info": [{"tree_structure": stump}]}] * 2)
    >>> root.feature, root.split, root.yes, root.no
    (3, 0.5, 1, 2)
    >>> low.value, high.value
    (-1.0, 0.5)
    """
    share = 1 / len(dumps)
    return [
        list(_nodes(tree["tree_structure"], share)) for dump in dumps for tree in dump["tree_info"]
    ]


def _nodes(root: dict[str, Any], share: float) -> Iterator[Node]:
    """Go through the nodes of a tree, level by level."""
    waiting = [root]
    # It grows while it is gone through: those below come after all of this level.
    for node in waiting:
        if "leaf_value" in node:
            yield Node(value=share * node["leaf_value"])
            continue
        if node["decision_type"] != "<=":
            raise ValueError(f"a split asks {node['decision_type']!r}, expected '<='")
        yes = len(waiting)
        waiting += (node["left_child"], node["right_child"])
        yield Node(node["split_feature"], _rounded_down(node["threshold"]), yes, yes + 1)


def _rounded_down(split: float) -> float:
    """Give the largest float32 that is not above a split.

    >>> _rounded_down(0.5), _rounded_down(0.1) <= 0.1
    (0.5, True)
    """
    near = np.float32(split)
    # Both as float64: NumPy would compare a float32 with a Python number as float32.
    return float(near if float(near) <= split else np.nextafter(near, np.float32(-np.inf)))


def add_trees(graph: GraphWriter, features: str, trees: Trees) -> str:
    """Rate features, shape (n, f), by trees, shape (n, 1); give the name of the output."""
    nodes = [
        (number, place, node)
        for number, tree in enumerate(trees)
        for place, node in enumerate(tree)
    ]
    leaves = [(number, place, node.value) for number, place, node in nodes if node.is_leaf]
    return graph.add(
        "TreeEnsembleRegressor",
        features,
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_treeids=[number for number, _, _ in nodes],
        nodes_nodeids=[place for _, place, _ in nodes],
        nodes_featureids=[node.feature for _, _, node in nodes],
        nodes_values=[node.split for _, _, node in nodes],
        nodes_modes=["LEAF" if node.is_leaf else "BRANCH_LEQ" for _, _, node in nodes],
        nodes_truenodeids=[node.yes for _, _, node in nodes],
        nodes_falsenodeids=[node.no for _, _, node in nodes],
        target_treeids=[number for number, _, _ in leaves],
        target_nodeids=[place for _, place, _ in leaves],
        target_ids=[0] * len(leaves),
        target_weights=[value for _, _, value in leaves],
    )
