"""Thresholds, as an operator sets them from the command line while the worker runs."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget
from tests.end_to_end.conftest import install
from tests.end_to_end.expectation import feed_of
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.server import Server
from tests.end_to_end.subscriber import Subscriber, decoded
from tests.small_models import Feed
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@dataclass(frozen=True)
class Site:
    """A worker at work, and somebody who reads its scores."""

    installation: Installation
    worker: Server
    scores: Subscriber
    redis: redis.Redis
    key: str

    def threshold_of_next(self, feed: Feed) -> float:
        """The threshold by which the machine's next reading is judged."""
        self.installation.send(feed.rows(1))
        score = decoded(self.scores.wait_for(len(self.scores.messages) + 1)[-1])
        return float(score["threshold"])

    def wait_for_log(self, *texts: str) -> None:
        """Return when the worker has said all this in one line."""
        wait_until(
            lambda: any(
                all(text in line for text in texts) for line in self.worker.log().splitlines()
            ),
            f"the worker says {texts}",
        )

    def write(self, machine: str, **entry: object) -> None:
        """Write an entry to Redis, past the command line and its checks."""
        self.redis.hset(self.key, machine, json.dumps(entry))

    def in_force(self, machine: str) -> Any:
        """What the worker tells others of a machine's threshold."""
        return json.loads(str(self.redis.hget(f"{self.key}:current", machine) or "{}"))

    def threshold(self, *arguments: str) -> str:
        """Call ``stream-detector threshold``, and give what it prints."""
        done = self.installation.run("threshold", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def site(
    kafka: RealKafka,
    redis_server: RealRedis,
    small_bundle: Bundle,
    small_bundle_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    installation = install(kafka, redis_server, small_bundle_folder, folder)
    with (
        redis.Redis.from_url(redis_server.url, decode_responses=True) as client,
        installation.worker() as worker,
        installation.subscriber("scores") as scores,
    ):
        yield Site(installation, worker, scores, client, f"detector:thresholds:{small_bundle.id}")


def test_a_threshold_that_is_set_is_in_force_without_a_restart(site: Site) -> None:
    feed = feed_of("pm-set")
    before = site.threshold_of_next(feed)

    told = site.threshold("set", "fixed:9.25", "--machine", "pm-set", "--by", "the shift leader")
    set_at = time.monotonic()
    wait_until(lambda: site.threshold_of_next(feed) == 9.25, "a score has the new threshold")
    print(f"in force after {time.monotonic() - set_at:.2f} s")  # noqa: T201

    assert before != 9.25
    assert told == "pm-set: fixed:9.25, version 1\n"


def test_a_machines_own_threshold_wins_over_that_for_all_until_it_is_cleared(site: Site) -> None:
    own, other = feed_of("pm-own"), feed_of("pm-other")
    assert site.threshold("set", "fixed:5.5") == "*: fixed:5.5, version 2\n"  # 1 is the bundle's
    site.write("pm-own", kind="fixed", value=6.5)
    site.wait_for_log("threshold.adopted", "pm-own", "6.5")
    assert (site.threshold_of_next(own), site.threshold_of_next(other)) == (6.5, 5.5)

    assert site.threshold("clear", "--machine", "pm-own") == "pm-own: cleared\n"
    wait_until(lambda: site.threshold_of_next(own) == 5.5, "that for all counts again")


def test_a_budget_is_turned_into_a_score_by_the_model(site: Site, small_bundle: Bundle) -> None:
    site.threshold("budget", "2", "--machine", "pm-budget")
    site.wait_for_log("threshold.adopted", "pm-budget", "Budget")

    limit = small_bundle.model.limits.limit(Budget(2.0))
    # A machine of which nothing was seen yet: nothing has shifted its threshold.
    assert site.threshold_of_next(feed_of("pm-budget")) == pytest.approx(limit)


MALFORMED: dict[str, tuple[dict[str, object], str]] = {
    "pm-zero": ({"kind": "fixed", "value": 0}, "expected a positive number"),
    "pm-negative": ({"kind": "fixed", "value": -3.1}, "expected a positive number"),
    "pm-text": ({"kind": "fixed", "value": "high"}, "Expected `float"),
    "pm-all": ({"kind": "rate", "share": 1}, "expected less than 1"),
    "pm-nothing": ({}, "missing required field `kind`"),
}
"""Machine, what is written for it, and what is said of that."""


@pytest.fixture(scope="module")
def malformed(site: Site) -> None:
    """Entries that were good, and are not any more."""
    for machine in MALFORMED:
        site.write(machine, kind="fixed", value=4.5)
    for machine in MALFORMED:
        site.wait_for_log("threshold.adopted", machine, "4.5")
    for machine, (entry, _) in MALFORMED.items():
        site.write(machine, **entry)


@pytest.mark.usefixtures("malformed")
@pytest.mark.parametrize("machine", MALFORMED)
def test_a_malformed_entry_is_refused_loudly_and_the_last_good_one_kept(
    site: Site, machine: str
) -> None:
    _, reason = MALFORMED[machine]

    site.wait_for_log("error", "threshold.refused", machine, reason, "keeping='Fixed(value=4.5)'")
    assert site.threshold_of_next(feed_of(machine)) == 4.5


def test_show_tells_what_is_wanted_what_is_unreadable_and_what_is_in_force(site: Site) -> None:
    site.threshold("set", "fixed:3.5", "--machine", "pm-shown", "--by", "the shift leader")
    site.write("pm-garbled", kind="guess")
    site.wait_for_log("threshold.adopted", "pm-shown")
    site.threshold_of_next(feed_of("pm-shown"))
    wait_until(lambda: site.in_force("pm-shown"), "the worker tells it")

    in_force = site.in_force("pm-shown")
    assert (in_force["threshold"], in_force["shift"]) == (3.5, 0.0)
    shown = site.threshold("show")
    assert "pm-shown: fixed:3.5, version 1 by the shift leader since 20" in shown
    assert "pm-shown: in force 3.5\n" in shown
    assert "pm-garbled: UNREADABLE, the last good value is kept: not a threshold" in shown
