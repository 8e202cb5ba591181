"""What the programs are told from outside: the environment, read here and nowhere else."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)

from stream_detector.connections import receivers
from stream_detector.connections.environment import PREFIX, validated, variables
from stream_detector.connections.secret_files import with_secrets_from_files
from stream_detector.connections.security import Mechanism, Protocol, disagreements
from stream_detector.connections.source_settings import SOURCE_VARIABLES
from stream_detector.connections.tls import TlsFiles
from stream_detector.errors import SettingsError

SECRETS = (
    *("kafka_password", "redis_url", "redis_password"),
    *("alertmanager_url", "webhook_url", "webhook_secret"),
)
"""Each may stand in a file instead, which ``DETECTOR_<NAME>_FILE`` names."""

TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=249)]
"""As Kafka takes it."""


class Settings(BaseModel):
    """Settings of all programs; :func:`read_settings` reads each from ``DETECTOR_<NAME>``."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, extra="forbid")

    broker: str
    """Kafka's address, e.g. ``kafka://kafka:9092``, or several with commas between. No
    default: a guess reads the wrong topic."""

    kafka_security_protocol: Protocol = "PLAINTEXT"
    """How Kafka is spoken to, in Kafka's words: ``SSL`` and ``SASL_SSL`` are TLS, ``SASL_…`` say
    who we are; with ``SASL_PLAINTEXT`` passwords can be read on the way. Never guessed: a guess
    could send a password unencrypted."""

    kafka_ca_file: Path | None = None
    """Certificates of those whom Kafka's own must come from (PEM). Without it those count that
    this machine trusts."""

    kafka_certificate_file: Path | None = None
    """Our certificate (PEM), for a broker that asks for it."""

    kafka_key_file: Path | None = None
    """Its private key (PEM, not encrypted)."""

    kafka_sasl_mechanism: Mechanism | None = None
    """How we say who we are."""

    kafka_username: Annotated[str, Field(min_length=1)] | None = None
    """Our name; with ``kafka_token_url`` the client's id."""

    kafka_password: SecretStr | None = None
    """Our password; with ``kafka_token_url`` the client's secret."""

    kafka_token_url: Annotated[str, Field(pattern=r"^https://[^\s/@]+(/\S*)?$")] | None = None
    """Token endpoint of the identity provider (OIDC, ``client_credentials``), for OAUTHBEARER.
    TLS alone, with no user in it: it is sent the client's secret, and shown in errors."""

    kafka_token_scope: str | None = None
    """Scope to ask for there, where the identity provider wants one."""

    kafka_token_file: Path | None = None
    """Instead of an endpoint, a file that somebody else keeps a fresh token in; read every 60 s."""

    redis_url: SecretStr | None = None
    """Where thresholds live, e.g. ``redis://redis:6379/0``, or ``rediss://user@redis:6379/0`` with
    TLS. Never logged: it may hold a password. ``publish`` and the like do not need it."""

    redis_password: SecretStr | None = None
    """The password, where it does not stand in the URL."""

    redis_ca_file: Path | None = None
    """As ``kafka_ca_file``, for Redis."""

    redis_certificate_file: Path | None = None
    """Our certificate for Redis (PEM)."""

    redis_key_file: Path | None = None
    """Its private key (PEM, not encrypted)."""

    bundle: Path | None = None
    """Folder of the trained model that the worker scores with."""

    bundles: str | None = None
    """Folder, or URL as ``s3://bucket/models``, of the models ``model activate`` changes to."""

    promote: str | None = None
    """Machines with commas between, or ``*``, whose models ``model promote`` may change."""

    rules: Path | None = None
    """Rules file (TOML). Without one there is one rule: sheet-break."""

    group: Annotated[str, Field(min_length=1)] = "stream-detector"
    """Kafka consumer group. Workers of one group share the partitions; alerts name it."""

    readings_topic: TopicName = "sensor.readings"
    """Where readings come from."""

    alerts_topic: TopicName = "detector.alerts"
    """Where alerts and data-quality events go."""

    scores_topic: TopicName = "detector.scores"
    """Where the score of each reading goes."""

    dead_letters_topic: TopicName = "detector.dead-letters"
    """Where messages go that are no readings."""

    snapshots_topic: TopicName = "detector.snapshots"
    """Where the worker keeps the state of machines; compacted, with as many partitions as the
    readings."""

    commands_topic: TopicName = "detector.commands"
    """Where operators' commands come from; one partition, whose owner keeps the alert book."""

    replies_topic: TopicName = "detector.replies"
    """Where each command is answered; one partition."""

    alert_state_topic: TopicName = "detector.alert-state"
    """Where the alerts are kept as they stand; compacted, one partition."""

    bridges_topic: TopicName = "detector.bridges"
    """Where bridges note how far they are; compacted, one partition."""

    snapshot_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 10.0
    """How often the state of a partition is kept. It bounds how much of the log is read again when
    a worker takes the partition over; 800 machines every 10 s take 3 % of a core."""

    published_scores: Literal["all", "alarm", "none"] = "all"
    """Scores that are published: of all readings, of those over the threshold or in an alarm,
    or none. A score is about 1 kB; at one reading a second and machine that is 90 MB a day."""

    max_clock_skew_seconds: Annotated[float, Field(ge=0, le=1e10)] = 300.0
    """How far a reading's time may be ahead of Kafka's. A machine whose clock is further ahead
    would make all its later readings look late, so such readings go to the dead letters."""

    threshold_refresh_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 1.0
    """How often thresholds are read from Redis; a change is in force after at most twice this."""

    max_batch: Annotated[PositiveInt, Field(le=10_000)] = 500
    """Readings taken from Kafka at once. A batch of 500 takes about 20 ms and bounds what is
    scored again after a crash."""

    fetch_wait_ms: Annotated[PositiveInt, Field(le=10_000)] = 500
    """How long Kafka may hold back an empty answer. A new reading ends the wait at once on a real
    broker; the embedded one waits to the end, so there it is 10."""

    stall_seconds: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    """So long readings may wait without one being judged, while Kafka answers, or the rows of a
    bridge: then it ends, to be started again. Longer than a batch takes whose delivery is
    retried."""

    health_port: Annotated[int, Field(ge=0, lt=65_536)] = 0
    """Where a worker or a bridge serves ``/metrics``, ``/readyz`` and ``/healthz``; the last is 503
    when it should be started again. 0 is nowhere: several may be on a machine."""

    health_host: str = "127.0.0.1"
    """Address it listens on; ``0.0.0.0`` in a container."""

    alertmanager_url: SecretStr | None = None
    """Alertmanager that open alerts are sent to, e.g. ``http://alertmanager:9093``."""

    webhook_url: SecretStr | None = None
    """Where a signed message of each alert goes: raised, escalated, cleared."""

    webhook_secret: SecretStr | None = None
    """What they are signed with: base64 of 24 to 64 bytes, as ``openssl rand -base64 32`` makes."""

    traces_url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$")] | None = None
    """Where the worker's spans go (OpenTelemetry's OTLP over HTTP; extra ``traces``), e.g.
    ``http://collector:4318/v1/traces``. Nothing of it is loaded without."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much the programs tell."""

    log_format: Literal["console", "json"] = "console"
    """``json`` for machines that read logs."""

    @field_validator("broker")
    @classmethod
    def _check_broker(cls, text: str) -> str:
        for address in bootstrap_servers(text).split(","):
            found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/@]+):(\d{1,5})", address)
            if found is None or not 0 < int(found[2]) < 2**16:
                # Without what stands before @: it may be a password.
                raise ValueError(f"{address.rpartition('@')[2]!r} is no host:port")
        return text

    @model_validator(mode="after")
    def _check_topics_differ(self) -> Self:
        # Dead letters that are read as readings would go round for ever.
        names = [value for name, value in self if name.endswith("_topic")]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is the name of two topics; each needs its own")
        return self

    @model_validator(mode="after")
    def _check_security(self) -> Self:
        if found := [*disagreements(self), *receivers.disagreements(self)]:
            raise ValueError("; ".join(found))
        return self

    @property
    def kafka_tls(self) -> TlsFiles:
        """Files for TLS with Kafka."""
        return TlsFiles(
            "KAFKA", self.kafka_ca_file, self.kafka_certificate_file, self.kafka_key_file
        )

    @property
    def redis_tls(self) -> TlsFiles:
        """Files for TLS with Redis."""
        return TlsFiles(
            "REDIS", self.redis_ca_file, self.redis_certificate_file, self.redis_key_file
        )

    @property
    def book_group(self) -> str:
        """Group of those who may keep the alert book, and the name of its transactions."""
        return f"{self.group}-book"

    @property
    def notify_group(self) -> str:
        """Group of those who may tell others of alerts."""
        return f"{self.group}-notify"

    @property
    def max_clock_skew(self) -> timedelta:
        """``max_clock_skew_seconds`` as a span of time."""
        return timedelta(seconds=self.max_clock_skew_seconds)

    @property
    def max_clock_skew_us(self) -> int:
        """The same in microseconds."""
        return self.max_clock_skew // timedelta(microseconds=1)

    @property
    def bootstrap_servers(self) -> str:
        """The broker's addresses as Kafka clients want them: ``host:port,host:port``."""
        return bootstrap_servers(self.broker)


def bootstrap_servers(broker: str) -> str:
    """Turn a broker URL into ``host:port,host:port``.

    Examples
    --------
    >>> bootstrap_servers("kafka://one:9092,kafka://two:9092")
    'one:9092,two:9092'
    """
    addresses = (one.strip().removeprefix("kafka://") for one in re.split("[,;]", broker))
    return ",".join(addresses)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment; a variable with nothing in it is not set.

    Raises
    ------
    SettingsError
        If one is missing, wrong, or misspelt: an unknown ``DETECTOR_`` name is refused,
        because a setting that is silently ignored is worse than none. So is a file for
        TLS that cannot be used.
    """
    found = {
        name: value
        for name, value in variables(environment).items()
        if name not in SOURCE_VARIABLES
    }
    given = with_secrets_from_files(found, SECRETS)
    unknown = sorted(given.keys() - Settings.model_fields.keys())
    if unknown:
        names = ", ".join(PREFIX + name.upper() for name in unknown)
        raise SettingsError(f"unknown setting {names}; correct the name or remove it")
    settings = validated(Settings, given)
    for files in (settings.kafka_tls, settings.redis_tls):
        if files.ca or files.certificate:
            files.context()
    return settings
