"""How a program is, in words that whoever supervises it acts on."""

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
    """How the program is, and why."""

    status: Status
    reasons: tuple[str, ...]
