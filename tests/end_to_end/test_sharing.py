"""Workers of one group share the partitions, and together they say what one would.

And where there have to be more partitions, the way that ``deploy/scaling.md`` tells is one.
"""

import re
import sys
import textwrap
from pathlib import Path

import pytest

from tests.end_to_end.conftest import install
from tests.end_to_end.expectation import MACHINES, eventful, expected, understood
from tests.end_to_end.installation import N_PARTITIONS, Installation, run
from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.real_redis import RealRedis
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

RECORDS = eventful(n_faults=5)


def test_three_workers_say_what_one_says(
    kafka: RealKafka, redis_server: RealRedis, small_bundle_folder: Path, tmp_path: Path
) -> None:
    def installation(name: str) -> Installation:
        (tmp_path / name).mkdir()
        return install(kafka, redis_server, small_bundle_folder, tmp_path / name)

    alone = installation("alone")
    alone.send(RECORDS)
    with alone.worker():
        alone.wait_until_done()

    shared = installation("shared")
    with shared.worker(), shared.worker(), shared.worker():
        wait_until(
            lambda: sorted(map(len, shared.shares().values())) == [1, 1, 2],
            "each of the three has some of the four partitions",
            limit_seconds=60,
        )
        shares = shared.shares()
        shared.send(RECORDS)
        shared.wait_until_done()
        # Nobody's share has changed meanwhile: so each has worked off its own.
        assert shared.shares() == shares
    assert shared.committed().keys() == set(range(N_PARTITIONS))

    for topic in ("alerts", "scores"):
        assert told(shared, topic) == told(alone, topic)
    assert sum(map(len, told(alone, "alerts").values())) > 50, "too few alerts to prove anything"


def test_a_move_to_more_partitions_with_a_copy_of_the_log_changes_nothing(
    installation: Installation, small_bundle_folder: Path, tmp_path: Path
) -> None:
    records = eventful(n_faults=2)
    moved_at = 63 * len(MACHINES)  # two readings into the second fault
    installation.send(records[:moved_at])
    with installation.worker() as worker:
        installation.wait_until_done()
        worker.stop()
    for machine in MACHINES:
        last = told(installation, "alerts")[f"{machine}/sheet-break".encode()][-1]
        assert b'"event":"cleared"' not in last, "an alert is open, and has to come along"

    # In the order of the guide; its settings are those of whoever starts the workers.
    old, new = installation.topics["readings"], f"{installation.topics['readings']}.6"
    anew = {"readings_topic": new, "snapshots_topic": f"{installation.topics['snapshots']}.6"}
    made = installation.run("topics", "create", "--partitions", "6", **anew)
    assert made.stdout.count(": made, 6 partitions") == 2, made.stderr
    script = tmp_path / "copy_readings.py"
    script.write_text(guide_script())
    copied = run(sys.executable, script, installation.broker, old, new, environment={})
    assert copied.stdout == f"{moved_at} of {moved_at} readings copied\n", copied.stderr

    installation.topics["readings"] = new
    due = expected(small_bundle_folder, records, "scores")
    with installation.worker(**anew), installation.subscriber("scores") as scores:
        installation.send(records[moved_at:])
        scores.wait_until(
            lambda: understood(scores.messages) == due,
            "every score is told, of the readings before the move and after it",
        )
        assert len(scores.messages) > len(records), "those before it are told once more"

    assert told(installation, "alerts") == expected(small_bundle_folder, records, "alerts")


def guide_script() -> str:
    """The program that ``deploy/scaling.md`` gives its readers."""
    guide = (Path(__file__).parents[2] / "deploy" / "scaling.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^ *```python\n(.*?)^ *```$", guide, re.DOTALL | re.MULTILINE)
    return textwrap.dedent(script)


def told(installation: Installation, topic: str) -> dict[bytes, list[bytes]]:
    with installation.subscriber(topic) as subscriber:
        return understood(subscriber.read_to_the_end())
