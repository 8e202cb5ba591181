"""A bridge's TOML file: the machines' times, and where the rows come from.

Each source has a table of its own: add it to :class:`Configuration`, beside ``kafka``.
"""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from stream_detector.bridges.format_settings import FormatTable
from stream_detector.bridges.mapping import MAX_HOLD_SECONDS
from stream_detector.bridges.tables import NamedFile, Table
from stream_detector.bridges.timing import Timing
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

    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=249)]
    """Where they are."""


class MqttTable(Table):
    """``[mqtt]``: a broker, for ``bridge mqtt``. Who we are to it, the settings say."""

    host: Annotated[str, Field(min_length=1)]
    """Name or address."""

    port: Annotated[int, Field(gt=0, lt=65_536)]
    """Mostly 1883, or 8883 with TLS."""

    tls: bool = False
    """Without it everything can be read on the way, our password too."""

    topics: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    """What to subscribe to, e.g. ``["mill/pm3/#"]``. Topics below ``spBv1.0/`` are Sparkplug B."""

    time_of_numbers: Literal["arrival"] | None = None
    """A message that is a number alone has no time: ``arrival`` gives it that of its arrival, and
    the topic is its tag. Then none is taken that the broker kept: nobody knows how old it is."""


class JournalTable(Table):
    """``[journal]``: where rows wait for Kafka, on disk."""

    path: NamedFile
    """The file; it is made where there is none."""

    max_bytes: Annotated[int, Field(ge=1_000_000)]
    """Where it needs more, the oldest rows are dropped, loudly. A row takes about 50 bytes."""


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

    @model_validator(mode="after")
    def _check_machines(self) -> Self:
        for name in self.machines:
            if name != EVERY_MACHINE:
                self.timing(name)
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
                self.timing(name)
            except ValueError as error:
                raise SettingsError(str(error)) from error


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
