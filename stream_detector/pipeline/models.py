"""The models that machines are judged by, each machine by one of them at a time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.reading import Reading
from stream_detector.detection.scored import Scored
from stream_detector.pipeline.machine import Machine, Verdict
from stream_detector.pipeline.machines import Machines
from stream_detector.pipeline.messages import Contributor
from stream_detector.pipeline.model_at_work import ModelAtWork
from stream_detector.pipeline.model_choice import ModelTable
from stream_detector.pipeline.names import machine_in
from stream_detector.pipeline.oddities import Oddities
from stream_detector.pipeline.readings import Record


class Models:
    """The models at work, by the id of their bundle; at first there is one.

    Parameters
    ----------
    bundle : Bundle
    rules : Rules
        For that model.
    source : str
        ``ce_source`` of the alerts.
    max_clock_skew : timedelta

    Attributes
    ----------
    choice : ModelTable
        Which of them a machine never heard of begins with; the first one where that is not at
        work. It does not decide about readings that were judged: what a machine begins with is
        kept with its state, before its first reading is judged, and whoever takes it over goes on
        with that. Only where no state is left does it count anew, for the whole log.
    oddities : Oddities
    """

    def __init__(
        self, bundle: Bundle, rules: Rules, *, source: str, max_clock_skew: timedelta
    ) -> None:
        self._source = source
        self._max_clock_skew = max_clock_skew
        self._by_id: dict[str, ModelAtWork] = {}
        self.oddities = Oddities()
        self.choice = ModelTable(bundle.id)
        self.add(bundle, rules)
        self.first = self._by_id[bundle.id]

    def add(self, bundle: Bundle, rules: Rules) -> None:
        """Add a model that machines may be judged by."""
        self._by_id[bundle.id] = ModelAtWork(
            bundle,
            rules,
            source=self._source,
            max_clock_skew=self._max_clock_skew,
            oddities=self.oddities,
        )

    def remove(self, bundle_id: str) -> None:
        """Take away a model that no machine is judged by, nor will be; never the first one."""
        del self._by_id[bundle_id]

    def __getitem__(self, bundle_id: str) -> ModelAtWork:
        """Give a model by the id of its bundle."""
        return self._by_id[bundle_id]

    def __contains__(self, bundle_id: str) -> bool:
        """Tell whether a model is at work."""
        return bundle_id in self._by_id

    def __iter__(self) -> Iterator[str]:
        """Name the models at work."""
        return iter(self._by_id)

    def for_message(self, record: Record, machines: Machines) -> ModelAtWork:
        """Give the model of the machine that a message is of, or that it would begin with."""
        # With one there is no choice. Otherwise a message is read for its machine first, which
        # takes a tenth of reading it.
        if len(self._by_id) == 1:
            return self.first
        name = machine_in(record.value)
        if name is None:
            return self.first  # which refuses it, and says why
        machine = machines.find(record.partition, name)
        if machine is None:
            return self.beginning(name)
        return self._by_id[machine.bundle_id]

    def beginning(self, name: str) -> ModelAtWork:
        """Give the model that a machine never heard of begins with."""
        return self._by_id.get(self.choice.of(name), self.first)

    def score(self, batch: Sequence[tuple[Reading, Machine]]) -> Iterator[Scored]:
        """Score readings, each by the model of its machine; one call of each model's graph."""
        by_model: dict[str, list[tuple[Reading, Machine]]] = {}
        for one in batch:
            by_model.setdefault(one[1].bundle_id, []).append(one)
        scored = {
            bundle_id: iter(
                self._by_id[bundle_id].detector.score(
                    [reading for reading, _ in of_model],
                    [machine.state for _, machine in of_model],
                )
            )
            for bundle_id, of_model in by_model.items()
        }
        return (next(scored[machine.bundle_id]) for _, machine in batch)

    def contributors(self, verdicts: Iterable[Verdict]) -> Iterator[tuple[Contributor, ...]]:
        """Name the sensors with the largest shares of each anomaly score."""
        told = list(verdicts)
        by_model: dict[str, list[Scored]] = {}
        for one in told:
            by_model.setdefault(one.bundle_id, []).append(one.scored)
        found = {
            bundle_id: iter(self._by_id[bundle_id].announcer.contributors(scored))
            for bundle_id, scored in by_model.items()
        }
        return (next(found[one.bundle_id]) for one in told)
