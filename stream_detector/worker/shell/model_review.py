"""Changes models without a person: promotes those on trial, takes back what was a mistake.

It is no part of the worker, and judges nothing: it writes what is wanted into Redis, as a person
does, where the promotion rule says so and the settings let it. What it takes back it never
promotes again, and what came back it never takes back: so no model flaps.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from stream_detector.alerting.alarm_load import (
    ROLL_BACK_CHANCE,
    ROLL_BACK_SHARE,
    Load,
    Series,
    beyond_budget,
    too_long_in_alarm,
    without_budget,
)
from stream_detector.alerting.comparison import Comparison
from stream_detector.connections.bundle_store import bundle_store
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import redis_faults
from stream_detector.connections.settings import Settings
from stream_detector.errors import BundleError, SettingsError, counted
from stream_detector.pipeline.agreement import have_common_sensor
from stream_detector.pipeline.model_choice import ModelChoice, decode_choice
from stream_detector.pipeline.thresholds import ALL_MACHINES
from stream_detector.worker.checks import find_manifest, load_bundle
from stream_detector.worker.shell.model_trials import IsChosen, TrialLog, machines_of

WATCHED: Final = timedelta(days=7)
"""So long after an activation the model may be taken back."""

_LEAST_DAYS: Final = 1.0
"""Of running, before time in alarm counts: a machine may be at fault for hours."""


class Review(NamedTuple):
    """What became of a choice of models.

    Parameters
    ----------
    machine : str
        Or ``*``.
    did : "promoted", "taken back", "kept" or "failed"
        ``kept`` is a model that stays on trial, or one that judges and that only people can judge.
    bundle_id : str
        Of the model on trial, or of the one that judged.
    reason : str
    """

    machine: str
    did: Literal["promoted", "taken back", "kept", "failed"]
    bundle_id: str
    reason: str


class Reviewer:
    """Looks at choices of models, one after the other.

    Parameters
    ----------
    settings : Settings
    days : float
        So far it looks back at a trial.
    least_days : float
        Of running that each machine needs as evidence.
    """

    def __init__(self, settings: Settings, *, days: float, least_days: float) -> None:
        self._settings = settings
        self._days = days
        self._least_days = least_days
        self._log = TrialLog.of(settings)
        self._choices = ModelChoiceStore(settings)

    def review(self, covered: Collection[str]) -> Iterator[Review]:
        """Look at the choices for these machines; ``*`` among them stands for all.

        Raises
        ------
        ServiceError
            If Kafka or Redis does not answer.
        """
        with redis_faults():
            entries = self._choices.read()
        for machine, data in sorted(entries.items()):
            if not {ALL_MACHINES, machine} & {*covered}:
                continue
            wants = machines_of(machine, entries)
            bundle_id = ""
            try:
                choice = decode_choice(data)
                bundle_id = choice.candidate or choice.active or ""
                found = self._take_back(machine, choice, wants)
                if found is not None:
                    yield found
                if found is None or found.did == "kept":
                    yield from self._promote(machine, choice, wants)
            except (BundleError, SettingsError) as error:
                yield Review(machine, "failed", bundle_id, str(error))

    def _take_back(self, machine: str, choice: ModelChoice, wants: IsChosen) -> Review | None:
        active, since = choice.active, choice.activated_at
        if active is None or since is None or datetime.now(UTC) - since > WATCHED:
            return None
        if {active, choice.previous} & {*choice.taken_back}:
            return None
        followed = self._log.follow(active, wants, since=since)
        loads = {name: one for name, one in followed.loads.items() if name not in followed.by_hand}
        reasons = [
            *beyond_budget(loads, chance=ROLL_BACK_CHANCE),
            *self._too_long_in_alarm(loads, choice, wants, since - WATCHED),
        ]
        if not reasons and followed.by_hand:
            return Review(machine, "kept", active, "; ".join(without_budget(followed.by_hand)))
        if not reasons:
            return None
        why = "; ".join(reasons)
        before = self._before(choice)
        if before is not None and not have_common_sensor(
            find_manifest(self._settings, before), find_manifest(self._settings, active)
        ):
            raise SettingsError(
                f"{why}; but {before}, the model before it, has none of its sensors, and would see "
                "nothing: activate another one by hand"
            )
        with redis_faults():
            self._choices.take_back(machine, choice, why=why)
        return Review(machine, "taken back", active, why)

    def _too_long_in_alarm(
        self, loads: Mapping[Series, Load], choice: ModelChoice, wants: IsChosen, since: datetime
    ) -> Iterator[str]:
        """Hold the time in alarm against that under the model before, where that one is known.

        The log is read for it only where the time in alarm is long.
        """
        long = {
            name: one
            for name, one in loads.items()
            if one.days >= _LEAST_DAYS and one.alarm_share > ROLL_BACK_SHARE
        }
        if long and (before := self._before(choice)) is not None:
            others = self._log.follow(before, wants, since=since).loads
            yield from too_long_in_alarm(long, others, share=ROLL_BACK_SHARE)

    def _before(self, choice: ModelChoice) -> str | None:
        """Name the model that a choice gives way to; None where only the workers know it."""
        own = self._settings.bundle
        return choice.previous or (None if own is None else load_bundle(self._settings).id)

    def _promote(self, machine: str, choice: ModelChoice, wants: IsChosen) -> Iterator[Review]:
        candidate = choice.candidate
        if candidate is None:
            return
        if candidate in choice.taken_back:
            yield Review(machine, "kept", candidate, "it was taken back before")
            return
        found = self._log.compare(candidate, wants, days=self._days, least_days=self._least_days)
        if not found.holds:
            yield Review(machine, "kept", candidate, "; ".join(found.reasons))
            return
        if (store := bundle_store(self._settings)) is not None:
            store.read(candidate)
        why = _evidence(found)
        with redis_faults():
            self._choices.promote(machine, choice, why=why)
        yield Review(machine, "promoted", candidate, why)


def _evidence(found: Comparison) -> str:
    one = found.together
    return (
        f"{one.candidate.n_false} false alerts in {one.candidate.days:.3g} days of running, "
        f"{one.candidate.by_budget:.3g} by the budget; it warned of {one.n_warned_by_candidate} of "
        f"{counted(one.n_outcomes, 'outcome')}, the model before it of {one.n_warned_by_active}"
    )
