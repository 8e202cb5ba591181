"""The worker put together: the one place that knows all its parts."""

import os
import sys
import tempfile

import faust
import structlog
from aiokafka import AIOKafkaConsumer
from faust.app.base import BootStrategy
from faust.types import AppT, StreamT
from mode import CrashingSupervisor, Service

from stream_detector.connections.kafka import ConfirmedProducer
from stream_detector.connections.log import configure_logging
from stream_detector.connections.redis import ThresholdStore, redis_faults
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import partition_counts
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.thresholds import ALL_MACHINES
from stream_detector.worker.agent import BatchWork
from stream_detector.worker.checks import load_bundle
from stream_detector.worker.reader import Batch, BatchReader
from stream_detector.worker.recovery import Recovery
from stream_detector.worker.thresholds import ThresholdWatch
from stream_detector.worker.watchdog import Watchdog

log = structlog.get_logger()

_SILENCE_CHECK_SECONDS = 5.0


class _WithoutFaustClients(BootStrategy):
    """Starts neither Faust's consumer nor its producer: we have our own."""

    enable_kafka = False


class _App(faust.App):
    BootStrategy = _WithoutFaustClients


def run(settings: Settings) -> None:
    """Run the worker until it is told to stop.

    Raises
    ------
    StreamDetectorError
        If something it needs is missing or wrong at the start.
    """
    configure_logging(settings)
    app = build(settings)
    worker = faust.Worker(
        app,
        loglevel=settings.log_level,
        override_logging=False,
        redirect_stdouts=False,
        quiet=True,
    )
    # It moves the cursor about, terminal or not.
    worker.spinner = None
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        # At once: a delivery that Kafka does not confirm holds a thread for minutes, and nothing of
        # it is committed.
        sys.stderr.flush()
        os._exit(1 if end.code else 0)


def build(settings: Settings) -> AppT:
    """Check what the worker needs, and put it together.

    Raises
    ------
    StreamDetectorError
        If something is missing or wrong.
    """
    bundle, rules = load_bundle(settings), load_rules(settings.rules)
    partition_counts(settings)
    store = ThresholdStore(settings, bundle.id)
    default = Budget(bundle.manifest.default_budget_per_day)
    pipeline = Pipeline(
        bundle,
        rules,
        source=f"/stream-detector/{settings.group}",
        max_clock_skew=settings.max_clock_skew,
        published_scores=settings.published_scores,
    )
    watch = ThresholdWatch(
        store, default, pipeline.in_force, refresh_seconds=settings.threshold_refresh_seconds
    )
    with redis_faults():
        store.offer_default(ALL_MACHINES, default, set_by="bundle")
        watch.refresh()
    recovery = Recovery(pipeline, lambda: _log_consumer(settings))
    work = BatchWork(pipeline, recovery, ConfirmedProducer(settings), watch)
    log.info("worker.starting", bundle=bundle.id, rules=rules.digest, group=settings.group)
    return _assemble(settings, work, watch)


def _assemble(settings: Settings, work: BatchWork, watch: ThresholdWatch) -> AppT:
    app = _App(
        settings.group,
        broker=f"kafka://{settings.bootstrap_servers.split(',')[0]}",
        store="memory://",
        datadir=tempfile.gettempdir(),
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    channel = app.channel(maxsize=1)
    reader = BatchReader(app, channel, lambda: _group_consumer(settings), settings)

    async def score(batches: StreamT[Batch]) -> None:
        await work.run(batches)

    app.agent(channel, name="score", supervisor_strategy=CrashingSupervisor)(score)

    @app.service
    class OurServices(Service):
        """Starts and ends our services with the app."""

        async def on_start(self) -> None:
            await self.add_runtime_dependency(watch)
            await self.add_runtime_dependency(reader)
            await self.add_runtime_dependency(Watchdog(settings))

        @Service.timer(_SILENCE_CHECK_SECONDS)
        async def _tell_silences(self) -> None:
            await work.tell_silences(await reader.read_to_the_end())

    return app


def _group_consumer(settings: Settings) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        group_id=settings.group,
        enable_auto_commit=False,
        # A group without a commit begins at the log's start: no reading is passed over.
        auto_offset_reset="earliest",
        session_timeout_ms=10_000,
        heartbeat_interval_ms=3_000,
        request_timeout_ms=30_000,
        max_poll_interval_ms=300_000,
        max_poll_records=settings.max_batch,
        fetch_max_wait_ms=settings.fetch_wait_ms,
    )


def _log_consumer(settings: Settings) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_wait_ms,
    )
