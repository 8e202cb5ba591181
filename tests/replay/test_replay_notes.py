"""What ``replay`` says of readings that it judges all the same."""

import json
from pathlib import Path

from click.testing import CliRunner
from confluent_kafka import Producer

from stream_detector.replay.commands import replay
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka


def test_what_is_odd_about_readings_in_kafka_is_said(small_bundle_folder: Path) -> None:
    with EmbeddedKafka({"sensor.readings": 1}) as kafka:
        sender = Producer({"bootstrap.servers": kafka.bootstrap})
        event = {"machine": "pm3", "time": "2026-11-22T03:10:00Z", "event": "brake"}
        for value in (json.dumps(event), "{]"):
            sender.produce("sensor.readings", value)
        sender.flush(20)

        said = CliRunner(env={"DETECTOR_BROKER": kafka.bootstrap}).invoke(
            replay, ["--bundle", str(small_bundle_folder), "--kafka", "/"]
        )

    assert "note: the rules say nothing of the events 'brake'\n" in said.stderr
    assert "2 rows, 1 refused, 0 scored" in said.stderr
