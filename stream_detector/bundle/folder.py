"""A folder that is written whole, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def check_writable(folder: Path) -> None:
    """Check that a folder can be written here, as far as that can be told before.

    Raises
    ------
    OSError
        If its place takes no folder, or it stands where it cannot be replaced.
    """
    folder = folder.resolve()
    if folder.is_mount():
        raise OSError("it is a mount point, which cannot be replaced")
    if folder == Path.cwd():
        # It would be replaced under the feet of whoever looks for the result there.
        raise OSError("it is the folder you are in, which cannot be replaced")
    there = next(place for place in folder.parents if place.exists())
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=there):
        pass


def write_folder(folder: Path, content: Mapping[str, bytes]) -> None:
    """Write a folder of files in place of what is there, and return when it is on the disk.

    Whoever looks meanwhile sees the old folder or the new one, or none for the moment
    between two renames. What cannot be written leaves the old one as it was.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        new = aside / "new"
        new.mkdir()
        for name, data in content.items():
            _write_durably(new / name, data)
        _sync(new)
        _put_in_place(new, folder, aside / "old")
        _sync(folder.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put_in_place(new: Path, folder: Path, old: Path) -> None:
    if not folder.exists():
        new.rename(folder)
        return
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Have the names in a folder written to the disk, as its files are."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
