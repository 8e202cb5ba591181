"""How Kafka keeps our topics, and what is said where it loses what has to stay."""

import pytest
from pydantic import SecretStr

from stream_detector.connections.settings import Settings
from stream_detector.connections.topic_configs import (
    TopicConfigs,
    policy_faults,
    readings_notes,
    topic_configs,
)
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka


def faults(policy: str, *, compacted: bool) -> list[str]:
    told = {"x": {"cleanup.policy": policy}}
    return policy_faults(told, {"x": compacted}, bootstrap="kafka:9092")


def test_what_is_kept_as_it_has_to_be_is_no_fault() -> None:
    assert faults("compact", compacted=True) == []
    assert faults("delete", compacted=False) == faults("", compacted=False) == []


@pytest.mark.parametrize("policy", ["delete", "compact,delete", "delete,compact", ""])
def test_what_has_to_stay_must_not_be_deleted_by_its_age(policy: str) -> None:
    (fault,) = faults(policy, compacted=True)

    assert fault == (
        f"topic 'x' has cleanup.policy={policy or '(none)'}, but must have compact: the newest of "
        "each key has to stay for ever; set it with `kafka-configs.sh --bootstrap-server "
        "kafka:9092 --alter --topic x --add-config cleanup.policy=compact`"
    )


@pytest.mark.parametrize("policy", ["compact", "compact,delete"])
def test_what_is_a_log_must_not_be_compacted(policy: str) -> None:
    (fault,) = faults(policy, compacted=False)

    assert fault.startswith(
        f"topic 'x' has cleanup.policy={policy}, but must have delete: compaction keeps the newest "
        "of each key alone; set it with `kafka-configs.sh "
    )
    assert fault.endswith("--topic x --add-config cleanup.policy=delete`")


def test_a_topic_of_which_kafka_does_not_say_how_it_is_kept_is_passed_over() -> None:
    told = {"other": {"cleanup.policy": "delete"}, "odd": {}}

    assert policy_faults(told, {"x": True, "odd": True}, bootstrap="kafka:9092") == []


def test_a_broker_without_anybody_to_ask_is_not_waited_for() -> None:
    """It would take seconds at each start of the demo."""
    with EmbeddedKafka({"sensor.readings": 1}) as kafka:
        settings = Settings(broker=kafka.bootstrap, redis_url=SecretStr("redis://redis"))

        found = topic_configs(settings, ["sensor.readings"])

    assert (found.told, found.untold) == ({}, None)


def test_of_no_topic_nothing_is_asked() -> None:
    settings = Settings(broker="127.0.0.1:1", redis_url=SecretStr("redis://redis"))

    assert topic_configs(settings, []) == TopicConfigs()


@pytest.mark.parametrize("kept", ["0", "60000", "86399999"])
def test_readings_that_are_kept_for_less_than_a_day_are_told_of(kept: str) -> None:
    (note,) = readings_notes({"retention.ms": kept})

    assert f"retention.ms={kept}" in note


@pytest.mark.parametrize("told", [{}, {"retention.ms": "86400000"}, {"retention.ms": "-1"}])
def test_nothing_is_told_where_they_are_kept_longer_or_nobody_says(told: dict[str, str]) -> None:
    assert readings_notes(told) == []
