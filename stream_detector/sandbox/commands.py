"""The commands ``simulate`` and ``demo``."""

from pathlib import Path

import click


@click.command(epilog="Example: stream-detector simulate --days 30 --seed 1 --csv history.csv.gz")
@click.option(
    "--days", type=click.FloatRange(min=0.1, max=3650), default=30, show_default=True, help="How long."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of chance.")
@click.option(
    "--csv", "path", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File."
)
@click.option(
    "--tags", type=click.Path(dir_okay=False, path_type=Path), help="Write units and limits here."
)
def simulate(days: float, seed: int, path: Path, tags: Path | None) -> None:
    """Write the history of a SIMULATED paper machine: for trying things out, not for figures."""
    from stream_detector.sandbox.simulate import run  # noqa: PLC0415

    run(days=days, seed=seed, csv=path, tags=tags)
