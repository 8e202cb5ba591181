"""Settings come from the environment; what is wrong there is refused by name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stream_detector.connections.receivers import are_named
from stream_detector.connections.settings import Settings, read_settings
from stream_detector.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]

GIVEN = {"DETECTOR_BROKER": "kafka://kafka:9092", "DETECTOR_REDIS_URL": "redis://:hunter2@redis"}


def refusal(**changed: str | None) -> str:
    """What is said of the environment above with these variables changed; None leaves one out."""
    environment = {name: value for name, value in {**GIVEN, **changed}.items() if value is not None}
    with pytest.raises(SettingsError) as refused:
        read_settings(environment)
    return str(refused.value)


def test_the_broker_is_enough() -> None:
    settings = read_settings({"DETECTOR_BROKER": "kafka://kafka:9092"})

    assert settings.bootstrap_servers == "kafka:9092"
    assert settings.readings_topic == "sensor.readings"
    assert (settings.redis_url, settings.bundle) == (None, None)


def test_what_others_put_into_the_environment_is_none_of_ours() -> None:
    assert read_settings({**GIVEN, "PATH": "/bin", "BROKER": "elsewhere:1"}) == read_settings(GIVEN)


def test_what_is_given_is_all_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETECTOR_GROUP", "that-of-the-shell")

    assert read_settings(GIVEN).group == "stream-detector"


def test_a_variable_with_nothing_in_it_is_not_set() -> None:
    empty = {"DETECTOR_BUNDLE": "", "DETECTOR_GROUP": " ", "DETECTOR_MAX_BATCH": ""}

    assert read_settings({**GIVEN, **empty}) == read_settings(GIVEN)
    assert refusal(DETECTOR_BROKER="") == (
        "wrong settings: DETECTOR_BROKER: is not set, and has no default"
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("MAX_CLOCK_SKEW_SECONDS", "inf", "less than or equal to"),
        ("MAX_CLOCK_SKEW_SECONDS", "nan", "less than or equal to"),
        ("MAX_CLOCK_SKEW_SECONDS", "1e20", "less than or equal to"),
        ("MAX_CLOCK_SKEW_SECONDS", "-1", "greater than or equal to 0"),
        ("THRESHOLD_REFRESH_SECONDS", "inf", "less than or equal to 3600"),
        ("THRESHOLD_REFRESH_SECONDS", "0", "greater than or equal to 0.1"),
        ("FETCH_WAIT_MS", "60000", "less than or equal to 10000"),
        ("READINGS_TOPIC", "sensor readings", "should match pattern"),
        ("ALERTS_TOPIC", "a" * 250, "at most 249 characters"),
    ],
)
def test_a_value_that_would_fail_later_is_refused_by_name(name: str, value: str, says: str) -> None:
    told = refusal(**{f"DETECTOR_{name}": value})

    assert told.startswith(f"wrong settings: DETECTOR_{name}: ")
    assert says in told


def test_two_topics_of_one_name_are_refused_for_dead_letters_would_go_round_for_ever() -> None:
    assert refusal(DETECTOR_DEAD_LETTERS_TOPIC="sensor.readings") == (
        "wrong settings: sensor.readings is the name of two topics; each needs its own"
    )


def test_a_misspelt_name_is_refused_for_a_setting_that_is_ignored_is_worse_than_none() -> None:
    assert refusal(DETECTOR_BROKR="kafka:9092") == (
        "unknown setting DETECTOR_BROKR; correct the name or remove it"
    )


def test_all_that_is_missing_or_wrong_is_told_at_once() -> None:
    told = refusal(DETECTOR_BROKER=None, DETECTOR_MAX_BATCH="0", DETECTOR_LOG_LEVEL="loud")

    assert "DETECTOR_BROKER: is not set, and has no default" in told
    assert "DETECTOR_MAX_BATCH: Input should be greater than 0" in told
    assert "DETECTOR_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'" in told


@pytest.mark.parametrize(
    ("broker", "servers"),
    [
        ("kafka:9092", "kafka:9092"),
        ("kafka://one:9092, kafka://two:9093", "one:9092,two:9093"),
        ("one:9092;two:9093", "one:9092,two:9093"),
        ("[::1]:9092", "[::1]:9092"),
    ],
)
def test_brokers_are_written_in_several_ways(broker: str, servers: str) -> None:
    assert read_settings({**GIVEN, "DETECTOR_BROKER": broker}).bootstrap_servers == servers


@pytest.mark.parametrize(
    "broker",
    ["kafka", "kafka:", "kafka://kafka", "one:9092,,two:9092", "kafka:0", "kafka:99999"],
)
def test_a_broker_without_a_port_is_refused_for_a_client_would_guess_one(broker: str) -> None:
    assert "is no host:port" in refusal(DETECTOR_BROKER=broker)


def test_no_secret_is_ever_shown() -> None:
    told = [
        repr(read_settings(GIVEN)),
        str(read_settings(GIVEN).redis_url),
        refusal(DETECTOR_BROKR="x"),
        refusal(DETECTOR_BROKER="user:hunter2@kafka:9092"),
    ]

    assert [text for text in told if "hunter2" in text] == []


def test_every_setting_says_what_it_is() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not field.description]

    assert silent == []


def test_the_tests_are_deaf_to_the_settings_in_the_shell() -> None:
    shell = {**os.environ, "DETECTOR_BROKER": "kafka://plant:9092", "DETECTOR_MISSPELT": "1"}
    program = "import os, tests.conftest; print([n for n in os.environ if 'DETECTOR_' in n])"

    left = subprocess.check_output([sys.executable, "-c", program], env=shell, cwd=ROOT, text=True)

    assert "DETECTOR_BROKER" not in left
    assert "DETECTOR_MISSPELT" not in left


SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"  # noqa: S105 - of nobody


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"WEBHOOK_URL": "https://them/hook"}, "DETECTOR_WEBHOOK_SECRET go together"),
        ({"WEBHOOK_SECRET": SECRET}, "DETECTOR_WEBHOOK_SECRET go together"),
        (
            {"WEBHOOK_URL": "https://them/hook", "WEBHOOK_SECRET": "hunter2"},
            "DETECTOR_WEBHOOK_SECRET is no base64 of 24 to 64 bytes; make one with `openssl",
        ),
        ({"WEBHOOK_URL": "them/hunter2", "WEBHOOK_SECRET": SECRET}, "WEBHOOK_URL is no address"),
        ({"ALERTMANAGER_URL": "ftp://hunter2"}, "DETECTOR_ALERTMANAGER_URL is no address like"),
        ({"ALERTMANAGER_URL": "http://a:b/hunter2"}, "DETECTOR_ALERTMANAGER_URL is no address"),
    ],
)
def test_who_is_told_of_alerts_is_an_address_with_a_secret(
    changed: dict[str, str], says: str
) -> None:
    told = refusal(**{f"DETECTOR_{name}": value for name, value in changed.items()})

    assert says in told
    assert "hunter2" not in told


def test_nobody_is_told_of_alerts_if_nobody_is_named() -> None:
    assert not are_named(read_settings(GIVEN))
    told = {"DETECTOR_WEBHOOK_URL": "https://them/hook", "DETECTOR_WEBHOOK_SECRET": SECRET}
    assert are_named(read_settings({**GIVEN, **told}))
