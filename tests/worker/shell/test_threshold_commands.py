"""What people may ask of ``stream-detector threshold``, and what not."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from stream_detector.alerting.life import rfc3339
from stream_detector.bundle.directory import Bundle
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.settings import Settings
from stream_detector.detection.threshold import Budget
from stream_detector.pipeline.thresholds import InForce, decode_setting
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from stream_detector.worker.shell.threshold_commands import threshold


@pytest.mark.parametrize(
    "wanted",
    [
        "fixed:0",
        "fixed:1e308",
        "fixed:-1",
        "fixed:inf",
        "budget:nan",
        "budget:1e12",
        "rate:1",
        "guess:3",
        "3.1",
        "fixed:",
    ],
)
def test_what_is_no_threshold_is_wrong_usage(wanted: str) -> None:
    refused = CliRunner().invoke(threshold, ["set", wanted])

    assert refused.exit_code == 2
    assert f"threshold is {wanted!r}, expected budget:N" in refused.output


@pytest.mark.parametrize("per_day", ["0", "nan", "inf", "86401", "many"])
def test_what_is_no_number_of_alerts_is_wrong_usage(per_day: str) -> None:
    refused = CliRunner().invoke(threshold, ["budget", per_day])

    assert refused.exit_code == 2
    assert f"threshold is 'budget:{per_day}', expected budget:N" in refused.output


@pytest.mark.parametrize("per_day", ["-1", "-12", "-0.5"])
def test_a_number_below_zero_is_not_taken_for_an_option(per_day: str) -> None:
    refused = CliRunner().invoke(threshold, ["budget", per_day, "--machine", "pm3"])
    misspelt = CliRunner().invoke(threshold, ["budget", "6", "--machin", "pm3"])

    assert (refused.exit_code, misspelt.exit_code) == (2, 2)
    assert "PER_DAY is below zero, expected a number above" in refused.output
    assert "No such option: --machin" in misspelt.output


@pytest.mark.parametrize("machine", ["", "x" * 201, "pm\n3", "pm\0003", "pm\udcff3"])
@pytest.mark.parametrize("words", [["set", "fixed:3.1"], ["budget", "6"], ["clear"], ["show"]])
def test_what_no_reading_carries_is_no_name_of_a_machine(words: list[str], machine: str) -> None:
    refused = CliRunner().invoke(threshold, [*words, "--machine", machine], terminal_width=300)

    assert refused.exit_code == 2
    assert "expected a name of 1 to 200 characters on one line" in refused.output


@pytest.fixture
def server(small_bundle_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedRedis]:
    """An empty Redis, and the settings that lead to it."""
    with EmbeddedRedis() as running:
        monkeypatch.setenv("DETECTOR_BROKER", "kafka://localhost:9092")
        monkeypatch.setenv("DETECTOR_REDIS_URL", running.url)
        monkeypatch.setenv("DETECTOR_BUNDLE", str(small_bundle_folder))
        yield running


@pytest.fixture
def store(server: EmbeddedRedis, small_bundle: Bundle) -> ThresholdStore:
    settings = Settings(broker="kafka:9092", redis_url=SecretStr(server.url))
    return ThresholdStore(settings, small_bundle.id)


def show(*options: str) -> list[str]:
    shown = CliRunner().invoke(threshold, ["show", *options], catch_exceptions=False)
    assert shown.exit_code == 0
    return shown.output.splitlines()


def test_who_has_no_name_is_told_by_number(
    store: ThresholdStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a container under a number that its system knows nothing of.
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 1_000_680_000)

    done = CliRunner().invoke(threshold, ["set", "fixed:3.1"])

    assert done.output == "*: fixed:3.1, version 1\n"
    assert decode_setting(store.read()["*"]).set_by == "uid:1000680000"


@pytest.mark.usefixtures("server")
def test_where_nothing_is_set_the_bundles_budget_is_shown() -> None:
    assert show() == ["*: nothing is set, so the bundle's budget:6.0 counts"]


def test_a_machine_that_no_worker_has_judged_is_told_of(
    store: ThresholdStore, server: EmbeddedRedis
) -> None:
    settings = Settings(broker="kafka:9092", redis_url=SecretStr(server.url))
    ModelChoiceStore(settings).publish_judging({"pm3": store.bundle_id})

    unknown = CliRunner().invoke(threshold, ["budget", "3", "--machine", "pm4"])
    known = CliRunner().invoke(threshold, ["budget", "3", "--machine", "pm3"])
    of_all = CliRunner().invoke(threshold, ["budget", "3"])

    # It is done all the same, to work ahead.
    assert unknown.stdout == "pm4: budget:3.0, version 1\n"
    assert unknown.stderr == (
        "note: no reading of 'pm4' was judged so far, but of 'pm3': check the name\n"
    )
    assert (known.stderr, of_all.stderr) == ("", "")


def test_of_a_threshold_in_force_only_what_is_drift_is_called_so(store: ThresholdStore) -> None:
    now = datetime.now(UTC)
    store.offer_default("*", Budget(6.0))
    store.publish_current({"pm3": InForce(3.1, 0.0, now), "pm4": InForce(2.9, -0.15, now)})

    wanted, *in_force = show()

    assert wanted.startswith("*: budget:6.0, version 1 by bundle since 20")
    assert in_force == ["pm3: in force 3.1", "pm4: in force 2.9, of that -0.15 drift"]


def test_of_one_machine_what_counts_for_it_is_shown(
    store: ThresholdStore, server: EmbeddedRedis
) -> None:
    now = datetime.now(UTC)
    settings = Settings(broker="kafka:9092", redis_url=SecretStr(server.url))
    choices = ModelChoiceStore(settings)
    choices.publish_judging({"pm3": store.bundle_id, "pm4": store.bundle_id})
    for machine, per_day in (("*", 6.0), ("pm3", 3.0), ("pm4", 2.0)):
        store.put(machine, Budget(per_day), set_by="anna")
    store.publish_current({"pm3": InForce(3.1, 0.0, now), "pm4": InForce(2.9, 0.0, now)})

    of_all, own, in_force = show("--machine", "pm3")
    unknown = show("--machine", "pm5")

    assert of_all.startswith("*: budget:6.0, version 1 by anna")
    assert own.startswith("pm3: budget:3.0, version 1 by anna")
    assert in_force == "pm3: in force 3.1"
    assert unknown == [
        of_all,
        "note: no reading of 'pm5' was judged so far, but of 'pm3', 'pm4': check the name",
    ]

    # Under the model that is wanted of it, and no other.
    choices.activate("pm4", "0123456789abcdef", set_by="anna")
    assert show("--machine", "pm4") == ["*: nothing is set, so the bundle's default counts"]
    assert show("--machine", "pm3") == [of_all, own, in_force]


def test_no_threshold_is_in_force_under_a_model_that_no_longer_judges(
    store: ThresholdStore, server: EmbeddedRedis
) -> None:
    now = datetime.now(UTC)
    store.publish_current({"pm3": InForce(3.1, 0.0, now), "pm4": InForce(2.9, 0.0, now)})
    settings = Settings(broker="kafka:9092", redis_url=SecretStr(server.url))
    ModelChoiceStore(settings).publish_judging({"pm3": "0123456789abcdef", "pm4": store.bundle_id})

    assert show()[1:] == ["pm4: in force 2.9"]


def test_machines_that_nothing_was_heard_of_for_long_are_only_counted(
    store: ThresholdStore,
) -> None:
    now = datetime.now(UTC)
    last_reading = now - timedelta(days=6)
    store.publish_current(
        {
            "pm3": InForce(3.1, 0.0, last_reading),
            "pm-misspelt": InForce(3.1, 0.0, now - timedelta(days=8)),
        }
    )

    assert show()[1:] == [
        # A threshold that was set since then counts from its next reading on.
        f"pm3: in force 3.1 at its last reading, {rfc3339(last_reading)}",
        "not shown: 1 without a reading for 7 days",
    ]


def test_a_name_of_several_lines_is_shown_on_one(store: ThresholdStore) -> None:
    store.publish_current({"pm\n3\0 süd": InForce(3.1, 0.0, datetime.now(UTC))})

    assert show()[1:] == ["pm\\n3\\x00 süd: in force 3.1"]
