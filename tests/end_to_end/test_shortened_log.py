"""Kafka loses the end of the readings' log, as by a power cut: all that comes then is judged."""

from pathlib import Path

import pytest

from tests.end_to_end.expectation import expected, feed_of, understood
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

KEPT = 20


@pytest.mark.parametrize("meanwhile", ["runs on", "is started again"])
def test_the_readings_that_come_in_the_place_of_lost_ones_are_judged(
    meanwhile: str,
    installation: Installation,
    kafka: RealKafka,
    small_bundle_folder: Path,
) -> None:
    feed = feed_of("pm1")
    kept, lost, new = feed.rows(KEPT), feed.rows(20), feed.rows(10)
    with installation.subscriber("scores") as scores:
        with installation.worker() as worker:
            for records in (kept, lost):
                installation.send(records)
                installation.wait_until_done()
            if meanwhile != "runs on":
                assert worker.stop() == 0
            n_before = len(scores.read_to_the_end())
            kafka.kill()
            kafka.lose_end_of_log(installation.topics["readings"], KEPT)
            kafka.start()
            if meanwhile != "runs on":
                worker.start()
            installation.send(new)
            installation.wait_until_done()
        later = scores.read_to_the_end()[n_before:]

    #  as by a worker that never saw those that are lost
    (key,) = understood(later)
    assert (
        understood(later)[key][-len(new) :]
        == (expected(small_bundle_folder, [*kept, *new], "scores")[key][-len(new) :])
    )
