"""What a source said for a while, in words: for whoever sets up a bridge."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from stream_detector.bridges.formats.settings import FormatTable
from stream_detector.bridges.joining.aligner import Aligned, Entry
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import RowError, counted, listed


@dataclass(frozen=True)
class Sample:
    """What the newest messages of a source hold."""

    entries: list[Entry]
    """One of each message; of a refused one without rows."""
    refused: list[RowError]
    """Why messages were refused, one reason each."""
    left_out: list[RowError] = field(default_factory=list)
    """Why rows of the others were."""
    unknown: dict[str, list[str]] = field(default_factory=dict)
    """Tags that the source does not let us have, by its reasons."""
    begins_with_old: bool = False
    """The first values of each tag may be of any age, and late: retained ones, steady ones."""

    def rows(self) -> list[TagRow]:
        """Give the rows of all messages."""
        return [row for entry in self.entries for row in entry.rows]


def told(
    sample: Sample, found: Aligned, mapped: Sequence[str], unmapped: Sequence[str]
) -> list[str]:
    """Tell what was heard, what was refused of it, and which tags lack something."""
    rows = sample.rows()
    rows_refused = [*sample.left_out, *(one.error for one in found.refusals)]
    said = []
    if sample.entries:
        n_rows = len(rows) + len(sample.left_out)
        said = [f"{counted(n_rows, 'row')} in {counted(len(sample.entries), 'message')}"]
    said += _refused(sample.refused, "message") + _refused(rows_refused, "row")
    if unmapped:
        said.append(f"not mapped: {listed(unmapped)}")
    heard = {row.tag for row in rows}
    unknown = {tag for tags in sample.unknown.values() for tag in tags}
    if heard and (unheard := [tag for tag in mapped if tag not in heard | unknown]):
        said.append(f"mapped, but without a row: {listed(unheard)}")
    with_data = {row.tag for row in rows if row.value is not None}
    if empty := [tag for tag in mapped if tag in heard - with_data]:
        said.append(
            f"mapped, but without any data (null, bad, or no single value): {listed(empty)}"
        )
    return said


def fault(
    sample: Sample, found: Aligned, mapped: Sequence[str], settings: FormatTable | None
) -> str:
    """Say what is wrong with the source, and what to look at; nothing if it will do."""
    if sample.unknown:
        tags = "; ".join(f"{listed(tags)} ({reason})" for reason, tags in sample.unknown.items())
        return f"refused by the server: {tags}; correct the mapping"
    if not found.readings:
        return _why_no_reading(sample, mapped, settings)
    refused = list(sample.refused)
    if not sample.begins_with_old:
        refused += [one.error for one in found.refusals]
    if 2 * len(refused) > len(sample.refused) + len(sample.rows()):
        return f"over half is refused; {_remedy(refused, settings)}"
    return ""


def _why_no_reading(sample: Sample, mapped: Sequence[str], settings: FormatTable | None) -> str:
    heard = {row.tag for row in sample.rows()}
    if not heard and sample.refused:
        return f"no message can be read; {_remedy(sample.refused, settings)}"
    if not heard:
        return "nothing was heard; see whether the plant sends, and what the source's table names"
    if heard.isdisjoint(mapped):
        return "none is of a mapped tag; compare the tags' names"
    return "they come to no reading; see why the rows of mapped tags are refused, or without data"


def _refused(errors: Sequence[RowError], noun: str) -> list[str]:
    if not errors:
        return []
    codes = Counter(error.code for error in errors).most_common()
    by_code = ", ".join(f"{n} {code}" for code, n in codes)
    return [f"{counted(len(errors), noun)} refused ({by_code}), the first: {errors[0]}"]


def _remedy(refused: Sequence[RowError], settings: FormatTable | None) -> str:
    """Say what to do about the reason that is met most."""
    code = Counter(error.code for error in refused).most_common(1)[0][0]
    if code == "unknown-schema" and settings is not None and settings.registry is not None:
        return (
            f"see whether the schema registry {settings.registry.url} is the one that the plant's "
            "writers use, and still has its schemas"
        )
    if code == "late":
        return "give the machines a longer lateness_seconds, or let the plant send sooner"
    return "correct [format], or what the plant sends"
