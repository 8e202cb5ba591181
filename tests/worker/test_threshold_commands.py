"""What people may ask of ``stream-detector threshold``, and what not."""

import pytest
from click.testing import CliRunner

from stream_detector.errors import SettingsError
from stream_detector.worker.threshold_commands import threshold


@pytest.mark.parametrize(
    "wanted",
    ["fixed:0", "fixed:-1", "fixed:inf", "budget:nan", "rate:1", "guess:3", "3.1", "fixed:"],
)
def test_what_is_no_threshold_is_refused_before_anything_is_asked_of_redis(wanted: str) -> None:
    refused = CliRunner().invoke(threshold, ["set", wanted])

    assert isinstance(refused.exception, SettingsError)
    assert f"threshold is {wanted!r}, expected budget:N" in str(refused.exception)
