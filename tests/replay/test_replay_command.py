"""``replay`` as it is called, on a file and on the same readings in Kafka."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from stream_detector.alerting.rules import Rules
from stream_detector.connections.settings import read_settings
from stream_detector.errors import BundleError, ServiceError, SettingsError
from stream_detector.replay.commands import replay
from stream_detector.replay.kafka_range import read_range
from stream_detector.replay.log_range import LogRange
from stream_detector.replay.publish import publish
from stream_detector.replay.recording import RecordingOptions, read_recording
from stream_detector.replay.records import records
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from tests.small_models import BROKEN_STEAM, SENSORS, normal_recording

Replay = Callable[..., list[str]]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty readings, of which three are an alert."""
    recording = normal_recording(80, seed=3)
    recording.values[60:63, SENSORS.index("steam")] = BROKEN_STEAM
    path = tmp_path_factory.mktemp("history") / "pm3.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["time", *SENSORS])
        for row, values in enumerate(recording.values.tolist()):
            table.writerow([recording.time(row).isoformat(), *values])
    return path


@pytest.fixture(scope="module")
def kafka(history: Path) -> Iterator[EmbeddedKafka]:
    """The same readings, published."""
    with EmbeddedKafka({"sensor.readings": 2, "empty": 2}) as running:
        settings = read_settings({"DETECTOR_BROKER": running.bootstrap})
        recording = read_recording(history, RecordingOptions())
        publish(records(recording, Rules()), settings, speed=None)
        yield running


@pytest.fixture
def run(small_bundle_folder: Path, tmp_path: Path) -> Replay:
    """Replay, and give the lines of both outputs."""

    def run(*arguments: str | Path, **environment: str) -> list[str]:
        scores, alerts = tmp_path / "scores.csv", tmp_path / "alerts.jsonl"
        CliRunner(env=environment).invoke(
            replay,
            [
                *("--bundle", str(small_bundle_folder), "--scores", str(scores)),
                *("--alerts", str(alerts), *map(str, arguments)),
            ],
            catch_exceptions=False,
            standalone_mode=False,
        )
        return (scores.read_text() + alerts.read_text()).splitlines()

    return run


def places_in(kafka: EmbeddedKafka) -> set[str]:
    """Where the readings stand in Kafka's log."""
    settings = read_settings({"DETECTOR_BROKER": kafka.bootstrap})
    return {f"{one.partition}:{one.offset}" for one in read_range(LogRange(), settings)}


def thresholds_in(lines: list[str]) -> set[str]:
    """The thresholds the readings were judged by."""
    return {line.split(",")[4] for line in lines[1:81]}


def test_readings_say_the_same_from_a_file_and_from_kafka(
    run: Replay, history: Path, kafka: EmbeddedKafka
) -> None:
    from_file = run("--csv", history, "--threshold", "fixed:8")

    from_kafka = run("--kafka", "/", "--threshold", "fixed:8", DETECTOR_BROKER=kafka.bootstrap)

    assert from_kafka == from_file
    events = [json.loads(line)["event"] for line in from_file[81:]]
    assert (events[0], events[-1]) == ("raised", "cleared")


@pytest.fixture
def told(small_bundle_folder: Path) -> Callable[..., list[str]]:
    """Replay with faults, and give what is said on stderr."""

    def told(*arguments: str | Path, **environment: str) -> list[str]:
        line = [f"--bundle={small_bundle_folder}", "--threshold=fixed:8", *map(str, arguments)]
        done = CliRunner(env=environment).invoke(replay, line, catch_exceptions=False)
        assert done.exit_code == 0
        return done.stderr.splitlines()

    return told


def test_faults_are_told_with_their_place_and_what_came_of_them(
    told: Callable[..., list[str]], history: Path
) -> None:
    lines = told("--csv", history, "--inject", "clock,stuck")

    assert lines == [
        "80 rows, 3 refused, 77 scored, 13 above the threshold, 1 alert raised",
        "clock: pm3, 2026-11-22T04:26:00Z to 2026-11-22T04:30:00Z: their times are a day ahead",
        "  readings: before 20 good; during 3 clock; after 20 good",
        "  data quality: nothing",
        "  alerts: before none; during none; after 1 raised, 1 updated",
        "stuck: not played, no machine has 80 readings free for it",
    ]


def test_faults_are_the_same_from_a_file_and_from_kafka(
    told: Callable[..., list[str]], history: Path, kafka: EmbeddedKafka
) -> None:
    from_file = told("--csv", history, "--inject", "frozen")

    from_kafka = told("--kafka", "/", "--inject", "frozen", DETECTOR_BROKER=kafka.bootstrap)

    assert from_kafka == from_file
    assert from_file[2] == "  readings: before 20 good; during 21 bad, 1 good; after 20 good"
    assert from_file[3].startswith("  data quality: frozen began 2026-11-22T0")


def test_a_span_without_readings_gives_only_the_head_of_a_table(
    run: Replay, kafka: EmbeddedKafka
) -> None:
    lines = run("--kafka", "/", DETECTOR_BROKER=kafka.bootstrap, DETECTOR_READINGS_TOPIC="empty")

    assert lines == ["row,time,machine,score,threshold,above,alarm,quality"]


def test_a_skipped_reading_is_told_as_poison_and_the_others_as_if_it_had_not_been_sent(
    run: Replay, history: Path, kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    # The first of the three: after it, the second one raises the alert.
    head, *rows = history.read_text().splitlines()
    without = tmp_path / "pm3.csv"
    without.write_text("\n".join([head, *rows[:60], *rows[61:]]))
    (skip,) = {f"{number}:60" for number in (0, 1)} & places_in(kafka)
    lines = run("--csv", without)
    for_poison = "60,,,,,0,0,poison"
    later = [f"{row + 1},{line.partition(',')[2]}" for row, line in enumerate(lines[61:80], 60)]

    told = run("--kafka", "/", "--skip", skip, DETECTOR_BROKER=kafka.bootstrap)

    assert told == [*lines[:61], for_poison, *later, *lines[80:]]
    assert told != run("--kafka", "/", DETECTOR_BROKER=kafka.bootstrap)


def test_faults_can_be_played_where_a_reading_is_skipped(
    told: Callable[..., list[str]], kafka: EmbeddedKafka
) -> None:
    skip = ",".join(sorted(places_in(kafka))[:2])

    lines = told("--kafka", "/", "--skip", skip, "--inject", "nan", DETECTOR_BROKER=kafka.bootstrap)

    assert lines[0].startswith("80 rows, 2 refused, 78 scored, ")


def test_a_partition_that_is_not_there_cannot_be_skipped(run: Replay, kafka: EmbeddedKafka) -> None:
    with pytest.raises(
        SettingsError, match=r"names partition 2, but 'sensor\.readings' has 2 part"
    ):
        run("--kafka", "/", "--skip", "0:5,2:5", DETECTOR_BROKER=kafka.bootstrap)


def test_a_topic_that_is_not_there_is_named(run: Replay, kafka: EmbeddedKafka) -> None:
    with pytest.raises(ServiceError, match=r"has no topic nobody\.made\.it; make them with"):
        run(
            *("--kafka", "/"),
            DETECTOR_BROKER=kafka.bootstrap,
            DETECTOR_READINGS_TOPIC="nobody.made.it",
        )


def test_a_machines_own_threshold_in_the_file_wins_over_that_for_all(
    run: Replay, history: Path, tmp_path: Path
) -> None:
    file = tmp_path / "thresholds.json"
    file.write_text('{"*": {"kind": "fixed", "value": 5}, "pm3": {"kind": "fixed", "value": 8.5}}')

    lines = run("--csv", history, "--thresholds", file)

    assert thresholds_in(lines) == {"8.5"}
    assert thresholds_in(run("--csv", history, "--thresholds", file, "--machine", "pm4")) == {"5.0"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"pm3": {"kind": "fixed", "value": 3}, "pm4": {"kind": "fixed"}}', ", machine 'pm4': "),
        ('{"pm3": {"kind": "rate", "share": 2}}', ", machine 'pm3': .*less than 1"),
        ('{"pm3": "high"}', ", machine 'pm3': not a threshold: "),
        ("[]", " holds no thresholds: "),
        ("", " holds no thresholds: "),
        ('{"pm3": ' + "[" * 100_000, " holds no thresholds: "),
    ],
)
def test_a_wrong_entry_is_refused_with_its_file_and_machine(
    run: Replay, history: Path, tmp_path: Path, content: str, says: str
) -> None:
    file = tmp_path / "thresholds.json"
    file.write_text(content)

    with pytest.raises(SettingsError, match=f"'{file}'{says}"):
        run("--csv", history, "--thresholds", file)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--threshold", "high"), "threshold is 'high', expected budget:N"),
        (("--threshold", "fixed:0"), "threshold is 'fixed:0', expected budget:N"),
        (("--kafka", "x"), "range is 'x', expected START/END"),
        (("--kafka", ""), "range is '', expected START/END"),
        (("--inject", "nan,nun"), "faults are 'nan,nun', expected some of nan,stuck,frozen,gap"),
        (("--inject", ""), "faults are '', expected some of nan"),
        (("--kafka", "/"), "give --csv, --kafka or --alert"),
        (("--alert", "pm3.odd.x"), "give --csv, --kafka or --alert"),
        (("--skip", "60"), "places are '60', expected PARTITION:OFFSET,"),
        (("--skip", "0:60"), "--skip names places in Kafka's log: give it with --kafka"),
        (("--threshold", "fixed:8", "--thresholds", "{history}"), "not both"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(
    run: Replay, history: Path, arguments: tuple[str, ...], says: str
) -> None:
    with pytest.raises(click.UsageError, match=says) as refused:
        run("--csv", history, *(one.format(history=history) for one in arguments))

    assert refused.value.exit_code == 2


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The history of another machine."""
    path = tmp_path_factory.mktemp("foreign") / "pm9.csv"
    path.write_text("time,a,b\n2026-11-22T03:10Z,1,2\n2026-11-22T03:12Z,1,3\n")
    return path


def test_the_model_of_another_machine_is_refused_for_a_file(run: Replay, foreign: Path) -> None:
    with pytest.raises(BundleError, match=r"no sensor of the model .* which have 'a', 'b'; take"):
        run("--csv", foreign)


def test_the_model_of_another_machine_is_refused_for_readings_in_kafka(
    run: Replay, foreign: Path
) -> None:
    with EmbeddedKafka({"sensor.readings": 1}) as kafka:
        settings = read_settings({"DETECTOR_BROKER": kafka.bootstrap})
        recording = read_recording(foreign, RecordingOptions())
        publish(records(recording, Rules()), settings, speed=None)

        with pytest.raises(BundleError, match=r"no sensor of the model .* have 'a', 'b'; take"):
            run("--kafka", "/", DETECTOR_BROKER=kafka.bootstrap)


def test_a_sensor_that_is_not_in_the_file_is_noted(
    small_bundle_folder: Path, history: Path
) -> None:
    noted = CliRunner().invoke(
        replay,
        ["--bundle", str(small_bundle_folder), "--csv", str(history), "--exclude", "steam"],
    )

    assert "note: 1 of the model's 5 sensors missing: 'steam'\n" in noted.stderr
    assert "80 rows, 80 scored" in noted.stderr


def test_a_head_has_an_alarm_and_a_threshold_of_its_own(
    run: Replay, headed_bundle_folder: Path, history: Path
) -> None:
    arguments = ("--bundle", headed_bundle_folder, "--csv", history, "--threshold", "fixed:900")

    lines = run(*arguments, "--head-threshold", "fixed:2")

    alerts = [json.loads(line) for line in lines[81:]]
    assert alerts[0]["rule"] == "break-likely"
    assert alerts[0]["threshold"] == 2.0
    # The table is about the anomaly score.
    assert {tuple(line.split(",")[5:7]) for line in lines[1:81]} == {("0", "0")}


def test_a_threshold_for_a_head_that_is_not_there_is_refused(run: Replay, history: Path) -> None:
    with pytest.raises(SettingsError, match="the bundle has no head; leave --head-threshold out"):
        run("--csv", history, "--head-threshold", "fixed:2")
