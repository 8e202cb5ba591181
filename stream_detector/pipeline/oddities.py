"""What is no reason to refuse a message, but should not be."""

from collections import Counter

MAX_UNKNOWN_NAMES = 1000
"""Names of a kind that are counted one by one; beyond, together."""

OTHER_NAMES = "(other)"
"""Where names are counted once there are too many."""


class Oddities:
    """How often it was met since the start.

    Examples
    --------
    >>> oddities = Oddities()
    >>> oddities.count_unknown_event("brake", "pm3")
    >>> oddities.unknown_events, oddities.first_sent_by["brake"]
    (Counter({'brake': 1}), 'pm3')
    """

    def __init__(self) -> None:
        self.not_finite = 0
        """Messages with a literal NaN or Infinity."""
        self.late: Counter[str] = Counter()
        """Readings older than the machine's last one; they entered nothing. By machine."""
        self.duplicates = 0
        """Readings as old as the machine's last one; they entered nothing."""
        self.foreign: Counter[str] = Counter()
        """Readings with values, but none of a sensor the model knows; by machine."""
        self.unknown_sensors: Counter[str] = Counter()
        """Values of sensors the model does not know."""
        self.unknown_events: Counter[str] = Counter()
        """Events that the rules say nothing of."""
        self.first_sent_by: dict[str, str] = {}
        """Of each unknown sensor and event the machine in whose reading it was met first."""

    def count_late(self, machine: str) -> None:
        """Count a reading that is older than the machine's last one."""
        _count(self.late, machine)

    def count_foreign(self, machine: str) -> None:
        """Count a reading that is of another model's machine."""
        _count(self.foreign, machine)

    def count_unknown_sensor(self, sensor: str, machine: str) -> None:
        """Count a value of a sensor that the model does not know."""
        self.first_sent_by.setdefault(_count(self.unknown_sensors, sensor), machine)

    def count_unknown_event(self, event: str, machine: str) -> None:
        """Count an event that is no outcome of a rule, and ends no run."""
        self.first_sent_by.setdefault(_count(self.unknown_events, event), machine)


def _count(names: Counter[str], name: str) -> str:
    """Count a name, and give what it was counted as."""
    readable = name.encode(errors="replace").decode()
    counted = readable if readable in names or len(names) < MAX_UNKNOWN_NAMES else OTHER_NAMES
    names[counted] += 1
    return counted
