"""A file of rows as columns of text: CSV, gzipped CSV or Parquet.

Parquet is brought to text as well: whatever the file, the same code gives the cells
their meaning. A few hundred rows are held as text at a time.
"""

import csv
import gzip
import io
import itertools
import reprlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

from stream_detector.errors import RecordingError

# Few enough that their strings stay in the processor's cache: 13 800 rows of 60 numbers are cut
# and converted in 0.33 s, with 4096 rows at a time in 0.48 s. Fewer rows gain nothing more.
_CHUNK_ROWS = 256
_DELIMITERS = (",", ";", "\t", "|")
_NOT_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How a zip file begins, which an .xlsx is, and how an .xls does."""


class Chunk(NamedTuple):
    """A few rows.

    Parameters
    ----------
    lines : sequence of int
        Where each begins in the file, as an editor counts: the names of the columns stand in
        line 1. Rows of Parquet count as if they were written as CSV.
    columns : list of sequence of str
        Their cells, in the order of the table's names.
    """

    lines: Sequence[int]
    columns: list[Sequence[str]]


@dataclass(frozen=True)
class Table:
    """A file opened for one pass over its rows.

    Parameters
    ----------
    names : tuple of str
        The columns in file order, without surrounding blanks; unique but for ``""``,
        a column without a name.
    chunks : iterator of Chunk
        The rows, a few hundred at a time; at least one row in all. A cell without a
        value is ``""``. Raises :class:`RecordingError` where the file is damaged.
    """

    names: tuple[str, ...]
    chunks: Iterator[Chunk]


@contextmanager
def open_table(path: Path, *, delimiter: str = ",") -> Iterator[Table]:
    """Open a file: ``.parquet`` as Parquet, ``.gz`` as gzipped CSV, else as CSV.

    CSV is UTF-8 with or without a byte order mark, quoted with ``"``; empty lines are
    skipped. The delimiter has no meaning for Parquet.

    Raises
    ------
    RecordingError
        If the file cannot be read, is not what its name says, or is not a table.
    """
    try:
        if path.suffix.lower() == ".parquet":
            yield _parquet_table(path)
        else:
            with _open_bytes(path) as file:
                if file.peek(4).startswith(_NOT_TEXT):
                    raise RecordingError(
                        "the file is a spreadsheet or a zip file, not text: export it as CSV"
                    )
                # Drops a byte order mark.
                with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as stream:
                    yield _csv_table(stream, delimiter)
    except UnicodeDecodeError as error:
        found = error.object[error.start]
        raise RecordingError(
            f"the file is not UTF-8 text (found byte 0x{found:02x}): save it as UTF-8, e.g. with "
            "iconv -t utf-8; if it is gzip, let its name end in .gz"
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise RecordingError(
            f"the file is not gzip, as its name says, or is damaged: {error}"
        ) from error
    except OSError as error:
        raise RecordingError(f"the file cannot be read: {error.strerror or error}") from error


def _open_bytes(path: Path) -> io.BufferedReader | gzip.GzipFile:
    """Open a file, through gzip if its name ends so."""
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")


def _csv_table(stream: TextIO, delimiter: str) -> Table:
    rows = _csv_rows(stream, delimiter)
    _, header = next(rows, (0, None))
    if header is None:
        raise RecordingError("the file is empty: expected a line of column names, then rows")
    first = next(rows, None)
    if first is None:
        raise RecordingError("there is a line of column names but no row below it")
    _check_delimiter(header, first[1], delimiter)
    return Table(_names(header), _csv_chunks(itertools.chain([first], rows), len(header)))


def _csv_rows(stream: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not an empty line, with the line in which it begins."""
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise RecordingError(f"line {line} is not CSV: {error}") from error


def _csv_chunks(rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[Chunk]:
    while chunk := list(itertools.islice(rows, _CHUNK_ROWS)):
        for line, row in chunk:
            if len(row) != width:
                raise RecordingError(
                    f"line {line} has {len(row)} cells, the first line names {width} columns: "
                    'mend the line, or quote cells that hold the delimiter with "'
                )
        lines, rows_of_it = zip(*chunk, strict=True)
        yield Chunk(lines, list(zip(*rows_of_it, strict=True)))


def _check_delimiter(header: list[str], first: list[str], delimiter: str) -> None:
    """Refuse a single column whose name and first row are both cut alike by another delimiter.

    The row is joined first: with decimal commas the wrong delimiter cuts it, too.
    """
    if len(header) > 1:
        return
    row = delimiter.join(first)
    for other in _DELIMITERS:
        if other != delimiter and 0 < header[0].count(other) == row.count(other):
            raise RecordingError(
                f"cut at {delimiter!r} there is a single column {reprlib.repr(header[0])}, "
                f"cut at {other!r} there are {header[0].count(other) + 1}: "
                f"add --delimiter {other!r}"
            )


def _names(header: Sequence[str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in header)
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise RecordingError(f"several columns have one name: {', '.join(repeated)}; rename them")
    return names


def _parquet_table(path: Path) -> Table:
    try:
        # An extra: the base install has no use for it.
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise RecordingError(
            "reading Parquet needs a package that is not installed: "
            "pip install 'stream-detector[parquet]'"
        ) from None
    try:
        file = parquet.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise RecordingError(f"the file is not Parquet: {error}") from error
    if file.metadata.num_rows == 0:
        raise RecordingError("there are columns but no row")

    def text(column: pa.Array) -> list[str]:
        try:
            return column.cast(pa.string()).fill_null("").to_pylist()  # type: ignore[no-any-return]
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            # Lists, structs, raw bytes: no sensor, and not worth an error if nobody asked for it.
            return [f"({column.type})"] * len(column)

    def chunks() -> Iterator[Chunk]:
        line = 2
        try:
            for batch in file.iter_batches(batch_size=_CHUNK_ROWS):
                lines = range(line, line := line + batch.num_rows)
                yield Chunk(lines, [text(column) for column in batch.columns])
        except pa.ArrowException as error:
            raise RecordingError(f"the file is damaged: {error}") from error

    return Table(_names(file.schema_arrow.names), chunks())
