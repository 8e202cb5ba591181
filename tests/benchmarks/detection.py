"""How well breaks, faults and anomalies are detected on public recordings, by default settings.

``make bench-detection`` runs this: under 15 minutes on two processors. It prints a table and writes
it to ``build/bench-detection.json``. The recordings are no part of the repository: what is asked
for is a folder with ``tep``, ``asd`` and ``paper-breaks`` in it. Goals are shown as met or not met,
and nothing fails.
"""

import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import click

from tests.benchmarks.progress import tell
from tests.requirements import recordings_folder

_OUT = Path(__file__).resolve().parents[2] / "build" / "bench-detection.json"
_SEEDS = (0, 1, 2)
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


@click.command()
@click.option(
    "--recordings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=recordings_folder,
    help="Their folder.  [default: STREAM_DETECTOR_RECORDINGS]",
)
@click.option("--quick", is_flag=True, help="Only the linear model, only on TEP.")
@click.option("--out", type=click.Path(path_type=Path), default=_OUT, help="The table as JSON.")
def main(*, recordings: Path, quick: bool, out: Path) -> None:
    """Measure how well the default recipe detects, beside what it has to beat."""
    # One thread each, as many processes as processors: the libraries read this when they load.
    os.environ |= dict.fromkeys(_THREADS, "1")
    from tests.benchmarks.detection_results import as_json, table

    measured = _measure(recordings, quick=quick)
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(as_json(measured), indent=2), encoding="utf-8")
    tell("done")
    click.echo(f"\n{table(measured)}")
    click.echo(f"\nwith each seed and the environment in {out}")


def _measure(folder: Path, *, quick: bool) -> dict[str, dict[str, list[Any]]]:
    """Run all measurements, as many at once as there are processors."""
    from tests.benchmarks.detection_measuring import WithReferences
    from tests.benchmarks.detection_results import FIGURES

    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = dict(_jobs(pool, folder, quick=quick))
        for number, job in enumerate(as_completed(jobs), start=1):
            job.result()
            tell(f"{number} of {len(jobs)}: {' on '.join(jobs[job])}")
    measured: dict[str, dict[str, list[Any]]] = {data: {} for data in FIGURES}
    for job, (model, data) in jobs.items():
        found = job.result()
        own, references = found if isinstance(found, WithReferences) else (found, {})
        measured[data].setdefault(model, []).append(own)
        measured[data] |= references
    return {data: by_model for data, by_model in measured.items() if by_model}


def _jobs(
    pool: ProcessPoolExecutor, folder: Path, *, quick: bool
) -> Iterator[tuple[Future[Any], tuple[str, str]]]:
    """Give each measurement with the model and the recordings it is of; long ones first.

    References are judged on the rows of one model, by the way: fitting it takes longest.
    """
    from tests.benchmarks import detection_measuring as measuring
    from tests.benchmarks.detection_results import (
        ASD,
        DEFAULT,
        HEAD,
        HEAD_HELD,
        HELD,
        LINEAR,
        PAPER,
        TEP,
    )
    from trainer.config import NetworkSettings, TrainingConfig

    network = NetworkSettings(kind="linear")
    linear = TrainingConfig(network=network)
    models = [(LINEAR, linear)]
    if not quick:
        networks = [(DEFAULT, TrainingConfig(seed=seed)) for seed in _SEEDS]
        models = [*networks, *models]
        for data, way in ((HEAD, "as delivered"), (HEAD_HELD, "held")):
            # It is the same whatever network is beside it.
            for seed in _SEEDS:
                config = TrainingConfig(network=network, seed=seed)
                measure = measuring.paper_head if seed else measuring.paper_head_with_references
                yield pool.submit(measure, folder, config, way=way), (DEFAULT, data)
        for data, way in ((PAPER, "as delivered"), (HELD, "held")):
            for model, config in networks:
                yield pool.submit(measuring.paper, folder, config, way=way), (model, data)
            beside = pool.submit(measuring.paper_with_references, folder, linear, way=way)
            yield beside, (LINEAR, data)
        for model, config in models:
            yield pool.submit(measuring.asd, folder, config), (model, ASD)
    for model, config in models:
        yield pool.submit(measuring.tep, folder, config), (model, TEP)


if __name__ == "__main__":
    main()
