"""Trees of LightGBM, written as a graph: each row falls into the same leaf."""

from typing import Any

import lightgbm
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from trainer.onnx_graph import GraphWriter
from trainer.trees import Node, Trees, add_trees, mean_of_models


def rated(trees: Trees, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the graph of the trees makes of features."""
    graph = GraphWriter()
    graph.add("Identity", add_trees(graph, "features", trees), out="sum")
    model = graph.serialize(
        inputs={"features": ("n", features.shape[1])}, outputs={"sum": ("n", 1)}
    )
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"features": features})
    return np.asarray(found[:, 0])


def test_a_tree_is_gone_through_from_its_root() -> None:
    #         x0 at most 1?
    #        yes /   \ no
    #   x1 at most 5?  3
    #    yes /   \ no
    #       1     2
    tree = (
        Node(0, 1.0, yes=1, no=2),
        Node(1, 5.0, yes=3, no=4),
        Node(value=3.0),
        Node(value=1.0),
        Node(value=2.0),
    )

    sums = rated([tree], np.array([[0, 5], [1, 6], [2, 0]], np.float32))

    assert sums.tolist() == [1.0, 2.0, 3.0]


def test_the_leaves_of_all_trees_add_up() -> None:
    stump = (Node(0, 1.0, yes=1, no=2), Node(value=-1.0), Node(value=4.0))
    leaf = (Node(value=0.5),)

    sums = rated([stump, leaf, stump], np.array([[0], [2]], np.float32))

    assert sums.tolist() == [-1.5, 8.5]


def model_of(split: float) -> dict[str, Any]:
    """A model of one stump, as LightGBM tells it."""
    leaves = {"left_child": {"leaf_value": 1.0}, "right_child": {"leaf_value": 3.0}}
    stump = {"split_feature": 0, "threshold": split, "decision_type": "<=", **leaves}
    return {"tree_info": [{"tree_structure": stump}]}


@pytest.mark.parametrize("nearest_float32_is", ["above", "below"])
def test_a_split_between_two_features_stays_between_them(nearest_float32_is: str) -> None:
    # Neighbours among the float32, and a split, a float64, near one of them.
    low = np.float32(0.1)
    high = np.nextafter(low, np.float32(1.0))
    share = 0.9 if nearest_float32_is == "above" else 0.1
    split = float(low) + share * (float(high) - float(low))

    sums = rated(mean_of_models([model_of(split)]), np.array([[low], [high]]))

    assert sums.tolist() == [1.0, 3.0]


def test_a_feature_that_is_the_split_counts_as_at_most_that() -> None:
    split = np.float32(0.1)

    sums = rated(mean_of_models([model_of(float(split))]), np.array([[split]]))

    assert sums.tolist() == [1.0]


def test_of_several_models_the_mean_is_meant() -> None:
    models = [model_of(1.0), model_of(2.0)]

    sums = rated(mean_of_models(models), np.array([[0.5], [1.5], [2.5]], np.float32))

    assert sums.tolist() == [1.0, 2.0, 3.0]


def test_another_kind_of_split_is_refused() -> None:
    model = model_of(1.0)
    model["tree_info"][0]["tree_structure"]["decision_type"] = "=="

    with pytest.raises(ValueError, match="a split asks '==', expected '<='"):
        mean_of_models([model])


def test_a_graph_rates_rows_as_lightgbm_does() -> None:
    rng = np.random.default_rng(seed=7)
    # Of few different values: many rows lie on a split's edge.
    features = rng.normal(size=(2000, 6)).round(2).astype(np.float32)
    labels = features[:, 0] * features[:, 1] > features[:, 2]
    options = {"objective": "binary", "num_leaves": 5, "verbosity": -1, "num_threads": 1}
    models = [
        lightgbm.train({**options, "seed": seed}, lightgbm.Dataset(features, labels), 30)
        for seed in (0, 1)
    ]

    sums = rated(mean_of_models([model.dump_model() for model in models]), features)

    wanted = np.mean([model.predict(features, raw_score=True) for model in models], axis=0)
    np.testing.assert_allclose(sums, wanted, atol=1e-5)
