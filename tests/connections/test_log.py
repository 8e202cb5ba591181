"""Log lines: facts as keys, in one form, without what only a library finds interesting."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from stream_detector.connections.log import configure_logging
from stream_detector.connections.settings import Settings


@pytest.fixture(autouse=True)
def other_tests_log_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("aiobotocore", "aiokafka", "botocore", "faust", "httpx2", "mode"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def configure(**changed: str) -> None:
    settings = {"broker": "kafka:9092", "redis_url": SecretStr("redis://redis"), **changed}
    configure_logging(Settings.model_validate(settings))


def test_a_line_for_machines_is_json_with_the_facts_as_keys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(log_format="json")

    structlog.get_logger("test").warning("redis.away", keeping="the last thresholds")

    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "redis.away",
        "level": "warning",
        "keeping": "the last thresholds",
    }


def test_a_line_for_people_has_no_colours_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure()

    structlog.get_logger("test").info("worker.starting", bundle="3f9a")

    line = capsys.readouterr().err
    assert "worker.starting" in line
    assert "bundle=3f9a" in line
    assert "\x1b" not in line


def test_what_is_less_than_the_level_asked_for_is_not_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(log_level="warning")

    structlog.get_logger("test").info("worker.starting")

    assert capsys.readouterr().err == ""


def test_libraries_speak_up_only_when_something_is_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(log_level="debug")

    # Kafka's client tells each of a hundred retries a second as an error.
    logging.getLogger("aiokafka.conn").error("Unable connect to node with id 1")
    logging.getLogger("faust.app").info("[^--App]: Starting...")
    logging.getLogger("aiobotocore.credentials").info("Found credentials in environment variables")
    logging.getLogger("botocore.hooks").debug("Changing event name")
    logging.getLogger("httpx2").info("HTTP Request: GET http://registry:8081/schemas/ids/1")
    logging.getLogger("stream_detector.worker.reader").info("[^---BatchReader]: Starting...")
    assert capsys.readouterr().err == ""

    logging.getLogger("mode.services").error("[^---BatchReader]: Crashed")
    assert "Crashed" in capsys.readouterr().err
