"""Alerts that were open as states could not be used are ended; the others go on."""

import asyncio
from collections.abc import Iterable, Iterator

import pytest
from confluent_kafka import Producer

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Fixed
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.worker.snapshots import VERSION, Snapshot, encode
from tests.pipeline.station import read
from tests.small_models import BROKEN_STEAM, Feed
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
)

UNREACHED = ThresholdTable(Fixed(1000.0))


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return made_records()


@pytest.fixture(scope="module")
def kafka(records: list[Record], small_bundle: Bundle) -> Iterator[EmbeddedKafka]:
    """States of an older form, and alerts that were raised while machines had them.

    Of pm9 the log does not tell any more.
    """
    old = Snapshot(version=VERSION - 1, bundle=small_bundle.id, next_offset=22, state={})
    told = [
        *Pipeline(small_bundle, Rules()).process(records[:22], THRESHOLDS),
        *Pipeline(small_bundle, Rules()).process(fault_of("pm9"), THRESHOLDS),
    ]
    with broker_with(records) as running:
        send(running, "detector.snapshots", [(name, encode(old)) for name in (b"pm3", b"pm9")])
        tell(running, told)
        yield running


def tell(running: EmbeddedKafka, told: Iterable[Output]) -> None:
    producer = Producer({"bootstrap.servers": running.bootstrap})
    for one in told:
        if one.topic == "alerts":
            producer.produce("detector.alerts", one.value, one.key, headers=list(one.headers))
    assert producer.flush(30) == 0


def fault_of(machine: str) -> list[Record]:
    feed = Feed(machine)
    feed.rows(19)
    feed.rows(2, steam=BROKEN_STEAM)
    return feed.records


def test_one_that_the_log_does_not_tell_of_again_is_cleared_by_the_next_reading(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    #  the threshold is another one now
    station = Station(kafka, small_bundle)
    station.take_over(22, UNREACHED)

    sent = read(station.pipeline.process(records[22:], UNREACHED))

    (cleared,) = sent.alerts
    assert (cleared["event"], cleared["reason"], cleared["seq"]) == ("cleared", "state-lost", 2)
    assert [one.name for one in station.restored.changed] == ["pm3", "pm9"]


def test_nor_is_one_forgotten_of_a_machine_that_the_log_does_not_tell_of(
    kafka: EmbeddedKafka, small_bundle: Bundle
) -> None:
    station = Station(kafka, small_bundle)
    station.take_over(22)
    feed = Feed("pm9")
    feed.rows(21)  # those before are no more

    sent = read(station.pipeline.process(feed.rows(2), THRESHOLDS))

    (cleared,) = sent.alerts
    assert (cleared["machine"], cleared["reason"]) == ("pm9", "state-lost")


def test_one_that_it_tells_of_again_goes_on(
    kafka: EmbeddedKafka, small_bundle: Bundle, records: list[Record]
) -> None:
    station = Station(kafka, small_bundle)
    station.take_over(22)

    sent = read(station.pipeline.process(records[22:], THRESHOLDS))

    last = sent.alerts[-1]
    assert (last["event"], last["reason"]) == ("cleared", "returned-to-normal")
    assert {one["reason"] for one in sent.alerts[:-1]} == {None}
    assert [one.name for one in station.restored.changed] == ["pm3", "pm9"]


def test_one_of_a_log_that_is_no_more_is_cleared_by_the_next_reading(small_bundle: Bundle) -> None:
    feed = Feed("pm9")
    before = Pipeline(small_bundle, Rules())
    told = before.process([*feed.rows(19), *feed.rows(2, steam=BROKEN_STEAM)], THRESHOLDS)
    kept = Snapshot(bundle=small_bundle.id, next_offset=21, state={}, readings_id="old")
    with broker_with([]) as kafka:
        send(kafka, "detector.snapshots", [(b"pm9", encode(kept))])
        tell(kafka, told)
        station = Station(kafka, small_bundle, readings_id="new")
        station.take_over(0)

    (cleared,) = read(station.pipeline.process(feed.rows(1), THRESHOLDS)).alerts
    assert (cleared["event"], cleared["reason"]) == ("cleared", "state-lost")


def test_what_was_told_is_read_once_for_all_partitions(small_bundle: Bundle) -> None:
    machines = {0: "pm3", 1: "pm9"}
    old = Snapshot(version=VERSION - 1, bundle=small_bundle.id, next_offset=21, state={})
    topics = {"sensor.readings": 2, "detector.snapshots": 2, "detector.alerts": 1}
    with EmbeddedKafka(topics) as kafka:
        for partition, machine in machines.items():
            records = [one._replace(partition=partition) for one in fault_of(machine)]
            readings = [(b"pm1", b"Guten Morgen") for _ in records]
            send(kafka, "sensor.readings", readings, partition=partition)
            tell(kafka, Pipeline(small_bundle, Rules()).process(records, THRESHOLDS))
            state = (machine.encode(), encode(old))
            send(kafka, "detector.snapshots", [state], partition=partition)
        station = Station(kafka, small_bundle)
        begins = {PARTITION._replace(partition=one): 21 for one in machines}

        found = asyncio.run(station.recovery.take_over(begins, lambda: THRESHOLDS))

    changed = {one: [machine.name for machine in found[one].changed] for one in machines}
    assert changed == {0: ["pm3"], 1: ["pm9"]}
    assert station.n_consumers == len(["snapshots", "readings", "alerts"])


def test_a_state_beyond_the_end_of_the_log_is_of_readings_that_kafka_lost(
    small_bundle: Bundle, records: list[Record]
) -> None:
    kept, cut = records[:22], 20
    states = snapshots_of(judged(small_bundle, kept), small_bundle.id)
    told = Pipeline(small_bundle, Rules()).process(kept, THRESHOLDS)
    with broker_with(records[:cut]) as kafka:
        send(kafka, "detector.snapshots", [*states, marker(22, pm3=22)])
        tell(kafka, told)
        station = Station(kafka, small_bundle)
        asyncio.run(station.recovery.take_over({PARTITION: 22}, lambda: THRESHOLDS))

    assert station.recovery.positions == {PARTITION: 0}
    assert read(station.pipeline.process(records[:cut], THRESHOLDS)).alerts == []
    (cleared,) = read(station.pipeline.process(records[30:31], THRESHOLDS)).alerts
    assert (cleared["event"], cleared["reason"]) == ("cleared", "state-lost")
