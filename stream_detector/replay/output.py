"""Files that a replay writes: whole under their name, or not there."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from stream_detector.errors import RecordingError


class OutputFile:
    """A text file that is written beside its place and moved there once it is whole.

    What is no regular file (``/dev/stdout``, a pipe) is written to as it is.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RecordingError
        If it cannot be opened; entering, writing and leaving raise it as well.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "scores.csv")
    ...     with OutputFile(path) as file:
    ...         _ = file.write("row,score")
    ...         half_written = path.exists()
    ...     half_written, path.read_text()
    (False, 'row,score')
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # A redirected /dev/stdout is a file, but the shell has it open: it must stay that file.
        as_it_is = path.absolute().is_relative_to("/dev") or (path.exists() and not path.is_file())
        # A link stays a link: the file it leads to is replaced.
        self._place = None if as_it_is else path.resolve()
        self._open_path = path
        if self._place is not None:
            self._open_path = self._place.with_name(f".{self._place.name}.{os.getpid()}.part")
        try:
            self._file = self._open_path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise self._fault(error) from error

    def __enter__(self) -> Self:
        """Give the file."""
        return self

    def write(self, text: str) -> int:
        """Write a text; RecordingError where the disk is full, or the like."""
        try:
            return self._file.write(text)
        except OSError as error:
            raise self._fault(error) from error

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Move the file to its place; after an error, remove it and leave what was there."""
        try:
            if kind is None:
                self._finish()
        finally:
            # What is still buffered has nowhere to go.
            with suppress(OSError):
                self._file.close()
            if self._place is not None:
                self._open_path.unlink(missing_ok=True)

    def _finish(self) -> None:
        try:
            self._file.close()
            if self._place is not None:
                self._open_path.replace(self._place)
        except OSError as error:
            raise self._fault(error) from error

    def _fault(self, error: OSError) -> RecordingError:
        why = error.strerror or str(error)
        return RecordingError(f"{str(self._path)!r} cannot be written: {why}")
