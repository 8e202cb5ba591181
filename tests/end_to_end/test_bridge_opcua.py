"""What an OPC UA server tells becomes readings on a real Kafka, whoever is killed."""

from pathlib import Path

import pytest

from tests.end_to_end.opcua_plant import OpcUaPlant, seconds_later
from tests.end_to_end.real_kafka import RealKafka
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

HOLD_SECONDS = 2

CONFIGURATION = f"""
name = "mill-opcua"
mapping = "tags.csv"

[machines."*"]
cadence_seconds = 1
hold_seconds = {HOLD_SECONDS}
lateness_seconds = 0.5

[opcua]
url = "opc.tcp://127.0.0.1:4840/"
security = "none"
sampling_interval_ms = 50
publishing_interval_ms = 100
repeat_seconds = 1

[journal]
path = "journal.db"
max_bytes = 100_000_000
"""

MAPPING = "tag,machine,sensor\nns=2;s=PM3.Speed,pm3,speed\nns=2;s=PM3.Draw,pm3,draw\n"


def test_a_killed_bridge_and_a_restarted_server_go_on_and_a_lost_server_is_no_data(
    kafka: RealKafka, tmp_path: Path
) -> None:
    plant = OpcUaPlant(kafka, tmp_path, configuration=CONFIGURATION, mapping=MAPPING)
    first = plant.machine(1000)
    with first, plant.bridge:
        before = plant.topics.readings(seconds_later(2))
        plant.bridge.kill()
        plant.bridge.start()
        wait_for_connection(plant, 2)
        after = plant.topics.readings(seconds_later(2))
        first.kill()
        lost_by = seconds_later(HOLD_SECONDS + 1)
        with plant.machine(5000):
            wait_for_connection(plant, 3)
            back = plant.topics.readings(seconds_later(3))

        assert plant.bridge.stop() == 0
    speeds = [one["values"]["speed"] for one in before if one["values"]["speed"] is not None]
    assert speeds == sorted(set(speeds))
    assert all(1000 <= speed < 5000 for speed in speeds)
    # The draw never changes, and is there for all that.
    assert {one["values"]["draw"] for one in (*before, after[-1])} == {2.0}
    assert after[-1]["values"]["speed"] > before[-1]["values"]["speed"]
    late = [one for one in back if one["time"] > lost_by]
    assert late, "the server is back"
    assert all(one["values"]["speed"] >= 5000 for one in late)


def wait_for_connection(plant: OpcUaPlant, number: int) -> None:
    wait_until(
        lambda: plant.bridge.log().count("opcua.connected") == number,
        f"connection {number}",
        limit_seconds=60,
    )
