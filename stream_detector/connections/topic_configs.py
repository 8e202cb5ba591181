"""How Kafka keeps our topics: asked for, and held against what has to stay and what has not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin._config import ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from stream_detector.connections.kafka import admin_client, cluster_metadata
from stream_detector.connections.security import kafka_user
from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError, listed

if TYPE_CHECKING:
    from concurrent.futures import Future

_ANSWER_SECONDS = 5.0

_SHORT_MS = 24 * 60 * 60 * 1000
"""The least that scaling.md advises, and that of the largest plants alone."""


@dataclass(frozen=True)
class TopicConfigs:
    """What Kafka says of its topics."""

    told: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    """Of each topic of which it says something, the values by name."""
    untold: str | None = None
    """Why it says nothing of others, for people."""


def topic_configs(settings: Settings, names: Collection[str]) -> TopicConfigs:
    """Ask how Kafka keeps these topics; what it does not say is no fault.

    Nobody is asked where no broker is the controller, as of the embedded Kafka: the client would
    wait for one to come.
    """
    if not names:
        return TopicConfigs()  # the client takes no empty question
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    try:
        cluster = cluster_metadata(settings)
        if cluster.controller_id not in cluster.brokers:
            return TopicConfigs()
        admin = admin_client(settings)
        asked = admin.describe_configs(resources, request_timeout=_ANSWER_SECONDS)
    except (KafkaException, ServiceError) as error:
        return TopicConfigs(untold=f"Kafka does not say how its topics are kept: {error}")
    told: dict[str, Mapping[str, str | None]] = {}
    denied: list[str] = []
    others: list[str] = []
    for resource, answer in asked.items():
        try:
            told[resource.name] = _values(answer)
        except KafkaException as error:
            reason = error.args[0]
            if reason.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                denied.append(resource.name)
            else:
                others.append(f"{resource.name!r} ({reason.str()})")
    reasons = []
    if denied:
        reasons.append(
            f"Kafka does not let {kafka_user(settings)} see how topics {listed(denied)} are kept, "
            "so nobody looked; allow DescribeConfigs with kafka-acls.sh"
        )
    if others:
        reasons.append(f"Kafka does not say how topics {', '.join(others)} are kept")
    return TopicConfigs(told, "; ".join(reasons) or None)


def policy_faults(
    told: Mapping[str, Mapping[str, str | None]], wanted: Mapping[str, bool], *, bootstrap: str
) -> list[str]:
    """Say of each topic that Kafka keeps in a way that loses messages how to mend it.

    Parameters
    ----------
    told : mapping
        As in :class:`TopicConfigs`; a topic that is not in it is passed over.
    wanted : mapping of str to bool
        Whether a topic has to be compacted. Then ``compact,delete`` will not do: the state of a
        machine at rest would be deleted all the same.
    bootstrap : str
        Address of Kafka, for the command that mends it.
    """
    faults = []
    for name, is_compacted in wanted.items():
        found = told.get(name, {}).get("cleanup.policy")
        policies = {one.strip() for one in (found or "").split(",") if one.strip()}
        if found is None or (
            policies == {"compact"} if is_compacted else "compact" not in policies
        ):
            continue
        right = "compact" if is_compacted else "delete"
        why = (
            "the newest of each key has to stay for ever"
            if is_compacted
            else "compaction keeps the newest of each key alone"
        )
        faults.append(
            f"topic {name!r} has cleanup.policy={found or '(none)'}, but must have {right}: {why}; "
            f"set it with `kafka-configs.sh --bootstrap-server {bootstrap} --alter --topic {name} "
            f"--add-config cleanup.policy={right}`"
        )
    return faults


def readings_notes(told: Mapping[str, str | None]) -> list[str]:
    """Say what of the readings topic a worker can work with, though it costs something.

    Where senders stamp the readings (``CreateTime``), a wrong clock excuses itself: a reading of
    the future is not seen as one, and silence is reckoned by the sender's clock.

    Examples
    --------
    >>> readings_notes({"message.timestamp.type": "LogAppendTime", "retention.ms": "604800000"})
    []
    """
    notes = []
    if told.get("message.timestamp.type") == "CreateTime":
        notes.append(
            "the readings are stamped by their senders' clocks, so a wrong one goes unseen; set "
            "message.timestamp.type=LogAppendTime"
        )
    kept = told.get("retention.ms")
    if kept is not None and 0 <= int(kept) < _SHORT_MS:
        notes.append(
            f"the readings are kept for less than a day (retention.ms={kept}): what no worker has "
            "judged by then is lost; keep them longer than all workers may be away"
        )
    return notes


def _values(answer: "Future[dict[str, ConfigEntry]]") -> dict[str, str | None]:
    return {name: entry.value for name, entry in answer.result().items()}
