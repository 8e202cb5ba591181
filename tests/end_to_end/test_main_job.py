"""The whole way, as a user goes it: a history, a model, live readings, alerts that others read.

On real servers and on the embedded ones; with the public recording of a paper machine, and where
that is not at hand, with the simulated one.
"""

import csv
import gzip
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Message

from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from tests.contract.schemas import faults, parse
from tests.end_to_end.installation import (
    COMMAND,
    N_PARTITIONS,
    Installation,
    partitions_of,
    run,
    topic_names,
)
from tests.end_to_end.subscriber import as_replayed, by_key, decoded, headers, without_repeats
from tests.requirements import require_recordings

pytestmark = pytest.mark.tensorflow

N_HISTORY_ROWS = 5000
N_LIVE_ROWS = 3000
"""They follow the history. More than 5 MiB per partition the embedded Kafka does not keep."""

# Too few steps for a good model, enough for one that has everything a good one has.
QUICK_TRAINING = '[network]\nkind = "dense"\nsteps = 150\n'

PAPER_MACHINE = (
    *("--time-format", "%m/%d/%y %H:%M", "--time-zone", "UTC"),
    *("--label-column", "y", "--mode-column", "x28", "--exclude", "x61"),
)
SIMULATED_MACHINE = ("--label-column", "break", "--mode-column", "grade")


@dataclass(frozen=True)
class Machine:
    """The recording of a machine, cut in two, and how to read it."""

    history: Path
    live: Path
    options: Sequence[str]


@dataclass(frozen=True)
class Job:
    """What came out when the live part was streamed, and when it was replayed."""

    installation: Installation
    alerts: Sequence[Message]
    scores: Sequence[Message]
    replayed_alerts: Sequence[bytes]
    replayed_scores: Sequence[dict[str, str]]


@pytest.fixture(
    scope="module",
    params=[pytest.param("recording", marks=pytest.mark.recording), "simulated machine"],
)
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("machine")
    if request.param == "recording":
        recording = require_recordings() / "paper-breaks/paper-breaks.csv.gz"
        return cut(gzip.decompress(recording.read_bytes()), folder, PAPER_MACHINE)
    try:
        recordings = require_recordings()
    except pytest.skip.Exception:
        path = folder / "simulated.csv"
        simulated = run(*COMMAND, "simulate", "--days", "14", "--csv", path, environment={})
        assert simulated.returncode == 0, simulated.stderr
        return cut(path.read_bytes(), folder, SIMULATED_MACHINE)
    pytest.skip(f"there is a real recording in {recordings}")


def cut(recording: bytes, folder: Path, options: Sequence[str]) -> Machine:
    """Cut a file in two; the line of column names comes before either part."""
    names, *rows = recording.splitlines(keepends=True)
    history, live = folder / "history.csv", folder / "live.csv"
    rows = rows[-N_HISTORY_ROWS - N_LIVE_ROWS :]
    history.write_bytes(names + b"".join(rows[:N_HISTORY_ROWS]))
    live.write_bytes(names + b"".join(rows[N_HISTORY_ROWS:]))
    return Machine(history, live, ("--machine", "pm3", *options))


@pytest.fixture(scope="module")
def bundle(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the history."""
    folder = tmp_path_factory.mktemp("training")
    config = folder / "quick.toml"
    config.write_text(QUICK_TRAINING)
    fit = [sys.executable, "-m", "trainer", "fit", "--config", str(config)]
    files = ["--csv", str(machine.history), "--out", str(folder / "bundle")]
    fitted = run(*fit, *files, *machine.options, environment={}, limit_seconds=170)
    assert fitted.returncode == 0, fitted.stderr
    return folder / "bundle"


@pytest.fixture(
    scope="module",
    params=[pytest.param("real", marks=[pytest.mark.kafka, pytest.mark.redis]), "embedded"],
)
def installation(
    request: pytest.FixtureRequest, bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    if request.param == "real":
        kafka = request.getfixturevalue("kafka")
        redis_server = request.getfixturevalue("redis_server")
        made = Installation(kafka.bootstrap, redis_server.url, bundle=bundle, folder=folder)
        created = made.run("topics", "create", "--partitions", str(N_PARTITIONS))
        assert created.returncode == 0, created.stderr
        yield made
        return
    with ExitStack() as servers:
        names = topic_names("embedded")
        topics = {topic: partitions_of(kind) for kind, topic in names.items()}
        embedded_kafka = servers.enter_context(EmbeddedKafka(topics))
        embedded_redis = servers.enter_context(EmbeddedRedis())
        yield Installation(
            embedded_kafka.bootstrap,
            embedded_redis.url,
            bundle=bundle,
            folder=folder,
            name="embedded",
            settings={"fetch_wait_ms": "10"},
        )


def newest_alerts(messages: Sequence[Message]) -> dict[bytes, Any]:
    """What was told last of an alert, by key."""
    return {one.key() or b"": decoded(one) for one in messages if "alert_id" in decoded(one)}


def stand(messages: Sequence[Message]) -> dict[bytes, Any]:
    """The alerts as they stand, by key."""
    states = {one.key() or b"": decoded(one) for one in messages if b"/" in (one.key() or b"")}
    return {key: state["alert"] for key, state in states.items()}


@pytest.fixture(scope="module")
def job(machine: Machine, bundle: Path, installation: Installation) -> Job:
    """Stream the live part through the worker, and replay it."""
    with installation.worker(), installation.subscriber("alerts") as alerts:
        published = installation.run("publish", "--csv", machine.live, *machine.options)
        assert published.returncode == 0, published.stderr
        with installation.subscriber("scores") as scores:
            installation.wait_until_done()
            alerts.read_to_the_end()
            scores.read_to_the_end()
        with installation.subscriber("alert_state") as states:
            told = newest_alerts(alerts.messages)
            states.wait_until(lambda: stand(states.messages) == told, "the book knows all alerts")

    lines, table = installation.folder / "alerts.jsonl", installation.folder / "scores.csv"
    files = ["--csv", str(machine.live), "--alerts", str(lines), "--scores", str(table)]
    replayed = run(*COMMAND, "replay", "--bundle", bundle, *files, *machine.options, environment={})
    assert replayed.returncode == 0, replayed.stderr
    with table.open() as file:
        rows = list(csv.DictReader(file))
    return Job(
        installation, alerts.messages, scores.messages, lines.read_bytes().splitlines(), rows
    )


def test_the_stream_gives_the_alerts_of_the_replay_byte_for_byte(job: Job) -> None:
    replayed = defaultdict(list)
    for line in job.replayed_alerts:
        value = parse(line)
        replayed[f"{value['machine']}/{value.get('rule', value.get('fault'))}".encode()].append(
            line
        )

    assert len(replayed[b"pm3/sheet-break"]) > 10, "too few alerts to prove anything"
    assert by_key(job.alerts) == replayed


def test_the_alerts_stand_in_the_book_as_they_were_told_last(job: Job) -> None:
    """The whole worker saw to it, or there would be no job: here is what people see of it."""
    listed = job.installation.run("alerts", "list", "--all", "--json")

    assert listed.returncode == 0, listed.stderr
    (state,) = [parse(line) for line in listed.stdout.splitlines()]
    assert faults(state, "alert-state.v1.json") == []
    assert state["alert"] == newest_alerts(job.alerts)[b"pm3/sheet-break"]
    assert {one["fate"] for one in state["past"]} <= {"early", "late", "nuisance", None}
    assert any(one["fate"] == "nuisance" for one in state["past"])


def test_the_stream_gives_the_scores_of_the_replay(job: Job) -> None:
    streamed = list(map(as_replayed, job.scores))

    assert len(streamed) > N_LIVE_ROWS * 0.9
    # A reading that is a process event is not judged, so it has a row but no message.
    judged = [row for row in job.replayed_scores if row["threshold"]]
    assert streamed == [{name: row[name] for name in row if name != "row"} for row in judged]


def test_every_message_holds_to_its_schema(job: Job) -> None:
    found = [
        fault
        for message in (*job.alerts, *job.scores)
        for value in [parse(message.value() or b"")]
        for fault in faults(value, f"{value['schema'].partition('/')[0]}.v1.json")
    ]

    assert found == []


def test_alerts_are_cloud_events(job: Job) -> None:
    for message in job.alerts:
        value, told = decoded(message), headers(message)
        if "alert_id" in value:
            kind, subject = f"alert.{value['event']}", value["alert_id"]
            event_id = f"{value['alert_id']}/{value['seq']}"
        elif "outcome" in value:
            kind, subject, event_id = "outcome", value["machine"], value["event_id"]
        else:
            kind = f"data-quality.{value['event']}"
            subject, event_id = value["machine"], value["event_id"]

        assert {name: told[name] for name in told if name.startswith(("ce_", "content"))} == {
            "ce_specversion": "1.0",
            "ce_id": event_id,
            "ce_source": f"/stream-detector/{job.installation.group}",
            "ce_type": f"io.stream-detector.{kind}.v1",
            "ce_time": value["event_time"],
            "ce_subject": subject,
            "content-type": "application/json",
        }


def test_every_alert_says_where_its_evidence_lies_in_the_log(job: Job) -> None:
    with job.installation.subscriber("readings") as readings:
        readings.read_to_the_end()
    times = {
        (message.topic(), str(message.partition()), str(message.offset())): decoded(message)["time"]
        for message in readings.messages
    }

    for message in job.alerts:
        value, told = decoded(message), headers(message)
        if value.get("evidence"):
            place = told["evidence_topic"], told["evidence_partition"]
            assert times[*place, told["evidence_from_offset"]] == value["evidence"]["run_start"]
            assert times[*place, told["evidence_to_offset"]] == value["evidence"]["to"]


def test_a_subscriber_that_drops_repeats_sees_each_alert_step_by_step(job: Job) -> None:
    steps = defaultdict(list)
    for message in without_repeats([*job.alerts, *job.alerts]):
        value = decoded(message)
        if "alert_id" in value:
            steps[value["alert_id"]].append((value["seq"], value["event"]))

    for alert, told in steps.items():
        assert [seq for seq, _ in told] == list(range(1, len(told) + 1)), alert
        assert told[0][1] == "raised", alert
