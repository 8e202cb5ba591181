"""A real Redis with TLS and users: who is known gets to work, who is not is told why."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import redis

from tests.end_to_end.installation import COMMAND, Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.server import Server, free_port
from tests.made_ca import MadeAuthority
from tests.requirements import require_command, require_tls_redis

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

PASSWORD, WRONG = "Tr0ub4dor-3", "hunter2"
RIGHTS = (
    "~detector:* +hgetall +hget +hset +hsetnx +hdel +hexists +watch +unwatch +multi +exec +discard"
)
USERS = f"""\
user default off
user worker on >{PASSWORD} {RIGHTS}
user reader on >{PASSWORD} ~detector:* +hgetall +multi +exec +discard
user elsewhere on >{PASSWORD} ~other:* +@all
user admin on >{PASSWORD} ~* +@all
"""


class SecuredRedis:
    """Runs inside ``with``; reached at `port`, by TLS and with a certificate of the CA alone."""

    def __init__(self, binary: Path, folder: Path, authority: MadeAuthority) -> None:
        certificate, key = authority.issue("redis")
        self.certificate, self.key = authority.issue("worker")
        self.ca = authority.certificate
        self.port = free_port()
        users = folder / "users.acl"
        users.write_text(USERS)
        place = ["--bind", "127.0.0.1", "--port", "0", "--tls-port", str(self.port)]
        files: list[str | Path] = [
            "--tls-cert-file",
            certificate,
            "--tls-key-file",
            key,
            "--tls-ca-cert-file",
            self.ca,
        ]
        rest: list[str | Path] = [
            "--dir",
            folder,
            "--save",
            "",
            "--appendonly",
            "no",
            "--aclfile",
            users,
        ]
        self.server = Server(
            [binary, *place, *files, *rest], log=folder / "redis.log", is_ready=self._answers
        )

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(
            f"rediss://admin:{PASSWORD}@127.0.0.1:{self.port}/0",
            ssl_ca_certs=str(self.ca),
            ssl_certfile=str(self.certificate),
            ssl_keyfile=str(self.key),
        )

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    require_command("openssl")
    binary = require_tls_redis()
    folder = tmp_path_factory.mktemp("secured-redis")
    other = MadeAuthority(folder / "other", "other")
    other_certificate, other_key = other.issue("worker")
    secured = SecuredRedis(binary, folder, MadeAuthority(folder / "ca"))
    (folder / "password").write_text(f"{PASSWORD}\n")
    (folder / "url").write_text(f"rediss://worker:{PASSWORD}@127.0.0.1:{secured.port}/0\n")
    with secured.server:
        yield {
            "at": f"127.0.0.1:{secured.port}/0",
            "by_name": f"localhost:{secured.port}/0",
            "ca": str(secured.ca),
            "certificate": str(secured.certificate),
            "key": str(secured.key),
            "other_ca": str(other.certificate),
            "other_certificate": str(other_certificate),
            "other_key": str(other_key),
            "password_file": str(folder / "password"),
            "url_file": str(folder / "url"),
        }


FILES = {
    "redis_ca_file": "{ca}",
    "redis_certificate_file": "{certificate}",
    "redis_key_file": "{key}",
}
KNOWN = {**FILES, "redis_url": f"rediss://worker:{PASSWORD}@{{at}}"}
WAYS: dict[str, Mapping[str, str | None]] = {
    "the password in the URL": KNOWN,
    "the password from a file": {
        **FILES,
        "redis_url": "rediss://worker@{at}",
        "redis_password_file": "{password_file}",
    },
    "the whole URL from a file": {**FILES, "redis_url": None, "redis_url_file": "{url_file}"},
}


def filled(given: Mapping[str, str | None], places: Mapping[str, str]) -> dict[str, str | None]:
    return {name: value and value.format_map(places) for name, value in given.items()}


@pytest.fixture(scope="module")
def installation(
    kafka: RealKafka, small_bundle_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    made = Installation(
        kafka.bootstrap, "", bundle=small_bundle_folder, folder=tmp_path_factory.mktemp("redis")
    )
    made.create_topics()
    return made


@pytest.mark.parametrize("way", WAYS)
def test_who_is_known_gets_to_work(
    installation: Installation, places: dict[str, str], way: str
) -> None:
    settings = filled(WAYS[way], places)

    with installation.worker(COMMAND, **settings) as worker:
        done = [
            installation.run(*words.split(), **settings)
            for words in (
                "check",
                "threshold set fixed:3.1 --machine pm3",
                "threshold show",
                "threshold clear --machine pm3",
            )
        ]
        assert worker.stop() == 0

    assert [one.returncode for one in done] == [0] * 4, [one.stderr for one in done]
    assert "pm3: fixed:3.1" in done[2].stdout
    said = worker.log() + "".join(one.stdout + one.stderr for one in done)
    assert PASSWORD not in said


NO_TLS = "no TLS with Redis: .*; correct DETECTOR_REDIS_CA_FILE"
REFUSED: dict[str, tuple[Mapping[str, str | None], str]] = {
    "a wrong password": (
        {**FILES, "redis_url": f"rediss://worker:{WRONG}@{{at}}"},
        "Redis refuses us: .*; correct the user and password in DETECTOR_REDIS_URL or",
    ),
    "no password": (
        {**FILES, "redis_url": "rediss://{at}"},
        "Redis refuses us: .*; correct the user and password in DETECTOR_REDIS_URL or",
    ),
    "a CA that did not sign": ({**KNOWN, "redis_ca_file": "{other_ca}"}, NO_TLS),
    "the CAs of the machine": ({**KNOWN, "redis_ca_file": None}, NO_TLS),
    "another host's certificate": (
        {**KNOWN, "redis_url": f"rediss://worker:{PASSWORD}@{{by_name}}"},
        NO_TLS,
    ),
    "no certificate": (
        {**KNOWN, "redis_certificate_file": None, "redis_key_file": None},
        "no TLS with Redis: .*DETECTOR_REDIS_CERTIFICATE_FILE",
    ),
    "a certificate that nobody vouches for": (
        {
            **KNOWN,
            "redis_certificate_file": "{other_certificate}",
            "redis_key_file": "{other_key}",
        },
        "no TLS with Redis: .*DETECTOR_REDIS_CERTIFICATE_FILE",
    ),
    "a user who may only read": (
        {**FILES, "redis_url": f"rediss://reader:{PASSWORD}@{{at}}"},
        "Redis refuses us: .*permission.*what that user may do",
    ),
    "a user who has other keys": (
        {**FILES, "redis_url": f"rediss://elsewhere:{PASSWORD}@{{at}}"},
        "Redis refuses us: .*permission.*what that user may do",
    ),
}


CUT_OFF: dict[str, tuple[Mapping[str, str | None], str]] = {
    "no TLS where there is one": (
        {"redis_url": f"redis://worker:{PASSWORD}@{{at}}"},
        "Redis does not answer: .*; start it, or correct DETECTOR_REDIS_URL",
    ),
}
"""Redis hangs up: the worker cannot tell this from one that is away, and goes on."""

FAILING = {**REFUSED, **CUT_OFF}


@pytest.mark.parametrize(
    ("command", "case"),
    [
        *(("worker", case) for case in REFUSED),
        *(("threshold set fixed:3.1", case) for case in FAILING),
    ],
)
def test_who_is_refused_ends_with_1_and_one_line(
    installation: Installation, places: dict[str, str], case: str, command: str
) -> None:
    settings, says = FAILING[case]

    ended = installation.run(*command.split(), **filled(settings, places))

    assert (ended.returncode, ended.stdout) == (1, ""), ended.stderr
    (line,) = ended.stderr.splitlines()
    assert re.match(f"stream-detector: {says}", line), line
    assert [secret for secret in (PASSWORD, WRONG) if secret in line] == []


@pytest.mark.parametrize("case", FAILING)
def test_check_says_so(installation: Installation, places: dict[str, str], case: str) -> None:
    settings, says = FAILING[case]

    found = installation.run("check", **filled(settings, places))

    assert (found.returncode, found.stderr) == (1, "")
    (line,) = (line for line in found.stdout.splitlines() if not line.startswith("ok "))
    assert re.match(f"FAULT redis: {says}", line), line
    assert [secret for secret in (PASSWORD, WRONG) if secret in line] == []
