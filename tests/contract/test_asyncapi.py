"""The AsyncAPI document tells of the topics that the code uses."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, get_args, get_type_hints

from pydantic import SecretStr

from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import topics
from stream_detector.pipeline.messages import Output
from tests.contract.schemas import FOLDER, NAMES
from tests.contract.topics import document

SETTINGS = Settings(broker="kafka://kafka:9092", redis_url=SecretStr("redis://redis:6379/0"))


def references(node: Any) -> Iterator[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from references(child)
    if isinstance(node, dict) and "$ref" in node:
        yield node["$ref"]


def at(pointer: str) -> Any:
    node = document()
    for key in PurePosixPath(pointer.removeprefix("#")).parts[1:]:
        node = node[key]
    return node


def test_a_reference_within_the_document_leads_somewhere() -> None:
    for reference in references(document()):
        if reference.startswith("#"):
            assert at(reference), reference


def test_the_document_refers_to_every_schema_of_a_message() -> None:
    files = {reference for reference in references(document()) if not reference.startswith("#")}
    not_in_kafka = {"comparison", "kpi", "ledger", "manifest", "notification", "rules", "threshold"}

    assert files == {f"{name}.v1.json" for name in set(NAMES) - not_in_kafka}
    assert all((FOLDER / file).is_file() for file in files)


def test_the_topics_are_those_of_the_settings_and_kept_as_long_as_they_are_made_to() -> None:
    described = {
        channel["address"]: channel["bindings"]["kafka"]["topicConfiguration"]
        for channel in document()["channels"].values()
    }

    assert described.keys() == {topic.name for topic in topics(SETTINGS)}
    for topic in topics(SETTINGS):
        if topic.compacted:
            assert described[topic.name] == {"cleanup.policy": ["compact"]}
        else:
            retention = described[topic.name]["retention.ms"]
            assert retention == int(topic.config["retention.ms"])


def test_what_has_one_owner_has_one_partition() -> None:
    single = {
        channel["address"]
        for channel in document()["channels"].values()
        if channel["bindings"]["kafka"].get("partitions") == 1
    }

    assert single == {topic.name for topic in topics(SETTINGS) if topic.single}


def test_what_the_pipeline_sends_is_what_the_document_sends() -> None:
    sent = [one["channel"] for one in document()["operations"].values() if one["action"] == "send"]

    # States and notes are sent by whoever keeps them, not by the pipeline.
    others = ("snapshots", "replies", "alert-state", "bridges")
    assert sorted(at(channel["$ref"])["address"] for channel in sent) == sorted(
        f"detector.{topic}" for topic in (*get_args(get_type_hints(Output)["topic"]), *others)
    )


def test_each_message_of_a_channel_has_its_operation() -> None:
    for operation in document()["operations"].values():
        channel = operation["channel"]["$ref"]
        named = {message["$ref"] for message in operation["messages"]}
        assert named == {f"{channel}/messages/{name}" for name in at(channel)["messages"]}
