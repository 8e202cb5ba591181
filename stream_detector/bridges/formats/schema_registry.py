"""Messages in Confluent's wire format: a zero, the id of a schema in a registry, the record."""

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import SerializationError

from stream_detector.bridges.formats.settings import RegistryTable
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import RefusedError, RegistryAwayError, RowError

MAX_SCHEMAS = 1_000
"""That are kept. A topic has a few; ids that somebody counts up would fill the memory."""

MISSING_SECONDS = 5.0
"""So long an id that the registry does not have is not asked for again: a burst of it is quick."""

_PREFIX_BYTES = 5
_NO_SUCH_SCHEMA = 40_403
_TIMEOUT_SECONDS = 5
_AWAY = frozenset({408, 429, *range(500, 600)})

# What the decoders of records say to bytes that are none.
_UNREADABLE = (
    *(SerializationError, ArithmeticError, LookupError),
    *(TypeError, ValueError, struct.error),
)

Deserializer = Callable[[bytes], object]


class RegisteredRecords:
    """Decodes records whose schemas are in a registry, each asked for once.

    Parameters
    ----------
    settings : RegistryTable
    access : SourceSettings
    kind : {"AVRO", "PROTOBUF"}
        What schemas there have to be, in the registry's words.
    check_schema : callable
        Raises RowError for a schema that is not to be used; asked once about each.
    make_deserializer : callable
        Makes one that asks the given client for schemas.
    clock : callable, optional
        Seconds that never go back.
    """

    def __init__(
        self,
        settings: RegistryTable,
        *,
        access: SourceSettings,
        kind: Literal["AVRO", "PROTOBUF"],
        check_schema: Callable[[Schema], None],
        make_deserializer: Callable[[SchemaRegistryClient], Deserializer],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._kind = kind
        self._check_use = check_schema
        self._make_deserializer = make_deserializer
        self._clock = clock
        self._client_settings = {
            "url": settings.url,
            "timeout": _TIMEOUT_SECONDS,
            "max.retries": 0,  # whoever calls us waits and tries again, and says so
        }
        if (name := access.registry_username) is not None:
            password = access.registry_password
            secret = "" if password is None else password.get_secret_value()
            self._client_settings["basic.auth.user.info"] = f"{name}:{secret}"
        if access.registry_ca_file is not None:
            self._client_settings["ssl.ca.location"] = str(access.registry_ca_file)
        self._known: set[int] = set()
        self._missing_until: dict[int, float] = {}
        self._open()

    def decode(self, value: bytes) -> object:
        """Read one record.

        Raises
        ------
        RowError
            ``not-framed`` (it is not in the wire format), ``unknown-schema`` (the registry has
            none of that id), ``other-schema`` (one of another kind) or ``unreadable``.
        RegistryAwayError
            If the registry does not answer: the same again, later.
        RefusedError
            If it refuses us, or is no registry.
        """
        if len(value) <= _PREFIX_BYTES or value[0] != 0:
            raise RowError(
                "not-framed",
                "the message does not begin with a zero and the four bytes of a schema's id; it "
                "was not written with a schema registry",
            )
        with self._answers():
            self._check_schema(int.from_bytes(value[1:_PREFIX_BYTES], "big"))
            try:
                return self._deserialize(value)
            except EOFError as error:
                # Its words name an object in memory: letters about the same would differ.
                raise RowError(
                    "unreadable", "not as its schema says: the message ends within the record"
                ) from error
            except _UNREADABLE as error:
                raise RowError("unreadable", f"not as its schema says: {error!s:.200}") from error

    def check(self) -> None:
        """Ask the registry for something that every registry has.

        Raises
        ------
        RegistryAwayError, RefusedError
        """
        with self._answers():
            self._client.get_schema_types()

    def _open(self) -> None:
        """Begin with nothing: neither client nor deserializer forgets a schema by itself."""
        self._known.clear()
        self._client = SchemaRegistryClient(self._client_settings)
        self._deserialize = self._make_deserializer(self._client)

    def _check_schema(self, schema_id: int) -> None:
        if schema_id in self._known:
            return
        unknown = RowError("unknown-schema", f"the registry has no schema with the id {schema_id}")
        if self._clock() < self._missing_until.get(schema_id, 0.0):
            raise unknown
        if len(self._known) == MAX_SCHEMAS:
            self._client.close()
            self._open()
        try:
            schema = self._client.get_schema(schema_id)
        except SchemaRegistryError as error:
            if error.error_code == _NO_SUCH_SCHEMA:
                if len(self._missing_until) == MAX_SCHEMAS:
                    self._missing_until.clear()
                self._missing_until[schema_id] = self._clock() + MISSING_SECONDS
                raise unknown from error
            raise
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise RefusedError(
                f"what answers at {self._settings.url} is no schema registry; correct the url"
            ) from error
        if schema.schema_type != self._kind:
            raise RowError(
                "other-schema",
                f"the schema {schema_id} is {schema.schema_type}, expected {self._kind}",
            )
        self._check_use(schema)
        self._known.add(schema_id)

    @contextmanager
    def _answers(self) -> Iterator[None]:
        url = self._settings.url
        try:
            yield
        except httpx2.TransportError as error:
            raise RegistryAwayError(f"schema registry {url}: {error}") from error
        except SchemaRegistryError as error:
            if error.http_status_code in _AWAY:
                raise RegistryAwayError(f"schema registry {url}: {error}") from error
            raise RefusedError(
                f"schema registry {url} refuses us: {error}; correct the url, or "
                "DETECTOR_REGISTRY_USERNAME and DETECTOR_REGISTRY_PASSWORD"
            ) from error
