"""Secrets and files for TLS: what goes together, whence it comes, and that it is never shown."""

from pathlib import Path

import pytest

from stream_detector.connections.kafka import cluster_metadata
from stream_detector.connections.settings import SECRETS, Settings, read_settings
from stream_detector.errors import ServiceError, SettingsError
from tests.made_ca import MadeAuthority
from tests.requirements import require_command

SECRET = "hunter2"  # noqa: S105
SASL = {
    "kafka_security_protocol": "SASL_SSL",
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_username": "worker",
    "kafka_password": SECRET,
}
TOKENS = {**SASL, "kafka_sasl_mechanism": "OAUTHBEARER", "kafka_token_url": "https://idp/token"}


def read(**given: str | Path | None) -> Settings:
    environment = {"broker": "kafka:9092", **given}
    return read_settings(
        {f"DETECTOR_{name.upper()}": str(value) for name, value in environment.items() if value}
    )


def refusal(**given: str | Path | None) -> str:
    with pytest.raises(SettingsError) as refused:
        read(**given)
    assert SECRET not in str(refused.value)
    return str(refused.value)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A CA, a certificate with its key, the key of another one, and an encrypted key."""
    require_command("openssl")
    folder = tmp_path_factory.mktemp("tls")
    authority = MadeAuthority(folder)
    certificate, key = authority.issue("worker")
    _, other_key = authority.issue("other")
    return {
        "ca": authority.certificate,
        "certificate": certificate,
        "key": key,
        "other_key": other_key,
        "encrypted_key": authority.encrypted(key),
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({**SASL, "kafka_sasl_mechanism": None}, "SASL_SSL needs DETECTOR_KAFKA_SASL_MECHANISM"),
        (
            {**SASL, "kafka_security_protocol": None},
            "DETECTOR_KAFKA_SASL_MECHANISM is set, but DETECTOR_KAFKA_SECURITY_PROTOCOL is "
            "PLAINTEXT; SASL_SSL has it",
        ),
        ({**SASL, "kafka_password": None}, "SCRAM-SHA-512 needs DETECTOR_KAFKA_USERNAME and"),
        ({**SASL, "kafka_username": None}, "SCRAM-SHA-512 needs DETECTOR_KAFKA_USERNAME and"),
        ({"kafka_username": "worker"}, "DETECTOR_KAFKA_PASSWORD need a SASL mechanism"),
        (
            {**SASL, "kafka_token_scope": "kafka"},
            "is for DETECTOR_KAFKA_SASL_MECHANISM OAUTHBEARER",
        ),
        ({**SASL, "kafka_sasl_mechanism": "GSSAPI"}, "DETECTOR_KAFKA_SASL_MECHANISM: Input should"),
        ({**TOKENS, "kafka_token_url": None}, "either DETECTOR_KAFKA_TOKEN_URL or DETECTOR_KAFKA"),
        ({**TOKENS, "kafka_token_file": "token"}, "either DETECTOR_KAFKA_TOKEN_URL or DETECTOR"),
        ({**TOKENS, "kafka_password": None}, "DETECTOR_KAFKA_TOKEN_URL needs the client's id and"),
        (
            {**TOKENS, "kafka_token_url": None, "kafka_token_file": "token"},
            "DETECTOR_KAFKA_TOKEN_FILE holds all there is",
        ),
        ({**TOKENS, "kafka_token_url": "http://idp/token"}, "DETECTOR_KAFKA_TOKEN_URL: String"),
        (
            {**TOKENS, "kafka_token_url": f"https://me:{SECRET}@idp/token"},
            "DETECTOR_KAFKA_TOKEN_URL: String should match",
        ),
        (
            {"kafka_ca_file": "ca.pem"},
            "are for TLS, but DETECTOR_KAFKA_SECURITY_PROTOCOL is PLAINTEXT; SSL or SASL_SSL",
        ),
        (
            {"kafka_security_protocol": "SSL", "kafka_key_file": "key.pem"},
            "DETECTOR_KAFKA_CERTIFICATE_FILE and DETECTOR_KAFKA_KEY_FILE go together; give both",
        ),
        (
            {"redis_url": "redis://redis", "redis_ca_file": "ca.pem"},
            "are for TLS, but DETECTOR_REDIS_URL does not begin with rediss://",
        ),
        (
            {"redis_url": f"rediss://me:{SECRET}@redis/0?ssl_cert_reqs=none"},
            "DETECTOR_REDIS_URL says after ? how TLS is done",
        ),
        (
            {"redis_url": "rediss://redis", "redis_certificate_file": "own.pem"},
            "DETECTOR_REDIS_CERTIFICATE_FILE and DETECTOR_REDIS_KEY_FILE go together; give both",
        ),
        (
            {"redis_url": f"redis://me:{SECRET}@redis", "redis_password": SECRET},
            "DETECTOR_REDIS_URL holds a password, and DETECTOR_REDIS_PASSWORD is one; give one",
        ),
        (
            {"redis_url": f"unix:///redis.sock?password={SECRET}", "redis_password": SECRET},
            "DETECTOR_REDIS_URL holds a password, and DETECTOR_REDIS_PASSWORD is one; give one",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_for_a_part_would_be_ignored(
    given: dict[str, str | None], says: str
) -> None:
    told = refusal(**given)

    assert told.startswith("wrong settings: ")
    assert says in told


FITTING: dict[str, dict[str, str | None]] = {
    "kafka_password": {**SASL, "kafka_password": None},
    "webhook_url": {"webhook_secret": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"},
    "webhook_secret": {"webhook_url": "https://them/hook"},
}
"""What goes with a secret."""


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    text = {
        "webhook_secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
        "redis_url": "rediss://redis/0?x= ",
    }.get(name, "https://them/0?x= ")
    path = tmp_path / "secret"
    path.write_text(f"{text}\n")

    settings = read(**FITTING.get(name, {}), **{f"{name}_file": path})

    assert getattr(settings, name).get_secret_value() == text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file or directory; name the secret's file"),
        (b"", "is empty; write the secret into it"),
        (b"\n", "is empty; write the secret into it"),
        (b"\xff" + SECRET.encode(), "is no text in UTF-8"),
    ],
)
def test_a_file_without_a_secret_is_refused_by_name(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)

    told = refusal(**{**SASL, "kafka_password": None, "kafka_password_file": path})

    assert told == f"DETECTOR_KAFKA_PASSWORD_FILE: '{path}' {says}"


def test_a_secret_is_given_in_one_way_only(tmp_path: Path) -> None:
    told = refusal(**SASL, kafka_password_file=tmp_path / "secret")

    assert told == (
        "DETECTOR_KAFKA_PASSWORD and DETECTOR_KAFKA_PASSWORD_FILE are both set; give one of them"
    )


def test_no_secret_is_shown() -> None:
    settings = read(**SASL, redis_url=f"redis://me:{SECRET}@redis")

    shown = (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json())
    assert [text for text in shown if SECRET in text] == []


def test_files_for_tls_are_taken_when_they_fit(files: dict[str, Path]) -> None:
    settings = read(
        kafka_security_protocol="SSL",
        kafka_ca_file=files["ca"],
        kafka_certificate_file=files["certificate"],
        kafka_key_file=files["key"],
    )

    context = settings.kafka_tls.context()
    assert context.check_hostname
    (ca,) = context.get_ca_certs()
    assert ca["subject"] == ((("commonName", "made test CA"),),)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"kafka_ca_file": "nowhere.pem"}, "DETECTOR_KAFKA_CA_FILE: 'nowhere.pem' cannot be used"),
        ({"kafka_ca_file": "key"}, "DETECTOR_KAFKA_CA_FILE: .* cannot be used: no PEM file with"),
        ({"kafka_certificate_file": "nowhere.pem"}, "DETECTOR_KAFKA_CERTIFICATE_FILE with "),
        ({"kafka_certificate_file": "key"}, "DETECTOR_KAFKA_CERTIFICATE_FILE with "),
        ({"kafka_key_file": "other_key"}, "DETECTOR_KAFKA_CERTIFICATE_FILE with "),
        ({"kafka_key_file": "encrypted_key"}, "DETECTOR_KAFKA_KEY_FILE: .* is encrypted; give one"),
    ],
)
def test_files_for_tls_that_do_not_fit_are_refused_at_once(
    files: dict[str, Path], changed: dict[str, str], says: str
) -> None:
    fitting = {"kafka_ca_file": "ca", "kafka_certificate_file": "certificate"}
    named = {**fitting, "kafka_key_file": "key", **changed}
    given = {setting: files.get(name, Path(name)) for setting, name in named.items()}

    with pytest.raises(SettingsError, match=says):
        read(kafka_security_protocol="SSL", **given)


def test_a_token_file_that_is_gone_is_one_line_before_kafka_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "token"
    nobody = {**TOKENS, "kafka_token_url": None, "kafka_username": None, "kafka_password": None}
    settings = read(**nobody, kafka_token_file=path)

    told = f"the token '{path}' cannot be read: No such file or directory; correct DETECTOR_KAFKA"
    with pytest.raises(ServiceError, match=told):
        cluster_metadata(settings)
