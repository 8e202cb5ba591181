"""The state of a partition is brought to where its log stands, silently."""

import asyncio
from collections.abc import Iterator

import pytest
from aiokafka import TopicPartition
from structlog.testing import capture_logs

from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.worker.snapshots import Snapshot, encode
from tests.end_to_end.server import free_port
from tests.worker.recovering import (
    PARTITION,
    THRESHOLDS,
    Station,
    broker_with,
    judged,
    made_records,
    marker,
    send,
    snapshots_of,
    states_of,
)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return made_records()


@pytest.fixture(scope="module")
def kafka(records: list[Record]) -> Iterator[EmbeddedKafka]:
    with broker_with(records) as running:
        yield running


def test_without_snapshots_a_partition_is_read_from_the_logs_begin(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    states = Station(kafka, small_bundle).take_over(23)

    assert states == states_of(judged(small_bundle, records[:23]))


def test_where_the_log_ended_is_told(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    recovery = Station(kafka, small_bundle).recovery

    taken = asyncio.run(recovery.take_over({PARTITION: 23}, lambda: THRESHOLDS))

    assert taken[0].end == len(records)


def test_at_the_logs_begin_there_is_nothing_to_read(
    kafka: EmbeddedKafka, small_bundle: Bundle
) -> None:
    assert Station(kafka, small_bundle).take_over(0) == {}


def test_what_was_known_before_is_forgotten(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    # Another worker may have had the partition meanwhile.
    station = Station(kafka, small_bundle)
    station.take_over(30)

    assert station.take_over(25) == states_of(judged(small_bundle, records[:25]))


def test_partitions_that_are_no_longer_ours_are_forgotten(
    kafka: EmbeddedKafka, small_bundle: Bundle
) -> None:
    station = Station(kafka, small_bundle)
    station.take_over(30)

    asyncio.run(station.recovery.take_over({}, lambda: THRESHOLDS))

    assert station.recovery.positions == {}
    assert states_of(station.pipeline) == {}


def test_no_partition_is_ours_before_all_of_them_are(
    small_bundle: Bundle, records: list[Record]
) -> None:
    #  what is kept of them begins then, and whoever works beside the stream asks for that
    known: list[dict[TopicPartition, int]] = []
    second = TopicPartition("sensor.readings", 1)
    with EmbeddedKafka({"sensor.readings": 2, "detector.snapshots": 2}) as kafka:
        send(kafka, "sensor.readings", [(one.key, one.value) for one in records])
        send(kafka, "sensor.readings", [(b"pm4", b"{}")], partition=1)
        station = Station(
            kafka,
            small_bundle,
            on_progress=lambda: known.append(dict(station.recovery.positions)),
        )

        asyncio.run(station.recovery.take_over({PARTITION: 30, second: 1}, lambda: THRESHOLDS))

    assert known == [{}] * len(known) != []
    assert station.recovery.positions == {PARTITION: 30, second: 1}


def test_while_kafka_is_away_a_partition_is_not_given_up(
    kafka: EmbeddedKafka,
    small_bundle: Bundle,
    records: list[Record],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stream_detector.worker.recovery._PAUSE_SECONDS", 0.01)
    n_away = 3  # of the first attempt one consumer starts, and the other does not
    brokers = [kafka.bootstrap, *[f"127.0.0.1:{free_port()}"] * n_away]
    station = Station(kafka, small_bundle, brokers)

    with capture_logs() as logs:
        states = station.take_over(len(records))

    assert states == states_of(judged(small_bundle, records))
    assert [one["event"] for one in logs] == ["recovery.failed", "recovery.done"]


def test_from_snapshots_only_the_rest_of_the_log_is_read(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    before = judged(small_bundle, records[:12])
    kept = snapshots_of(before, small_bundle.id)
    send(kafka, "detector.snapshots", [*kept, marker(12, pm3=12)])
    try:
        with capture_logs() as told:
            states = Station(kafka, small_bundle).take_over(30)

        assert states == states_of(judged(small_bundle, records[:30]))
        (done,) = [one for one in told if one["event"] == "recovery.done"]
        assert (done["start"], done["readings"]) == (12, 18)
    finally:
        # For the tests after this one the log alone counts.
        send(kafka, "detector.snapshots", [(b"pm3", None), marker(13, pm3=13)])


def test_a_state_that_cannot_be_taken_up_is_read_from_the_log(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    forged = encode(Snapshot(bundle=small_bundle.id, next_offset=12, state={"detector": None}))
    send(
        kafka,
        "detector.snapshots",
        [(b"pm3", forged), marker(14, pm3=12)],
    )
    try:
        with capture_logs() as told:
            states = Station(kafka, small_bundle).take_over(30)

        assert states == states_of(judged(small_bundle, records[:30]))
        assert "snapshot.unusable" in [one["event"] for one in told]
    finally:
        send(kafka, "detector.snapshots", [(b"pm3", None), marker(15, pm3=15)])


def test_readings_are_judged_again_by_the_threshold_that_counted_then(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    then, now = ThresholdTable(Fixed(3.0)), ThresholdTable(Fixed(99.0))
    before = judged(small_bundle, records[:20], then)
    kept = snapshots_of(before, small_bundle.id)
    send(kafka, "detector.snapshots", [*kept, marker(20, pm3=20)])
    try:
        states = Station(kafka, small_bundle).take_over(30, now)

        assert states == states_of(judged(small_bundle, records[:30], then))
    finally:
        send(kafka, "detector.snapshots", [(b"pm3", None), marker(21, pm3=21)])


def test_a_log_that_was_made_anew_is_judged_from_its_begin(
    small_bundle: Bundle, records: list[Record]
) -> None:
    kept = snapshots_of(judged(small_bundle, records[:12]), small_bundle.id, readings_id="old")
    with broker_with(records) as kafka, capture_logs() as told:
        send(kafka, "detector.snapshots", [*kept, marker(30, readings_id="old", pm3=12)])
        station = Station(kafka, small_bundle, readings_id="new")
        found = asyncio.run(station.recovery.take_over({PARTITION: 30}, lambda: THRESHOLDS))

    assert station.recovery.positions == {PARTITION: 0}
    assert states_of(station.pipeline) == {}
    assert (found[0].readings_id, found[0].start) == ("new", 0)
    assert "recovery.log-replaced" in [one["event"] for one in told]
