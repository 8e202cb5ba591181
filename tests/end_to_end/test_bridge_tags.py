"""Tags over several partitions of a real Kafka: each reading once, whoever is killed."""

import asyncio
import json
import os
import signal
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from stream_detector.bridges.configuration import read_configuration
from stream_detector.bridges.joining.aligner import Aligner, Entry
from stream_detector.bridges.joining.machine_rows import MachineNote
from stream_detector.bridges.joining.mapping import read_mapping
from stream_detector.bridges.joining.readings import encode
from stream_detector.bridges.rows import TagRow
from stream_detector.bridges.tags.notes import BridgeNote, read_note
from stream_detector.connections.settings import read_settings
from stream_detector.connections.transactions import TopicMessage, TransactionalProducer
from tests.contract.schemas import faults
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.subscriber import headers
from tests.end_to_end.tag_plant import SECOND, TagPlant, message
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

# Two hours ago, on the grid of every cadence here.
BEGIN = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
BEGIN_US = round(BEGIN.timestamp()) * SECOND


@pytest.fixture
def plant(kafka: RealKafka, tmp_path: Path) -> TagPlant:
    return TagPlant(kafka.bootstrap, tmp_path)


def at(
    second: float, *rows: tuple[str, float, float | str | None]
) -> list[tuple[TagRow, datetime]]:
    """Rows (tag, second, value) that Kafka got at a second."""
    stamp = BEGIN + timedelta(seconds=second)
    return [(TagRow(tag, BEGIN_US + round(t * SECOND), value), stamp) for tag, t, value in rows]


def a_shift(seconds: int) -> list[tuple[TagRow, datetime]]:
    """Two machines, each tag now and then, some rows late, some of nobody, and a silence."""
    chance = np.random.default_rng(3)
    names = [
        f"{machine}.{kind}{n}" for machine in ("pm3", "pm4") for kind in "XY" for n in (1, 2, 3)
    ]
    rows = []
    for second in range(seconds):
        for name in [*names, "other"]:
            if name.startswith("pm4") and seconds // 3 < second < seconds // 2:
                continue
            if chance.random() < 0.3:
                age = float(chance.choice([0.2, 2.5, 30.0], p=[0.8, 0.19, 0.01]))
                value = None if chance.random() < 0.05 else float(chance.integers(0, 3))
                rows += at(second, (name, second - age, value))
    return rows


def expected(plant: TagPlant, rows: list[tuple[TagRow, datetime]]) -> dict[str, list[bytes]]:
    """What the aligner makes of the rows in the order of Kafka's times, as if nobody was killed."""
    configuration = read_configuration(plant.configuration)
    joined = Aligner(
        read_mapping(configuration.mapping), configuration.timing, max_skew_us=300 * SECOND
    )
    stored = sorted(
        (one.timestamp()[1], one.partition() or 0, one.offset() or 0, one.value() or b"")
        for one in plant.read("tags")
    )
    by_message = {message(row): row for row, _ in rows}
    made = joined.add(Entry([by_message[value]], stamp * 1000) for stamp, _, _, value in stored)
    readings = defaultdict(list)
    for reading in made.readings:
        readings[reading.machine].append(encode(reading))
    readings["late"] = sorted(message(one.row) for one in made.refusals)
    return dict(readings)


def found(plant: TagPlant) -> dict[str, list[bytes]]:
    readings = defaultdict(list)
    for one in plant.read("readings"):
        readings[(one.key() or b"").decode()].append(one.value() or b"")
    readings["late"] = sorted(one.value() or b"" for one in plant.read("dead_letters"))
    return dict(readings)


def test_kill_9_costs_no_reading_and_makes_none_twice(plant: TagPlant) -> None:
    rows = a_shift(900)
    chance = np.random.default_rng(11)
    with plant.bridge() as bridge:
        for begin in range(0, len(rows), 500):
            plant.send((message(row), stamp) for row, stamp in rows[begin : begin + 500])
            n_notes = plant.n_notes() + int(chance.integers(0, 2))
            wait_until(lambda n=n_notes: plant.n_notes() >= n, "it writes")  # type: ignore[misc]
            bridge.kill()
            bridge.start()
        plant.wait_until_done()
        assert bridge.stop() == 0

    wanted = expected(plant, rows)
    assert len(wanted["pm3"]) > 80
    assert len(wanted["late"]) > 10
    assert found(plant) == wanted
    assert all(faults(json.loads(one), "reading.v1.json") == [] for one in wanted["pm3"])


def test_the_note_of_12000_machines_is_written_and_read(plant: TagPlant) -> None:
    settings = read_settings(plant.environment)
    machines = {
        f"machine {one}": MachineNote(10**15 + one, 1, None, 2, "") for one in range(12_000)
    }
    note = BridgeNote(topic="tags", next={}, rewind={}, clock_us=1, machines=machines)
    written = TopicMessage(settings.bridges_topic, b"large", msgspec.json.encode(note))

    async def write() -> None:
        producer = TransactionalProducer(settings, plant.name)
        await producer.take_over()
        await producer.send([written])

    asyncio.run(write())

    assert len(written.value or b"") > 1_000_000
    assert read_note(settings, "large") == note


def test_what_is_no_row_goes_to_the_dead_letters_with_its_place(plant: TagPlant) -> None:
    good = at(1, ("pm3.X1", 1, 5.0)) + at(12, ("pm3.X1", 12, 5.0), ("pm3.X2", 2, 6.0))
    late = at(20, ("pm3.X1", 26, 7.0)) + at(21, ("pm3.X3", 9, 8.0))
    wrong = at(22, ("pm3.X1", 1000, 9.0), ("pm3.X2", 22, "Bad"))
    plant.send((message(row), stamp) for row, stamp in [*good, *late, *wrong])
    plant.send([(b"nonsense", BEGIN), (b'{"tag": "pm3.X1"}', BEGIN)])
    with plant.bridge() as bridge:
        plant.wait_until_done()
        assert bridge.stop() == 0

    letters = plant.read("dead_letters")
    assert sorted(headers(one)["reason_code"] for one in letters) == [
        *("clock", "late", "missing", "not-a-number", "not-json"),
    ]
    for one in letters:
        assert faults(headers(one), "dead-letter.v1.json") == []
        assert headers(one)["topic"] == plant.topics["tags"]
    first, second = (json.loads(one.value() or b"") for one in plant.read("readings"))
    assert first["time"] < second["time"]
    assert first["values"] == {
        "x1": 5.0,
        "x2": 12.0,
        "x3": None,
        "pm3.Y3": None,
    }


def test_a_tag_that_nobody_mapped_is_named_once(plant: TagPlant) -> None:
    rows = at(1, ("nobody", 1, 5.0)) + at(2, ("nobody", 2, 5.0)) + at(3, ("else", 2, 5.0))
    plant.send((message(row), stamp) for row, stamp in rows)
    with plant.bridge() as bridge:
        plant.wait_until_done()
        assert bridge.stop() == 0
        assert bridge.log().count("nobody") == 1
        assert "unmapped=3" in bridge.log()


def test_check_says_one_line_per_thing_and_shows_readings(plant: TagPlant) -> None:
    rows = [*at(1, ("pm3.X1", 1, 5.0)), *at(200, ("pm3.X1", 200, 5.0), ("nobody", 1, 1.0))]
    plant.send([*((message(row), stamp) for row, stamp in rows), (b"nonsense", BEGIN)])

    told = plant.check().splitlines()

    assert told[0] == f"ok    configuration: {plant.configuration}: bridge {plant.name}"
    assert told[1] == "ok    mapping: 12 tags of 2 machines"
    assert told[2].startswith(f"ok    kafka: {plant.broker} answers")
    assert "3 rows in 4 messages; 1 message refused (1 not-json), the first: not-json: " in told[3]
    assert "; not mapped: 'nobody'; mapped, but without a row: 'pm3." in told[3]
    assert "'pm3.X1'" not in told[3]
    assert [one.partition(":")[0] for one in told[4:]] == ["ok    reading"] * 2
    assert plant.n_notes() == 0


def test_check_names_what_is_wrong(plant: TagPlant) -> None:
    done = plant.run("check")
    assert done.returncode == 1
    assert "FAULT source: nothing was heard" in done.stdout

    plant.configuration.write_text(plant.configuration.read_text().replace("tags-", "gone-"))
    (fault,) = [one for one in plant.run("check").stdout.splitlines() if "has no topic" in one]
    assert fault.startswith(f"FAULT source: Kafka at {plant.broker} has no topic gone-")
    assert fault.endswith("; whoever sends the tags makes it, or correct the topic in [kafka]")


def test_notes_that_would_be_deleted_by_their_age_are_a_fault(plant: TagPlant) -> None:
    plant.environment["DETECTOR_BRIDGES_TOPIC"] = plant.topics["tags"]
    plant.configuration.write_text(plant.configuration.read_text().replace("tags-", "readings-"))

    name = plant.topics["tags"]
    assert f"FAULT kafka: topic '{name}' has cleanup.policy=delete" in plant.run("check").stdout


def test_ctrl_c_ends_it_with_0(plant: TagPlant) -> None:
    with plant.bridge() as bridge:
        os.kill(bridge.pid, signal.SIGINT)

        assert bridge.wait_for_end(limit_seconds=30) == 0
        assert "bridge.stopped" in bridge.log()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tags-", "gone-", "; whoever sends the tags makes it, or correct the topic in [kafka]"),
        ("[kafka]", "[mqtt]", "mqtt"),
        ("tags-", "readings-", "a topic of the detector itself"),
        ("tags.csv", "none.csv", "cannot be read: No such file"),
    ],
)
def test_what_is_wrong_at_the_start_is_one_line_and_exit_1(
    plant: TagPlant, old: str, new: str, said: str
) -> None:
    plant.configuration.write_text(plant.configuration.read_text().replace(old, new))

    done = plant.run("tags")

    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
