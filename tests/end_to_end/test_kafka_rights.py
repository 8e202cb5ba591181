"""A real Kafka with ACLs: a missing right is told before anything begins."""

import re

import pytest

from tests.end_to_end.expectation import feed_of
from tests.end_to_end.secured_plant import SCRAM, Plant, ended_with_one_line

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@pytest.mark.parametrize(
    ("right", "says"),
    [
        ("read topic {readings}", "read topic '{readings}'; allow it with kafka-acls.sh"),
        ("write topic {alerts}", "write topic '{alerts}'; allow"),
        ("write topic {snapshots}", "write topic '{snapshots}'; allow"),
        ("read group {group}", "read group '{group}'; allow"),
    ],
)
def test_a_missing_right_ends_the_worker_at_its_start(plant: Plant, right: str, says: str) -> None:
    names = {**plant.installation.topics, "group": plant.installation.group}
    plant.kafka.forbid("worker", right.format_map(names))
    try:
        ended = plant.run("worker", SCRAM)
    finally:
        plant.kafka.allow("worker", right.format_map(names))

    says = "Kafka at {sasl} does not let user 'worker' " + says.format_map(names)
    ended_with_one_line(ended, plant, says)


def test_who_has_no_right_is_told_so_by_every_command(plant: Plant) -> None:
    guest = {**SCRAM, "kafka_username": "guest"}
    readings = plant.installation.topics["readings"]

    ended_with_one_line(
        plant.run("publish --csv {csv}", guest),
        plant,
        f"Kafka at {{sasl}} does not let user 'guest' write topic '{readings}'; allow",
    )
    ended_with_one_line(
        plant.run("replay --bundle {bundle} --kafka /", guest),
        plant,
        f"Kafka at {{sasl}} does not let user 'guest' read topic '{readings}'; allow",
    )
    ended_with_one_line(
        plant.run("topics create", guest),
        plant,
        f"Kafka did not make topic '{readings}': .*; allow user 'guest' to create topics",
    )


def test_the_right_to_read_is_enough_for_a_replay(plant: Plant) -> None:
    readings = plant.installation.topics["readings"]
    plant.installation.send(feed_of("pm9").rows(3))
    plant.kafka.allow("guest", f"read topic {readings}")
    try:
        done = plant.run("replay --bundle {bundle} --kafka /", {**SCRAM, "kafka_username": "guest"})
    finally:
        plant.kafka.forbid("guest", f"read topic {readings}")

    assert done.returncode == 0, done.stderr
    assert re.search(r"\d+ rows, \d+ scored", done.stderr)
