"""The benchmark of detection runs, and counts what it says."""

from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.detection_results import (
    DEFAULT,
    FIGURES,
    LINEAR,
    TEP,
    Figure,
    as_json,
    table,
)
from tests.benchmarks.quick_run import run_quickly
from tests.benchmarks.vus import vus_pr
from tests.requirements import require_recordings

TWO_SEEDS = {
    TEP: {
        DEFAULT: [
            {"detected": 0.92, "detected_or_stood": 0.94, "false": 0.021},
            {"detected": 0.96, "detected_or_stood": 0.98, "false": 0.023},
        ],
        LINEAR: [{"detected": 0.5, "detected_or_stood": 0.5, "false": 0.0}],
    }
}


def test_goals_are_for_the_mean_of_the_seeds_of_the_default_recipe() -> None:
    detected, false = as_json(TWO_SEEDS)["goals"]

    assert (detected["found"], detected["linear"], detected["met"]) == (0.94, 0.5, True)
    assert (false["found"], false["met"]) == (0.022, False)


def test_each_number_stands_beside_its_goal() -> None:
    lines = table(TWO_SEEDS).splitlines()

    assert lines[0].split() == ["TEP", "default", "(2)", "linear", "(1)", "goal"]
    assert lines[1].endswith("0.940      0.500                         at least 0.93: met")
    assert lines[3].endswith("at most 0.02: NOT MET")


def test_without_the_default_recipe_no_goal_is_judged() -> None:
    measured = {TEP: {LINEAR: TWO_SEEDS[TEP][LINEAR]}}

    assert [goal["met"] for goal in as_json(measured)["goals"]] == [None, None]
    assert "MET" not in table(measured)


def test_what_is_equal_to_a_goal_reaches_it() -> None:
    between = Figure("any", "any", 0.3, 1.5)

    assert [between.is_met(found) for found in (0.29, 0.3, 1.5, 1.51)] == [False, True, True, False]


def test_no_line_of_the_table_is_there_twice() -> None:
    for figures in FIGURES.values():
        assert len({figure.name for figure in figures}) == len(figures)


def test_a_perfect_score_fills_the_volume_and_chance_hardly_any() -> None:
    labels = np.arange(1000) // 50 == 7
    chance = np.random.default_rng(0).random(1000)

    # Where edges are wide, a score that stops at the label misses some of them.
    assert vus_pr(labels, labels * 1.0, widest=0) == pytest.approx(1.0)
    assert vus_pr(labels, labels * 1.0) > 0.85
    assert vus_pr(labels, chance) < 0.2


def test_a_score_that_is_a_little_late_loses_little_of_the_volume() -> None:
    labels = np.arange(1000) // 50 == 7
    late, too_late = np.roll(labels, 5) * 1.0, np.roll(labels, 40) * 1.0

    assert vus_pr(labels, too_late) < 0.5 < vus_pr(labels, late) < vus_pr(labels, labels * 1.0)


def test_a_stretch_that_is_missed_costs_its_share_of_the_recall() -> None:
    labels = np.isin(np.arange(1000) // 50, [3, 7])
    first = (np.arange(1000) // 50 == 3) * 1.0

    # Half of the rows at full precision, and half of the stretches: a quarter; then all rows.
    assert vus_pr(labels, first, widest=0) == pytest.approx(0.25 + 0.75 * 0.1)


@pytest.mark.recording
@pytest.mark.slow
def test_the_benchmark_runs_and_fails_for_no_figure(tmp_path: Path) -> None:
    require_recordings()

    printed, results = run_quickly("detection", tmp_path / "bench-detection.json")

    assert "rows of 18 faults above the limit" in printed
    ((numbers,),) = results["measured"]["TEP"].values()
    assert 0.8 < numbers["detected"] <= numbers["detected_or_stood"] < 1.0
    assert numbers["false"] < 0.05
