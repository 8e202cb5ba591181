"""Kafka clients: their options, and what the broker is asked for."""

import logging
import re
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._metadata import ClusterMetadata

from stream_detector.connections.security import confluent_security, kafka_user
from stream_detector.connections.settings import Settings
from stream_detector.connections.tokens import token_source
from stream_detector.errors import RefusedError, ServiceError

_SILENT = logging.getLogger("stream_detector.silent")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

_METADATA_SECONDS = (0.5, 1.5, 3.0)
"""5 seconds, with a look between whether we are refused: then waiting on is no use."""

_REFUSALS = (KafkaError._AUTHENTICATION, KafkaError._SSL)  # noqa: SLF001
"""What no repetition mends."""


def client_options(settings: Settings) -> dict[str, Any]:
    """Give the options that every confluent-kafka client of ours needs."""
    options = {
        "bootstrap.servers": settings.bootstrap_servers,
        # Silent: whoever uses the client tells its errors. No level keeps back fatal ones.
        "log_level": 0,
        "logger": _SILENT,
        **confluent_security(settings),
    }
    if settings.kafka_sasl_mechanism == "OAUTHBEARER":
        source = token_source(settings)

        def token(_: str) -> tuple[str, float]:
            text, _fresh_until, expires_at = source.current()
            return text, expires_at

        options["oauth_cb"] = token
    return options


def admin_client(settings: Settings, **options: Any) -> AdminClient:
    """Make a client that asks and administers; keep it until the answer is there.

    Raises
    ------
    ServiceError
        If there is no token for it: the client itself would only say that it has none.
    """
    if settings.kafka_sasl_mechanism == "OAUTHBEARER":
        token_source(settings).current()
    return AdminClient({**client_options(settings), **options})


def cluster_metadata(settings: Settings) -> ClusterMetadata:
    """Ask the broker what topics there are.

    Raises
    ------
    ServiceError
        If it does not answer within 5 seconds; a RefusedError if it does not take us.
    """
    errors: list[KafkaError] = []
    admin = admin_client(settings, error_cb=errors.append)
    for seconds in _METADATA_SECONDS:
        try:
            return admin.list_topics(timeout=seconds)
        except KafkaException as error:
            failure = error
        admin.poll(0)  # hands us the errors: a refused password is told nowhere else
        if refusals := [one for one in errors if one.code() in _REFUSALS]:
            raise _refused(settings, refusals[0]) from failure
    told = [one for one in errors if one.code() != KafkaError._ALL_BROKERS_DOWN]  # noqa: SLF001
    raise _not_reached(
        settings, _line(told[-1].str()) if told else kafka_reason(failure)
    ) from failure


def _refused(settings: Settings, error: KafkaError) -> RefusedError:
    reason = _line(error.str())
    if error.code() == KafkaError._SSL:  # noqa: SLF001
        return _without_tls(settings, reason)
    tokens = settings.kafka_sasl_mechanism == "OAUTHBEARER"
    who = "TOKEN_…" if tokens else "USERNAME or DETECTOR_KAFKA_PASSWORD"
    return RefusedError(
        f"Kafka at {settings.bootstrap_servers} refuses {kafka_user(settings)}: {reason}; correct "
        f"DETECTOR_KAFKA_SASL_MECHANISM, DETECTOR_KAFKA_{who}"
    )


def _not_reached(settings: Settings, reason: str) -> ServiceError:
    if "SSL" in reason:  # one side alone speaks it, or our certificate is refused
        return _without_tls(settings, reason)
    return ServiceError(
        f"no Kafka broker answers at {settings.bootstrap_servers}: {reason}; start it, or correct "
        "DETECTOR_BROKER or DETECTOR_KAFKA_SECURITY_PROTOCOL"
    )


def _without_tls(settings: Settings, reason: str) -> RefusedError:
    return RefusedError(
        f"no TLS with Kafka at {settings.bootstrap_servers}: {reason}; correct "
        "DETECTOR_KAFKA_SECURITY_PROTOCOL, DETECTOR_KAFKA_CA_FILE, "
        "DETECTOR_KAFKA_CERTIFICATE_FILE, or the name in DETECTOR_BROKER, which has to stand in "
        "Kafka's certificate"
    )


def kafka_reason(error: KafkaException) -> str:
    """Give an error of confluent-kafka in its own words, whatever it was made of.

    Examples
    --------
    >>> kafka_reason(KafkaException(KafkaError(KafkaError.NETWORK_EXCEPTION, "it is gone")))
    'it is gone'
    >>> kafka_reason(KafkaException("no such option"))
    'no such option'
    """
    reason = error.args[0]
    return str(reason.str()) if isinstance(reason, KafkaError) else str(reason)


def _line(text: str) -> str:
    """Put a client's words on one line, without how long it took and the protocol of the broker."""
    text = re.sub(r"\(after \d+ms in state [^)]*\)", "", text)
    text = re.sub(r"^\w+://([^/]+)/\w+:", r"\1:", text)
    return re.sub(r"\s+", " ", text).strip()
