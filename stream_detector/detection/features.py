"""Which sensors a model knows: names in order, units, physical limits."""

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

    Raises
    ------
    ValueError
        If names repeat or the lengths differ.

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

    def __post_init__(self) -> None:
        """Check that the parts belong together."""
        n = len(self.sensors)
        if len(set(self.sensors)) != n:
            raise ValueError("sensor names repeat")
        if not len(self.units) == len(self.low) == len(self.high) == n:
            raise ValueError(f"{n} sensors need {n} units and {n} limits on both sides")

    @classmethod
    def without_limits(cls, sensors: tuple[str, ...]) -> "FeatureSpec":
        """Describe sensors of which only the names are known."""
        n = len(sensors)
        return cls(sensors, (None,) * n, np.full(n, -np.inf), np.full(n, np.inf))

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

    @cached_property
    def _has_limits(self) -> bool:
        return bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())

    @property
    def n_sensors(self) -> int:
        """How many sensors the model knows (p)."""
        return len(self.sensors)
