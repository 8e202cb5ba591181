"""What the pages are made with; put together in ``app``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from stream_detector.alerting.commands import Command, Reply
from stream_detector.alerting.figures import Figures
from stream_detector.console.plant import Plant
from stream_detector.console.sessions import Person, Sessions
from stream_detector.console.tuning import Tuning
from stream_detector.console.words import Clock


class Commands(Protocol):
    """Where commands go."""

    async def send(self, command: Command) -> Reply:
        """Send a command and wait for what becomes of it.

        Raises
        ------
        ServiceError
            If no reply comes in time.
        """


@dataclass(frozen=True)
class Parts:
    """What the pages are made with.

    Parameters
    ----------
    plant : Plant
    clock : Clock
    commands : Commands
    figures : callable
        Gives the ledger and the figures of the trailing days.
    sessions : Sessions or None
        None where nobody signs in: whoever is at this machine is ``local``.
    local : Person
    tuning : Tuning or None
        None where no bundle or no Redis is named.
    """

    plant: Plant
    clock: Clock
    commands: Commands
    figures: Callable[[], Awaitable[Figures]]
    sessions: Sessions | None
    local: Person
    tuning: Tuning | None = None
