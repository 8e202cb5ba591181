"""Units by name: what turns a value of one into a value of another."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from stream_detector.errors import SettingsError


class Conversion(NamedTuple):
    """``value * scale + offset``.

    Examples
    --------
    >>> Conversion(0.1).of(52.0)
    5.2
    """

    scale: float = 1.0
    offset: float = 0.0

    def of(self, value: float) -> float:
        """Convert a value."""
        return value * self.scale + self.offset


UNCHANGED: Final = Conversion()

_FOOT, _INCH, _POUND, _GALLON = 0.3048, 0.0254, 0.45359237, 3.785411784e-3
_GRAVITY = 9.80665

# Of each kind the scale to its first unit.
_SCALES: Final[Mapping[str, Mapping[str, float]]] = {
    "temperature": {"K": 1.0, "degC": 1.0, "degF": 5 / 9},
    "pressure": {
        "Pa": 1.0,
        "hPa": 100.0,
        "mbar": 100.0,
        "kPa": 1e3,
        "bar": 1e5,
        "MPa": 1e6,
        "psi": _POUND * _GRAVITY / _INCH**2,
        "mmH2O": _GRAVITY,
    },
    "speed": {
        "m/s": 1.0,
        "m/min": 1 / 60,
        "mm/s": 1e-3,
        "km/h": 1 / 3.6,
        "ft/min": _FOOT / 60,
    },
    "length": {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "in": _INCH, "ft": _FOOT},
    "mass": {"kg": 1.0, "g": 1e-3, "t": 1e3, "lb": _POUND},
    "mass flow": {
        "kg/s": 1.0,
        "kg/min": 1 / 60,
        "kg/h": 1 / 3600,
        "t/h": 1 / 3.6,
        "t/d": 1 / 86.4,
        "lb/h": _POUND / 3600,
    },
    "volume flow": {
        "m3/s": 1.0,
        "m3/h": 1 / 3600,
        "l/s": 1e-3,
        "l/min": 1e-3 / 60,
        "l/h": 1e-3 / 3600,
        "gal/min": _GALLON / 60,
    },
    "force": {"N": 1.0, "kN": 1e3, "lbf": _POUND * _GRAVITY},
    "force of a width": {"N/m": 1.0, "kN/m": 1e3, "lbf/in": _POUND * _GRAVITY / _INCH},
    "power": {"W": 1.0, "kW": 1e3, "MW": 1e6},
    "current": {"A": 1.0, "mA": 1e-3, "kA": 1e3},
    "voltage": {"V": 1.0, "mV": 1e-3, "kV": 1e3},
    "turning": {"1/s": 1.0, "Hz": 1.0, "1/min": 1 / 60, "rpm": 1 / 60},
    "share": {"1": 1.0, "%": 1e-2, "ppm": 1e-6},
    "time": {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0},
}

_OFFSETS: Final[Mapping[str, float]] = {"degC": 273.15, "degF": 273.15 - 32 * 5 / 9}
"""What is to be added after the scale: the other units are 0 together."""


def conversion(unit_from: str, unit_to: str) -> Conversion:
    """Give what turns values of one unit into values of another.

    Raises
    ------
    SettingsError
        If a unit is unknown, or they measure different things.

    Examples
    --------
    >>> round(conversion("degF", "degC").of(212.0), 9)
    100.0
    >>> round(conversion("bar", "kPa").of(2.5), 9)
    250.0
    """
    kind, other = _kind_of(unit_from), _kind_of(unit_to)
    if kind != other:
        raise SettingsError(
            f"{unit_from!r} is a unit of {kind} and {unit_to!r} one of {other}; give units of one "
            "kind, or scale and offset"
        )
    scale = _SCALES[kind][unit_to]
    offset = _OFFSETS.get(unit_from, 0.0) - _OFFSETS.get(unit_to, 0.0)
    return Conversion(_SCALES[kind][unit_from] / scale, offset / scale)


def _kind_of(unit: str) -> str:
    for kind, units in _SCALES.items():
        if unit in units:
            return kind
    known = "; ".join(f"{kind} {', '.join(units)}" for kind, units in _SCALES.items())
    raise SettingsError(
        f"the unit {unit!r} is unknown; give scale and offset instead, or one of: {known}"
    )
