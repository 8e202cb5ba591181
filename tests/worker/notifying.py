"""Somebody who tells others of alerts, beside a book at work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stream_detector.connections.settings import Settings
from stream_detector.worker.health import Health
from stream_detector.worker.notify import NotifyService
from tests.alerting.told import RULES
from tests.worker.keeping import Plant


@asynccontextmanager
async def notifier(plant: Plant, **receivers: str) -> AsyncIterator[Health]:
    """Tells these, which are settings."""
    ours = {"broker": plant.broker, "group": "mill", "fetch_wait_ms": 10}
    health = Health(stall_seconds=60, began_at=0.0)
    service = NotifyService(Settings.model_validate({**ours, **receivers}), RULES, health)
    await service.start()
    try:
        yield health
    finally:
        await service.stop()
