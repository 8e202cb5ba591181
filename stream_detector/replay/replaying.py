"""A recording through the pipeline: the code that also runs live, without Kafka."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from stream_detector.alerting.life import Change, rfc3339
from stream_detector.alerting.rules import Rules
from stream_detector.pipeline.machine import Refusal, Verdict
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from stream_detector.replay.output import OutputFile

_CHUNK = 256
"""Records judged at once: it bounds memory; the result is the same for any number."""

SCORE_COLUMNS = ("row", "time", "machine", "score", "threshold", "above", "alarm", "quality")


@dataclass
class Tally:
    """What a replay counted."""

    rows: int = 0
    scored: int = 0
    above: int = 0
    raised: Counter[str] = field(default_factory=Counter)
    """Alerts, by the name of their rule."""
    refused: int = 0


def verdicts(
    records: Iterable[Record], pipeline: Pipeline, thresholds: ThresholdTable
) -> Iterator[Verdict | Refusal]:
    """Judge records in order; one verdict each."""
    source = iter(records)
    while chunk := list(islice(source, _CHUNK)):
        yield from pipeline.take_in(chunk, thresholds)


def replay(
    records: Iterable[Record],
    pipeline: Pipeline,
    thresholds: ThresholdTable,
    *,
    scores: Path | None = None,
    alerts: Path | None = None,
) -> Tally:
    """Judge records and write what comes of them, as :func:`write` does."""
    judged = verdicts(records, pipeline, thresholds)
    return write(judged, pipeline, scores=scores, alerts=alerts)


def write(
    judged: Iterable[Verdict | Refusal],
    pipeline: Pipeline,
    *,
    scores: Path | None = None,
    alerts: Path | None = None,
) -> Tally:
    """Write what was made of records.

    Parameters
    ----------
    judged : iterable of Verdict or Refusal
        One each, in order; judged while they are asked for.
    pipeline : Pipeline
        The one that judges.
    scores : Path, optional
        CSV, one line per record: ``row`` is its offset, ``above`` says score > threshold,
        ``alarm`` that an alert of a rule that goes by this score, not a head's, is open. A
        reading that was not scored has an empty score.
    alerts : Path, optional
        JSON lines: the values of the alerts topic, byte for byte.

    Raises
    ------
    RecordingError
        If a file cannot be written; there is none of it then, or what was there before.
    """
    tally = Tally()
    with ExitStack() as files:
        lines = alerts and files.enter_context(OutputFile(alerts))
        table = scores and csv.writer(files.enter_context(OutputFile(scores)), lineterminator="\n")
        if table:
            table.writerow(SCORE_COLUMNS)
        for verdict in judged:
            _count(tally, verdict)
            if table:
                table.writerow(_score_line(verdict))
            if lines:
                for output in pipeline.announce([verdict]):
                    if output.topic == "alerts" and output.value is not None:
                        lines.write(output.value.decode() + "\n")
    return tally


def in_words(tally: Tally, rules: Rules) -> str:
    """Say what a replay counted; of several rules, what each of them raised."""
    refused = f", {tally.refused} refused" if tally.refused else ""
    n_raised = tally.raised.total()
    by_rule = ", ".join(f"{rule.name} {tally.raised[rule.name]}" for rule in rules.rules)
    return (
        f"{tally.rows} rows{refused}, {tally.scored} scored, {tally.above} above the threshold, "
        f"{n_raised} {'alert' if n_raised == 1 else 'alerts'} raised"
        + (f" ({by_rule})" if len(rules.rules) > 1 else "")
    )


def became(verdict: Verdict | Refusal) -> str:
    """Say in a word what became of a record: its quality, or why it has none."""
    if isinstance(verdict, Refusal):
        return verdict.error.code
    quality = verdict.scored.quality
    return verdict.scored.status if quality is None else quality.state


def _count(tally: Tally, verdict: Verdict | Refusal) -> None:
    tally.rows += 1
    if isinstance(verdict, Refusal):
        tally.refused += 1
        return
    tally.scored += verdict.scored.score is not None
    tally.above += verdict.anomaly.over
    tally.raised.update(
        rule.name for rule, change in verdict.transitions if change.change is Change.RAISED
    )


def _score_line(verdict: Verdict | Refusal) -> tuple[object, ...]:
    row = verdict.record.offset
    if isinstance(verdict, Refusal):
        return (row, "", "", "", "", 0, 0, became(verdict))
    one, judged = verdict.scored, verdict.anomaly
    return (
        row,
        rfc3339(one.reading.time),
        one.reading.machine,
        "" if one.score is None else one.score,
        "" if judged.in_force is None else judged.in_force,
        int(judged.over),
        int(judged.alarm),
        became(verdict),
    )
