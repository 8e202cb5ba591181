"""What was measured, held against the goals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.benchmarks.environment import environment
from tests.benchmarks.figures import Cost
from tests.benchmarks.measuring import ALONE, BATCH, MANY, ONE, PREDICT, RECIPE, Effort, Measured
from tests.benchmarks.plant import N_SENSORS
from tests.benchmarks.ways import STAGES

MOST_US = {
    ALONE: {"dense": 8.0, "LSTM 5": 15.0, "LSTM 30": 40.0},
    RECIPE: {"dense": 20.0, "LSTM 5": 27.0, "LSTM 30": 52.0},
}
"""Goals in batches of 64, of one machine as of 64."""

LEAST_RATIO = 1000.0
"""Goal: so many times less than ``model.predict``, for the network alone in batches of 64."""


@dataclass(frozen=True)
class Goal:
    """Something to be reached, and what was; judged by minima.

    What else a machine does only ever makes the same work dearer: the minimum is the cost of the
    work, and what is above it that of the company.
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

    effort: Effort
    repeats: Mapping[Measured, Sequence[float]]
    """CPU µs per reading of each repeat."""

    @property
    def networks(self) -> list[str]:
        """Their names, each once, in order."""
        return list(dict.fromkeys(key.network for key in self.repeats))

    def cost(self, key: Measured) -> Cost:
        """Sum up the repeats of one measurement."""
        return Cost.of(self.repeats[key])

    def predict(self, network: str) -> Measured:
        """Name what the others are compared with."""
        return Measured(network, PREDICT, 1, ONE)

    def ratio(self, key: Measured) -> float:
        """How many times less it costs than ``model.predict``."""
        return min(self.repeats[self.predict(key.network)]) / min(self.repeats[key])

    def goals(self) -> Iterator[Goal]:
        """Hold what was found against what was asked for; of both feeds the dearer counts."""
        for network in self.networks:
            for way, most in MOST_US.items():
                feeds = [Measured(network, way, BATCH, of) for of in (MANY, ONE)]
                found = max(self.cost(feed).minimum for feed in feeds)
                yield Goal(network, way, "µs", most[network], found, found <= most[network])
                if way == ALONE:
                    ratio = round(min(self.ratio(feed) for feed in feeds))
                    met = ratio >= LEAST_RATIO
                    yield Goal(network, way, "times less", LEAST_RATIO, ratio, met)

    def as_json(self) -> dict[str, Any]:
        """Give everything as plain data."""
        return {
            "unit": "CPU µs per reading, JSON bytes to score",
            "n_sensors": N_SENSORS,
            "environment": environment(),
            "effort": asdict(self.effort),
            "measured": [
                {
                    **key._asdict(),
                    **asdict(self.cost(key)),
                    "times_less_than_predict": (
                        None if key.way in STAGES else round(self.ratio(key), 1)
                    ),
                }
                for key in self.repeats
            ],
            "goals": [asdict(goal) for goal in self.goals()],
        }
