"""Our topics: their names, how they are made, and whether they are there."""

import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin._metadata import ClusterMetadata
from confluent_kafka.cimpl import NewTopic

from stream_detector.connections.access import check_group_access, check_topic_access
from stream_detector.connections.environment import PREFIX
from stream_detector.connections.kafka import admin_client, cluster_metadata, kafka_reason
from stream_detector.connections.security import kafka_user
from stream_detector.connections.settings import Settings
from stream_detector.connections.topic_configs import policy_faults, readings_notes, topic_configs
from stream_detector.errors import ServiceError, counted

_FOREVER = None

_MAKE_THEM = (
    "make them with `stream-detector topics create`, or correct the DETECTOR_…_TOPIC settings"
)

_LISTED_WITHIN_SECONDS = 10.0
"""Brokers learn of a new topic within milliseconds; a busy one may take seconds."""

_DENIALS = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED)

_LONGEST_DEAD_LETTER_BYTES = 10_000_000
"""Kafka's default of 1 MB just fits the longest message as received, but not with our headers."""


_COMPACTED = {
    "cleanup.policy": "compact",
    # With Kafka's defaults what a restore reads may grow for days.
    "segment.ms": "300000",
    "segment.bytes": str(16 * 1024 * 1024),
    "min.cleanable.dirty.ratio": "0.05",
    "max.compaction.lag.ms": "600000",
}


@dataclass(frozen=True)
class Topic:
    """A topic of ours and how it is made."""

    name: str
    retention: timedelta | None
    """How long messages are kept; None is for ever."""
    log_append_time: bool = False
    """Kafka's own clock stamps the messages, so a wrong clock at the sender is seen."""
    max_message_bytes: int | None = None
    """None is as the broker has it."""
    compacted: bool = False
    """Of each key only the newest message is kept."""
    single: bool = False
    """One partition, for one owner: the alert book's."""

    @property
    def config(self) -> dict[str, str]:
        """Its configuration as Kafka wants it."""
        if self.compacted:
            return dict(_COMPACTED)
        ms = -1 if self.retention is None else self.retention // timedelta(milliseconds=1)
        stamp = "LogAppendTime" if self.log_append_time else "CreateTime"
        config = {"retention.ms": str(ms), "message.timestamp.type": stamp}
        if self.max_message_bytes is not None:
            config["max.message.bytes"] = str(self.max_message_bytes)
        return config

    def partitions(self, wanted: int) -> int:
        """Give how many partitions it is made with where the others have so many."""
        return 1 if self.single else wanted


def topics(settings: Settings) -> tuple[Topic, ...]:
    """List the topics the detector reads and writes."""
    return (
        # Longer than the longest outage to survive: what is gone cannot be read again.
        Topic(settings.readings_topic, timedelta(days=7), log_append_time=True),
        Topic(settings.alerts_topic, _FOREVER),
        Topic(settings.scores_topic, timedelta(days=7)),
        Topic(
            settings.dead_letters_topic,
            timedelta(days=30),
            max_message_bytes=_LONGEST_DEAD_LETTER_BYTES,
        ),
        Topic(settings.snapshots_topic, _FOREVER, compacted=True),
        # What an operator wants counts from when Kafka has it.
        Topic(settings.commands_topic, timedelta(days=7), log_append_time=True, single=True),
        Topic(settings.replies_topic, timedelta(days=7), single=True),
        Topic(settings.alert_state_topic, _FOREVER, compacted=True, single=True),
        Topic(settings.bridges_topic, _FOREVER, compacted=True, single=True),
    )


def create_topics(
    settings: Settings, *, partitions: int, replication: int, patience_seconds: float = 30.0
) -> Iterator[str]:
    """Make the topics that are missing; tell of each in a line.

    Raises
    ------
    ServiceError
        If the broker refuses, or does not answer within ``patience_seconds``.
    """
    present = cluster_metadata(settings).topics
    admin = admin_client(settings)
    for topic in topics(settings):
        count = topic.partitions(partitions)
        if topic.name in present:
            yield _left(topic.name, len(present[topic.name].partitions), wanted=count)
            continue
        wanted = NewTopic(topic.name, count, replication, config=topic.config)
        try:
            making = admin.create_topics([wanted], request_timeout=patience_seconds)
            making[topic.name].result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                yield _left(topic.name, _listed_partitions(settings, topic.name), wanted=count)
                continue
            denied = error.args[0].code() in _DENIALS
            remedy = f"; allow {kafka_user(settings)} to create topics" if denied else ""
            raise ServiceError(
                f"Kafka did not make topic {topic.name!r}: {kafka_reason(error)}{remedy}"
            ) from error
        kept = "for ever" if topic.retention is None else f"for {topic.retention.days} days"
        stamped = ", stamped with Kafka's own time" if topic.log_append_time else ""
        yield f"{topic.name}: made, {counted(count, 'partition')}, kept {kept}{stamped}"


def _left(name: str, n_partitions: int, *, wanted: int) -> str:
    other = f", not {wanted}" if n_partitions != wanted else ""
    found = counted(n_partitions, "partition")
    return f"{name}: is there already, with {found}{other}; left as it is"


def _listed_partitions(settings: Settings, name: str) -> int:
    """Give the partitions of a topic that exists: brokers list one a moment after it was made."""
    until = time.monotonic() + _LISTED_WITHIN_SECONDS
    while name not in (present := cluster_metadata(settings).topics):
        if time.monotonic() > until:
            raise ServiceError(f"Kafka has topic {name!r}, but does not list it; try again")
        time.sleep(0.1)
    return len(present[name].partitions)


def check_topics(settings: Settings) -> dict[str, int]:
    """Give the partitions of each of our topics, if they are as the worker needs them.

    Raises
    ------
    ServiceError
        If the broker does not answer or does not let us use them, a topic is missing,
        there are not as many partitions of snapshots as of readings, or not one of what
        has one owner, or Kafka keeps one in a way that loses messages.
    """
    counts = partition_counts(
        settings,
        reads=(
            *(settings.readings_topic, settings.snapshots_topic),
            *(settings.alerts_topic, settings.commands_topic, settings.alert_state_topic),
        ),
        writes=(
            *(settings.alerts_topic, settings.scores_topic),
            *(settings.dead_letters_topic, settings.snapshots_topic),
            *(settings.replies_topic, settings.alert_state_topic),
        ),
    )
    check_group_access(settings)
    readings, snapshots = counts[settings.readings_topic], counts[settings.snapshots_topic]
    if readings != snapshots:
        raise ServiceError(
            f"topic {settings.snapshots_topic!r} has {snapshots} partitions, but "
            f"{settings.readings_topic!r} has {readings}, and a machine's state is kept in the "
            "partition of its readings. Were partitions added? Then move to new topics, as "
            "deploy/scaling.md says. Else name another topic in DETECTOR_SNAPSHOTS_TOPIC, and make "
            f"it with `stream-detector topics create --partitions {readings}`"
        )
    for setting in ("commands_topic", "replies_topic", "alert_state_topic"):
        name = getattr(settings, setting)
        if counts[name] != 1:
            raise ServiceError(
                f"topic {name!r} has {counts[name]} partitions, but it must have one: the alert "
                f"book has one owner; name another topic in {PREFIX}{setting.upper()}, and make "
                "it with `stream-detector topics create`"
            )
    check_cleanup(settings, counts)
    return counts


def partition_counts(
    settings: Settings,
    *,
    reads: Collection[str] = (),
    writes: Collection[str] = (),
    remedy: str = _MAKE_THEM,
) -> dict[str, int]:
    """Give the partitions of the topics that we want to read and to write.

    ``remedy`` is what to do where one is missing.

    Raises
    ------
    ServiceError
        If the broker does not answer, does not let us, or a topic is missing; none is
        ever made silently.
    """
    cluster = cluster_metadata(settings)
    # First: what we may not see looks as if it were missing.
    check_topic_access(settings, reads=reads, writes=writes)
    names = list(dict.fromkeys((*reads, *writes)))
    missing = missing_topics(cluster, names)
    if missing:
        raise ServiceError(
            f"Kafka at {settings.bootstrap_servers} has no topic {', '.join(missing)}; {remedy}"
        )
    return {name: len(cluster.topics[name].partitions) for name in names}


def check_cleanup(settings: Settings, names: Collection[str]) -> None:
    """Check that Kafka keeps those topics of ours that are named as they have to be.

    Raises
    ------
    ServiceError
        If one that has to be compacted is not, or is deleted too, or another one is compacted.
    """
    wanted = {topic.name: topic.compacted for topic in topics(settings) if topic.name in names}
    found = topic_configs(settings, wanted)
    if faults := policy_faults(found.told, wanted, bootstrap=settings.bootstrap_servers):
        raise ServiceError("; ".join(faults))


def topic_notes(settings: Settings) -> list[str]:
    """Say what of the worker's topics is not as it should be, though it can work with it."""
    ours = [topic.name for topic in topics(settings) if topic.name != settings.bridges_topic]
    found = topic_configs(settings, ours)
    notes = readings_notes(found.told.get(settings.readings_topic, {}))
    return [*notes, *([found.untold] if found.untold else [])]


def missing_topics(cluster: ClusterMetadata, names: Iterable[str]) -> list[str]:
    """Tell which of these topics Kafka does not have."""
    present = cluster.topics
    return [name for name in names if name not in present or present[name].error is not None]
