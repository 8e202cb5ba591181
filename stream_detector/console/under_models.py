"""What is wanted and in force of each machine, under the model that is wanted of it: values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stream_detector.detection.detector import Model
from stream_detector.detection.threshold import Threshold
from stream_detector.errors import SettingsError
from stream_detector.pipeline.model_choice import ModelTable
from stream_detector.pipeline.thresholds import ALL_MACHINES, InForce, decode_setting


@dataclass(frozen=True)
class TunedModel:
    """A model, as far as thresholds need it."""

    model: Model
    default: Threshold
    """Of its bundle: it counts where nobody set anything."""


@dataclass(frozen=True)
class UnderModel:
    """The thresholds of one model."""

    bundle_id: str
    wanted: Mapping[str, bytes]
    in_force: Mapping[str, InForce]
    tuned: TunedModel | str
    """A text says why the page does not have it."""

    def wanted_of(self, machine: str) -> Threshold | None:
        """Give the threshold wanted of a machine; None where only the missing bundle says it.

        An entry that cannot be read does not count.
        """
        for name in (machine, ALL_MACHINES):
            if found := self._set_for(name):
                return found
        return self.tuned.default if isinstance(self.tuned, TunedModel) else None

    @property
    def is_set_for_all(self) -> bool:
        """Whether somebody set a threshold of all its machines, readably."""
        return self._set_for(ALL_MACHINES) is not None

    def _set_for(self, name: str) -> Threshold | None:
        try:
            return decode_setting(self.wanted.get(name, b"")).threshold
        except SettingsError:
            return None


@dataclass(frozen=True)
class UnderModels:
    """All thresholds, as they were read together with which model is wanted of whom.

    Parameters
    ----------
    choice : ModelTable
    by_id : mapping of str to UnderModel
        Of every model that is wanted of a machine, or of all.
    """

    choice: ModelTable
    by_id: Mapping[str, UnderModel]

    def of(self, machine: str) -> UnderModel:
        """Give the thresholds of the model that is wanted of a machine (or ``*``)."""
        return self.by_id[self.choice.of(machine)]

    def names(self) -> Iterator[str]:
        """Name the machines with a model or a threshold of their own that counts."""
        yield from self.choice.by_machine
        for one in self.by_id.values():
            for machine in one.wanted:
                if self.choice.of(machine) == one.bundle_id:
                    yield machine
