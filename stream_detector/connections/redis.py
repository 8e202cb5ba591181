"""Thresholds in Redis: the only place that knows their keys.

``detector:thresholds:<bundle id>`` is a hash of machine or ``*`` to what people want,
``…:cleared`` one of machine to the version of its entry that was cleared last, at least 1,
``…:current`` one of machine to the value in force, published for others and never read
back.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from stream_detector.connections.settings import Settings
from stream_detector.detection.threshold import Threshold
from stream_detector.errors import UNREADABLE, RefusedError, ServiceError, SettingsError
from stream_detector.pipeline.thresholds import (
    InForce,
    ThresholdSetting,
    decode_setting,
    setting_of,
)

_TIMEOUT_SECONDS = 2.0
"""Redis is never waited for on the way of a reading, so it may take its time, but not hang."""

BUNDLE = "bundle"
"""Who wants a default: no person."""


@contextmanager
def redis_faults() -> Iterator[None]:
    """Turn an error of Redis into one line that says what to do.

    Raises
    ------
    ServiceError
        If Redis does not answer; a RefusedError if it does, but not as we ask.
    """
    try:
        yield
    except (redis.AuthenticationError, redis.exceptions.NoPermissionError) as error:
        raise RefusedError(
            f"Redis refuses us: {error}; correct the user and password in DETECTOR_REDIS_URL or "
            "DETECTOR_REDIS_PASSWORD, or what that user may do"
        ) from error
    except redis.ResponseError as error:
        raise RefusedError(
            f"Redis does not do what it is asked: {error}; mend that there, or name another "
            "database in DETECTOR_REDIS_URL if others keep something under our keys "
            "detector:thresholds:*"
        ) from error
    except redis.InvalidResponse as error:
        raise RefusedError(
            f"what answers is no Redis: {error}; correct DETECTOR_REDIS_URL"
        ) from error
    except redis.RedisError as error:
        if _is_of_tls(error):
            raise RefusedError(
                f"no TLS with Redis: {error}; correct DETECTOR_REDIS_CA_FILE, "
                "DETECTOR_REDIS_CERTIFICATE_FILE or DETECTOR_REDIS_URL"
            ) from error
        raise ServiceError(
            f"Redis does not answer: {str(error).rstrip('.')}; start it, or correct "
            "DETECTOR_REDIS_URL"
        ) from error


def _is_of_tls(error: BaseException | None) -> bool:
    """Tell whether TLS failed: Redis's client says so only in what led to its error."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def redis_client(settings: Settings) -> redis.Redis:
    """Make a client, not yet connected.

    Raises
    ------
    SettingsError
        If the URL is not set, or is none of Redis.
    """
    if settings.redis_url is None:
        raise SettingsError("DETECTOR_REDIS_URL is not set; write redis://host:6379/0")
    try:
        return redis.Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),
            **_security(settings),
        )
    except ValueError:
        # The reason is left out: it may quote a part of the password.
        raise SettingsError(
            "DETECTOR_REDIS_URL is no Redis URL; write redis://host:6379/0, or "
            "redis://:password@host:6379/0 with / # ? @ in the password as %2F %23 %3F %40"
        ) from None


class ThresholdStore:
    """The thresholds of one bundle.

    Parameters
    ----------
    settings : Settings
    bundle_id : str

    Raises
    ------
    SettingsError
        If the URL is not set, or is none of Redis.
    """

    def __init__(self, settings: Settings, bundle_id: str) -> None:
        self._redis = redis_client(settings)
        self.bundle_id = bundle_id
        self._key = f"detector:thresholds:{bundle_id}"
        self._cleared_key = f"{self._key}:cleared"

    def check_access(self) -> None:
        """Check that Redis answers and lets us read and write; nothing is written.

        Raises
        ------
        ServiceError
            If it does not answer; a RefusedError if it does, but not as we ask.
        """
        try:
            with (
                redis_faults(),
                self._redis.client() as connection,  # type: ignore[no-untyped-call]
            ):
                connection.hgetall(self._key)
                # What may not be done is refused already when it is queued.
                connection.execute_command("MULTI")
                connection.execute_command("HSETNX", self._key, "check", "")
                connection.execute_command("HSET", f"{self._key}:current", "check", "")
                connection.execute_command("DISCARD")
        finally:
            # After a refusal this connection still only queues what it is asked.
            self._redis.connection_pool.disconnect()

    def read(self) -> dict[str, bytes]:
        """Give every entry of the hash, undecoded: one bad entry must not hide the others."""
        return entries(self._redis, self._key)

    def read_cleared(self) -> frozenset[str]:
        """Name those whose entry somebody cleared, also where there was none."""
        return frozenset(entries(self._redis, self._cleared_key))

    def offer_default(self, machine: str, threshold: Threshold) -> None:
        """Write the bundle's default unless there is an entry."""
        version = self._cleared_version(self._redis, machine) + 1
        setting = setting_of(threshold, version=version, set_by=BUNDLE, set_at=now())
        self._redis.hsetnx(self._key, machine, msgspec.json.encode(setting))

    def put_back(self, known: Mapping[str, bytes]) -> dict[str, bytes]:
        """Write those of the known entries again that Redis has lost, and give them.

        Lost is what is gone, or stands back behind a default that a starting worker offered,
        although nobody cleared it. An entry without a version was written by hand, and may be
        removed by hand.

        Raises
        ------
        SettingsError
            If somebody changed an entry meanwhile.
        """
        with changing(self._redis, self._key, "changed the thresholds") as transaction:
            found = entries(transaction, self._key)
            cleared = entries(transaction, self._cleared_key)
            lost = {}
            for machine, data in known.items():
                version, there = _setting(data).version, _setting(found.get(machine))
                gone = machine not in found or (there.set_by == BUNDLE and there.version < version)
                if gone and cleared_version(cleared.get(machine)) < version:
                    lost[machine] = data
            if lost:
                transaction.multi()
                transaction.hset(self._key, mapping=cast("Any", lost))
        return lost

    def put(self, machine: str, threshold: Threshold, *, set_by: str) -> ThresholdSetting:
        """Write what somebody wants of a machine (or ``*``), one version up.

        Raises
        ------
        SettingsError
            If somebody else changed the entry meanwhile.
        """
        with changing(self._redis, self._key, "changed the thresholds") as transaction:
            version = self._version(transaction, machine) + 1
            setting = setting_of(threshold, version=version, set_by=set_by, set_at=now())
            transaction.multi()
            transaction.hset(self._key, machine, msgspec.json.encode(setting).decode())
        return setting

    def remove(self, machine: str) -> bool:
        """Take an entry away; tell whether there was one.

        Raises
        ------
        SettingsError
            If somebody else changed the entry meanwhile.
        """
        with changing(self._redis, self._key, "changed the thresholds") as transaction:
            version = self._version(transaction, machine)
            was_there = bool(transaction.hexists(self._key, machine))
            transaction.multi()
            transaction.hdel(self._key, machine)
            # So the next entry is not taken for one seen before, nor is one kept that was lost.
            transaction.hset(self._cleared_key, machine, str(max(version, 1)))
        return was_there

    def publish_current(self, in_force: Mapping[str, InForce]) -> None:
        """Tell others the thresholds in force, per machine."""
        encoded = {machine: msgspec.json.encode(value) for machine, value in in_force.items()}
        self._redis.hset(f"{self._key}:current", mapping=cast("Any", encoded))

    def read_current(self) -> dict[str, InForce]:
        """Give the thresholds in force as the worker published them last; no unreadable ones."""
        found = {}
        for name, data in entries(self._redis, f"{self._key}:current").items():
            with suppress(*UNREADABLE):
                found[name] = msgspec.json.decode(data, type=InForce)
        return found

    def _version(self, client: redis.Redis, machine: str) -> int:
        """Give the version of a machine's entry, or of the one before it that was cleared."""
        version = _setting(cast("bytes | None", client.hget(self._key, machine))).version
        return max(version, self._cleared_version(client, machine))

    def _cleared_version(self, client: redis.Redis, machine: str) -> int:
        return cleared_version(cast("bytes | None", client.hget(self._cleared_key, machine)))


@contextmanager
def changing(client: redis.Redis, key: str, what: str) -> Iterator[redis.client.Pipeline]:
    """Carry out what is queued in a transaction, if nobody changed an entry of a hash meanwhile.

    Raises
    ------
    SettingsError
        If somebody did ``what``.
    """
    with client.pipeline() as transaction:
        try:
            transaction.watch(key)  # type: ignore[no-untyped-call]
            yield transaction
            transaction.execute()
        except redis.WatchError as error:
            raise SettingsError(
                f"somebody else {what} in this moment; look, and try again"
            ) from error


def entries(client: redis.Redis, key: str) -> dict[str, bytes]:
    """Give every entry of a hash, undecoded."""
    found = cast("dict[bytes, bytes]", client.hgetall(key))
    return {name.decode(errors="replace"): data for name, data in found.items()}


def _setting(data: bytes | None) -> ThresholdSetting:
    """Read an entry for its version; one that is not there or unreadable may be written over."""
    try:
        return decode_setting(data or b"")
    except SettingsError:
        return ThresholdSetting(kind="fixed")


def cleared_version(data: bytes | None) -> int:
    """Read a note of what was cleared; an unreadable one is as if nothing was."""
    with suppress(ValueError):
        return int(data or 0)
    return 0


def _security(settings: Settings) -> dict[str, Any]:
    """Give the options of the client that do not stand in the URL."""
    files, password = settings.redis_tls, settings.redis_password
    options = {
        "password": password and password.get_secret_value(),
        "ssl_ca_certs": files.ca and str(files.ca),
        "ssl_certfile": files.certificate and str(files.certificate),
        "ssl_keyfile": files.key and str(files.key),
    }
    return {name: value for name, value in options.items() if value is not None}


def now() -> datetime:
    """Give the time as entries have it: in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
