"""A start at which nothing is wrong: the worker says no more than what is going on."""

import json
import os
import signal

import pytest

from stream_detector.connections.settings import read_settings
from stream_detector.connections.topics import create_topics
from tests.end_to_end.expectation import feed_of
from tests.end_to_end.installation import Installation
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_from_start_to_end_the_log_has_only_good_news(
    installation: Installation,
) -> None:
    installation.send(feed_of("pm1").rows(5))
    running = installation.worker(log_format="json")
    with running as worker, installation.subscriber("scores") as scores:
        scores.wait_for(1)
        installation.wait_until_done()
        wait_until(lambda: "book.taken-up" in worker.log(), "the alert book is taken up")
        os.kill(worker.pid, signal.SIGINT)  # what Ctrl-C does
        assert worker.wait_for_end(limit_seconds=30) == 0

    lines = [json.loads(line) for line in worker.log().splitlines()]
    assert [(line["level"], line["event"]) for line in lines] == [
        ("info", "threshold.adopted"),
        ("info", "worker.starting"),
        ("info", "partitions.assigned"),
        ("info", "book.taken-up"),
        ("info", "worker.stopped"),
    ]


def test_topics_are_made_once_and_then_left_as_they_are(installation: Installation) -> None:
    others = {f"{kind}_topic": f"{topic}-2" for kind, topic in installation.topics.items()}

    first = installation.run("topics", "create", "--partitions", "3", **others)
    again = installation.run("topics", "create", "--partitions", "5", **others)

    readings = others["readings_topic"]
    assert first.stdout.splitlines()[0] == (
        f"{readings}: made, 3 partitions, kept for 7 days, stamped with Kafka's own time"
    )
    assert again.stdout.splitlines()[0] == (
        f"{readings}: is there already, with 3 partitions, not 5; left as it is"
    )
    assert [done.returncode for done in (first, again)] == [0, 0]


def test_topics_that_somebody_else_makes_meanwhile_are_left_as_they_are(
    installation: Installation,
) -> None:
    others = {f"{kind}_topic": f"{topic}-2" for kind, topic in installation.topics.items()}
    settings = read_settings(installation.environment(**others))

    ours = create_topics(settings, partitions=3, replication=1)
    first = next(ours)  # what there is was listed before this one was made
    list(create_topics(settings, partitions=5, replication=1))

    assert first.startswith(f"{settings.readings_topic}: made, 3 partitions")
    assert next(ours) == (
        f"{settings.alerts_topic}: is there already, with 5 partitions, not 3; left as it is"
    )
    assert all("is there already" in line for line in ours)
