"""The sensors of a model, and what does not describe them."""

import numpy as np
import pytest

from stream_detector.detection.features import FeatureSpec


def test_sensors_of_which_only_the_names_are_known_have_no_limits() -> None:
    spec = FeatureSpec.without_limits(("speed", "draw"))

    assert spec.n_sensors == 2
    assert spec.units == (None, None)
    assert spec.low.tolist() == [-np.inf, -np.inf]
    assert spec.high.tolist() == [np.inf, np.inf]


def test_a_name_that_repeats_is_refused() -> None:
    with pytest.raises(ValueError, match="sensor names repeat"):
        FeatureSpec.without_limits(("speed", "speed"))


@pytest.mark.parametrize("part", ["units", "low", "high"])
def test_parts_of_another_length_are_refused(part: str) -> None:
    units = (None,) if part == "units" else (None, None)
    low, high = np.zeros(1 if part == "low" else 2), np.ones(1 if part == "high" else 2)

    with pytest.raises(ValueError, match="2 sensors need 2 units and 2 limits"):
        FeatureSpec(("speed", "draw"), units, low, high)


def test_the_last_sensors_are_those_of_the_modes() -> None:
    nothing = np.zeros(2)

    with pytest.raises(ValueError, match="the last sensors are not those of the modes"):
        FeatureSpec(("speed", "mode=a"), (None, None), nothing, nothing, modes=("b",))
