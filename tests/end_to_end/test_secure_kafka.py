"""A real Kafka with TLS and SASL: who is known gets to work, who is not is told why."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from subprocess import CompletedProcess

import pytest

from tests.end_to_end.expectation import feed_of
from tests.end_to_end.installation import COMMAND
from tests.end_to_end.secured_kafka import PASSWORD
from tests.end_to_end.secured_plant import (
    CERTIFICATE,
    NO_USER,
    SCRAM,
    TOKENS,
    WRONG,
    Plant,
    ended_with_one_line,
)
from tests.token_endpoint import token_for

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

WAYS: dict[str, Mapping[str, str | None]] = {
    "SCRAM-SHA-512": SCRAM,
    "SCRAM-SHA-256": {**SCRAM, "kafka_sasl_mechanism": "SCRAM-SHA-256"},
    "PLAIN": {**SCRAM, "kafka_sasl_mechanism": "PLAIN"},
    "a password from a file": {
        **SCRAM,
        "kafka_password": None,
        "kafka_password_file": "{password_file}",
    },
    "tokens of an endpoint": TOKENS,
    "a token from a file": {
        **TOKENS,
        **NO_USER,
        "kafka_token_url": None,
        "kafka_token_file": "{token_file}",
    },
    "a certificate": CERTIFICATE,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_worker_that_is_known_judges_what_it_may_read(plant: Plant, way: str) -> None:
    settings = plant.settings(WAYS[way])
    plant.installation.send(feed_of(f"machine {way}").rows(5))

    checked = plant.installation.run("check", **settings)
    with plant.installation.worker(COMMAND, **settings) as worker:
        plant.installation.wait_until_done()
        status = worker.stop()

    assert (checked.returncode, status) == (0, 0), checked.stdout
    said = checked.stdout + checked.stderr + worker.log()
    assert [secret for secret in (PASSWORD, token_for("worker")[:30]) if secret in said] == []


def test_tokens_are_fetched_once_for_all_clients(plant: Plant) -> None:
    before = len(plant.endpoint.scopes)

    checked = plant.run("check", {**TOKENS, "kafka_token_scope": "kafka"})

    assert checked.returncode == 0
    assert plant.endpoint.scopes[before:] == ["kafka"]


NO_TLS = "no TLS with Kafka at {sasl}: .*; correct DETECTOR_KAFKA_SECURITY_PROTOCOL"
REFUSED: dict[str, tuple[Mapping[str, str | None], str]] = {
    "a wrong password": (
        {**SCRAM, "kafka_password": WRONG},
        "Kafka at {sasl} refuses user 'worker': .*invalid credentials.*; correct",
    ),
    "a wrong password, sent as it is": (
        {**SCRAM, "kafka_password": WRONG, "kafka_sasl_mechanism": "PLAIN"},
        "Kafka at {sasl} refuses user 'worker': .*Invalid username or password; correct",
    ),
    "a user nobody knows": (
        {**SCRAM, "kafka_username": "nobody", "kafka_password": WRONG},
        "Kafka at {sasl} refuses user 'nobody': ",
    ),
    "a CA that did not sign": ({**SCRAM, "kafka_ca_file": "{other_ca}"}, NO_TLS),
    "the CAs of the machine": ({**SCRAM, "kafka_ca_file": None}, NO_TLS),
    "another host's certificate": (
        {**SCRAM, "broker": "{by_name}"},
        "no TLS with Kafka at {by_name}: .*the name in DETECTOR_BROKER",
    ),
    "TLS where there is none": (
        {**SCRAM, "broker": "{unsecured}"},
        "no TLS with Kafka at {unsecured}: .*closed by peer.*; correct",
    ),
    "no TLS where there is one": (
        {"broker": "{sasl}"},
        "no Kafka broker answers at {sasl}: .*or DETECTOR_KAFKA_SECURITY_PROTOCOL",
    ),
    "no certificate": (
        {**CERTIFICATE, "kafka_certificate_file": None, "kafka_key_file": None},
        "no TLS with Kafka at {tls}: .*certificate.*DETECTOR_KAFKA_CERTIFICATE_FILE",
    ),
    "a wrong secret at the token endpoint": (
        {**TOKENS, "kafka_password": WRONG},
        "no token for 'worker' from {token_url}: it answers 401 Unauthorized; correct",
    ),
    "no token endpoint": (
        {**TOKENS, "kafka_token_url": "{nowhere}"},
        "no token for 'worker' from {nowhere}: .*refused; correct",
    ),
    "a token that is none": (
        {
            **TOKENS,
            **NO_USER,
            "kafka_token_url": None,
            "kafka_token_file": "{password_file}",
        },
        "Kafka at {sasl} refuses the bearer of '{password_file}': .*; correct",
    ),
}
PROGRAMS = (
    "worker",
    "topics create",
    "publish --csv {csv}",
    "replay --bundle {bundle} --kafka /",
)


@pytest.fixture(scope="module")
def endings(plant: Plant) -> dict[tuple[str, str], CompletedProcess[str]]:
    """How the worker ended in each case, and every command in the first one; much is waiting."""
    first = next(iter(REFUSED))
    cases = [*((case, "worker") for case in REFUSED), *((first, one) for one in PROGRAMS[1:])]
    with ThreadPoolExecutor(max_workers=4) as pool:
        ended = pool.map(lambda one: plant.run(one[1], REFUSED[one[0]][0]), cases)
        return dict(zip(cases, ended, strict=True))


@pytest.mark.parametrize("case", REFUSED)
def test_who_is_refused_ends_with_1_and_one_line(
    plant: Plant, endings: dict[tuple[str, str], CompletedProcess[str]], case: str
) -> None:
    ended_with_one_line(endings[case, "worker"], plant, REFUSED[case][1])


@pytest.mark.parametrize("command", PROGRAMS)
def test_every_command_says_so(
    plant: Plant, endings: dict[tuple[str, str], CompletedProcess[str]], command: str
) -> None:
    case, (_, says) = next(iter(REFUSED.items()))

    ended_with_one_line(endings[case, command], plant, says)


def test_check_says_so_beside_what_is_well(plant: Plant) -> None:
    found = plant.run("check", {**SCRAM, "kafka_password": WRONG})

    assert (found.returncode, found.stderr) == (1, "")
    marks = [line.partition(": ")[0] for line in found.stdout.splitlines()]
    assert marks == ["FAULT broker", "FAULT topics", "ok    bundle", "ok    redis", "ok    rules"]
    assert "refuses user 'worker'" in found.stdout
    assert WRONG not in found.stdout
