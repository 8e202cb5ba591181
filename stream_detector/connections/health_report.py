"""How a program is, in words that whoever supervises it acts on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What a supervisor shall do."""

    OK = "ok"
    DEGRADED = "degraded"
    """Something it needs is away; it goes on by itself when that returns. Do not restart it."""
    FAILING = "failing"
    """It does not work although it could. Restart it."""


@dataclass(frozen=True)
class Report:
    """How the program is, and why.

    Examples
    --------
    >>> report = Report(failing=["nothing gets on"], away=["Redis does not answer"])
    >>> report.status, report.reasons
    (<Status.FAILING: 'failing'>, ('nothing gets on', 'Redis does not answer'))
    """

    failing: Sequence[str]
    """What it does not do although it could."""
    away: Sequence[str]
    """What it goes on without."""

    @property
    def status(self) -> Status:
        """What that comes to."""
        if self.failing:
            return Status.FAILING
        return Status.DEGRADED if self.away else Status.OK

    @property
    def reasons(self) -> tuple[str, ...]:
        """All of it, the worst first."""
        return (*self.failing, *self.away)
