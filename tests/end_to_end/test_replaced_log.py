"""The topic of the readings is deleted and made again: all that comes then is judged."""

from pathlib import Path

import pytest

from tests.end_to_end.expectation import MACHINES, expected, feed_of, understood
from tests.end_to_end.installation import Installation

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_the_readings_of_a_log_that_was_made_anew_are_judged_from_its_begin(
    installation: Installation, small_bundle_folder: Path
) -> None:
    feeds = [feed_of(machine, seed=n) for n, machine in enumerate(MACHINES)]
    old = [one for feed in feeds for one in feed.rows(40)]
    new = [one for feed in feeds for one in feed.rows(40)]
    with installation.subscriber("scores") as scores:
        with installation.worker() as worker:
            installation.send(old)
            installation.wait_until_done()
            n_before = len(scores.read_to_the_end())

            installation.make_anew("readings")
            installation.send(new)

            assert worker.wait_for_end(limit_seconds=60) == 1
            assert "the topic of the readings was deleted and made again" in worker.log()
        with installation.worker() as worker:
            installation.wait_until_done()

            assert worker.log().count("recovery.log-replaced") == installation.n_partitions
        later = scores.read_to_the_end()[n_before:]

    #  as by a worker that never saw the log before
    assert understood(later) == expected(small_bundle_folder, new, "scores")


def test_also_where_offsets_of_it_were_committed_by_somebody_who_knew_the_old_one(
    installation: Installation, small_bundle_folder: Path
) -> None:
    feed = feed_of("pm1")
    old, new = feed.rows(40), feed.rows(40)
    with installation.subscriber("scores") as scores:
        with installation.worker() as worker:
            installation.send(old)
            installation.wait_until_done()
            assert worker.stop() == 0
        n_before = len(scores.read_to_the_end())
        installation.make_anew("readings")
        installation.send(new)
        installation.commit(25)

        with installation.worker():
            later = scores.wait_for(n_before + len(new))[n_before:]

    assert understood(later) == expected(small_bundle_folder, new, "scores")
