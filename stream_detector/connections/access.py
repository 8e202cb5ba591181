"""What Kafka lets us do: asked first, for where a client may not, it may wait for ever."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin._acl import AclOperation

from stream_detector.connections import receivers
from stream_detector.connections.kafka import admin_client
from stream_detector.connections.security import kafka_user
from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError

if TYPE_CHECKING:
    from concurrent.futures import Future

_ANSWER_SECONDS = 5.0


def check_topic_access(
    settings: Settings, *, reads: Collection[str], writes: Collection[str]
) -> None:
    """Check that we may read and write these topics; one that is missing is passed over.

    Raises
    ------
    ServiceError
        If we may not.
    """
    if settings.kafka_security_protocol == "PLAINTEXT":
        return  # it does not know who we are
    allowed = _allowed_on_topics(settings, {*reads, *writes})
    wanted = [
        *((name, AclOperation.READ) for name in reads),
        *((name, AclOperation.WRITE) for name in writes),
    ]
    denied = [
        f"{operation.name.lower()} topic {name!r}"
        for name, operation in wanted
        if name in allowed and operation not in allowed[name]
    ]
    if denied:
        raise _denied(settings, denied)


def check_group_access(settings: Settings) -> None:
    """Check that we may join our groups: of the readings, of the alert book, of notifications.

    Raises
    ------
    ServiceError
        If we may not.
    """
    if settings.kafka_security_protocol == "PLAINTEXT":
        return
    admin = admin_client(settings)
    groups = [settings.group, settings.book_group]
    if receivers.are_named(settings):
        groups.append(settings.notify_group)
    asked = admin.describe_consumer_groups(
        groups, include_authorized_operations=True, request_timeout=_ANSWER_SECONDS
    )
    denied = []
    for group in groups:
        allowed = _allowed(asked[group], KafkaError.GROUP_AUTHORIZATION_FAILED)
        if allowed is not None and AclOperation.READ not in allowed:
            denied.append(f"read group {group!r}")
    if denied:
        raise _denied(settings, denied)


def _allowed_on_topics(
    settings: Settings, names: Collection[str]
) -> dict[str, Collection[AclOperation]]:
    """Give what we may do with each topic of which Kafka says so."""
    admin = admin_client(settings)
    asked = admin.describe_topics(
        TopicCollection(sorted(names)),
        include_authorized_operations=True,
        request_timeout=_ANSWER_SECONDS,
    )
    answers = {
        name: _allowed(answer, KafkaError.TOPIC_AUTHORIZATION_FAILED)
        for name, answer in asked.items()
    }
    return {name: allowed for name, allowed in answers.items() if allowed is not None}


def _allowed(answer: "Future[Any]", denial: int) -> Collection[AclOperation] | None:
    """Give what we may do; None where Kafka does not say.

    Only a clear no is a fault here: a topic that is missing is told elsewhere, an old broker does
    not know the question, and a new one has no coordinator of groups yet.
    """
    try:
        allowed: Collection[AclOperation] | None = answer.result().authorized_operations
    except KafkaException as error:
        return [] if error.args[0].code() == denial else None
    return allowed


def _denied(settings: Settings, denied: list[str]) -> ServiceError:
    return ServiceError(
        f"Kafka at {settings.bootstrap_servers} does not let {kafka_user(settings)} "
        f"{', '.join(denied)}; allow it with kafka-acls.sh"
    )
