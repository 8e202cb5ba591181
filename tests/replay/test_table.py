"""Files as columns of text, and what is said of a file that is none."""

import gzip
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stream_detector.errors import RecordingError
from stream_detector.replay.table import open_table


def rows(path: Path, **options: Any) -> list[Sequence[str]]:
    """Read the whole file: its names, then its rows."""
    with open_table(path, **options) as table:
        return [
            table.names,
            *(row for chunk in table.chunks for row in zip(*chunk.columns, strict=True)),
        ]


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(RecordingError) as caught:
        rows(path)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n3,\n",
        b"\xef\xbb\xbfa,b\n1,2\n3,\n",
        b"a,b\r\n1,2\r\n3,",
        b' a ,"b"\n\n"1","2"\n"3",""\n\n\n',
    ],
    ids=["plain", "byte order mark", "windows", "quotes and empty lines"],
)
def test_csv_in_all_its_forms_reads_the_same(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    zipped = tmp_path / "t.csv.gz"
    zipped.write_bytes(gzip.compress(content))

    assert rows(path) == rows(zipped) == [("a", "b"), ("1", "2"), ("3", "")]


def test_a_quoted_cell_may_hold_the_delimiter_a_quote_and_a_line_end(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('"flow, left";b\n"1;""2""\n3";4\n')

    assert rows(path, delimiter=";") == [("flow, left", "b"), ('1;"2"\n3', "4")]


def test_a_row_of_another_length_is_named_by_its_line(tmp_path: Path) -> None:
    said = refusal(tmp_path / "t.csv", b"a,b\n1,2\n\n1,2,3\n")

    assert said.startswith("line 4 has 3 cells, the first line names 2 columns")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"a,b\n", "no row below it"),
        (b"a,b,a\n1,2,3\n", "several columns have one name: a"),
        (b'a,b\n"1"0,2\n', "line 2 is not CSV"),
        (b'a,b\n1,"2\n', "line 2 is not CSV"),
        (b'a,b\n1,2\n1,"2\n3,4\n', "line 3 is not CSV"),  # where what is open begins
        ("a,b\nSäure,2\n".encode("latin-1"), "not UTF-8 text (found byte 0xe4)"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "if it is gzip, let its name end in .gz"),
        (b"PK\x03\x04\x14\x00\x06\x00", "a spreadsheet or a zip file, not text: export it as CSV"),
        (b"PK\x03\x04\x14\x00\xff\x00", "a spreadsheet or a zip file, not text: export it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "a spreadsheet or a zip file, not text: export it as CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(tmp_path / "t.csv", content)


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        (b"time;x;y\n2024-05-01;1,5;2,5\n", "';'"),
        (b"time\tx\n2024-05-01\t1\n", r"'\\t'"),
        (b"time|x\n2024-05-01|1\n", r"'|'"),
    ],
)
def test_the_wrong_delimiter_is_noticed(tmp_path: Path, content: bytes, delimiter: str) -> None:
    said = refusal(tmp_path / "t.csv", content)

    assert said.endswith(f"add --delimiter {delimiter.replace(chr(92) * 2, chr(92))}")


def test_a_single_column_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("pressure; bar\n1.5\n")

    assert rows(path) == [("pressure; bar",), ("1.5",)]


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-12]]
)
def test_what_is_not_gzip_or_cut_short_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "is not gzip, as its name says, or is damaged" in refusal(tmp_path / "t.gz", content)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingError, match="No such file or directory"):
        rows(tmp_path / name)


def test_parquet_columns_become_text(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / "t.parquet"
    pytest.importorskip("pyarrow.parquet").write_table(
        pa.table(
            {
                "whole": pa.array([1, None], pa.int16()),
                "real": pa.array([0.1, float("nan")]),
                "yes": [True, False],
                "word": pa.array(["a", None]).dictionary_encode(),
                "utc": pa.array([0, 1], pa.timestamp("ms", "UTC")),
                "list": [[1.0], [2.0]],
            }
        ),
        path,
    )

    assert rows(path) == [
        ("whole", "real", "yes", "word", "utc", "list"),
        ("1", "0.1", "true", "a", "1970-01-01 00:00:00.000Z", "(list<element: double>)"),
        ("", "nan", "false", "", "1970-01-01 00:00:00.001Z", "(list<element: double>)"),
    ]


def test_what_is_not_parquet_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")

    assert "the file is not Parquet" in refusal(tmp_path / "t.parquet", b"a,b\n1,2\n")


def test_parquet_without_its_package_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(RecordingError, match=r"pip install 'stream-detector\[parquet\]'"):
        rows(tmp_path / "t.parquet")
