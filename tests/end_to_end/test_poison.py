"""A reading that ends the worker cannot stop a partition, and a replay can pass over it as well."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from stream_detector.pipeline.readings import Record
from tests.end_to_end.chaos import Crew, broken
from tests.end_to_end.conftest import install
from tests.end_to_end.expectation import MACHINES, expected, feed_of, understood
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.subscriber import (
    as_replayed,
    headers,
    identity,
    identity_of,
    without_repeats,
)
from tests.small_models import BROKEN_STEAM
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@dataclass(frozen=True)
class Outcome:
    """What was sent, and what the workers went through."""

    installation: Installation
    harmless: Sequence[Record]
    poison: Record
    n_ended_later: int
    """Workers that ended by themselves after the poison was found."""
    log: str


@pytest.fixture(scope="module")
def outcome(
    kafka: RealKafka,
    redis_server: RealRedis,
    small_bundle_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcome:
    """Machines that send alerts after a reading of one of them that nobody survives."""
    folder = tmp_path_factory.mktemp("poison")
    installation = install(kafka, redis_server, small_bundle_folder, folder)
    feeds = [feed_of(machine, seed=n) for n, machine in enumerate(MACHINES)]
    for feed in feeds:
        feed.rows(5)
    before = [record for feed in feeds for record in feed.records]
    feeds[0].mode = "poison"
    (poison,) = feeds[0].rows(1, steam=BROKEN_STEAM)
    feeds[0].mode = None
    after = [one for feed in feeds for one in (*feed.rows(4), *feed.rows(3, steam=BROKEN_STEAM))]
    installation.send([*before, poison, *after])
    crew = Crew(installation, broken("dies-of-poison"))
    crew.add()

    def done() -> bool:
        crew.tend()
        return installation.is_done()

    try:
        wait_until(done, "the poison is found, and all else judged", limit_seconds=150)
        # Whoever comes next does not judge it either, though it reads the log again.
        n_ended = crew.n_ended_themselves
        crew.restart_all()
        later = [record for feed in feeds for record in feed.rows(1)]
        installation.send(later)
        wait_until(done, "the rest is judged", limit_seconds=60)
    finally:
        crew.end()
    return Outcome(
        installation,
        [*before, *after, *later],
        poison,
        crew.n_ended_themselves - n_ended,
        "".join(log.read_text() for log in sorted(folder.glob("chaos-worker-*.log"))),
    )


def test_the_guilty_reading_becomes_a_dead_letter_and_all_others_are_judged(
    outcome: Outcome, small_bundle_folder: Path
) -> None:
    assert outcome.n_ended_later == 0
    with outcome.installation.subscriber("dead_letters") as letters:
        told = letters.read_to_the_end()
    assert {one.value() for one in told} == {outcome.poison.value}
    assert {headers(one)["reason_code"] for one in told} == {"poison"}
    with outcome.installation.subscriber("scores") as scores:
        judged = understood(scores.read_to_the_end())
    assert judged == expected(small_bundle_folder, outcome.harmless, "scores")


def replay(
    installation: Installation, *options: str
) -> tuple[dict[tuple[str, ...], bytes], list[dict[str, str]]]:
    """Replay all that is in Kafka: alerts by id, and the rows of the scores."""
    alerts, scores = installation.folder / "alerts.jsonl", installation.folder / "scores.csv"
    files = ("--alerts", alerts, "--scores", scores)
    done = installation.run(
        "replay", "--bundle", installation.bundle, "--kafka", "/", *files, *options
    )
    assert done.returncode == 0, done.stderr
    with scores.open() as table:
        rows = list(csv.DictReader(table))
    return {identity_of(line): line for line in alerts.read_bytes().splitlines()}, rows


def test_a_replay_that_skips_what_the_log_names_says_what_the_workers_said(
    outcome: Outcome,
) -> None:
    installation = outcome.installation
    with installation.subscriber("dead_letters") as letters:
        place = headers(letters.read_to_the_end()[0])
    skip = f"{place['partition']}:{place['offset']}"
    assert f"replay_with='--skip {skip}'" in outcome.log
    with installation.subscriber("alerts") as alerts, installation.subscriber("scores") as scores:
        told = {identity(one): one.value() for one in alerts.read_to_the_end()}
        judged = map(as_replayed, without_repeats(scores.read_to_the_end()))

    replayed, rows = replay(installation, "--skip", skip)

    assert replayed == told
    assert len(told) == len(MACHINES)
    assert [row["row"] for row in rows if row["quality"] == "poison"] == [place["offset"]]
    harmless = [row for row in rows if row["quality"] != "poison"]
    for row in harmless:
        del row["row"]
    assert sorted(harmless, key=by_machine) == sorted(judged, key=by_machine)
    # Without it, the replay would tell of what nobody told.
    assert replay(installation)[0] != told


def by_machine(score: Mapping[str, str]) -> tuple[str, str]:
    return score["machine"], score["time"]
