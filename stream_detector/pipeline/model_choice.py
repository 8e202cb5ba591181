"""Which model people want for each machine, as they wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated

import msgspec

from stream_detector.errors import UNREADABLE, SettingsError
from stream_detector.pipeline.thresholds import ALL_MACHINES

BundleId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
"""As the manifest has it. It names a folder: nothing else may stand here."""


class ModelChoice(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One entry of the hash ``detector:bundle:<group>``, as JSON."""

    active: BundleId | None = None
    """Judges the machine; None is the bundle that the workers were started with."""
    candidate: BundleId | None = None
    """Scores the same readings beside it, and raises nothing."""
    previous: BundleId | None = None
    """What ``rollback`` goes back to; None is the bundle that the workers were started with."""
    version: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Rises by one with each change: two people cannot overwrite each other unseen."""
    set_by: str | None = None
    set_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    why: str | None = None
    """Reason of the last change, where the promotion rule made it."""
    activated_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """When the active one took over; None where it came back by ``rollback``."""
    taken_back: tuple[BundleId, ...] = ()
    """Models whose activation the promotion rule has taken back: it never does either again."""


def decode_choice(data: bytes) -> ModelChoice:
    """Read an entry of the hash.

    Raises
    ------
    SettingsError
        If it is malformed.

    Examples
    --------
    >>> decode_choice(b'{"active": "3f9a0c11d2e4b596", "version": 1}').active
    '3f9a0c11d2e4b596'
    """
    try:
        return msgspec.json.decode(data, type=ModelChoice)
    except UNREADABLE as error:
        raise SettingsError(f"not a choice of models: {error}") from error


def readable_choice(data: bytes) -> ModelChoice | None:
    """Read an entry; None is one that nobody can read."""
    try:
        return decode_choice(data)
    except SettingsError:
        return None


def named(entries: Mapping[str, bytes]) -> dict[str, str]:
    """Give the models that entries name to judge or on trial, each with a machine it is for.

    Examples
    --------
    >>> named({"pm3": b'{"active": "3f9a0c11d2e4b596"}', "pm4": b"{]"})
    {'3f9a0c11d2e4b596': 'pm3'}
    """
    choices = {machine: readable_choice(data) for machine, data in entries.items()}
    return {
        bundle_id: machine
        for machine, one in choices.items()
        if one is not None
        for bundle_id in (one.active, one.candidate)
        if bundle_id is not None
    }


@dataclass(frozen=True)
class ModelTable:
    """The model wanted for each machine; a machine's own wins over ``*``."""

    default: str
    """Where nobody chose: the bundle that the worker was started with."""

    by_machine: Mapping[str, str] = field(default_factory=dict)

    unknown: frozenset[str] = frozenset()
    """Machines, or ``*``, of which something may be wanted that cannot be read, or be used."""

    before: Mapping[str, str] = field(default_factory=dict)
    """What judged before: new machines begin with it while what is wanted is unknown."""

    def of(self, machine: str, taken: str | None = None) -> str:
        """Give the model for a machine that has taken this one, if any, before.

        It keeps that where it is not known what is wanted.
        """
        own = self.by_machine.get(machine)
        if own is None and taken is not None and self.unknown & {machine, ALL_MACHINES}:
            return taken
        for name in (machine, ALL_MACHINES):
            if found := self.by_machine.get(name) or self.before.get(name):
                return found
        return self.default

    def without(self, model: str) -> "ModelTable":
        """Give the same, but for a model that is offered to nobody: who has it keeps it.

        Examples
        --------
        >>> table = ModelTable("own", {"*": "new"}).without("new")
        >>> table.of("pm3"), table.of("pm3", "own"), table.of("pm3", "new")
        ('own', 'own', 'new')
        """
        by_machine, before = (
            {name: one for name, one in table.items() if one != model}
            for table in (self.by_machine, self.before)
        )
        unknown = self.unknown | (self.by_machine.keys() - by_machine.keys())
        return replace(self, by_machine=by_machine, unknown=unknown, before=before)
