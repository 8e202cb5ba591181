"""The benchmark runs, and what it compares is the same score."""

from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.plant import Plant
from tests.benchmarks.quick_run import run_quickly

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("network", ["dense", "LSTM 5"])
def test_the_usual_way_and_ours_give_the_same_scores(network: str) -> None:
    from tests.benchmarks.models import NETWORKS, Subject
    from tests.benchmarks.ways import NetworkAlone, PredictPerMessage

    subject = Subject(NETWORKS[network], training_rows=100)
    readings = Plant(n_machines=3, seed=1).next_records(12)

    usual = PredictPerMessage(subject)(readings)
    one_by_one = NetworkAlone(subject)
    np.testing.assert_allclose(NetworkAlone(subject)(readings), usual, rtol=1e-5)
    np.testing.assert_allclose([one_by_one([one])[0] for one in readings], usual, rtol=1e-5)


def test_the_benchmark_runs_and_fails_for_no_figure(tmp_path: Path) -> None:
    printed, results = run_quickly("scoring", tmp_path / "bench.json")

    assert "where the recipe's time goes" in printed
    assert len(results["measured"]) == 3 * (1 + 3 * 3 + 5)
    assert {goal["met"] for goal in results["goals"]} <= {True, False}
    assert results["environment"]["threads"]["OMP_NUM_THREADS"] == "1"
