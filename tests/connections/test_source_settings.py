"""Who a bridge is to its source, as the environment says."""

from pathlib import Path

import pytest

from stream_detector.connections.settings import read_settings
from stream_detector.connections.source_settings import read_source_settings
from stream_detector.errors import SettingsError


def test_a_bridge_needs_no_settings_of_its_source() -> None:
    settings = read_source_settings({"DETECTOR_BROKER": "kafka:9092"})

    assert (settings.mqtt_username, settings.mqtt_password) == (None, None)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")

    settings = read_source_settings(
        {"DETECTOR_MQTT_USERNAME": "bridge", "DETECTOR_MQTT_PASSWORD_FILE": str(secret)}
    )

    assert settings.mqtt_password is not None
    assert settings.mqtt_password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)


def test_the_other_programs_pass_over_what_is_for_a_bridge() -> None:
    settings = read_settings(
        {
            "DETECTOR_BROKER": "kafka:9092",
            "DETECTOR_MQTT_USERNAME": "bridge",
            "DETECTOR_MQTT_PASSWORD_FILE": "/nowhere",
        }
    )

    assert settings.broker == "kafka:9092"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"MQTT_PASSWORD": "x"}, "DETECTOR_MQTT_PASSWORD needs DETECTOR_MQTT_USERNAME"),
        ({"MQTT_KEY_FILE": "a.key"}, "go together"),
        ({"MQTT_USERNAME": "a", "MQTT_PASSWORD_FILE": "/nowhere"}, "cannot be read"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read_source_settings({f"DETECTOR_{name}": value for name, value in given.items()})
