"""An installation on a Kafka that wants to know who we are, and the ways to tell it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from tests.end_to_end.installation import Installation
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.secured_kafka import PASSWORD, SecuredKafka
from tests.end_to_end.server import free_port
from tests.made_ca import MadeAuthority
from tests.token_endpoint import TokenEndpoint, token_for

WRONG = "hunter2"

SCRAM = {
    "broker": "{sasl}",
    "kafka_security_protocol": "SASL_SSL",
    "kafka_ca_file": "{ca}",
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_username": "worker",
    "kafka_password": PASSWORD,
}
TOKENS = {**SCRAM, "kafka_sasl_mechanism": "OAUTHBEARER", "kafka_token_url": "{token_url}"}
READ = ("readings", "snapshots", "alerts", "commands", "alert_state")
NOT_WRITTEN = ("readings", "commands")
NO_USER = {"kafka_username": None, "kafka_password": None}
CERTIFICATE = {
    "broker": "{tls}",
    "kafka_security_protocol": "SSL",
    "kafka_ca_file": "{ca}",
    "kafka_certificate_file": "{certificate}",
    "kafka_key_file": "{key}",
}


@dataclass(frozen=True)
class Plant:
    """The secured Kafka, an installation on it, and where all else is."""

    kafka: SecuredKafka
    installation: Installation
    endpoint: TokenEndpoint
    rights: tuple[str, ...]
    places: Mapping[str, str]

    def settings(self, given: Mapping[str, str | None]) -> dict[str, str | None]:
        return {name: value and value.format_map(self.places) for name, value in given.items()}

    def run(self, command: str, given: Mapping[str, str | None]) -> CompletedProcess[str]:
        words = [word.format_map(self.places) for word in command.split()]
        return self.installation.run(*words, **self.settings(given))


@contextmanager
def run_plant(redis_server: RealRedis, bundle: Path, folder: Path) -> Iterator[Plant]:
    """Start it: ``worker`` and ``leaver`` may do what a worker has to, ``guest`` nothing."""
    authority, other = MadeAuthority(folder / "ca"), MadeAuthority(folder / "other", "other")
    certificate, key = authority.issue("worker")
    (folder / "password").write_text(f"{PASSWORD}\n")
    (folder / "token").write_text(f"{token_for('worker')}\n")
    at, at_key = authority.issue("identity-provider")
    recording = folder / "recording.csv"
    recording.write_text("time,a,b\n2026-11-22T03:10:00Z,1.0,2.0\n")
    with (
        SecuredKafka(folder / "kafka", authority) as kafka,
        TokenEndpoint("worker", PASSWORD, certificate=at, key=at_key) as endpoint,
    ):
        installation = Installation(kafka.bootstrap, redis_server.url, bundle=bundle, folder=folder)
        installation.create_topics()
        topics = installation.topics
        rights = (
            *(f"read topic {topics[kind]}" for kind in READ),
            *(f"write topic {topics[kind]}" for kind in topics if kind not in NOT_WRITTEN),
            f"read group {installation.group}",
            f"read group {installation.group}-book",
            f"write transactional_id {installation.group}-book",
        )
        kafka.allow("worker", *rights)
        kafka.allow("leaver", *rights)
        places = {
            "sasl": kafka.sasl,
            "tls": kafka.tls,
            "unsecured": kafka.bootstrap,
            "by_name": kafka.sasl.replace("127.0.0.1", "localhost"),
            "ca": str(authority.certificate),
            "other_ca": str(other.certificate),
            "certificate": str(certificate),
            "key": str(key),
            "password_file": str(folder / "password"),
            "token_file": str(folder / "token"),
            "token_url": endpoint.url,
            "nowhere": f"https://127.0.0.1:{free_port()}/token",
            "bundle": str(bundle),
            "csv": str(recording),
        }
        yield Plant(kafka, installation, endpoint, rights, places)


def ended_with_one_line(ended: CompletedProcess[str], plant: Plant, says: str) -> None:
    quoted = {name: re.escape(text) for name, text in plant.places.items()}
    assert (ended.returncode, ended.stdout) == (1, ""), ended.stderr
    (line,) = ended.stderr.splitlines()
    assert re.match(f"stream-detector: {says.format_map(quoted)}", line), line
    assert [secret for secret in (PASSWORD, WRONG) if secret in line] == []
