"""Bundles in a store that speaks S3, reached as Kubernetes and systemd tell a worker to."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.connections import bundle_store
from stream_detector.connections.bundle_store import BundleStore
from stream_detector.errors import BundleError, ServiceError
from tests.deploy.chart import pods, rendered
from tests.end_to_end.server import Server, answers, free_port
from tests.requirements import require_command

PLACE = "s3://mill/models"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Where a store may stand: the variables that lead there are set."""
    port = free_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "worker",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-north-1",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    # Clients are kept by their settings, of which the address here is none.
    fsspec.filesystem("s3").clear_instance_cache()
    yield port
    fsspec.filesystem("s3").clear_instance_cache()


@pytest.fixture
def server(port: int, tmp_path: Path) -> Iterator[Server]:
    """A store with an empty bucket."""
    command = require_command("gofakes3")
    arguments = ["-backend", "memory", "-initialbucket", "mill", "-host", f"127.0.0.1:{port}"]
    with Server(
        [command, *arguments], log=tmp_path / "s3.log", is_ready=lambda: answers(port, "/")
    ) as running:
        yield running


@pytest.fixture
def filled(server: Server, small_bundle_folder: Path) -> Server:
    """The same, with a model and something that is none."""
    files = fsspec.filesystem("s3")
    files.put(str(small_bundle_folder), "mill/models/2026-11", recursive=True)
    files.pipe_file("mill/models/notes.txt", b"not a model")
    return server


@pytest.mark.usefixtures("filled")
def test_a_bundle_is_read_by_its_id(small_bundle: Bundle) -> None:
    store = BundleStore(PLACE)

    assert list(store.manifests()) == ["2026-11"]
    assert store.ids() == {small_bundle.id}
    assert store.read(small_bundle.id).manifest == small_bundle.manifest


@pytest.mark.usefixtures("filled")
def test_a_file_that_was_changed_is_refused(small_bundle: Bundle) -> None:
    fsspec.filesystem("s3").pipe_file("mill/models/2026-11/model.onnx", b"something else")

    with pytest.raises(BundleError, match=r"model\.onnx"):
        BundleStore(PLACE).read(small_bundle.id)


@pytest.mark.usefixtures("filled")
def test_a_bundle_that_others_add_is_seen(small_bundle: Bundle, small_bundle_folder: Path) -> None:
    store = BundleStore(PLACE)
    store.manifests()

    BundleStore(PLACE).add(small_bundle_folder, small_bundle.id)

    assert set(store.manifests()) == {"2026-11", small_bundle.id}


@pytest.mark.usefixtures("server")
def test_a_place_that_is_not_there_yet_has_no_models() -> None:
    store = BundleStore(PLACE)

    assert store.manifests() == {}
    store.check_is_there()  # there are no folders in such a store


@pytest.mark.usefixtures("server")
def test_a_bucket_that_is_not_there_is_a_fault() -> None:
    for place in ("s3://mil/models", "s3://mil"):
        with pytest.raises(BundleError, match="there is no bucket 'mil'; correct DETECTOR_BUND"):
            BundleStore(place).check_is_there()


@pytest.mark.usefixtures("server")
def test_a_bucket_that_may_not_be_looked_into_may_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key may be for what is under models alone."""
    files = fsspec.get_filesystem_class("s3")
    is_folder = files.isdir

    def isdir(self: object, path: str) -> bool:
        if path == "mill":
            raise PermissionError("Access Denied")
        return bool(is_folder(self, path))

    monkeypatch.setattr(files, "isdir", isdir)

    BundleStore(PLACE).check_is_there()


def test_a_store_that_is_away_is_a_fault_that_says_so(filled: Server) -> None:
    store = BundleStore(PLACE)
    filled.kill()

    with pytest.raises(
        ServiceError, match=r"'s3://mill/models' cannot be read or written: Could not connect"
    ):
        store.ids()


def test_a_store_that_hangs_is_a_fault_that_says_so(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_store, "_ANSWER_SECONDS", 0.1)
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    with socket.create_server(("127.0.0.1", port)) as mute:
        with pytest.raises(
            ServiceError, match=r"'s3://mill/models' cannot be read or written: Read timeout"
        ):
            BundleStore(PLACE).ids()

        mute.settimeout(0)
        for _ in range(3):
            mute.accept()[0].close()
        with pytest.raises(BlockingIOError):
            mute.accept()


def test_a_store_that_wants_a_key_is_a_fault_that_says_so(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.pid
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(
        ServiceError, match=r"'s3://mill/models' cannot be read or written: Unable to locate cred"
    ):
        BundleStore(PLACE).ids()


@pytest.mark.usefixtures("filled")
def test_the_chart_copies_the_first_model_from_there(small_bundle: Bundle, tmp_path: Path) -> None:
    target = tmp_path / "2026-11"

    #  a container that is started again finds what the one before it copied
    for _ in range(2):
        done = _copy_first_model(target)

        assert done.returncode == 0, done.stderr
        assert read_bundle(target).id == small_bundle.id
        assert [one for one in tmp_path.rglob("*") if one.is_dir()] == [target]


@pytest.mark.usefixtures("filled")
def test_the_chart_mends_a_copy_that_was_interrupted(small_bundle: Bundle, tmp_path: Path) -> None:
    target = tmp_path / "2026-11"
    no_name_of_a_file = "mill/models/2026-11/" + "x" * 300
    files = fsspec.filesystem("s3")
    files.pipe_file(no_name_of_a_file, b"it ends here")
    assert _copy_first_model(target).returncode != 0
    assert not target.exists()
    files.rm_file(no_name_of_a_file)

    done = _copy_first_model(target)

    assert done.returncode == 0, done.stderr
    assert read_bundle(target).id == small_bundle.id
    assert [one for one in tmp_path.rglob("*") if one.is_dir()] == [target]


def _copy_first_model(target: Path) -> subprocess.CompletedProcess[str]:
    """Run what the chart runs before a program starts, into another folder."""
    (first,) = pods(rendered("everything"))["worker"]["initContainers"]
    script, source, place = first["args"]
    assert (source, place) == (f"{PLACE}/2026-11", "/models/2026-11")
    return subprocess.run(
        [sys.executable, *first["command"][1:], script, source, target],
        capture_output=True,
        text=True,
        check=False,
    )
