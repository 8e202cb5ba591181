"""What ``replay`` says of readings that it judges all the same."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from stream_detector.replay.commands import replay
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from tests.small_models import SENSORS


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


@pytest.mark.parametrize(
    ("names", "note"),
    [
        (("pm4", "pm5"), "note: --thresholds is for 'pm4', 'pm5', but readings are of 'pm3'"),
        (("*", "pm4"), "note: --thresholds is for 'pm4', but readings are of 'pm3'"),
        (("pm3", "pm4"), ""),
        (("*",), ""),
    ],
)
def test_thresholds_of_other_machines_alone_are_said_to_be(
    small_bundle_folder: Path, tmp_path: Path, names: tuple[str, ...], note: str
) -> None:
    history, thresholds = tmp_path / "pm3.csv", tmp_path / "thresholds.json"
    row = ",".join("1" for _ in SENSORS)
    history.write_text(f"time,{','.join(SENSORS)}\n2026-11-22T03:10:00Z,{row}\n")
    three_a_day = {"kind": "budget", "per_day": 3}
    thresholds.write_text(json.dumps(dict.fromkeys(names, three_a_day)))

    said = CliRunner().invoke(
        replay,
        [
            *("--bundle", str(small_bundle_folder), "--csv", str(history)),
            *("--thresholds", str(thresholds), "--cadence", "120"),
        ],
    )

    assert said.exit_code == 0, said.stderr
    assert ("--thresholds is for" in said.stderr, note in said.stderr) == (bool(note), True)
