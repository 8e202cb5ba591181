"""How long a value takes from its publishing over MQTT to the readings topic.

``python -m tests.benchmarks.bridging_mqtt``: 2,000 messages a second, of 20 machines with 100 tags
each, through a real mosquitto, the bridge with its journal on disk, and a real Kafka. Each message
carries the time when it was published, and Kafka stamps when it has a reading. A reading of the
instant T is made when a value newer than T comes, so its latency counts from T: it holds up to
10 ms until the machine's next message.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.end_to_end.mqtt_plant import MqttPlant
from tests.end_to_end.real_kafka import AS_SHIPPED, RealKafka
from tests.end_to_end.real_mosquitto import RealMosquitto

PER_SECOND = 2_000
GOAL_MS = 200.0

_N_MACHINES = 20
_N_TAGS = 100
_CADENCE_SECONDS = 0.1
_WARM_UP_SECONDS = 3.0


def main(seconds: float = 20.0) -> None:
    """Measure and tell; the goal is shown as met or not met, and nothing fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            RealKafka(folder / "kafka", java=AS_SHIPPED) as kafka,
            RealMosquitto(folder / "mosquitto") as mosquitto,
        ):
            delays, per_second = _measured(MqttPlant(kafka, mosquitto, folder, tags={}), seconds)
    p50, p99 = np.percentile(delays, [50, 99])
    click.echo(
        f"MQTT to the readings topic: {per_second:,.0f} messages a second, {len(delays):,} "
        f"readings; load {os.getloadavg()[0]:.1f}\n"
        f"  p50 {p50:.0f} ms\n  p99 {p99:.0f} ms  at most {GOAL_MS:g}: "
        f"{'met' if p99 <= GOAL_MS else 'not met'}"
    )


def _measured(plant: MqttPlant, seconds: float) -> tuple[list[float], float]:
    """Give the delays of the readings after the beginning, and the messages a second."""
    text = plant.configuration.read_text()
    text = text.replace("cadence_seconds = 1", f"cadence_seconds = {_CADENCE_SECONDS}")
    plant.configuration.write_text(text)
    lines = [f"{tag},{tag.partition('.')[0]},{tag}" for tag in _tags()]
    (plant.folder / "tags.csv").write_text("\n".join(["tag,machine,sensor", *lines, ""]))
    with plant.bridge:
        began = time.monotonic()
        n_sent = _publish(plant.mqtt_port, seconds)
        per_second = n_sent / (time.monotonic() - began)
    skipped = int(_WARM_UP_SECONDS / _CADENCE_SECONDS * _N_MACHINES)
    return plant.delays_ms()[skipped:], per_second


def _tags() -> Iterator[str]:
    """Each machine in turn, so that each has a message every 10 ms."""
    for tag in range(_N_TAGS):
        for machine in range(_N_MACHINES):
            yield f"m{machine}.t{tag}"


def _publish(port: int, seconds: float) -> int:
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1_000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    tags, began = list(_tags()), time.monotonic()
    count = int(seconds * PER_SECOND)
    for number in range(count):
        time.sleep(max(began + number / PER_SECOND - time.monotonic(), 0.0))
        tag, now = tags[number % len(tags)], datetime.now(UTC).isoformat()
        payload = f'{{"tag": "{tag}", "time": "{now}", "value": {number}}}'
        sent = client.publish("mill/bench", payload, qos=1)
    sent.wait_for_publish(timeout=60)
    client.disconnect()
    client.loop_stop()
    return count


if __name__ == "__main__":
    main()
