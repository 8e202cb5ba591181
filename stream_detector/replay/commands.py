"""The commands ``replay`` and ``publish``."""

import sys
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import click
import numpy as np
from rich.console import Console

from stream_detector.alerting.life import rfc3339
from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.command_line import (
    FiniteRange,
    Parsed,
    Stopped,
    check_different,
    on_one_line,
)
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import read_settings
from stream_detector.errors import ServiceError, counted, listed
from stream_detector.pipeline.agreement import check_sensors, rules_notes
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ALL_MACHINES
from stream_detector.replay.alert_again import describe, judge_again
from stream_detector.replay.fault_drill import drill
from stream_detector.replay.fault_injection import inject
from stream_detector.replay.fault_report import report
from stream_detector.replay.faults import Fault, parse_faults
from stream_detector.replay.log_range import LogRange, log_options
from stream_detector.replay.notes import notes_for
from stream_detector.replay.options import (
    csv_option,
    in_utc,
    parse_time,
    recording_options,
    rules_option,
)
from stream_detector.replay.progress import progress
from stream_detector.replay.recording import Recording, RecordingOptions, read_recording
from stream_detector.replay.records import records
from stream_detector.replay.replaying import in_words
from stream_detector.replay.replaying import replay as run_replay
from stream_detector.replay.threshold_options import WantedThresholds, threshold_options


@click.command(
    epilog="Example: stream-detector replay --bundle model --csv history.csv --scores scores.csv"
)
@click.option("--bundle", "folder", type=click.Path(path_type=Path), required=True, help="Model.")
@csv_option()
@log_options
@click.option(
    "--alert",
    "alert_id",
    metavar="ID",
    help="Instead of a recording: judge this alert again, from the readings of its run in Kafka, "
    "and tell whether it comes out the same; exit 1 if it does not, and why.",
)
@click.option("--scores", type=click.Path(path_type=Path), help="Write a line per row here (CSV).")
@click.option(
    "--alerts", type=click.Path(path_type=Path), help="Write the alerts here (JSON lines)."
)
@rules_option
@threshold_options
@click.option(
    "--inject",
    "faults",
    type=Parsed(parse_faults),
    metavar="FAULT,...",
    help=f"Play these faults of a feed on it and tell what came of each: {', '.join(Fault)}. "
    "The readings are held in memory, and judged a second time as they are.",
)
@recording_options
def replay(
    *,
    folder: Path,
    path: Path | None,
    log: LogRange | None,
    alert_id: str | None,
    rules_file: Path | None,
    thresholds: WantedThresholds,
    faults: tuple[Fault, ...] | None,
    options: RecordingOptions,
    **outputs: Path | None,
) -> None:
    """Run recorded readings through the pipeline: what would have been said of them live."""
    if [path, log, alert_id].count(None) != 2:  # noqa: PLR2004
        raise click.UsageError("give --csv, --kafka or --alert")
    check_different(csv=path, rules=rules_file, thresholds=thresholds.file, **outputs)
    bundle = read_bundle(folder)
    rules = load_rules(rules_file, with_head=bundle.model.head is not None)
    for note in rules_notes(bundle.manifest, rules):
        click.echo(f"note: {note}", err=True)
    if alert_id is not None:
        if faults or any(outputs.values()) or thresholds != WantedThresholds():
            raise click.UsageError("--alert goes with --bundle and --rules alone")
        sys.exit(_judge_again(alert_id, bundle, rules))
    table = thresholds.table(bundle)
    source = _from_file(path, options, bundle, rules) if path is not None else _from_kafka(log)
    new_pipeline = partial(Pipeline, bundle, rules, published_scores="none")
    lines: list[str] = []
    if faults:
        recording = list(source)
        injected = inject(recording, faults, bundle.model)
        tally, effects = drill(recording, injected, new_pipeline, table, **outputs)
        lines += report(effects, injected.not_played)
    else:
        pipeline = new_pipeline()
        tally = run_replay(source, pipeline, table, **outputs)
        if pipeline.oddities.foreign and not tally.scored:
            check_sensors(bundle.manifest, pipeline.oddities.unknown_sensors)
        if events := sorted(pipeline.oddities.unknown_events):
            click.echo(f"note: the rules say nothing of the events {listed(events)}", err=True)
        own, names = table.by_machine.keys() - {ALL_MACHINES}, pipeline.machines.names()
        if own and own.isdisjoint(names):
            click.echo(
                f"note: --thresholds is for {listed(sorted(own))}, but readings are of "
                f"{listed(sorted(names))}",
                err=True,
            )
    for line in [in_words(tally, rules), *lines]:
        click.echo(line, err=True)


@click.command(epilog="Example: stream-detector publish --csv history.csv --speed 120")
@csv_option(required=True)
@click.option(
    "--speed",
    type=FiniteRange(min=0, min_open=True),
    help="So many times faster than recorded.  [default: as fast as Kafka takes them]",
)
@click.option(
    "--from",
    "begin",
    type=Parsed(parse_time),
    metavar="TIME",
    help="Begin with the first row that is not earlier, to go on where sending had ended.",
)
@recording_options
def publish(
    path: Path, speed: float | None, begin: datetime | None, options: RecordingOptions
) -> None:
    """Send a recording to the readings topic, faster than it was recorded."""
    # Not needed by replay, which needs no Kafka.
    from stream_detector.replay.publish import NotPublishedError
    from stream_detector.replay.publish import publish as send

    settings = read_settings()
    rules = load_rules(settings.rules)
    recording = _read(path, options)
    if begin is not None:
        recording = _rows_from(in_utc(begin, options.time_zone, option="--from"), recording)
    machine, n_rows, n_published = recording.machine, recording.n_rows, 0
    try:
        with progress(machine, n_rows, Console(stderr=True)) as show:

            def note(n: int) -> None:
                nonlocal n_published
                n_published = n
                show(n)

            send(records(recording, rules), settings, speed=speed, on_published=note)
    except Stopped as stopped:
        told = f"{machine}: stopped by {stopped.reason}, {n_published} of {n_rows} readings"
        rest = f"; {_going_on(recording, n_published)}" if n_published < n_rows else ""
        click.echo(f"{told} published{rest}", err=True)
        raise
    except NotPublishedError as error:
        raise ServiceError(
            f"Kafka did not take {_place(recording, n_published)}: {error.reason}; it has the "
            f"{counted(n_published, 'reading')} before it, of {n_rows}; "
            + _going_on(recording, n_published)
        ) from error
    click.echo(f"{machine}: {n_published} readings published", err=True)


def _rows_from(begin: datetime, recording: Recording) -> Recording:
    rows = np.flatnonzero(recording.times >= np.datetime64(begin.replace(tzinfo=None)))
    if not len(rows):
        raise click.BadParameter(f"no row is of {rfc3339(begin)} or later", param_hint="--from")
    return recording.slice(int(rows[0]), recording.n_rows)


def _place(recording: Recording, row: int) -> str:
    line = "a reading" if recording.lines is None else f"line {recording.lines[row]}"
    return f"{line}, of {rfc3339(recording.time(row))}"


def _going_on(recording: Recording, row: int) -> str:
    time = rfc3339(recording.time(row))
    return f"to go on, add --from {time} (readings that come twice enter nothing)"


def _judge_again(alert_id: str, bundle: Bundle, rules: Rules) -> int:
    from stream_detector.replay.kafka_alert import find_alert, read_evidence

    settings = read_settings()
    alert, place = find_alert(alert_id, settings)
    again = judge_again(alert, place, read_evidence(place, settings), bundle, rules)
    for line in describe(alert, place, again):
        click.echo(on_one_line(line))
    return 1 if again.reasons else 0


def _read(path: Path, options: RecordingOptions) -> Recording:
    recording = read_recording(path, options)
    for note in recording.notes:
        click.echo(f"note: {note}", err=True)
    return recording


def _from_file(
    path: Path, options: RecordingOptions, bundle: Bundle, rules: Rules
) -> Iterator[Record]:
    recording = _read(path, options)
    for note in notes_for(bundle.manifest, recording):
        click.echo(f"note: {note}", err=True)
    return records(recording, rules)


def _from_kafka(log: LogRange | None) -> Iterator[Record]:
    # A replay of a file needs no Kafka client.
    from stream_detector.replay.kafka_range import read_range

    return read_range(log or LogRange(), read_settings())
