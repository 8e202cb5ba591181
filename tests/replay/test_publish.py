"""``publish`` ends well only when Kafka has every reading."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from stream_detector.command_line import Stopped, signals_stop
from stream_detector.connections.settings import Settings, read_settings
from stream_detector.errors import ServiceError
from stream_detector.pipeline.readings import Record
from stream_detector.replay.commands import publish as publish_command
from stream_detector.replay.progress import progress
from stream_detector.replay.publish import publish
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from tests.end_to_end.subscriber import Subscriber
from tests.small_models import START
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def kafka() -> Iterator[EmbeddedKafka]:
    # Nothing else is asked of a sender: neither the other topics nor Redis.
    with EmbeddedKafka({"sensor.readings": 1}) as running:
        yield running


def settings_of(kafka: EmbeddedKafka) -> Settings:
    return read_settings({"DETECTOR_BROKER": kafka.bootstrap})


def a_second_apart(*values: bytes) -> list[Record]:
    return [
        Record("a recording", 0, row, START + timedelta(seconds=row), b"pm3", value)
        for row, value in enumerate(values)
    ]


def values_in(kafka: EmbeddedKafka) -> list[bytes]:
    subscriber = Subscriber(kafka.bootstrap, "sensor.readings")
    values = [message.value() or b"" for message in subscriber.read_to_the_end()]
    subscriber.close()
    return values


def test_readings_are_in_the_topic_in_their_order_when_it_returns(kafka: EmbeddedKafka) -> None:
    told: list[int] = []
    records = a_second_apart(b"1", b"2", b"3")

    n_delivered = publish(records, settings_of(kafka), speed=1e6, on_published=told.append)

    assert n_delivered == 3
    assert values_in(kafka) == [b"1", b"2", b"3"]
    assert told == sorted(told)
    assert told[-1] == 3


def test_of_a_broker_that_goes_away_it_is_told_how_many_readings_it_has(
    kafka: EmbeddedKafka,
) -> None:
    settings = settings_of(kafka)

    def until_the_broker_ends() -> Iterator[Record]:
        yield from a_second_apart(b"1", b"2", b"3")
        kafka.process.stop()
        yield from a_second_apart(b"4", b"5")

    told = (
        r"Kafka did not take a reading: it has confirmed nothing for 0\.5 s; .* the [0-3] before$"
    )
    with pytest.raises(ServiceError, match=told):
        publish(until_the_broker_ends(), settings, speed=None, patience_seconds=0.5)


def test_who_stops_it_is_told_how_many_readings_kafka_has(kafka: EmbeddedKafka) -> None:
    told: list[int] = []

    def until_somebody_stops_it() -> Iterator[Record]:
        yield from a_second_apart(b"1", b"2", b"3")
        os.kill(os.getpid(), signal.SIGTERM)
        yield from a_second_apart(b"4")

    with pytest.raises(Stopped) as stopped, signals_stop():
        publish(until_somebody_stops_it(), settings_of(kafka), speed=None, on_published=told.append)

    assert stopped.value.code == 143
    assert told[-1] == 3
    assert values_in(kafka) == [b"1", b"2", b"3"]


def test_the_command_says_how_far_it_came_and_ends_like_any_program_on_ctrl_c(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    recording = tmp_path / "pm3.csv"
    recording.write_text("time,speed\n2026-11-22T03:10Z,1\n2026-11-22T03:20Z,2\n")
    command = [sys.executable, "-m", "stream_detector", "publish", "--csv", str(recording)]
    with subprocess.Popen(
        [*command, "--speed", "1"],
        env={**os.environ, "DETECTOR_BROKER": kafka.bootstrap},
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_until(lambda: values_in(kafka) != [], "the first reading is there")
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()

    assert said == (
        "pm3: stopped by Ctrl-C, 1 of 2 readings published; to go on, add --from "
        "2026-11-22T03:20:00Z (readings that come twice enter nothing)\n"
    )
    assert process.returncode == 130


def test_where_there_is_no_terminal_a_line_a_minute_says_how_far_it_is() -> None:
    written, seconds = StringIO(), iter([0.0, 59.0, 60.0, 60.0, 119.0, 121.0, 121.0])
    console = Console(file=written, force_terminal=False)

    with progress("pm3", 9, console, now=lambda: next(seconds)) as show:
        for n_published in (1, 2, 3, 4):
            show(n_published)

    assert written.getvalue().splitlines() == [
        "pm3: 2 of 9 readings published",
        "pm3: 4 of 9 readings published",
    ]


def test_a_reading_that_is_too_long_for_kafka_ends_it_with_what_kafka_has(
    kafka: EmbeddedKafka,
) -> None:
    records = a_second_apart(b"1", bytes(1_100_000), b"3")

    told = r"Kafka did not take a reading: .*too large; it has the 1 before$"
    with pytest.raises(ServiceError, match=told):
        publish(records, settings_of(kafka), speed=None)

    assert values_in(kafka) == [b"1"]


def test_sending_goes_on_where_it_had_ended(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    recording = tmp_path / "pm3.csv"
    rows = "".join(f"2026-11-22T03:{minute}Z,{minute}\n" for minute in (10, 20, 30))
    recording.write_text(f"time,speed\n{rows}")

    def command(begin: str) -> Result:
        return CliRunner().invoke(
            publish_command,
            ["--csv", str(recording), "--from", begin],
            env={"DETECTOR_BROKER": kafka.bootstrap},
        )

    assert command("2026-11-22T05:20+02:00").output == "pm3: 2 readings published\n"
    assert [json.loads(value)["values"] for value in values_in(kafka)] == [
        {"speed": 20.0},
        {"speed": 30.0},
    ]
    for begin, told in (
        ("2026-11-22T03:31Z", "no row is of 2026-11-22T03:31:00Z or later"),
        ("2026-11-22T03:20", "has no time zone"),
    ):
        refused = command(begin)
        assert refused.exit_code == 2
        assert told in " ".join(refused.output.split())
