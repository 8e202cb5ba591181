"""What was measured, held against the goals."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from tests.benchmarks.environment import environment
from tests.benchmarks.measuring import (
    ALONE,
    BATCH,
    ONE,
    PREDICT,
    RECIPE,
    STAGES,
    Case,
    Effort,
    StageCase,
)
from tests.benchmarks.plant import N_SENSORS

MOST_US = {
    ALONE: {"dense": 8.0, "LSTM 5": 15.0, "LSTM 30": 40.0},
    RECIPE: {"dense": 20.0, "LSTM 5": 27.0, "LSTM 30": 52.0},
}
"""Goals in batches of 64, from one machine as from 64."""

LEAST_RATIO = 1000.0
"""Goal: so many times less than ``model.predict``, for the network alone in batches of 64."""


@dataclass(frozen=True)
class Cost:
    """CPU µs per reading."""

    minimum: float
    median: float

    @classmethod
    def of(cls, repeats: Sequence[float]) -> "Cost":
        return cls(round(min(repeats), 2), round(median(repeats), 2))

    def __str__(self) -> str:
        digits = 0 if self.minimum >= 1000 else 1
        return f"{self.minimum:.{digits}f} ({self.median:.{digits}f})"


@dataclass(frozen=True)
class Goal:
    """Something to be reached, and what was; judged by minima.

    What else a machine does only ever makes the same work dearer: the minimum is the cost of the
    work, what is above it that of the company.
    """

    network: str
    way: str
    unit: str
    asked: float
    found: float
    met: bool

    def __str__(self) -> str:
        return f"{self.asked:g} {'met' if self.met else 'not met'}"


@dataclass(frozen=True)
class Results:
    """All that a run of the benchmark found."""

    cases: list[Case]
    stage_cases: list[StageCase]
    effort: Effort

    @property
    def networks(self) -> list[str]:
        return [one.network for one in self.stage_cases]

    def cost(self, network: str, way: str, batch: int, n_machines: int) -> Cost:
        for case in self.cases:
            key = (case.network, case.way, case.batch, case.n_machines)
            if key == (network, way, batch, n_machines):
                return Cost.of(case.costs)
        raise KeyError((network, way, batch, n_machines))

    def goals(self) -> Iterator[Goal]:
        for network in self.networks:
            for way, most_us in MOST_US.items():
                most = most_us[network]
                found = self._dearest(network, way)
                yield Goal(network, way, "µs", most, found, found <= most)
            ratio = self._predict(network) / self._dearest(network, ALONE)
            yield Goal(network, ALONE, "times", LEAST_RATIO, round(ratio), ratio >= LEAST_RATIO)

    def _dearest(self, network: str, way: str) -> float:
        """Minimum in batches of 64, of the dearer of both feeds."""
        of_feeds = [
            Cost.of(case.costs).minimum
            for case in self.cases
            if (case.network, case.way, case.batch) == (network, way, BATCH)
        ]
        return max(of_feeds)

    def _predict(self, network: str) -> float:
        return self.cost(network, PREDICT, 1, ONE).minimum

    def as_json(self) -> dict[str, Any]:
        return {
            "unit": "CPU µs per reading",
            "n_sensors": N_SENSORS,
            "environment": environment(),
            "effort": asdict(self.effort),
            "cases": [
                {
                    "network": case.network,
                    "way": case.way,
                    "batch": case.batch,
                    "n_machines": case.n_machines,
                    **asdict(Cost.of(case.costs)),
                    "times_less_than_predict": round(
                        self._predict(case.network) / min(case.costs), 1
                    ),
                }
                for case in self.cases
            ],
            "stages": [
                {"network": one.network, "stage": name, **asdict(Cost.of(one.costs[name]))}
                for one in self.stage_cases
                for name in STAGES
            ],
            "goals": [asdict(goal) for goal in self.goals()],
        }
