"""What a worker costs on real Kafka, beside loops that do nothing but the same scoring.

``make bench`` runs this last. It prints a table and writes it to ``build/bench-kafka.json``. The
worker and the loops work off the same backlog one after the other, each alone on one core. The
figures depend on the machine and on what else it does, so nothing fails: goals are shown as met or
not met.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tests.benchmarks.environment import environment
from tests.benchmarks.figures import row
from tests.benchmarks.plant import N_SENSORS
from tests.benchmarks.progress import tell
from tests.benchmarks.streaming_measuring import Effort, Found, measure
from tests.benchmarks.streaming_results import Figure, figures
from tests.benchmarks.yard import N_PARTITIONS, Yard
from tests.end_to_end.real_kafka import AS_SHIPPED, RealKafka
from tests.end_to_end.real_redis import RealRedis

_OUT = Path(__file__).resolve().parents[2] / "build" / "bench-kafka.json"

_QUICK = Effort(
    networks=("dense",),
    training_rows=400,
    readings=2000,
    n_machines=2 * N_PARTITIONS,
    spells=1,
    spell_seconds=0.5,
    batches=2,
)


@click.command()
@click.option("--quick", is_flag=True, help="Measure next to nothing, to see that it runs.")
@click.option("--out", type=click.Path(path_type=Path), default=_OUT, help="The table as JSON.")
def main(*, quick: bool, out: Path) -> None:
    """Measure what a reading costs from Kafka to alert."""
    if missing := [name for name in ("java", "mvn", "taskset") if shutil.which(name) is None]:
        raise click.ClickException(f"needs {', '.join(missing)} on the PATH for a real Kafka")
    effort = _QUICK if quick else Effort()
    *others, core = sorted(os.sched_getaffinity(0))
    # Whatever is started from here on inherits it; the programs that are measured get the last one.
    os.sched_setaffinity(0, others or {core})
    with tempfile.TemporaryDirectory(prefix="stream-detector-bench-") as temporary:
        folder = Path(temporary)
        with (
            RealKafka(folder / "kafka", java=AS_SHIPPED) as kafka,
            RealRedis(folder / "redis") as redis,
        ):
            yard = Yard(kafka, redis, folder, n_machines=effort.n_machines, core=core)
            found = measure(yard, folder, effort, tell=tell)
    results = {network: list(figures(network, one, effort)) for network, one in found.items()}
    out.parent.mkdir(exist_ok=True)
    as_json = _as_json(effort, found, results)
    out.write_text(json.dumps(as_json, indent=2, ensure_ascii=False), encoding="utf-8")
    tell("done")
    click.echo("\n" + "\n".join(_table(effort, results)))
    click.echo(f"\nwith the environment in {out}")


def _table(effort: Effort, results: Mapping[str, Sequence[Figure]]) -> Iterator[str]:
    yield f"One process on one core, real Kafka on the others: {effort.readings} readings of"
    yield f"{N_SENSORS} sensors wait, of {effort.n_machines} machines on {N_PARTITIONS} partitions."
    yield "Least of all seconds, spells or partitions, in brackets their median."
    yield f"Load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."
    yield ""
    yield row("", list(results))
    section = ""
    for of_all in zip(*results.values(), strict=True):
        if of_all[0].section != section:
            section = of_all[0].section
            yield section
        yield row(f"  {of_all[0].label}", of_all)
        if of_all[0].at_most is not None:
            goals = [f"{one.at_most:g} {'met' if one.met else 'not met'}" for one in of_all]
            yield row("    goal: at most", goals)


def _as_json(
    effort: Effort, found: Mapping[str, Found], results: Mapping[str, Sequence[Figure]]
) -> dict[str, Any]:
    return {
        "n_sensors": N_SENSORS,
        "environment": environment(),
        "effort": asdict(effort),
        "figures": [
            {"network": network, **asdict(one), "met": one.met}
            for network, of_network in results.items()
            for one in of_network
        ],
        "alerts": [
            {"network": network, "run": str(run), "sent": work.n_alerts}
            for network, one in found.items()
            for run, work in one.work.items()
        ],
    }


if __name__ == "__main__":
    main()
