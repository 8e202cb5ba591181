"""The command ``python -m trainer refit``: a candidate from recent history, as a nightly job."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from stream_detector.alerting.alert_spans import alert_spans
from stream_detector.alerting.ledger import labels
from stream_detector.alerting.news import AlertNews, decode_news
from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.command_line import EXISTING_FILE, Parsed
from stream_detector.connections.alert_states import AlertStates
from stream_detector.connections.bundle_store import BundleStore, required_bundle_store
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import redis_faults
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import Settings, read_settings
from stream_detector.errors import AlertError, BundleError
from stream_detector.pipeline.agreement import sensors_note
from stream_detector.replay.kafka_range import read_topic
from stream_detector.replay.kafka_recording import recording_of_log
from stream_detector.replay.options import csv_option, recording_options
from stream_detector.replay.progress import counting
from stream_detector.replay.recording import Recording, RecordingOptions, read_recording
from stream_detector.replay.time_range import TimeRange, parse_range
from trainer.config import TrainingConfig, read_config
from trainer.fitters import make_fitter
from trainer.refit import guard, measured_sensors, recipe_of

_CALLER = "trainer refit"


@click.command(
    epilog="Example: python -m trainer refit --from-kafka 2026-11-08T00:00:00Z/ --machine pm3 "
    "--shadow"
)
@click.option(
    "--from-kafka",
    "span",
    type=Parsed(parse_range),
    metavar="START/END",
    help="What Kafka took of the machine in this span of its own time; / is all of it.",
)
@csv_option("Instead")
@click.option(
    "--config",
    "config_file",
    type=EXISTING_FILE,
    help="Configuration (TOML).  [default: the old model's, with no rows kept back]",
)
@click.option("--shadow", is_flag=True, help="Put the new model on trial beside the old one.")
@recording_options
def refit(
    *,
    span: TimeRange | None,
    path: Path | None,
    config_file: Path | None,
    shadow: bool,
    options: RecordingOptions,
) -> None:
    """Build a candidate from recent history, and write it into DETECTOR_BUNDLES; prints its id.

    Left out are rows inside alerts (unless an operator labelled them a nuisance), rows shortly
    before an outcome, and rows of bad quality. The sensors, from Kafka, and the configuration are
    those of the model that is wanted of the machine. Kafka, which tells of alerts, and Redis, which
    tells what model is wanted, must be there with --csv too. Nothing is asked; exit code 1 says why
    there is no candidate.
    """
    if (span is None) == (path is None):
        raise click.UsageError("give --from-kafka or --csv")
    if span is not None and options != RecordingOptions(machine=options.machine):
        raise click.UsageError("of the options of a recording, --from-kafka takes --machine alone")
    if span is not None and options.machine is None:
        raise click.UsageError("--from-kafka needs --machine")
    settings, console = read_settings(), Console(stderr=True)
    store = required_bundle_store(settings)
    rules = load_rules(settings.rules, with_head=True)
    recording = None if path is None else read_recording(path, options)
    machine = options.machine if recording is None else recording.machine
    old = _wanted(settings, store, machine or "")
    if recording is None:
        recording = _from_log(settings, span or TimeRange(None, None), machine or "", old, rules)
    elif note := sensors_note(old.manifest, recording.sensors):
        click.echo(f"note: {note}", err=True)
    config = read_config(config_file) if config_file else recipe_of(old.manifest)
    bundle_id = _refit(settings, store, recording, old, config, rules, console)
    if shadow:
        with redis_faults():
            ModelChoiceStore(settings).shadow(
                recording.machine, bundle_id, set_by=_CALLER, default=old.id
            )
        click.echo(f"{bundle_id} is on trial for {recording.machine}", err=True)
    click.echo(bundle_id)


def _refit(
    settings: Settings,
    store: BundleStore,
    recording: Recording,
    old: Bundle,
    config: TrainingConfig,
    rules: Rules,
    console: Console,
) -> str:
    """Train on what is left of a history, and put the bundle into the store."""
    # Of what Kafka took before the first row, an alert may stand yet; each message names its raise.
    spans = alert_spans(_news(settings), recording.machine)
    nuisances = {name for name, one in asyncio.run(_labels(settings)).items() if one == "nuisance"}
    guarded = guard(recording, spans, nuisances, replaces=old.id)
    # Plots and TensorFlow take seconds to load: only now, when everything else is in order.
    from trainer.progress import FitProgress
    from trainer.run import fit

    with tempfile.TemporaryDirectory(prefix="stream-detector-refit-") as folder:
        out = Path(folder, "bundle")
        with FitProgress(console) as progress:
            findings = fit(
                guarded.recording,
                out,
                config,
                rules=rules,
                make_fitter=make_fitter(config, progress=progress),
                tell=progress.tell,
                origin=guarded.origin,
            )
        left_out: dict[str, int] = read_bundle(out).manifest.provenance["left_out"]
        place = store.add(out, findings.bundle_id)
    for note in findings.notes:
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    for reason, n_rows in left_out.items():
        click.echo(f"left out: {n_rows} rows, {reason}", err=True)
    for line in findings.summary:
        click.echo(line, err=True)
    click.echo(f"bundle {findings.bundle_id} in {place}, its report in report.html", err=True)
    return findings.bundle_id


def _wanted(settings: Settings, store: BundleStore, machine: str) -> Bundle:
    """Read the model that is wanted of a machine: the one that the new one would replace."""
    first = None if settings.bundle is None else read_bundle(settings.bundle)
    with redis_faults():
        wanted = ModelChoiceStore(settings).table("" if first is None else first.id).of(machine)
    if first is not None and wanted == first.id:
        return first
    if not wanted:
        raise BundleError(
            f"no model is wanted of {machine!r}, so there is none to be replaced: set "
            "DETECTOR_BUNDLE, as for the workers, or begin with `python -m trainer fit`"
        )
    return store.read(wanted)


def _from_log(
    settings: Settings, span: TimeRange, machine: str, old: Bundle, rules: Rules
) -> Recording:
    log = read_topic(settings.readings_topic, span, settings)
    read = counting(log, "readings read", Console(stderr=True))
    return recording_of_log(read, machine, measured_sensors(old.model.features), rules)


def _news(settings: Settings) -> Iterator[AlertNews]:
    """Give all that Kafka holds of alerts."""
    for record in read_topic(settings.alerts_topic, TimeRange(None, None), settings):
        try:
            news = decode_news(record.value)
        except AlertError:
            continue  # the alert book tells of it
        if isinstance(news, tuple):
            yield news[0]


async def _labels(settings: Settings) -> dict[str, Any]:
    async with AlertStates(settings) as book:
        await book.read_to_the_end()
        return dict(labels(book.states.values()))
