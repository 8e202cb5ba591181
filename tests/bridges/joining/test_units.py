"""Conversions of units that paper mills mix."""

import pytest

from stream_detector.bridges.joining.units import conversion
from stream_detector.errors import SettingsError


@pytest.mark.parametrize(
    ("value", "unit_from", "unit_to", "expected"),
    [
        (100.0, "psi", "bar", 6.894757),
        (10.0, "lbf", "N", 44.482216),
        (10.0, "lbf/in", "kN/m", 1.751268),
        (-40.0, "degF", "degC", -40.0),
        (1.0, "gal/min", "l/h", 227.124707),
    ],
)
def test_a_value_is_brought_to_another_unit(
    value: float, unit_from: str, unit_to: str, expected: float
) -> None:
    assert conversion(unit_from, unit_to).of(value) == pytest.approx(expected, rel=1e-6)


def test_units_of_different_things_are_refused() -> None:
    with pytest.raises(SettingsError, match="'N' is a unit of force and 'N/m' one of force of a"):
        conversion("N", "N/m")
