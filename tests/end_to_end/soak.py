"""Proof of exact recovery: whatever happens, what comes out is what one replay gives.

``make soak SECONDS=600`` runs it for as long as told. Machines send readings to a real Kafka;
workers are killed, stopped, frozen and woken, they join and leave, the broker and Redis are killed
and started again, at moments that a seed decides. One machine has a threshold of its own, which
workers that begin without Redis have to keep. Then everything that came out is held against
what the pipeline makes of the same readings in one go. The last line is the tally; it ends with 1
if anything is missing, extra, different or out of order.
"""

import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from confluent_kafka import Message

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import read_bundle
from stream_detector.detection.threshold import Budget, Fixed
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.readings import Record
from stream_detector.pipeline.thresholds import ThresholdTable
from tests.end_to_end.chaos import Chaos, Crew, Feeding
from tests.end_to_end.expectation import MACHINES
from tests.end_to_end.installation import COMMAND, Installation
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.end_to_end.subscriber import by_key, identity, identity_of, without_repeats
from tests.small_models import write_small_bundle
from tests.waiting import wait_until

OWN = {MACHINES[1]: Fixed(3.0)}
"""Machines with a threshold of their own: the bundle's would give other bytes."""


@dataclass
class Tally:
    """Messages of alerts and scores that came out, held against those that should have."""

    expected: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    """Of an id that was told before, or is expected, with other bytes."""
    disordered: int = 0
    """Keys under which the first tellings came in another order."""
    repeats: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.missing or self.extra or self.different or self.disordered)

    def __str__(self) -> str:
        return ", ".join(f"{value} {name}" for name, value in vars(self).items())


def soak(
    installation: Installation,
    kafka: RealKafka,
    redis: RealRedis,
    *,
    seconds: float,
    seed: int,
    command: Sequence[str] = COMMAND,
) -> tuple[Tally, dict[str, int]]:
    """Let things happen for so long; give what came of it, and how often each happened."""
    feeding, crew = Feeding(installation, seed=seed), Crew(installation, command)
    chaos = Chaos(crew, kafka, redis, seed=seed)
    try:
        for machine, threshold in OWN.items():
            wanted = f"fixed:{threshold.value}"
            done = installation.run("threshold", "set", wanted, "--machine", machine)
            assert done.returncode == 0, done.stderr
        crew.add()
        crew.add()
        feeding.start()
        _wait_for_scores(installation, crew)
        chaos.rage(seconds)
        records = feeding.stop()
        _finish(installation, crew)
    finally:
        crew.end()
    told: list[Message] = []
    for topic in ("alerts", "scores"):
        with installation.subscriber(topic) as subscriber:
            told += subscriber.read_to_the_end()
    happened = {
        **chaos.happened,
        "worker ended by itself": crew.n_ended_themselves,
        "worker began without Redis": crew.n_begun_without_redis,
    }
    return tally(_expected(installation.bundle, records), told), happened


def tally(expected: Sequence[Output], told: Sequence[Message]) -> Tally:
    """Hold what came out against what should have."""
    wanted = {identity_of(one.value or b""): one.value for one in expected}
    found = Tally(expected=len(wanted))
    seen: set[tuple[str, ...]] = set()
    for message in told:
        name = identity(message)
        found.repeats += name in seen
        found.extra += name not in wanted and name not in seen
        found.different += name in wanted and message.value() != wanted[name]
        seen.add(name)
    found.missing = len(wanted.keys() - seen)
    came, due = by_key(without_repeats(told)), _by_key(expected)
    if not found.missing and not found.extra:
        found.disordered = sum(came[key] != values for key, values in due.items())
    return found


def _by_key(outputs: Iterable[Output]) -> dict[bytes, list[bytes]]:
    values: dict[bytes, list[bytes]] = {}
    for one in outputs:
        values.setdefault(one.key or b"", []).append(one.value or b"")
    return values


def _wait_for_scores(installation: Installation, crew: Crew) -> None:
    """Return when every machine has taken a threshold: before that there is none to be kept."""
    with installation.subscriber("scores") as scores:

        def each_has_one() -> bool:
            # Those that are broken on purpose may end before anything is done to them.
            crew.tend()
            return {one.key() for one in scores.messages} == {name.encode() for name in MACHINES}

        scores.wait_until(each_has_one, "a score of each machine")


def _finish(installation: Installation, crew: Crew) -> None:
    """Return when all readings were judged, and what came of them delivered and committed."""

    def done() -> bool:
        crew.tend()
        return installation.is_done()

    wait_until(done, "everything is judged and committed", limit_seconds=180)


def _expected(bundle: Path, records: Sequence[Record]) -> list[Output]:
    model = read_bundle(bundle)
    thresholds = ThresholdTable(Budget(model.manifest.default_budget_per_day), OWN)
    outputs = Pipeline(model, Rules()).process(records, thresholds)
    return [one for one in outputs if one.topic != "dead-letters"]


@click.command()
@click.option("--seconds", type=click.FloatRange(min=1), default=600.0, show_default=True)
@click.option("--seed", type=int, default=None, help="What happens and when.  [default: any]")
def main(*, seconds: float, seed: int | None) -> None:
    """Let things happen to workers, broker and Redis, and tally what came of it."""
    seed = int(time.time()) if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="stream-detector-soak-") as temporary:
        folder = Path(temporary)
        write_small_bundle(folder / "bundle")
        with (
            RealKafka(folder / "kafka") as kafka,
            RealRedis(folder / "redis", keeps_data=True) as redis,
        ):
            installation = Installation(
                kafka.bootstrap, redis.url, bundle=folder / "bundle", folder=folder
            )
            installation.create_topics()
            click.echo(f"{seconds:g} s of chaos, seed {seed} ...")
            found, happened = soak(installation, kafka, redis, seconds=seconds, seed=seed)
    for what, times in sorted(happened.items()):
        click.echo(f"{times:6} {what}")
    click.echo(f"seed {seed}: {found}")
    sys.exit(0 if found.is_clean else 1)


if __name__ == "__main__":
    main()
