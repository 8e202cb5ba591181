"""What is no reason to refuse a message, but should not be."""

from collections import Counter

MAX_UNKNOWN_NAMES = 1000
"""Names of unknown sensors that are counted one by one; beyond, together."""

OTHER_NAMES = "(other)"
"""Where unknown sensors are counted once there are too many names."""


class Oddities:
    """How often it was met since the start."""

    def __init__(self) -> None:
        self.not_finite = 0
        """Messages with a literal NaN or Infinity."""
        self.late = 0
        """Readings older than the machine's last one; they entered nothing."""
        self.duplicates = 0
        """Readings as old as the machine's last one; they entered nothing."""
        self.unknown_sensors: Counter[str] = Counter()
        """Values of sensors the model does not know."""
        self.foreign = 0
        """Readings with values, but none of a sensor the model knows."""

    def count_unknown(self, sensor: str) -> None:
        """Count a value of a sensor that the model does not know."""
        readable, names = sensor.encode(errors="replace").decode(), self.unknown_sensors
        counted = readable in names or len(names) < MAX_UNKNOWN_NAMES
        names[readable if counted else OTHER_NAMES] += 1
