"""Which models people want, in Redis: the only place that knows the key.

``detector:bundle:<group>`` is a hash of machine or ``*`` to the model wanted of it,
``…:current`` one of machine to the id of the one that judges it, published for others, and
``…:cleared`` one of machine to the version of an entry that somebody took away.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec
import redis

from stream_detector.connections.redis import (
    changing,
    cleared_version,
    entries,
    now,
    redis_client,
)
from stream_detector.connections.settings import Settings
from stream_detector.errors import SettingsError
from stream_detector.pipeline.model_choice import (
    ModelChoice,
    ModelTable,
    decode_choice,
    readable_choice,
)
from stream_detector.pipeline.thresholds import ALL_MACHINES

PROMOTION_RULE = "promotion rule"
"""Who changes a model: no person."""


class ModelChoiceStore:
    """The choices of one group of workers.

    Parameters
    ----------
    settings : Settings

    Raises
    ------
    SettingsError
        If the URL is not set, or is none of Redis.
    """

    def __init__(self, settings: Settings) -> None:
        self._redis = redis_client(settings)
        self._key = f"detector:bundle:{settings.group}"
        self._cleared_key = f"{self._key}:cleared"

    def read(self) -> dict[str, bytes]:
        """Give every entry of the hash, undecoded: one bad entry must not hide the others."""
        return entries(self._redis, self._key)

    def put_back(self, known: Mapping[str, bytes]) -> dict[str, bytes]:
        """Write those of the known entries again that Redis has lost, and give them.

        Lost is what is gone although nobody cleared it.

        Raises
        ------
        SettingsError
            If somebody changed an entry meanwhile.
        """
        with changing(self._redis, self._key, "chose a model") as transaction:
            found, cleared = self.read(), entries(self._redis, self._cleared_key)
            lost = {
                machine: data
                for machine, data in known.items()
                if machine not in found
                and (machine not in cleared or cleared_version(cleared[machine]) < _version(data))
            }
            if lost:
                transaction.multi()
                transaction.hset(self._key, mapping=cast("Any", lost))
        return lost

    def table(self, default: str) -> ModelTable:
        """Give the model wanted of each machine; what cannot be read is passed over.

        Parameters
        ----------
        default : str
            Id of the bundle that the workers were started with.
        """
        choices = {machine: readable_choice(data) for machine, data in self.read().items()}
        return ModelTable(
            default,
            {machine: one.active or default for machine, one in choices.items() if one is not None},
        )

    def publish_judging(self, bundle_ids: Mapping[str, str]) -> None:
        """Tell others which model judges each machine."""
        self._redis.hset(f"{self._key}:current", mapping=cast("Any", bundle_ids))

    def read_judging(self) -> dict[str, str]:
        """Give the model that judges each machine, as the workers published it last."""
        current = entries(self._redis, f"{self._key}:current")
        return {machine: data.decode(errors="replace") for machine, data in current.items()}

    def activate(self, machine: str, bundle_id: str, *, set_by: str) -> ModelChoice:
        """Let a model judge a machine (or ``*``); the one before it is kept for ``roll_back``.

        An entry that nobody can read is written anew.

        Raises
        ------
        SettingsError
            If it is the active one already, what is wanted of all is to begin with and cannot
            be read, or somebody else changed the entry meanwhile.
        """

        def change(choice: ModelChoice) -> ModelChoice:
            if choice.active == bundle_id:
                raise SettingsError(f"{bundle_id} is active for {machine} already")
            candidate = None if choice.candidate == bundle_id else choice.candidate
            return msgspec.structs.replace(
                choice,
                active=bundle_id,
                previous=choice.active,
                candidate=candidate,
                activated_at=now(),
            )

        return self._change(machine, change, set_by=set_by, is_anew=True)

    def promote(self, machine: str, judged: ModelChoice, *, why: str) -> ModelChoice:
        """Let the candidate judge, if what is wanted is still what the promotion rule judged.

        Raises
        ------
        SettingsError
            If somebody changed it meanwhile.
        """

        def change(choice: ModelChoice) -> ModelChoice:
            _check_unchanged(machine, choice, judged)
            return msgspec.structs.replace(
                choice,
                active=choice.candidate,
                previous=choice.active,
                candidate=None,
                activated_at=now(),
            )

        return self._change(machine, change, set_by=PROMOTION_RULE, why=why)

    def take_back(self, machine: str, judged: ModelChoice, *, why: str) -> ModelChoice:
        """Let the model judge again that did before the active one, for good.

        Raises
        ------
        SettingsError
            If somebody changed what is wanted meanwhile.
        """

        def change(choice: ModelChoice) -> ModelChoice:
            _check_unchanged(machine, choice, judged)
            bad = () if choice.active is None else (choice.active,)
            return msgspec.structs.replace(
                _rolled_back(choice), taken_back=(*choice.taken_back, *bad)
            )

        return self._change(machine, change, set_by=PROMOTION_RULE, why=why)

    def shadow(
        self, machine: str, bundle_id: str | None, *, set_by: str, default: str | None = None
    ) -> ModelChoice:
        """Let a model score beside the active one; None ends that.

        Parameters
        ----------
        machine : str
        bundle_id : str or None
        set_by : str
        default : str or None
            Id of the bundle that the workers were started with, where it is known.

        Raises
        ------
        SettingsError
            If it judges already, none is on trial that could end, the entry cannot be read, or
            somebody else changed it meanwhile.
        """

        def change(choice: ModelChoice) -> ModelChoice:
            if bundle_id is not None and bundle_id == (choice.active or default):
                raise SettingsError(
                    f"{bundle_id} judges {machine} already, and a trial is of another model "
                    "beside it; `stream-detector model list` names those that there are"
                )
            if bundle_id is None and choice.candidate is None:
                raise SettingsError(f"no model is on trial for {machine}: nothing to end")
            return msgspec.structs.replace(choice, candidate=bundle_id)

        return self._change(machine, change, set_by=set_by)

    def roll_back(self, machine: str, *, set_by: str) -> ModelChoice:
        """Let the model judge again that was active before.

        Raises
        ------
        SettingsError
            If nothing was ever activated, the entry cannot be read, or somebody else changed
            it meanwhile.
        """

        def change(choice: ModelChoice) -> ModelChoice:
            if choice.active is None and choice.previous is None:
                raise SettingsError(f"no model was activated for {machine}: nothing to go back to")
            return _rolled_back(choice)

        return self._change(machine, change, set_by=set_by)

    def clear(self, machine: str) -> bool:
        """Take a machine's own choice away; tell whether there was one.

        Raises
        ------
        SettingsError
            If somebody changed an entry meanwhile.
        """
        with changing(self._redis, self._key, "chose a model") as transaction:
            if (own := self.read().get(machine)) is not None:
                transaction.multi()
                transaction.hdel(self._key, machine)
                transaction.hset(self._cleared_key, machine, str(_version(own)))
        return own is not None

    def _change(
        self,
        machine: str,
        change: Callable[[ModelChoice], ModelChoice],
        *,
        set_by: str,
        why: str | None = None,
        is_anew: bool = False,
    ) -> ModelChoice:
        """Write an entry one version up, if nobody changed one meanwhile."""
        with changing(self._redis, self._key, "chose a model") as transaction:
            before = self._before(transaction, machine, is_anew=is_anew)
            changed = msgspec.structs.replace(
                change(before), version=before.version + 1, set_by=set_by, set_at=now(), why=why
            )
            transaction.multi()
            transaction.hset(self._key, machine, msgspec.json.encode(changed).decode())
        return changed

    def _before(self, client: redis.Redis, machine: str, *, is_anew: bool) -> ModelChoice:
        """Give what a change begins with: an unreadable entry is refused, or as if there was none.

        The first entry of a machine begins with what was wanted of it till then, which is what is
        wanted of all: a model that is merely tried changes none that judges.
        """
        own = cast("bytes | None", client.hget(self._key, machine))
        if own is not None and not (is_anew and readable_choice(own) is None):
            return _decoded(machine, own)
        # Above what was cleared: a worker puts back no version that is below.
        version = cleared_version(cast("bytes | None", client.hget(self._cleared_key, machine)))
        of_all = cast("bytes | None", client.hget(self._key, ALL_MACHINES))
        if of_all is None or machine == ALL_MACHINES:
            return ModelChoice(version=version)
        begun = _decoded(ALL_MACHINES, of_all)
        return msgspec.structs.replace(begun, candidate=None, version=version)


def _decoded(machine: str, data: bytes) -> ModelChoice:
    try:
        return decode_choice(data)
    except SettingsError as error:
        raise SettingsError(
            f"what is wanted of {machine} is {error}; write it anew with "
            "`stream-detector model activate`"
        ) from error


def _rolled_back(choice: ModelChoice) -> ModelChoice:
    return msgspec.structs.replace(
        choice,
        active=choice.previous,
        previous=choice.active,
        # One that judges is on trial no longer.
        candidate=None if choice.candidate == choice.previous else choice.candidate,
        activated_at=None,
    )


def _check_unchanged(machine: str, choice: ModelChoice, judged: ModelChoice) -> None:
    if choice != judged:
        raise SettingsError(
            f"somebody else chose a model for {machine} meanwhile: nothing is changed; it is "
            "looked at again the next time"
        )


def _version(data: bytes) -> int:
    choice = readable_choice(data)
    return 0 if choice is None else choice.version
