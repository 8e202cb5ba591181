"""What people want of each machine's threshold, as they wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from typing import Annotated, Literal, Protocol

import msgspec

from stream_detector.detection.threshold import (
    HIGHEST_PER_DAY,
    Budget,
    Fixed,
    Rate,
    Threshold,
)
from stream_detector.errors import UNREADABLE, SettingsError

HIGHEST_FIXED = 1000.0
"""Higher is a slip of the pen that would silence a machine unseen: a score is about a power of ten
in rarity, and as inputs are clipped, that of the worst reading is some hundreds."""

ALL_MACHINES = "*"
"""The name that stands for every machine without a threshold of its own."""


class ThresholdSetting(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One entry of the thresholds hash, as JSON."""

    kind: Literal["fixed", "rate", "budget"]
    value: float | None = None
    share: float | None = None
    per_day: float | None = None
    version: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Rises by one with each change: two people cannot overwrite each other unseen."""
    set_by: str | None = None
    set_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    @property
    def threshold(self) -> Threshold:
        """The threshold that is wanted.

        Raises
        ------
        SettingsError
            If the number that goes with the kind is missing, not positive or too high.
        """
        field = {"fixed": "value", "rate": "share", "budget": "per_day"}[self.kind]
        number = getattr(self, field)
        others = self.source().keys() - {"kind", field}
        if number is None or others:
            raise SettingsError(
                f"a threshold of kind {self.kind!r} needs {field!r} and no other number"
            )
        try:
            return _threshold(self.kind, number)
        except ValueError as error:
            raise SettingsError(f"a threshold's {error}") from error

    def source(self) -> dict[str, str | float]:
        """Say in short what was asked for: the kind and its number."""
        number = {"value": self.value, "share": self.share, "per_day": self.per_day}
        return {"kind": self.kind, **{k: v for k, v in number.items() if v is not None}}


class InForce(msgspec.Struct, frozen=True):
    """The threshold in force for a machine, for others to see."""

    threshold: float
    shift: float
    """Of it the controller's, under a budget; under anything else 0."""
    received_at: datetime
    """When Kafka took the machine's last reading."""


def _threshold(kind: str, number: float) -> Threshold:
    match kind:
        case "fixed":
            if number > HIGHEST_FIXED:
                raise ValueError(f"value is {number!r}, but no score is above {HIGHEST_FIXED:g}")
            return Fixed(number)
        case "rate":
            return Rate(number)
        case "budget":
            return Budget(number)
    raise ValueError(f"kind is {kind!r}, expected fixed, rate or budget")


def setting_of(
    threshold: Threshold,
    *,
    version: int = 0,
    set_by: str | None = None,
    set_at: datetime | None = None,
) -> ThresholdSetting:
    """Write a threshold down, with who wants it since when."""
    match threshold:
        case Fixed(value):
            setting = ThresholdSetting(kind="fixed", value=value)
        case Rate(share):
            setting = ThresholdSetting(kind="rate", share=share)
        case Budget(per_day):
            setting = ThresholdSetting(kind="budget", per_day=per_day)
    return msgspec.structs.replace(setting, version=version, set_by=set_by, set_at=set_at)


def decode_setting(data: bytes) -> ThresholdSetting:
    """Read an entry of the thresholds hash.

    Raises
    ------
    SettingsError
        If it is malformed or its number is not positive, or too high.

    Examples
    --------
    >>> decode_setting(b'{"kind": "budget", "per_day": 6, "version": 1}').threshold
    Budget(per_day=6.0)
    """
    try:
        setting = msgspec.json.decode(data, type=ThresholdSetting)
    except UNREADABLE as error:
        raise SettingsError(f"not a threshold: {error}") from error
    setting.threshold  # noqa: B018 - raises where the number is wrong
    return setting


def parse_threshold(text: str) -> Threshold:
    """Read a threshold as people type it: ``budget:6``, ``rate:0.01`` or ``fixed:3.1``.

    Raises
    ------
    SettingsError
        If it is anything else.

    Examples
    --------
    >>> parse_threshold("rate:0.01")
    Rate(share=0.01)
    """
    kind, _, number = text.partition(":")
    try:
        return _threshold(kind, float(number))
    except ValueError as error:
        raise SettingsError(
            f"threshold is {text!r}, expected budget:N (alerts a day, at most "
            f"{HIGHEST_PER_DAY:g}), rate:S (share of normal readings, less than 1) or fixed:T (a "
            f"score, at most {HIGHEST_FIXED:g}), each positive"
        ) from error


@dataclass(frozen=True)
class ThresholdTable:
    """The threshold wanted for each machine; a machine's own wins over ``*``."""

    default: Threshold
    """Where nobody set anything: the bundle's budget."""

    by_machine: Mapping[str, Threshold] = dataclass_field(default_factory=dict)

    unknown: frozenset[str] = frozenset()
    """Machines, or ``*``, of which something may be wanted that nobody could read so far."""

    cleared: frozenset[str] | None = None
    """Where nobody ever set anything for all machines, those whose own somebody cleared; else None.

    Whatever another one took before, it was set, and nobody took it away: it was lost.
    """

    head: Threshold | None = None
    """Of the head's score, for all machines; None is the bundle's budget."""

    def of(self, machine: str, taken: Threshold | None = None) -> Threshold:
        """Give the threshold for a machine that has taken this one, if any, before.

        It keeps that where it is not known what is wanted: so a worker that starts while
        Redis is away, or has lost all, changes nothing for the machines that it takes over.
        """
        own = self.by_machine.get(machine)
        if own is None and taken is not None:
            if self.unknown & {machine, ALL_MACHINES}:
                return taken
            if self.cleared is not None and machine not in self.cleared:
                return taken
        return own or self.by_machine.get(ALL_MACHINES) or self.default

    def has_lost(self, machine: str, taken: Threshold) -> bool:
        """Tell whether a machine keeps what it took because that was lost."""
        is_readable = not self.unknown & {machine, ALL_MACHINES}
        return is_readable and self.of(machine) != taken == self.of(machine, taken)

    def for_model(self, bundle_id: str) -> "ThresholdTable":
        """Give what is wanted under a model: the same under each."""
        del bundle_id
        return self


@dataclass(frozen=True)
class ThresholdTables:
    """What is wanted under each of several models: a threshold of one says nothing to another."""

    by_model: Mapping[str, ThresholdTable]

    def for_model(self, bundle_id: str) -> ThresholdTable:
        """Give what is wanted under a model.

        Raises
        ------
        KeyError
            If it is not at work.
        """
        return self.by_model[bundle_id]


class Thresholds(Protocol):
    """What people want of each machine under each model."""

    def for_model(self, bundle_id: str) -> ThresholdTable:
        """Give what is wanted under a model."""
        ...
