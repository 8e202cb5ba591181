"""The part of a worker that knows which model people want of each machine."""

import asyncio
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.connections.bundle_store import bundle_store
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.settings import Settings
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.worker.health import Health
from stream_detector.worker.model_shelf import ModelShelf
from stream_detector.worker.model_watch import ModelWatch
from stream_detector.worker.thresholds import ThresholdWatch

if TYPE_CHECKING:
    import redis


class Site:
    """A worker's models, what is wanted of them in Redis, and the watch on that."""

    def __init__(
        self, settings: Settings, client: "redis.Redis", first: Bundle, second: Bundle
    ) -> None:
        self.settings = settings
        self.client = client
        self.first, self.second = first, second
        self.judging: dict[str, str] = {}
        self.store = ModelChoiceStore(settings)
        self.now = 0.0
        self.restart()

    def restart(self) -> None:
        """A worker that knows nothing yet."""
        self.pipeline = Pipeline(self.first, Rules())
        self.models = self.pipeline.models
        self.health = Health(stall_seconds=60, began_at=0.0)
        self.thresholds = ThresholdWatch(
            ThresholdStore(self.settings, self.first.id),
            self.first.manifest.default_threshold,
            in_force=dict,
            refresh_seconds=1.0,
            health=self.health,
        )
        self.shelf = ModelShelf(
            self.settings,
            self.models,
            store=bundle_store(self.settings),
            thresholds=self.thresholds,
            health=self.health,
            clock=lambda: self.now,
        )
        self.watch = ModelWatch(
            self.store,
            self.models,
            shelf=self.shelf,
            judging=lambda: self.judging,
            refresh_seconds=1.0,
            health=self.health,
        )

    def look(self) -> list[str]:
        """Let the watch look once, a second later; give what it says of models."""
        self.now += 1.0
        with capture_logs() as lines:
            asyncio.run(self.watch.on_start())
        events = [line["event"] for line in lines]
        return [one for one in events if one.startswith("model.")]

    def write(self, machine: str, entry: str) -> None:
        """Write to Redis past the command and its checks."""
        self.client.hset("detector:bundle:stream-detector", machine, entry)
