"""The figures of the trailing days, worked out each minute where the alert book is kept."""

from typing import Final

import structlog
from aiokafka.errors import KafkaError
from mode import Service

from stream_detector.alerting.rules import Rules
from stream_detector.connections.plant_figures import PlantFigures
from stream_detector.connections.settings import Settings
from stream_detector.errors import ServiceError
from stream_detector.worker.health import Health

log = structlog.get_logger()

_EVERY_SECONDS: Final = 60.0

_LOOK_SECONDS: Final = 1.0
"""How often it is looked whether the book is ours."""


class FiguresService(Service):
    """Keeps the figures for ``/metrics``; of several workers in one alone.

    Parameters
    ----------
    settings : Settings
    rules : Rules
    health : Health
        Has the figures.
    """

    def __init__(self, settings: Settings, rules: Rules, health: Health) -> None:
        super().__init__()
        self._settings = settings
        self._rules = rules
        self._health = health

    @Service.task
    async def _serve(self) -> None:
        while not self.should_stop:
            if self._health.book.is_ours:
                try:
                    await self._keep()
                except (ServiceError, KafkaError) as error:
                    log.warning("figures.failed", error=str(error), doing="reading them anew")
                    await self.sleep(_EVERY_SECONDS)
                except Exception:
                    # A fault in here must not stop the scoring.
                    log.exception("figures.fault", doing="reading them anew")
                    await self.sleep(_EVERY_SECONDS)
                finally:
                    self._health.figures = None
            await self.sleep(_LOOK_SECONDS)

    async def _keep(self) -> None:
        async with PlantFigures(self._settings, self._rules) as plant:
            while self._health.book.is_ours and not self.should_stop:
                self._health.figures = await plant.read()
                await self.sleep(_EVERY_SECONDS)
