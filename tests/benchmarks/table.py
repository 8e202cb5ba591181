"""The results as a table to read."""

from collections.abc import Iterator

from tests.benchmarks.figures import row
from tests.benchmarks.measuring import (
    ALONE,
    BATCH,
    MANY,
    ONE,
    PREDICT,
    RECIPE,
    RECIPE_TOLD,
    Measured,
)
from tests.benchmarks.plant import N_SENSORS
from tests.benchmarks.results import Results
from tests.benchmarks.ways import STAGES

_FEEDS = {
    "one by one": (1, MANY),
    "batches of 64, 64 machines": (BATCH, MANY),
    "batches of 64, 1 machine": (BATCH, ONE),
}


def table(results: Results) -> str:
    """Lay the results out, a network a column."""
    return "\n".join(_lines(results))


def _lines(results: Results) -> Iterator[str]:
    yield f"CPU µs per reading, JSON bytes to score: {N_SENSORS} sensors, one thread."
    yield f"Least of {results.effort.repeats} repeats, in brackets their median."
    yield "Goals are for the least, in batches of 64, of one machine as of 64."
    yield ""
    yield row("", results.networks)
    yield PREDICT
    yield _costs(results, PREDICT, "one by one", (1, ONE))
    for way in (ALONE, RECIPE, RECIPE_TOLD):
        yield way
        for label, feed in _FEEDS.items():
            yield _costs(results, way, label, feed)
        yield from _goals(results, way)
    yield "where the recipe's time goes, batches of 64, 64 machines"
    for stage in STAGES:
        yield _costs(results, stage, stage, (BATCH, MANY))


def _goals(results: Results, way: str) -> Iterator[str]:
    goals = [goal for goal in results.goals() if goal.way == way]
    if at_most := [goal for goal in goals if goal.unit == "µs"]:
        yield row("  goal: at most", at_most)
    if ratios := [goal for goal in goals if goal.unit != "µs"]:
        yield row("  times less than model.predict", [goal.found for goal in ratios])
        yield row("  goal: at least", ratios)


def _costs(results: Results, way: str, label: str, feed: tuple[int, int]) -> str:
    keys = [Measured(network, way, *feed) for network in results.networks]
    return row(f"  {label}", [results.cost(key) for key in keys])
