"""What the worker needs is looked at piece by piece."""

import shutil
from pathlib import Path

import pytest
import redis as redis_client
from pydantic import SecretStr
from structlog.testing import capture_logs

from stream_detector.bundle.directory import Bundle
from stream_detector.connections.settings import Settings
from stream_detector.connections.topics import topics
from stream_detector.errors import BundleError, StreamDetectorError
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from stream_detector.worker.app import build
from stream_detector.worker.checks import check, load_bundle

TOPICS = {topic.name: topic.partitions(4) for topic in topics(Settings.model_construct(broker=""))}


def settings_with(
    bundle: Path | None,
    *,
    broker: str = "kafka:9092",
    redis: str = "",
    rules: Path | None = None,
) -> Settings:
    return Settings(
        broker=broker, redis_url=SecretStr(redis or "redis://redis"), bundle=bundle, rules=rules
    )


def test_when_all_is_well_every_check_says_what_it_found(
    small_bundle_folder: Path, small_bundle: Bundle
) -> None:
    with EmbeddedKafka(TOPICS) as kafka, EmbeddedRedis() as redis:
        settings = settings_with(small_bundle_folder, broker=kafka.bootstrap, redis=redis.url)
        found = {finding.subject: finding for finding in check(settings)}

    assert [finding.fault for finding in found.values()] == [None] * 5
    assert "sensor.readings (4 partitions)" in found["topics"].detail
    assert f"{small_bundle.id}, 5 sensors, linear" in found["bundle"].detail
    assert found["redis"].detail == "answers (0 thresholds set)"
    assert found["rules"].detail == "no file, the default: sheet-break"


def test_what_others_keep_under_our_key_is_found(
    small_bundle_folder: Path, small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    # There is no broker, which is not what is looked for here.
    monkeypatch.setattr("stream_detector.connections.kafka._METADATA_SECONDS", (0.1,))
    with EmbeddedRedis() as server, redis_client.Redis.from_url(server.url) as client:
        client.set(f"detector:thresholds:{small_bundle.id}", "something else")
        settings = settings_with(small_bundle_folder, broker="127.0.0.1:1", redis=server.url)
        found = {finding.subject: finding for finding in check(settings)}

    assert "Redis does not do what it is asked: WRONGTYPE" in (found["redis"].fault or "")


def test_a_threshold_that_nobody_can_read_is_found(
    small_bundle_folder: Path, small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_detector.connections.kafka._METADATA_SECONDS", (0.1,))
    with EmbeddedRedis() as server, redis_client.Redis.from_url(server.url) as client:
        client.hset(f"detector:thresholds:{small_bundle.id}", "pm3", "fixed:3.1")
        settings = settings_with(small_bundle_folder, broker="127.0.0.1:1", redis=server.url)
        found = {finding.subject: finding for finding in check(settings)}

    assert "unreadable thresholds of 'pm3'; set them" in (found["redis"].fault or "")


def test_rules_that_the_bundle_was_not_fitted_with_are_told_and_no_fault(
    small_bundle_folder: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rules]]\nname = "odd"\non_delay = { count = 3, of = 5 }\n')

    with EmbeddedKafka(TOPICS) as kafka, EmbeddedRedis() as redis:
        settings = settings_with(
            small_bundle_folder, broker=kafka.bootstrap, redis=redis.url, rules=rules
        )
        found = {finding.subject: finding for finding in check(settings)}
        with capture_logs() as lines:
            build(settings)

    assert found["rules"].fault is None
    assert "odd; note: rule 'odd' has an on-delay of 3 of 5, but" in found["rules"].detail
    (told,) = [line for line in lines if line["event"] == "rules.unlike_bundle"]
    assert told["log_level"] == "warning"
    assert "measured with 1 of 1" in told["note"]


def test_the_bundle_has_to_be_named() -> None:
    with pytest.raises(StreamDetectorError, match="DETECTOR_BUNDLE is not set; give the folder"):
        load_bundle(settings_with(None))


def test_a_folder_without_a_bundle_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=f"no bundle at '{tmp_path}/nothing': No such file"):
        load_bundle(settings_with(tmp_path / "nothing"))


def test_half_a_bundle_is_refused_by_the_name_of_the_missing_file(
    small_bundle_folder: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half"
    shutil.copytree(small_bundle_folder, half)
    (half / "parameters.npz").unlink()

    with pytest.raises(BundleError, match=r"parameters\.npz' has checksum none \(the file is miss"):
        load_bundle(settings_with(half))
