"""What people may ask of ``stream-detector threshold``, and what not."""

import os
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner

from stream_detector.pipeline.thresholds import decode_setting
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from stream_detector.worker.threshold_commands import threshold


@pytest.mark.parametrize(
    "wanted",
    ["fixed:0", "fixed:-1", "fixed:inf", "budget:nan", "rate:1", "guess:3", "3.1", "fixed:"],
)
def test_what_is_no_threshold_is_wrong_usage(wanted: str) -> None:
    refused = CliRunner().invoke(threshold, ["set", wanted])

    assert refused.exit_code == 2
    assert f"threshold is {wanted!r}, expected budget:N" in refused.output


@pytest.mark.parametrize("per_day", ["0", "nan", "inf", "many"])
def test_what_is_no_number_of_alerts_is_wrong_usage(per_day: str) -> None:
    refused = CliRunner().invoke(threshold, ["budget", per_day])

    assert refused.exit_code == 2
    assert f"threshold is 'budget:{per_day}', expected budget:N" in refused.output


def test_who_has_no_name_is_told_by_number(
    small_bundle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a container under a number that its system knows nothing of.
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 1_000_680_000)
    with EmbeddedRedis() as server, redis.Redis.from_url(server.url) as client:
        monkeypatch.setenv("DETECTOR_BROKER", "kafka://localhost:9092")
        monkeypatch.setenv("DETECTOR_REDIS_URL", server.url)
        monkeypatch.setenv("DETECTOR_BUNDLE", str(small_bundle_folder))

        done = CliRunner().invoke(threshold, ["set", "fixed:3.1"])
        (key,) = client.keys()
        written = client.hget(key, "*")

    assert done.output == "*: fixed:3.1, version 1\n"
    assert decode_setting(written or b"").set_by == "uid:1000680000"
