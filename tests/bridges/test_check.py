"""``bridge check`` where the source is away: that is the fault, and not the tags' names."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from stream_detector.bridges.check import check
from stream_detector.connections.settings import Settings
from tests.end_to_end.server import free_port

CONFIGURATION = """\
name = "mill"
mapping = "tags.csv"

[machines."*"]
cadence_seconds = 1
hold_seconds = 60
lateness_seconds = 0

[mqtt]
host = "127.0.0.1"
port = {port}
topics = ["mill/#"]
"""


def test_a_broker_that_is_away_is_the_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_detector.connections.kafka._METADATA_SECONDS", (0.1,))
    monkeypatch.setattr("stream_detector.bridges.check._READ_SECONDS", 1.0)
    port = free_port()
    (tmp_path / "mill.toml").write_text(CONFIGURATION.format(port=port))
    (tmp_path / "tags.csv").write_text("tag,machine,sensor\nSPEED,pm3,speed\n")
    settings = Settings(broker="127.0.0.1:1", redis_url=SecretStr("redis://redis"))

    *_, last = check(settings, tmp_path / "mill.toml")

    assert (last.subject, last.fault) == (
        "source",
        f"the MQTT broker at 127.0.0.1:{port} gives nothing: Connection refused; start it, or "
        "correct mqtt.host and mqtt.port",
    )
