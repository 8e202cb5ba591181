"""A bundle is written whole or not at all, and its name says what scores it gives."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from stream_detector.bundle.directory import check_place, read_bundle
from stream_detector.bundle.manifest import Sensor, Validation
from stream_detector.errors import BundleError
from tests.bundle.parts import BundleParts
from tests.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def parts(small_bundle_folder: Path) -> BundleParts:
    return BundleParts.of(small_bundle_folder)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_writer_and_the_reader_give_it_the_same_id(parts: BundleParts, tmp_path: Path) -> None:
    written = parts.write(tmp_path / "bundle")

    assert read_bundle(tmp_path / "bundle").id == written
    assert len(written) == 16


def test_a_graph_that_does_not_score_is_not_part_of_the_id(
    parts: BundleParts, tmp_path: Path
) -> None:
    with_another = parts.with_files({"graph-for-people.onnx": b"a graph"})

    written = with_another.write(tmp_path / "with-another")

    assert written == parts.write(tmp_path / "bundle")
    assert read_bundle(tmp_path / "with-another").id == written


def test_a_bundle_written_again_has_the_same_id(parts: BundleParts, tmp_path: Path) -> None:
    first = parts.write(tmp_path / "first")
    again = BundleParts.of(tmp_path / "first").write(tmp_path / "again")

    assert again == first


def test_folders_above_it_are_made(parts: BundleParts, tmp_path: Path) -> None:
    parts.write(tmp_path / "models" / "pm3" / "bundle")

    read_bundle(tmp_path / "models" / "pm3" / "bundle")


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts.with_manifest(provenance={"trained_at": "2026-11-22T03:10:00Z"}),
        lambda parts: parts.with_files({"report.html": b"<p>Well done.</p>"}),
        lambda parts: parts.with_files({"model.keras": b"for people"}),
    ],
    ids=["provenance", "report", "Keras files"],
)
def test_what_does_not_change_a_score_does_not_change_the_id(
    parts: BundleParts, tmp_path: Path, change: Callable[[BundleParts], BundleParts]
) -> None:
    assert change(parts).write(tmp_path / "other") == parts.write(tmp_path / "bundle")


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts.with_files({"model.onnx": parts.files["model.onnx"] + b" "}),
        lambda parts: parts.with_files({"head.onnx": b"a head"}),
        lambda parts: parts.with_parameters(center=np.nextafter(parts.parameters["center"], 1e9)),
        lambda parts: parts.with_parameters(center=parts.parameters["center"].astype(np.float32)),
        lambda parts: parts.with_parameters(more=np.zeros(3)),
        lambda parts: parts.with_manifest(max_gap_seconds=181.0),
        lambda parts: parts.with_manifest(default_budget_per_day=5.0),
        lambda parts: parts.with_manifest(
            sensors=(Sensor("pace", "m/min"), *parts.manifest.sensors[1:])
        ),
        # It stands in every alert, so it decides what an alert says.
        lambda parts: parts.with_manifest(
            validation=Validation(rows=9, days=0.1, asked_per_day=6.0, per_day=5.0)
        ),
    ],
    ids=[
        "graph",
        "head",
        "a parameter's last bit",
        "a parameter's precision",
        "another parameter",
        "largest gap",
        "budget",
        "name of a sensor",
        "validation",
    ],
)
def test_what_changes_a_score_or_an_alert_changes_the_id(
    parts: BundleParts, tmp_path: Path, change: Callable[[BundleParts], BundleParts]
) -> None:
    assert change(parts).write(tmp_path / "other") != parts.write(tmp_path / "bundle")


def test_a_bundle_takes_the_place_of_the_one_before(parts: BundleParts, tmp_path: Path) -> None:
    parts.with_files({"report.html": b"old"}).write(tmp_path / "bundle")

    parts.with_manifest(max_gap_seconds=99.0).write(tmp_path / "bundle")

    assert read_bundle(tmp_path / "bundle").manifest.max_gap_seconds == 99.0
    assert content(tmp_path / "bundle").keys() == {
        "manifest.json",
        "model.onnx",
        "parameters.npz",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_an_empty_folder_may_become_a_bundle(parts: BundleParts, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()

    parts.write(tmp_path / "bundle")

    read_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("name", ["thesis.txt", "manifest.json"])
def test_a_folder_that_is_no_bundle_is_left_alone(
    parts: BundleParts, tmp_path: Path, name: str
) -> None:
    # Other programs have a manifest.json too.
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_bytes(b"years of work")

    with pytest.raises(BundleError, match="exists and is no bundle; name another folder"):
        parts.write(tmp_path / "mine")

    assert content(tmp_path / "mine") == {name: b"years of work"}


def test_a_file_is_left_alone(parts: BundleParts, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"years of work")

    with pytest.raises(BundleError, match="exists and is no bundle"):
        parts.write(tmp_path / "mine")

    assert (tmp_path / "mine").read_bytes() == b"years of work"


def test_a_place_where_nothing_can_be_written_is_named(parts: BundleParts, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(BundleError, match=r"file/bundle' cannot be written: .*mend that"):
        parts.write(tmp_path / "file" / "bundle")


def test_the_folder_one_is_in_is_refused_before_long_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(BundleError, match=r"'\.' cannot be written: it is the folder you are in"):
        check_place(Path())


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (
            "/proc",
            "it is a mount point, which cannot be replaced; mend that or name another folder",
        ),
        ("/proc/model", "No such file or directory"),
        ("{0}/file/bundle", "Not a directory"),
        ("{0}/" + 300 * "x", "File name too long"),
    ],
)
def test_a_place_that_takes_no_folder_is_refused_before_long_work(
    tmp_path: Path, place: str, says: str
) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(BundleError, match=f"cannot be written: {says}"):
        check_place(Path(place.format(tmp_path)))


def test_looking_whether_a_place_is_fit_leaves_nothing_there(tmp_path: Path) -> None:
    check_place(tmp_path / "models" / "pm3" / "bundle")

    assert list(tmp_path.iterdir()) == []


def test_a_link_to_a_bundle_stays_one(parts: BundleParts, tmp_path: Path) -> None:
    parts.write(tmp_path / "disk" / "bundle")
    (tmp_path / "model").symlink_to("disk/bundle")

    parts.with_manifest(max_gap_seconds=99.0).write(tmp_path / "model")

    assert (tmp_path / "model").is_symlink()
    assert read_bundle(tmp_path / "disk" / "bundle").manifest.max_gap_seconds == 99.0


def test_where_the_new_bundle_cannot_be_put_the_old_one_is_put_back(
    parts: BundleParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "bundle"
    parts.write(target)
    before, rename = content(target), Path.rename
    refused: list[Path] = []

    def full_at_first(source: Path, to: Path) -> Path:
        if to == target and not refused:
            refused.append(to)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(source, to)

    monkeypatch.setattr(Path, "rename", full_at_first)
    with pytest.raises(BundleError, match=r"bundle' cannot be written: No space left"):
        parts.with_manifest(max_gap_seconds=99.0).write(target)

    assert content(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@contextmanager
def full_disk(n_bytes: int) -> Iterator[None]:
    """No file grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_the_old_bundle_stays(parts: BundleParts, tmp_path: Path) -> None:
    parts.write(tmp_path / "bundle")
    before = content(tmp_path / "bundle")

    with full_disk(5000), pytest.raises(BundleError, match=r"bundle' cannot be written"):
        parts.with_manifest(max_gap_seconds=99.0).write(tmp_path / "bundle")

    assert content(tmp_path / "bundle") == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


WRITER = """
import sys
from pathlib import Path
from tests.bundle.parts import BundleParts

parts = BundleParts.of(Path(sys.argv[1]))
megabyte = bytes(1_000_000)
parts.files.update({f"more-{n}.bin": megabyte for n in range(60)})
parts.write(Path(sys.argv[2]))
"""


def test_a_writer_that_is_killed_leaves_no_half_bundle(
    small_bundle_folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "bundle"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(small_bundle_folder), str(target)], cwd=REPOSITORY
    )

    try:
        wait_until(
            lambda: list(tmp_path.glob(".bundle.*/new/more-*.bin")), "the first files are there"
        )
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait(timeout=10)

    assert not target.exists()
