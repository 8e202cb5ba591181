"""Which sensors a model knows: names in order, units, physical limits; and which modes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class FeatureSpec:
    """The sensors of a model; every array of this package has them in this order.

    Parameters
    ----------
    sensors : tuple of str, length p
        Names as the readings spell them.
    units : tuple of (str or None), length p
        For people; None where nobody told.
    low, high : float64 array, shape (p,)
        Physical limits in the sensor's unit: a value outside is a fault of the
        sensor, hence missing. -inf and +inf where there is none: an excursion is
        what a detector looks for.
    modes : tuple of str, length m
        Modes of the machine (grades, recipes) that the model is told apart. The last m
        sensors are not measured: each is 1 while the machine runs in its mode, else 0.

    Raises
    ------
    ValueError
        If names repeat, the lengths differ, or the last sensors are not those of the modes.

    Examples
    --------
    >>> spec = FeatureSpec.without_limits(("speed", "draw"))
    >>> spec.n_sensors
    2
    """

    sensors: tuple[str, ...]
    units: tuple[str | None, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    modes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the parts belong together."""
        n = len(self.sensors)
        if len(set(self.sensors)) != n:
            raise ValueError("sensor names repeat")
        if not len(self.units) == len(self.low) == len(self.high) == n:
            raise ValueError(f"{n} sensors need {n} units and {n} limits on both sides")
        if self.sensors[len(self.measured) :] != tuple(map(mode_column, self.modes)):
            raise ValueError(f"the last sensors are not those of the modes {self.modes}")

    @classmethod
    def without_limits(cls, sensors: tuple[str, ...]) -> "FeatureSpec":
        """Describe sensors of which only the names are known."""
        n = len(sensors)
        return cls(sensors, (None,) * n, np.full(n, -np.inf), np.full(n, np.inf))

    def with_modes(self, modes: tuple[str, ...]) -> "FeatureSpec":
        """Add the sensors of modes to those that are measured."""
        m = len(modes)
        return FeatureSpec(
            (*self.sensors, *map(mode_column, modes)),
            (*self.units, *(None,) * m),
            np.append(self.low, np.full(m, -np.inf)),
            np.append(self.high, np.full(m, np.inf)),
            modes,
        )

    def missing(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mark what is no value: NaN, or outside the physical limits; of any shape (..., p).

        >>> spec = FeatureSpec(("level",), ("%",), np.array([0.0]), np.array([100.0]))
        >>> spec.missing(np.array([[-0.1], [0.0], [100.0], [np.nan]])).ravel()
        array([ True, False, False,  True])
        """
        missing = np.isnan(values)
        if self._has_limits:
            missing |= (values < self.low) | (values > self.high)
        return missing

    def of_mode(self, mode: str | None) -> tuple[float | None, ...]:
        """Give the values of the last sensors in a mode, length m.

        None where no mode is told, or one that the model does not know: they are missing.

        >>> spec = FeatureSpec.without_limits(("speed",)).with_modes(("a", "b"))
        >>> spec.of_mode("b"), spec.of_mode("c")
        ((0.0, 1.0), (None, None))
        """
        return self._of_modes.get(mode, (None,) * len(self.modes))

    @cached_property
    def _of_modes(self) -> dict[str | None, tuple[float | None, ...]]:
        return {mode: tuple(float(mode == one) for one in self.modes) for mode in self.modes}

    @cached_property
    def _has_limits(self) -> bool:
        return bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())

    @property
    def measured(self) -> tuple[str, ...]:
        """The sensors that readings bring: all but those of the modes."""
        return self.sensors[: max(len(self.sensors) - len(self.modes), 0)]

    @property
    def n_sensors(self) -> int:
        """How many sensors the model knows (p)."""
        return len(self.sensors)


def mode_column(mode: str) -> str:
    """Name the sensor that is 1 while the machine runs in a mode.

    >>> mode_column("grade-42")
    'mode=grade-42'
    """
    return f"mode={mode}"
