"""What ``bridge check`` heard, in counts that add up, and what to do where much was refused."""

from collections.abc import Sequence

from stream_detector.bridges.formats.settings import FormatTable, RegistryTable
from stream_detector.bridges.joining.aligner import Aligned, Entry
from stream_detector.bridges.sample import Sample, fault, told
from stream_detector.errors import RowError
from tests.bridges.rows import aligner, row, tags

UNKNOWN = RowError("unknown-schema", "the registry has no schema with the id 7")
NOT_JSON = RowError("not-json", "no")
AVRO = FormatTable(
    kind="avro", time="at", value="value", registry=RegistryTable(url="http://registry:8081")
)


def heard(
    seconds: Sequence[float], refused: list[RowError], *, begins_with_old: bool = False
) -> tuple[Sample, Aligned]:
    """A message of SPEED at each of the seconds, and those refused, and what it came to."""
    entries = [Entry([row("SPEED", second, 1.0)], None) for second in seconds]
    entries += [Entry([], None) for _ in refused]
    joined = aligner(tags("SPEED"))
    found = joined.add(entries)
    found.readings.extend(joined.close())
    return Sample(entries, refused, begins_with_old=begins_with_old), found


# Those of 10, 20 and 30 s are late.
LATE = (100, 110, 10, 20, 30)


def test_messages_and_rows_that_are_refused_are_counted_by_code() -> None:
    sample, found = heard(LATE, [UNKNOWN, NOT_JSON, UNKNOWN])

    first, messages, rows = told(sample, found, ["SPEED"], [])

    assert first == "5 rows in 8 messages"
    assert messages == f"3 messages refused (2 unknown-schema, 1 not-json), the first: {UNKNOWN}"
    assert rows.startswith("3 rows refused (3 late), the first: late: ")


def test_where_over_half_is_refused_it_is_a_fault_though_there_are_readings() -> None:
    assert fault(*heard((100, 110), [UNKNOWN] * 2), ["SPEED"], AVRO) == ""
    assert fault(*heard((100, 110), [UNKNOWN] * 3), ["SPEED"], AVRO) == (
        "over half is refused; see whether the schema registry http://registry:8081 is the one "
        "that the plant's writers use, and still has its schemas"
    )
    assert fault(*heard(LATE, []), ["SPEED"], None) == (
        "over half is refused; give the machines a longer lateness_seconds, or let the plant send "
        "sooner"
    )


def test_what_a_broker_had_kept_may_be_late() -> None:
    assert fault(*heard(LATE, [], begins_with_old=True), ["SPEED"], None) == ""


def test_where_no_schema_is_known_the_registry_is_named() -> None:
    assert fault(*heard((), [UNKNOWN]), ["SPEED"], AVRO) == (
        "no message can be read; see whether the schema registry http://registry:8081 is the one "
        "that the plant's writers use, and still has its schemas"
    )
    assert fault(*heard((), [NOT_JSON]), ["SPEED"], None) == (
        "no message can be read; correct [format], or what the plant sends"
    )
