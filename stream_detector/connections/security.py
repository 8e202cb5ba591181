"""How Kafka and Redis are spoken to: which settings go together, and the options they become."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from stream_detector.connections.environment import PREFIX

if TYPE_CHECKING:
    from stream_detector.connections.settings import Settings

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]

Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"]


def disagreements(settings: "Settings") -> Iterator[str]:
    """Tell which settings do not go together: what would be ignored is not what somebody wants."""
    yield from _of_tls(settings)
    if settings.kafka_sasl_mechanism == "OAUTHBEARER":
        yield from _of_tokens(settings)
    else:
        yield from _of_passwords(settings)
    yield from _of_redis(settings)


def _of_tls(settings: "Settings") -> Iterator[str]:
    protocol = settings.kafka_security_protocol
    files = settings.kafka_tls
    if "SSL" not in protocol and any(files[1:]):
        yield (
            "DETECTOR_KAFKA_CA_FILE and its like are for TLS, but "
            f"DETECTOR_KAFKA_SECURITY_PROTOCOL is {protocol}; SSL or SASL_SSL has it"
        )
    for one in (files, settings.redis_tls):
        if (one.certificate is None) != (one.key is None):
            prefix = PREFIX + one.service
            yield f"{prefix}_CERTIFICATE_FILE and {prefix}_KEY_FILE go together; give both"
    mechanism = settings.kafka_sasl_mechanism
    if protocol.startswith("SASL") and mechanism is None:
        yield f"DETECTOR_KAFKA_SECURITY_PROTOCOL {protocol} needs DETECTOR_KAFKA_SASL_MECHANISM"
    if mechanism is not None and not protocol.startswith("SASL"):
        yield (
            f"DETECTOR_KAFKA_SASL_MECHANISM is set, but DETECTOR_KAFKA_SECURITY_PROTOCOL is "
            f"{protocol}; SASL_SSL has it"
        )


def _of_passwords(settings: "Settings") -> Iterator[str]:
    given = (settings.kafka_username, settings.kafka_password)
    mechanism = settings.kafka_sasl_mechanism
    if mechanism is not None and None in given:
        yield f"{mechanism} needs DETECTOR_KAFKA_USERNAME and DETECTOR_KAFKA_PASSWORD"
    if mechanism is None and given != (None, None):
        yield "DETECTOR_KAFKA_USERNAME and DETECTOR_KAFKA_PASSWORD need a SASL mechanism"
    tokens = (settings.kafka_token_url, settings.kafka_token_scope, settings.kafka_token_file)
    if tokens != (None, None, None):
        yield "DETECTOR_KAFKA_TOKEN_… is for DETECTOR_KAFKA_SASL_MECHANISM OAUTHBEARER alone"


def _of_tokens(settings: "Settings") -> Iterator[str]:
    client = (settings.kafka_username, settings.kafka_password)
    if (settings.kafka_token_url is None) == (settings.kafka_token_file is None):
        yield "OAUTHBEARER needs either DETECTOR_KAFKA_TOKEN_URL or DETECTOR_KAFKA_TOKEN_FILE"
    elif settings.kafka_token_url is not None and None in client:
        yield (
            "DETECTOR_KAFKA_TOKEN_URL needs the client's id and secret as DETECTOR_KAFKA_USERNAME "
            "and DETECTOR_KAFKA_PASSWORD"
        )
    elif settings.kafka_token_file is not None and (*client, settings.kafka_token_scope) != (
        (None,) * 3
    ):
        yield "DETECTOR_KAFKA_TOKEN_FILE holds all there is; user, password and scope go with a URL"


def _of_redis(settings: "Settings") -> Iterator[str]:
    url = settings.redis_url.get_secret_value() if settings.redis_url else ""
    if any(settings.redis_tls[1:]) and not url.startswith("rediss://"):
        yield (
            "DETECTOR_REDIS_CA_FILE and its like are for TLS, but DETECTOR_REDIS_URL does not "
            "begin with rediss://"
        )
    # There the client would take it from, before what it is given: even to check no certificate.
    if "ssl_" in url.partition("?")[2]:
        yield (
            "DETECTOR_REDIS_URL says after ? how TLS is done; that is for DETECTOR_REDIS_CA_FILE "
            "and its like, and names are always checked: take it out"
        )
    in_url = ":" in url.partition("//")[2].rpartition("@")[0] or "password=" in url
    if in_url and settings.redis_password is not None:
        yield "DETECTOR_REDIS_URL holds a password, and DETECTOR_REDIS_PASSWORD is one; give one"


def confluent_security(settings: "Settings") -> dict[str, Any]:
    """Give the security options of a confluent-kafka client, but for the source of tokens."""
    files = settings.kafka_tls
    mechanism = settings.kafka_sasl_mechanism
    password = settings.kafka_password
    options: dict[str, Any] = {
        "security.protocol": settings.kafka_security_protocol,
        "ssl.ca.location": files.ca and str(files.ca),
        "ssl.certificate.location": files.certificate and str(files.certificate),
        "ssl.key.location": files.key and str(files.key),
        "sasl.mechanism": mechanism,
    }
    if mechanism != "OAUTHBEARER":
        options["sasl.username"] = settings.kafka_username
        options["sasl.password"] = password and password.get_secret_value()
    return {name: value for name, value in options.items() if value is not None}


def kafka_user(settings: "Settings") -> str:
    """Say as whom Kafka knows us, for an error's text."""
    if settings.kafka_username is not None:
        return f"user {settings.kafka_username!r}"
    if settings.kafka_token_file is not None:
        return f"the bearer of {str(settings.kafka_token_file)!r}"
    if settings.kafka_tls.certificate is not None:
        return f"the owner of {str(settings.kafka_tls.certificate)!r}"
    return "us"
