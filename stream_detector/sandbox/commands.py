"""The commands ``simulate`` and ``demo``."""

from pathlib import Path
from typing import Any

import click

from stream_detector.command_line import EXISTING_FILE, FiniteRange, check_different
from stream_detector.replay.options import recording_options
from stream_detector.replay.recording import RecordingOptions


@click.command(epilog="Example: stream-detector simulate --days 30 --seed 1 --csv history.csv.gz")
@click.option(
    "--days",
    type=FiniteRange(min=0.1, max=3650),
    default=30,
    show_default=True,
    help="Days to simulate.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of chance: the same one gives the same file.",
)
@click.option(
    "--csv",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File to write; gzipped if its name ends in .gz.",
)
@click.option(
    "--tags",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write units and physical limits here, for the option --tags of other commands.",
)
def simulate(days: float, seed: int, path: Path, tags: Path | None) -> None:
    """Write the history of a SIMULATED paper machine: for trying things out, not for figures."""
    from stream_detector.sandbox.simulate import run

    if path.suffix.lower() == ".parquet":
        raise click.UsageError("--csv is written as CSV: let its name end in .csv or .csv.gz")
    check_different(csv=path, tags=tags)
    run(days=days, seed=seed, csv=path, tags=tags)


@click.command(
    epilog="Example: stream-detector demo --csv history.csv --label-column break --time-zone UTC"
)
@click.option(
    "--csv",
    "path",
    type=EXISTING_FILE,
    help="Your own recording instead: its first 80 % are to learn from, the rest is streamed.",
)
@click.option(
    "--days",
    type=FiniteRange(min=1, max=365),
    help="Days to simulate.  [default: 14]",
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the simulation.  [default: 9]")
@click.option(
    "--speed",
    type=FiniteRange(min=0, min_open=True),
    help="So many times faster than recorded.  [default: what takes 100 seconds]",
)
@click.option(
    "--model",
    type=click.Choice(["dense", "lstm", "linear"]),
    default="dense",
    show_default=True,
    help="Network of the level part.",
)
@click.option(
    "--budget",
    "budget_per_day",
    type=FiniteRange(min=0, min_open=True),
    default=6.0,
    show_default=True,
    help="False alerts a day to hold to.",
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder where the recording, the model and its report stay.  [default: nothing stays]",
)
@click.option(
    "--feed",
    type=click.Choice(["kafka", "mqtt"]),
    default="kafka",
    show_default=True,
    help="mqtt: tag by tag, through mosquitto and `bridge mqtt`.",
)
@recording_options
def demo(
    *,
    path: Path | None,
    days: float | None,
    seed: int | None,
    options: RecordingOptions,
    **asked: Any,
) -> None:
    """Show the whole product on this machine: learn, score live, raise alerts, judge them.

    Trains on a SIMULATED paper machine, or on your own recording, and streams the rest through
    the real worker, with an embedded Kafka and Redis. Ends with 0 when all was streamed, with 1 on
    a fault (it says which program failed), with 130 on Ctrl-C; nothing is left behind.
    """
    from stream_detector.sandbox.demo.recording import DemoRecording, from_file, simulated
    from stream_detector.sandbox.demo.show import Plan, run

    if path is None and options != RecordingOptions():
        raise click.UsageError("options that say how to read a recording need --csv")
    if path is not None and (days is not None or seed is not None):
        raise click.UsageError("--days and --seed are of the simulation, so not with --csv")

    if path is not None and asked["feed"] == "mqtt":
        # Its rows may stand anywhere in time; those of a bridge stand on a grid.
        raise click.UsageError("--feed mqtt is of the simulation, so not with --csv")

    def load(folder: Path) -> DemoRecording:
        if path is not None:
            return from_file(path, options)
        # An ordinary fortnight: among those of seeds 0 to 13 its figures are in the middle.
        return simulated(
            folder, days=14.0 if days is None else days, seed=9 if seed is None else seed
        )

    run(Plan(load, **asked))
