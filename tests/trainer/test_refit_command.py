"""What ``python -m trainer refit`` refuses; with Kafka it runs in the end-to-end tests."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from stream_detector.errors import StreamDetectorError
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from trainer.commands import main

MACHINE = ("--machine", "pm3")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give --from-kafka or --csv"),
        (("--from-kafka", "/", "--csv", "pm3.csv", *MACHINE), "give --from-kafka or --csv"),
        (("--from-kafka", "/"), "--from-kafka needs --machine"),
        (("--from-kafka", "/", *MACHINE, "--cadence", "2min"), "takes --machine alone"),
        (("--from-kafka", "2026-11-22T03:00/", *MACHINE), "expected START/END"),
    ],
)
def test_wrong_usage_is_said(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pm3.csv").touch()

    done = CliRunner().invoke(main, ["refit", *words])

    assert done.exit_code == 2
    assert said in done.output


def test_without_a_model_before_there_is_nothing_to_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECTOR_BROKER", "kafka:9092")
    words = ["refit", "--from-kafka", "/", *MACHINE]

    with pytest.raises(StreamDetectorError, match="DETECTOR_BUNDLES is not set"):
        CliRunner().invoke(main, words, catch_exceptions=False)
    monkeypatch.setenv("DETECTOR_BUNDLES", str(tmp_path))
    with EmbeddedRedis() as server:
        monkeypatch.setenv("DETECTOR_REDIS_URL", server.url)
        with pytest.raises(StreamDetectorError, match="begin with `python -m trainer fit`"):
            CliRunner().invoke(main, words, catch_exceptions=False)


def test_the_help_says_what_must_be_there_with_a_file_too() -> None:
    told = " ".join(CliRunner().invoke(main, ["refit", "--help"]).output.split())

    assert "must be there with --csv too" in told
