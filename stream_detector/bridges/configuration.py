"""A bridge's TOML file: the machines' times, and where the rows come from.

Each source has a table of its own: add it to :class:`Configuration`, beside ``kafka``.
"""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from stream_detector.bridges.formats.settings import FormatTable
from stream_detector.bridges.joining.mapping import MAX_HOLD_SECONDS
from stream_detector.bridges.joining.timing import Timing
from stream_detector.bridges.mqtt.topic_filters import checked_filter
from stream_detector.bridges.tables import NamedFile, Table
from stream_detector.connections.settings import TopicName
from stream_detector.errors import SettingsError, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

EVERY_MACHINE = "*"
"""The table of machines that says what counts for all that do not say otherwise."""

_Hold = Annotated[float, Field(ge=0, le=MAX_HOLD_SECONDS)]
_Lateness = Annotated[float, Field(ge=0, le=86_400)]
_Cadence = Annotated[float, Field(ge=0.001, le=86_400)]


class MachineTable(Table):
    """``[machines."*"]`` or ``[machines.NAME]``; what the latter leaves out the former says."""

    cadence_seconds: _Cadence | None = None
    """A reading stands at every multiple of it since 1970 in UTC."""

    hold_seconds: _Hold | None = None
    """The last value of a tag counts for so long; then the sensor is missing."""

    lateness_seconds: _Lateness | None = None
    """Rows may come so much later than the machine's newest one. Readings wait for them as long;
    a row that is later goes to the dead letters."""


class KafkaTable(Table):
    """``[kafka]``: a topic of tag messages, for ``bridge tags``."""

    topic: TopicName
    """Where they are."""


class MqttTable(Table):
    """``[mqtt]``: a broker, for ``bridge mqtt``. Who we are to it, the settings say."""

    host: Annotated[str, Field(min_length=1)]
    """Name or address."""

    port: Annotated[int, Field(gt=0, lt=65_536)]
    """Mostly 1883, or 8883 with TLS."""

    tls: bool = False
    """Without it everything can be read on the way, our password too."""

    topics: Annotated[list[Annotated[str, AfterValidator(checked_filter)]], Field(min_length=1)]
    """What to subscribe to, e.g. ``["mill/pm3/#"]``. Topics below ``spBv1.0/`` are Sparkplug B."""

    time_of_numbers: Literal["arrival"] | None = None
    """A message that is a number alone has no time: ``arrival`` gives it that of its arrival, and
    the topic is its tag. Then none is taken that the broker kept: nobody knows how old it is."""


class JournalTable(Table):
    """``[journal]``: where rows wait for Kafka, on disk."""

    path: NamedFile
    """The file; it is made where there is none, and the log says so. Its folder has to be there."""

    max_bytes: Annotated[int, Field(ge=1_000_000)]
    """Where it needs more, the oldest rows are dropped, loudly. A row takes about 50 bytes."""


class OpcUaTable(Table):
    """``[opcua]``: a server, for ``bridge opcua``. Who we are to it, the settings say."""

    url: Annotated[str, Field(pattern=r"^opc\.tcp://[^\s@]+$")]
    """Its address, e.g. ``opc.tcp://plc:4840/``. No user stands in it: it is shown in errors."""

    security: Literal["none", "sign", "sign-and-encrypt"]
    """With which policy Basic256Sha256 is spoken, or with none. Never guessed."""

    sampling_interval_ms: Annotated[float, Field(ge=0, le=3_600_000)] = 500.0
    """How often the server looks at a node; 0 is as often as it can."""

    publishing_interval_ms: Annotated[float, Field(ge=10, le=3_600_000)] = 500.0
    """How often it tells of what changed."""

    queue_size: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Changes of a node that it keeps until then, the newest."""

    clock: Literal["source", "server"] = "source"
    """Whose time a value has: that of its source, mostly a device, or the server's."""

    uncertain: Literal["good", "bad"] = "bad"
    """What a value of uncertain status is; a bad one is no data."""

    repeat_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 10.0
    """How often it is written that a value has not changed. The machines' hold has to be longer."""

    @model_validator(mode="after")
    def _check_intervals(self) -> Self:
        if self.publishing_interval_ms > self.repeat_seconds * 1000:
            raise ValueError(
                f"the server is to tell of changes every {self.publishing_interval_ms:g} ms, and "
                f"what did not change is written every {self.repeat_seconds:g} s; give a longer "
                "repeat_seconds or a shorter publishing_interval_ms"
            )
        return self


class Configuration(Table):
    """All that the file may say."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=100)]
    """Who this bridge is: under this name it finds its place again after a restart. A second one of
    the same name takes over from the first; with a journal, it ends with an error instead."""

    mapping: NamedFile
    """The mapping file (CSV)."""

    machines: dict[str, MachineTable]
    """Times of the machines."""

    # How messages are read, then the sources: a table each, None where the file has none. A
    # program refuses a file without the table of its own source.
    format: FormatTable | None = None
    kafka: KafkaTable | None = None
    mqtt: MqttTable | None = None
    journal: JournalTable | None = None
    opcua: OpcUaTable | None = None

    @model_validator(mode="after")
    def _check_machines(self) -> Self:
        for name in self.machines:
            if name != EVERY_MACHINE:
                self._check_hold(name, self.timing(name))
        return self

    def timing(self, machine: str) -> Timing:
        """Give the times of a machine.

        Raises
        ------
        ValueError
            If the file does not say all of them.
        """
        given = {
            key: value
            for name in (EVERY_MACHINE, machine)
            for key, value in self.machines.get(name, MachineTable()).model_dump().items()
            if value is not None
        }
        if missing := [key for key in MachineTable.model_fields if key not in given]:
            raise ValueError(
                f"machine {machine!r} has no {', '.join(missing)}; give them in "
                f'[machines.{machine}], or for all machines in [machines."*"]'
            )
        times = {key.replace("seconds", "us"): round(given[key] * 1e6) for key in given}
        return Timing(**times)

    def check_against(self, machines: "Iterable[str]") -> None:
        """Hold the file against the machines of the mapping file.

        Raises
        ------
        SettingsError
            If a machine has no times, or a table is of a machine that has no tag.
        """
        names = list(machines)
        strange = [one for one in self.machines if one not in (EVERY_MACHINE, *names)]
        if strange:
            raise SettingsError(
                f"[machines] names {listed(strange)}, but {str(self.mapping)!r} has no tag of such "
                "a machine; correct the name or delete the table"
            )
        for name in names:
            try:
                self._check_hold(name, self.timing(name))
            except ValueError as error:
                raise SettingsError(str(error)) from error

    def _check_hold(self, machine: str, timing: Timing) -> None:
        hold_seconds = timing.hold_us / 1e6
        if self.opcua is not None and hold_seconds <= self.opcua.repeat_seconds:
            raise ValueError(
                f"machine {machine!r} holds a value for {hold_seconds:g} s, but one that does not "
                f"change comes every {self.opcua.repeat_seconds:g} s; give a longer hold_seconds, "
                "or a shorter repeat_seconds in [opcua]"
            )


def read_configuration(path: Path) -> Configuration:
    """Read a bridge's TOML file.

    Raises
    ------
    SettingsError
        If it cannot be read, a key is unknown or missing, or a value is wrong: it names the
        file, the key and what to do.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"configuration {str(path)!r} cannot be read: {error.strerror}; correct --config"
        ) from error
    except ValueError as error:
        raise SettingsError(f"configuration {str(path)!r} is no TOML in UTF-8: {error}") from error
    try:
        return Configuration.model_validate(found, context=path.parent)
    except ValidationError as error:
        # Without the values: one may be a secret that somebody put where none belongs.
        wrong = error.errors(include_input=False, include_context=False)
        problems = "; ".join(map(_problem, wrong))
        raise SettingsError(f"configuration {str(path)!r} is wrong: {problems}") from None


def _problem(one: "ErrorDetails") -> str:
    key = ".".join(map(str, one["loc"]))
    if one["type"] == "missing":
        return f"{key} is missing; add it"
    if one["type"] == "extra_forbidden":
        return f"{key} is unknown; correct the name or delete it"
    text = one["msg"].removeprefix("Value error, ")
    return f"{key}: {text}; correct it" if key else text
