"""What a score costs: CPU µs per reading, from the bytes of a JSON message to the score.

``make bench`` runs this first. It prints a table and writes it to ``build/bench.json``. The figures
depend on the machine, so nothing fails: goals are shown as met or not met.
"""

import json
import os
from pathlib import Path

import click

from tests.benchmarks.progress import tell

_OUT = Path(__file__).resolve().parents[2] / "build" / "bench.json"

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


@click.command()
@click.option("--quick", is_flag=True, help="Measure next to nothing, to see that it runs.")
@click.option("--out", type=click.Path(path_type=Path), default=_OUT, help="The table as JSON.")
def main(*, quick: bool, out: Path) -> None:
    """Measure what a score costs, on one thread."""
    # The libraries read these when they are loaded, so they are loaded here.
    os.environ |= dict.fromkeys(_THREADS, "1")
    from tests.benchmarks.measuring import BATCH, Effort, measure
    from tests.benchmarks.results import Results
    from tests.benchmarks.table import table

    effort = (
        Effort(training_rows=400, repeats=1, readings=BATCH, predictions=1) if quick else Effort()
    )
    results = Results(effort, measure(effort, tell=tell))
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(results.as_json(), indent=2, ensure_ascii=False), encoding="utf-8")
    tell("done")
    click.echo(f"\n{table(results)}")
    click.echo(f"\nwith the environment in {out}")


if __name__ == "__main__":
    main()
