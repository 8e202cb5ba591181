"""An alert looked for in Kafka's log."""

import pytest
from confluent_kafka import Producer

from stream_detector.connections.settings import Settings
from stream_detector.errors import AlertError
from stream_detector.replay.kafka_alert import find_alert
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka


def test_a_raise_that_is_no_text_is_told() -> None:
    with EmbeddedKafka({"detector.alerts": 1}) as kafka:
        producer = Producer({"bootstrap.servers": kafka.bootstrap})
        value = b'{"event": "raised", "alert_id": "pm3.odd", "machine": "\xff"}'
        producer.produce("detector.alerts", value)
        assert producer.flush(30) == 0

        with pytest.raises(AlertError, match=r"the message of 'pm3\.odd' is none of ours: "):
            find_alert("pm3.odd", Settings(broker=kafka.bootstrap))
