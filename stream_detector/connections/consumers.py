"""Consumers of the readings topic: of the group, and of the log beside it."""

from aiokafka import AIOKafkaConsumer

from stream_detector.connections.settings import Settings

_SESSION_TIMEOUT_MS = 10_000
"""A worker that Kafka has not heard of for so long has died: others get its partitions."""

_HEARTBEAT_MS = 3_000
"""A third of the session, so that one that is lost does no harm."""

_REBALANCE_TIMEOUT_MS = 60_000
"""How long the others wait for a worker's batch in flight before they go on without it. A batch
takes 20 ms, and some seconds while a partition's state is restored."""

_REQUEST_TIMEOUT_MS = _REBALANCE_TIMEOUT_MS + 5_000
"""Longer: a request to join the group is answered only when all have joined."""

_MAX_POLL_INTERVAL_MS = 300_000
"""Kafka takes a worker for dead whose batch takes longer. Deliveries are tried for 240 s."""


def group_consumer(settings: Settings) -> AIOKafkaConsumer:
    """Make a member of the group, not yet started; what it commits is for its user to say."""
    return AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        group_id=settings.group,
        enable_auto_commit=False,
        # A group without a commit begins at the log's start: no reading is passed over.
        auto_offset_reset="earliest",
        session_timeout_ms=_SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=_HEARTBEAT_MS,
        rebalance_timeout_ms=_REBALANCE_TIMEOUT_MS,
        request_timeout_ms=_REQUEST_TIMEOUT_MS,
        max_poll_interval_ms=_MAX_POLL_INTERVAL_MS,
        max_poll_records=settings.max_batch,
        fetch_max_wait_ms=settings.fetch_wait_ms,
    )


def log_consumer(settings: Settings) -> AIOKafkaConsumer:
    """Make a reader of the log without a group, not yet started."""
    return AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # What it reads is there already; to wait for more would only hold up the next partition.
        fetch_max_wait_ms=10,
    )
