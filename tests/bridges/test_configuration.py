"""A bridge's TOML file: the times of the machines, and what is said of a wrong key."""

import re
from pathlib import Path

import pytest

from stream_detector.bridges.configuration import read_configuration
from stream_detector.bridges.joining.timing import Timing
from stream_detector.errors import SettingsError

GOOD = """\
name = "mill"
mapping = "tags.csv"

[machines."*"]
cadence_seconds = 10
hold_seconds = 60
lateness_seconds = 2.5

[machines.pm3]
cadence_seconds = 1
"""


def written(path: Path, text: str) -> Path:
    file = path / "bridge.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_machine_has_its_own_times_and_else_those_of_all(tmp_path: Path) -> None:
    configuration = read_configuration(written(tmp_path, GOOD))

    assert configuration.timing("pm3") == Timing(1_000_000, 60_000_000, 2_500_000)
    assert configuration.timing("pm4") == Timing(10_000_000, 60_000_000, 2_500_000)
    assert configuration.mapping == tmp_path / "tags.csv"
    assert configuration.kafka is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "mill"\n', "", "name is missing; add it"),
        ('name = "mill"', 'name = "a mill"', "name: String should match pattern"),
        ("hold_seconds", "hold_second", "machines.*.hold_second is unknown; correct the name"),
        ("= 60", '= "60"', "machines.*.hold_seconds: Input should be a valid number; correct it"),
        ("= 60", "= -1", "machines.*.hold_seconds: Input should be greater than or equal to 0"),
        ("= 60", "= nan", "machines.*.hold_seconds: Input should be less than or equal to 1000"),
        ("[machines.pm3]", "[machine.pm3]", "machine is unknown"),
        ("[machines.pm3]", "[kafka]", "kafka.topic is missing; add it"),
        ('[machines."*"]', "[machines.pm4]", "machine 'pm4' has no"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = GOOD.replace(old, new)
    if "pm4" in new:
        text = text.replace("hold_seconds = 60\n", "")
    file = written(tmp_path, text)

    with pytest.raises(SettingsError) as caught:
        read_configuration(file)

    assert f"configuration '{file}' is wrong: " in str(caught.value)
    assert said in str(caught.value)


def test_a_value_is_not_shown_it_may_be_a_secret(tmp_path: Path) -> None:
    file = written(tmp_path, 'password = "hush"\n' + GOOD.replace("= 60", '= "hush"'))

    with pytest.raises(SettingsError) as caught:
        read_configuration(file)

    assert "password is unknown" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "cannot be read: No such file"), ("name =", "is no TOML in UTF-8: Invalid value")],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "bridge.toml"
    if text is not None:
        file.write_text(text)

    with pytest.raises(SettingsError, match=said):
        read_configuration(file)


def test_a_machine_without_times_or_without_tags_is_named(tmp_path: Path) -> None:
    configuration = read_configuration(written(tmp_path, GOOD))
    with pytest.raises(SettingsError, match=r"\[machines\] names 'pm3', but .* has no tag of such"):
        configuration.check_against(["pm4"])
    configuration.check_against(["pm3", "pm4"])

    alone = GOOD.partition("[machines.pm3]")[0].replace('"*"', "pm3")
    with pytest.raises(SettingsError, match="machine 'pm4' has no cadence_seconds, hold_seconds,"):
        read_configuration(written(tmp_path, alone)).check_against(["pm3", "pm4"])


OPCUA = """
[opcua]
url = "opc.tcp://127.0.0.1:4840/"
security = "none"
"""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("repeat_seconds = 60", "machine 'pm3' holds a value for 60 s, but one that does not"),
        ("publishing_interval_ms = 10_001", "the server is to tell of changes every 10001 ms"),
        ('url = "opc.tcp://bridge:hunter2@plc/"', "opcua.url: String should match pattern"),
    ],
)
def test_values_of_opcua_that_would_not_last_and_users_in_a_url_are_refused(
    tmp_path: Path, more: str, said: str
) -> None:
    kept = [line for line in OPCUA.splitlines() if line.partition(" ")[0] != more.partition(" ")[0]]

    with pytest.raises(SettingsError, match=re.escape(said)) as caught:
        read_configuration(written(tmp_path, "\n".join([GOOD, *kept, more, ""])))

    assert "hunter2" not in str(caught.value)


def with_filter(folder: Path, text: str) -> Path:
    mqtt = f'[mqtt]\nhost = "broker"\nport = 1883\ntopics = ["mill/pm3", "{text}"]\n'
    return written(folder, f"{GOOD}\n{mqtt}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a filter is not empty"),
        ("mill/#/x", "# stands alone in the last level, as in mill/#"),
        ("mill/pm#", "# stands alone in the last level, as in mill/#"),
        ("mill/##", "# stands alone in the last level, as in mill/#"),
        ("mill/pm+/x", "+ stands alone in its level, as in mill/+/speed"),
        ("mill/\\u0000", "a filter has no NUL in it"),
        ("m" * 65_536, "a filter has 65535 bytes at most"),
    ],
)
def test_a_filter_that_no_broker_takes_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_configuration(with_filter(tmp_path, text))

    assert str(caught.value).endswith(f" is wrong: mqtt.topics.1: {said}; correct it")


@pytest.mark.parametrize("text", ["#", "+", "/", "mill/+/speed", "+/#", "$share/group/mill/#"])
def test_a_filter_as_mqtt_has_it_is_taken(tmp_path: Path, text: str) -> None:
    table = read_configuration(with_filter(tmp_path, text)).mqtt

    assert table is not None
    assert table.topics == ["mill/pm3", text]
