"""Models that change while the worker runs: nothing is lost, and each score says who made it."""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.command_line import caller
from tests.contract.schemas import faults
from tests.end_to_end.conftest import install
from tests.end_to_end.expectation import expected, feed_of, understood
from tests.end_to_end.healthz import wait_for_health
from tests.end_to_end.installation import Installation, run
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.server import free_port
from tests.end_to_end.subscriber import Subscriber, decoded
from tests.small_models import (
    BROKEN_STEAM,
    SENSORS,
    Feed,
    normal_recording,
    write_small_bundle,
)
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@dataclass(frozen=True)
class Site:
    """A worker's surroundings: an old model that it starts with, and a new one beside it."""

    installation: Installation
    scores: Subscriber
    redis: redis.Redis
    folder: Path
    old: Bundle
    new: Bundle

    def model(self, *arguments: str) -> str:
        """Call ``stream-detector model``, and give what it prints."""
        done = self.installation.run("model", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def judging(self, machine: str) -> str:
        """The model that the workers say judges a machine."""
        return str(self.redis.hget(f"detector:bundle:{self.installation.group}:current", machine))

    def send(self, feed: Feed, n_rows: int, **sensors: float) -> None:
        """Let a machine send so much, and return when all of it is judged."""
        self.installation.send(feed.rows(n_rows, **sensors))
        self.installation.wait_until_done()

    def send_until_judged_by(self, bundle: Bundle, feed: Feed) -> None:
        """Let a machine go on until this model judges it."""

        def is_judged() -> bool:
            self.send(feed, 1)
            return self.judging(feed.machine) == bundle.id

        wait_until(is_judged, f"{feed.machine} is judged by {bundle.id}")

    def told(self, feed: Feed, *, shadow: bool = False) -> list[dict[str, Any]]:
        """The scores of a machine, for a subscriber that drops repeats."""
        messages = self.scores.read_to_the_end()
        values = understood(messages)[feed.machine.encode()]
        found = list(map(json.loads, values))
        return [one for one in found if one["shadow"] is shadow]

    def under(self, bundle: Bundle, feed: Feed) -> list[dict[str, Any]]:
        """What one model alone says of all that a machine sent."""
        folder = self.folder / bundle.id
        values = expected(folder, feed.records, "scores")[feed.machine.encode()]
        return list(map(json.loads, values))


@pytest.fixture(scope="module")
def site(
    kafka: RealKafka, redis_server: RealRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("models")
    ids = [
        write_small_bundle(folder / f"of-{seed}", normal_recording(seed=seed)) for seed in (7, 8)
    ]
    for seed, bundle_id in zip((7, 8), ids, strict=True):
        (folder / f"of-{seed}").rename(folder / bundle_id)
    old, new = (read_bundle(folder / bundle_id) for bundle_id in ids)
    settings = {"bundles": str(folder), "fetch_wait_ms": "10", "promote": "pm-prove"}
    installation = install(kafka, redis_server, folder / old.id, folder, settings)
    with (
        redis.Redis.from_url(redis_server.url, decode_responses=True) as client,
        installation.subscriber("scores") as scores,
    ):
        yield Site(installation, scores, client, folder, old, new)


def test_a_model_takes_over_as_if_it_had_judged_the_run_from_its_begin(site: Site) -> None:
    feed = feed_of("pm-change")
    with site.installation.worker() as worker:
        site.send(feed, 60)
        told = site.model(
            "activate", site.new.id, "--machine", feed.machine, "--by", "the engineer"
        )
        site.send_until_judged_by(site.new, feed)
        site.send(feed, 20)
        worker.kill()
    # Whoever takes over knows from the states it finds who judged what.
    with site.installation.worker():
        site.send(feed, 20)

    assert told == f"pm-change: {site.new.id} judges, version 1\n"
    scores = site.told(feed)
    assert len(scores) == len(feed.records)
    n_old = sum(one["bundle"] == site.old.id for one in scores)
    assert [one["bundle"] for one in scores] == (
        [site.old.id] * n_old + [site.new.id] * (len(scores) - n_old)
    )
    assert 60 <= n_old < len(scores) - 20
    by = ("event_time", "score", "contributors")
    alone = site.under(site.old, feed)[:n_old] + site.under(site.new, feed)[n_old:]
    assert [[one[k] for k in by] for one in scores] == [[one[k] for k in by] for one in alone]


def test_a_model_on_trial_scores_beside_the_other_and_raises_nothing(site: Site) -> None:
    feed = feed_of("pm-trial", seed=3)
    with site.installation.worker() as worker, site.installation.subscriber("alerts") as alerts:
        site.send(feed, 40)
        told = site.model("shadow", site.new.id, "--machine", feed.machine)

        def has_begun() -> bool:
            site.send(feed, 1)
            return bool(site.told(feed, shadow=True))

        wait_until(has_begun, "the model on trial scores")
        site.send(feed, 30)
        site.send(feed, 4, steam=BROKEN_STEAM)
        on_trial, judged = site.told(feed, shadow=True), site.told(feed)
        # It is as far as the stream, so it takes over at once; and goes again.
        site.model("activate", site.new.id, "--machine", feed.machine)
        wait_until(lambda: "model.wanted" in worker.log(), "it is wanted")
        site.send_until_judged_by(site.new, feed)
        site.model("rollback", "--machine", feed.machine)
        site.send_until_judged_by(site.old, feed)
        site.send(feed, 30)
        listed = site.model("list")
        changes = [decoded(one) for one in alerts.read_to_the_end()]

    assert told == f"pm-trial: the workers' own judges, {site.new.id} is on trial, version 1\n"
    assert {one["bundle"] for one in judged} == {site.old.id}
    assert {one["bundle"] for one in on_trial} == {site.new.id}
    last = len(on_trial)
    alone = site.under(site.new, feed)[: len(judged)][-last:]
    assert [one["score"] for one in on_trial] == [one["score"] for one in alone]
    # One alert, through all these changes; the model on trial would have raised it, too.
    assert any(one["alarm"] for one in on_trial)
    ours = [one for one in changes if one["machine"] == feed.machine]
    assert len({one["alert_id"] for one in ours}) == 1
    assert [one["seq"] for one in ours] == list(range(1, len(ours) + 1))
    assert ours[0]["event"] == "raised"
    assert {one["bundle"] for one in ours} <= {site.old.id, site.new.id}
    assert f"pm-trial: the workers' own judges, version 3 by {caller()} since" in listed
    assert f"{site.old.id}  linear, 5 sensors, the workers' own; judges" in listed


def test_a_corrupt_model_is_refused_and_the_one_that_judges_goes_on(site: Site) -> None:
    broken = site.folder / "broken"
    shutil.copytree(site.folder / site.new.id, broken)
    manifest = json.loads((broken / "manifest.json").read_text())
    manifest["id"] = "0123456789abcdef"
    (broken / "manifest.json").write_text(json.dumps(manifest))
    feed = feed_of("pm-corrupt", seed=4)
    key = f"detector:bundle:{site.installation.group}"

    refused = site.installation.run("model", "activate", "0123456789abcdef")
    port = str(free_port())
    with site.installation.worker(health_port=port):
        # Past the command, which refuses it already.
        site.redis.hset(key, feed.machine, json.dumps({"active": "0123456789abcdef"}))
        site.redis.hset(key, "pm-garbage", "{]")
        facts = wait_for_health(port, lambda told: told["refused_models"])
        site.send(feed, 20)
        site.model("activate", site.old.id, "--machine", feed.machine)
        site.model("activate", site.old.id, "--machine", "pm-garbage")
        wait_for_health(port, lambda told: told["status"] == "ok")

    assert refused.returncode == 1
    assert "is not the one that was written" in refused.stderr
    refusal, garbage = facts["reasons"]
    assert refusal.startswith("model 0123456789abcdef cannot be used, the one that judges goes on")
    assert garbage == "unreadable choice of a model for 'pm-garbage': the last good one counts"
    assert {one["bundle"] for one in site.told(feed)} == {site.old.id}
    assert len(site.told(feed)) == 20


def test_a_model_is_promoted_when_it_holds_and_taken_back_for_good_when_it_floods(
    site: Site,
) -> None:
    feed = feed_of("pm-prove", seed=5)
    enough = ("--least-days", "0.05")
    with site.installation.worker():
        site.send(feed, 10)
        site.model("shadow", site.new.id, "--machine", feed.machine)

        def has_begun() -> bool:
            site.send(feed, 1)
            return bool(site.told(feed, shadow=True))

        wait_until(has_begun, "the model on trial scores")
        site.send(feed, 40)
        site.send(feed, 2, steam=BROKEN_STEAM)
        site.installation.send([feed.tell(event="break")])
        site.send(feed, 10)
        alone = ("compare", "--machine", feed.machine)  # other tests have trials of their own
        too_early = site.installation.run("model", *alone)
        compared = json.loads(site.model(*alone, "--json", *enough))
        promoted = site.installation.run("model", "promote", *enough)
        site.send_until_judged_by(site.new, feed)
        for _ in range(14):
            site.installation.send(feed.rows(4, steam=BROKEN_STEAM) + feed.rows(20))
        site.installation.wait_until_done()
        taken_back = site.installation.run("model", "promote", *enough)
        site.send_until_judged_by(site.old, feed)
        site.model("shadow", site.new.id, "--machine", feed.machine)
        site.send(feed, 1)
        again = site.installation.run("model", "promote", *enough)
        listed = site.model("list")

    assert too_early.returncode == 1
    assert "days of running are too little evidence, 3 are needed" in too_early.stdout
    assert faults(compared, "comparison.v1.json") == []
    (part,) = compared["machines"]
    assert (compared["active"], part["machine"]) == ([site.old.id], feed.machine)
    assert part["n_readings"] >= 50
    # One break, that both warned of; no other alert.
    assert (part["n_outcomes"], part["n_warned_by_active"], part["lost"]) == (1, 1, [])
    assert (part["active"]["n_raised"], part["candidate"]["n_raised"]) == (1, 1)
    assert promoted.returncode == 0
    assert "model.promoted" in promoted.stderr
    assert taken_back.returncode == 1
    assert "model.taken-back" in taken_back.stderr
    assert again.returncode == 0
    assert "it was taken back before" in again.stderr
    assert (
        f"pm-prove: the workers' own judges, {site.new.id} is on trial, '{site.new.id}' was taken "
        f"back, version 4 by {caller()} since"
    ) in listed


def test_a_candidate_is_made_of_what_kafka_has_without_what_stood_inside_an_alert(
    site: Site, tmp_path: Path
) -> None:
    feed = feed_of("pm-refit", seed=6)
    config = tmp_path / "linear.toml"
    config.write_text('holdout = 0.0\n[network]\nkind = "linear"\n')
    refit = (*(sys.executable, "-m", "trainer", "refit", "--machine", feed.machine), "--shadow")
    environment = site.installation.environment()
    with site.installation.worker():
        site.send(feed, 400)
        site.send(feed, 4, steam=BROKEN_STEAM)
        site.send(feed, 60)
        command = (*refit, "--from-kafka", "/", "--config", config)
        done = run(*command, environment=environment)
        nothing = run(
            *refit, "--from-kafka", "2020-01-01T00:00Z/2020-01-02T00:00Z", environment=environment
        )
        listed = site.model("list")
    messages = [json.loads(one.value or b"") for one in feed.records]
    lines = [",".join(map(str, (one["time"], *one["values"].values()))) for one in messages]
    (tmp_path / "pm-refit.csv").write_text("\n".join([",".join(("time", *SENSORS)), *lines]))
    of_file = run(
        *refit, "--csv", tmp_path / "pm-refit.csv", "--config", config, environment=environment
    )

    assert done.returncode == 0, done.stderr
    assert of_file.returncode == 0, of_file.stderr
    same = read_bundle(site.folder / of_file.stdout.strip()).manifest.provenance
    candidate = done.stdout.strip()
    said = read_bundle(site.folder / candidate).manifest.provenance
    assert said["replaces"] == site.old.id
    raised = expected(site.folder / site.old.id, feed.records, "alerts")[b"pm-refit/sheet-break"]
    assert said["rows"] == 464
    assert said["alerts_left_out"] == sorted({json.loads(one)["alert_id"] for one in raised})
    assert said["left_out"]["inside an alert"] >= 4
    assert (same["left_out"], same["alerts_left_out"]) == (
        said["left_out"],
        said["alerts_left_out"],
    )
    assert f"pm-refit: the workers' own judges, {candidate} is on trial" in listed
    assert nothing.returncode == 1
    assert "the log holds no reading of 'pm-refit' in that span" in nothing.stderr
