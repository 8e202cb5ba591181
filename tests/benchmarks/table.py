"""The results as a table to read."""

from collections.abc import Iterator

from tests.benchmarks.measuring import (
    ALONE,
    BATCH,
    MANY,
    ONE,
    PREDICT,
    RECIPE,
    RECIPE_TOLD,
    STAGES,
)
from tests.benchmarks.plant import N_SENSORS
from tests.benchmarks.results import Cost, Results

_LABEL_WIDTH, _CELL_WIDTH = 42, 18


def table(results: Results) -> str:
    """Lay the results out, a network a column."""
    return "\n".join(_lines(results))


def _lines(results: Results) -> Iterator[str]:
    networks = results.networks
    yield f"CPU µs per reading, JSON bytes to score: {N_SENSORS} sensors, one thread."
    yield (
        f"Least of {results.effort.repeats} repeats, in brackets their median. "
        "Goals are for the least, in batches of 64."
    )
    yield ""
    yield _row("", networks)
    yield PREDICT
    yield _row("  message by message", [results.cost(one, PREDICT, 1, ONE) for one in networks])
    goals = list(results.goals())
    for way in (ALONE, RECIPE, RECIPE_TOLD):
        yield way
        yield _row("  one by one", [results.cost(one, way, 1, MANY) for one in networks])
        for n_machines, of in ((MANY, "64 machines"), (ONE, "1 machine")):
            costs = [results.cost(one, way, BATCH, n_machines) for one in networks]
            yield _row(f"  batches of 64, {of}", costs)
        if way == ALONE:
            yield _row(
                "  times less than model.predict",
                [f"{goal.found:.0f}" for goal in goals if goal.unit == "times"],
            )
        for unit, label in (("µs", "  goal: at most"), ("times", "  goal: times less, at least")):
            asked = [goal for goal in goals if (goal.way, goal.unit) == (way, unit)]
            if asked:
                yield _row(label, asked)
    yield "where the recipe's time goes, batches of 64, 64 machines"
    for stage in STAGES:
        yield _row(f"  {stage}", [Cost.of(one.costs[stage]) for one in results.stage_cases])


def _row(label: str, cells: list[object]) -> str:
    return f"{label:{_LABEL_WIDTH}}" + "".join(f"{cell!s:>{_CELL_WIDTH}}" for cell in cells)
