"""A real Kafka with ACLs: a missing right is told before anything begins."""

import re

import pytest

from tests.end_to_end.expectation import feed_of
from tests.end_to_end.healthz import wait_for_health
from tests.end_to_end.installation import COMMAND
from tests.end_to_end.secured_kafka import PASSWORD
from tests.end_to_end.secured_plant import SCRAM, WRONG, Plant, ended_with_one_line
from tests.end_to_end.server import free_port
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@pytest.mark.parametrize(
    ("right", "says"),
    [
        ("read topic {readings}", "read topic '{readings}'; allow it with kafka-acls.sh"),
        ("write topic {alerts}", "write topic '{alerts}'; allow"),
        ("write topic {snapshots}", "write topic '{snapshots}'; allow"),
        ("read topic {commands}", "read topic '{commands}'; allow"),
        ("write topic {alert_state}", "write topic '{alert_state}'; allow"),
        ("read group {group}", "read group '{group}'; allow"),
        ("read group {group}-book", "read group '{group}-book'; allow"),
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


def test_who_tells_others_of_alerts_needs_a_group_for_it(plant: Plant) -> None:
    settings = {**SCRAM, "alertmanager_url": "http://127.0.0.1:1"}
    group = plant.installation.group

    ended = plant.run("worker", settings)

    says = f"Kafka at {{sasl}} does not let user 'worker' read group '{group}-notify'; allow"
    ended_with_one_line(ended, plant, says)


def test_without_the_right_to_transactions_the_worker_says_so_and_goes_on(plant: Plant) -> None:
    """Kafka can only be asked by trying, which would take the book from whoever keeps it."""
    right, port = f"write transactional_id {plant.installation.group}-book", str(free_port())
    settings = plant.settings(SCRAM)
    plant.kafka.forbid("worker", right)
    try:
        with plant.installation.worker(
            COMMAND, stall_seconds="60", health_port=port, **settings
        ) as worker:
            told = wait_for_health(port, lambda told: told["status"] == "degraded")
            plant.kafka.allow("worker", right)
            wait_for_health(port, lambda told: told["status"] == "ok" and told["book_is_ours"])
    finally:
        plant.kafka.allow("worker", right)

    (reason,) = told["reasons"]
    assert reason.startswith(
        "the alert book is not kept: Kafka does not let user 'worker' write in transactions as "
    )
    assert worker.log().count("work.failed") == 1


def test_without_the_right_to_see_how_topics_are_kept_a_note_says_so(plant: Plant) -> None:
    rights = [f"describe_configs topic {topic}" for topic in plant.installation.topics.values()]

    blind = plant.run("check", SCRAM)
    plant.kafka.allow("worker", *rights)
    try:
        seeing = plant.run("check", SCRAM)
    finally:
        plant.kafka.forbid("worker", *rights)

    (topics,) = [one for one in blind.stdout.splitlines() if one.startswith("ok    topics: ")]
    assert "; note: Kafka does not let user 'worker' see how topics 'readings-" in topics
    assert topics.endswith(" are kept, so nobody looked; allow DescribeConfigs with kafka-acls.sh")
    assert "note: " not in seeing.stdout
    assert (blind.returncode, seeing.returncode) == (0, 0)


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


def test_a_password_that_is_refused_later_is_told_and_waited_for(plant: Plant) -> None:
    settings = plant.settings({**SCRAM, "kafka_username": "leaver"})
    with plant.installation.worker(COMMAND, stall_seconds="20", **settings) as worker:
        plant.installation.send(feed_of("pm7").rows(3))
        plant.installation.wait_until_done()
        plant.kafka.change_password("leaver", WRONG)
        plant.kafka.kill()
        plant.kafka.start()
        wait_until(lambda: "refuses user 'leaver'" in worker.log(), "it is told", limit_seconds=60)
        plant.kafka.change_password("leaver", PASSWORD)
        wait_until(lambda: "kafka.back" in worker.log(), "it is back", limit_seconds=60)
        plant.installation.send(feed_of("pm8").rows(3))
        plant.installation.wait_until_done()
        assert worker.stop() == 0

    # The alert book, on its own way to Kafka, may say so before.
    told = [line for line in worker.log().splitlines() if "kafka.away" in line]
    assert len([line for line in told if "refuses user 'leaver'" in line]) == 1, told
    assert [secret for secret in (PASSWORD, WRONG) if secret in worker.log()] == []
