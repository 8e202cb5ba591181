"""The worker put together: the one place that knows all its parts."""

import os
import sys
import tempfile
import time
from collections.abc import Sequence

import faust
import structlog
from faust.app.base import BootStrategy
from faust.types import AppT, StreamT
from mode import CrashingSupervisor, Service, ServiceT

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.connections import receivers
from stream_detector.connections.bundle_store import bundle_store
from stream_detector.connections.consumers import group_consumer, has_judged, log_consumer
from stream_detector.connections.kafka import admin_client
from stream_detector.connections.log import configure_logging
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.producer import ConfirmedProducer
from stream_detector.connections.readings_log import end_offsets, readings_id
from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import check_topics, topics
from stream_detector.connections.watchdog import Watchdog
from stream_detector.pipeline.agreement import rules_notes
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.worker import memory
from stream_detector.worker.agent import BatchWork
from stream_detector.worker.book import BookService
from stream_detector.worker.checks import load_bundle
from stream_detector.worker.figures import FiguresService
from stream_detector.worker.health import Health
from stream_detector.worker.housekeeping import Housekeeping
from stream_detector.worker.keeper import StateKeeper
from stream_detector.worker.model_shelf import ModelShelf
from stream_detector.worker.model_watch import ModelWatch
from stream_detector.worker.notify import NotifyService
from stream_detector.worker.reader import Batch, BatchReader
from stream_detector.worker.recovery import Recovery
from stream_detector.worker.rehearsals import Rehearsals
from stream_detector.worker.stream_metrics import StreamCollector
from stream_detector.worker.thresholds import ThresholdWatch
from stream_detector.worker.traces import NO_TRACES, Traces
from stream_detector.worker.web import HealthServer

log = structlog.get_logger()


class _WithoutFaustClients(BootStrategy):
    """Starts neither Faust's consumer nor its producer: we have our own."""

    enable_kafka = False


class _App(faust.App):
    BootStrategy = _WithoutFaustClients


def run(settings: Settings, traces: Traces = NO_TRACES) -> None:
    """Run the worker until it is told to stop.

    Raises
    ------
    StreamDetectorError
        If something it needs is missing or wrong at the start.
    """
    configure_logging(settings)
    app = build(settings, traces)
    worker = faust.Worker(
        app,
        loglevel=settings.log_level,
        override_logging=False,
        redirect_stdouts=False,
        quiet=True,
    )
    # It moves the cursor about, terminal or not.
    worker.spinner = None
    memory.prepare()
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        log.info("worker.stopped")
        traces.end()
        # At once: a delivery that Kafka does not confirm holds a thread for minutes, and nothing of
        # it is committed.
        sys.stderr.flush()
        os._exit(1 if end.code else 0)


def build(settings: Settings, traces: Traces = NO_TRACES) -> AppT:
    """Check what the worker needs, and put it together.

    Raises
    ------
    StreamDetectorError
        If something is missing or wrong.
    """
    bundle = load_bundle(settings)
    rules = load_rules(settings.rules, with_head=bundle.model.head is not None)
    for note in rules_notes(bundle.manifest, rules):
        log.warning("rules.unlike_bundle", note=note)
    store = ThresholdStore(settings, bundle.id)
    n_partitions = check_topics(settings)[settings.readings_topic]
    log_id = _readings_id(settings)
    pipeline = _pipeline(settings, bundle, rules)
    health = Health(stall_seconds=settings.stall_seconds, began_at=time.monotonic())
    app = _make_app(settings)
    channel = app.channel(maxsize=1)
    thresholds = ThresholdWatch(
        store,
        bundle.manifest.default_threshold,
        lambda: pipeline.machines.in_force(health.partitions),
        taken=lambda: pipeline.machines.taken(health.partitions),
        refresh_seconds=settings.threshold_refresh_seconds,
        health=health,
    )
    thresholds.begin(is_first_start=lambda: not has_judged(settings, n_partitions))
    producer = ConfirmedProducer(settings)
    shelf = ModelShelf(
        settings,
        pipeline.models,
        store=bundle_store(settings),
        thresholds=thresholds,
        health=health,
    )
    recovery = Recovery(
        pipeline,
        lambda: log_consumer(settings),
        snapshots_topic=settings.snapshots_topic,
        alerts_topic=settings.alerts_topic,
        shelf=shelf,
        ask_readings_id=lambda: _readings_id(settings),
        on_progress=lambda: health.alive(now=time.monotonic()),
    )
    keeper = StateKeeper(pipeline.machines, producer, every_seconds=settings.snapshot_seconds)
    models = ModelWatch(
        ModelChoiceStore(settings),
        pipeline.models,
        shelf=shelf,
        judging=lambda: pipeline.machines.judging(health.partitions),
        refresh_seconds=settings.threshold_refresh_seconds,
        health=health,
    )

    def shadow(bundle_id: str) -> Pipeline:
        model = pipeline.models[bundle_id]
        return _pipeline(settings, model.bundle, model.rules, is_shadow=True)

    rehearsals = Rehearsals(
        pipeline,
        models,
        shelf=shelf,
        thresholds=thresholds,
        keeper=keeper,
        positions=lambda: recovery.positions,
        make_shadow=shadow,
        make_consumer=lambda: log_consumer(settings),
    )
    work = BatchWork(
        pipeline,
        recovery,
        keeper=keeper,
        producer=producer,
        thresholds=thresholds,
        rehearsals=rehearsals,
        traces=traces,
    )
    reader = BatchReader(
        app,
        channel,
        make_consumer=lambda: group_consumer(settings),
        topic=settings.readings_topic,
        health=health,
        before_leaving=work.leave,
    )

    async def score(batches: StreamT[Batch]) -> None:
        await work.run(batches)

    app.agent(channel, name="score", supervisor_strategy=CrashingSupervisor)(score)
    book = BookService(settings, rules, health)
    services: list[ServiceT] = [models, rehearsals, reader, thresholds]
    services += [Housekeeping(settings, work, reader), book]
    if receivers.are_named(settings):
        services.append(NotifyService(settings, rules, health))
    if settings.health_port:
        stream = StreamCollector(work.counts, pipeline, health, keeper)
        services.append(FiguresService(settings, rules, health))
        services.append(
            HealthServer(
                settings,
                health,
                counts=work.counts,
                about={"bundle": bundle.id, "rules": rules.digest, "group": settings.group},
                stream=stream,
                is_ready=lambda: _is_ready(health, recovery),
            )
        )
    # That of bridges is theirs alone: a plant without one need not have it.
    ours = {topic.name for topic in topics(settings)} - {settings.bridges_topic}

    def look_at_the_log() -> None:
        admin, topic = admin_client(settings), settings.readings_topic
        health.found_ends(end_offsets(admin, topic, health.partitions), now=time.monotonic())
        # A group takes minutes to find a topic again that was made anew.
        health.log_was_replaced = bool(log_id) and readings_id(admin, topic) not in ("", log_id)

    watchdog = Watchdog(settings, health, topics=ours, ask=look_at_the_log)
    _add_services(app, watchdog, services)
    log.info("worker.starting", bundle=bundle.id, rules=rules.digest, group=settings.group)
    return app


def _pipeline(
    settings: Settings, bundle: Bundle, rules: Rules, *, is_shadow: bool = False
) -> Pipeline:
    """Make the pipeline that judges, or a shadow of it, by a model that judges nothing yet."""
    return Pipeline(
        bundle,
        rules,
        source=f"/stream-detector/{settings.group}",
        max_clock_skew=settings.max_clock_skew,
        published_scores=settings.published_scores,
        is_shadow=is_shadow,
    )


def _readings_id(settings: Settings) -> str:
    return readings_id(admin_client(settings), settings.readings_topic)


def _is_ready(health: Health, recovery: Recovery) -> bool:
    # One that was given no partition stands by: it is ready for the next one.
    restored = {one.partition for one in recovery.positions}
    return health.is_member and health.partitions <= restored


def _make_app(settings: Settings) -> AppT:
    return _App(
        settings.group,
        broker=f"kafka://{settings.bootstrap_servers.split(',')[0]}",
        store="memory://",
        datadir=tempfile.gettempdir(),
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )


def _add_services(app: AppT, watchdog: Watchdog, services: Sequence[ServiceT]) -> None:
    @app.service
    class OurServices(Service):
        """Starts and ends our services with the app, in this order."""

        async def on_start(self) -> None:
            watchdog.start()
            for service in services:
                await self.add_runtime_dependency(service)
