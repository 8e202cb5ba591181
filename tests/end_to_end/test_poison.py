"""A reading that ends the worker cannot stop a partition."""

from pathlib import Path

import pytest

from tests.end_to_end.chaos import Crew, broken
from tests.end_to_end.expectation import MACHINES, expected, feed_of, understood
from tests.end_to_end.installation import Installation
from tests.end_to_end.subscriber import headers
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_the_guilty_reading_becomes_a_dead_letter_and_all_others_are_judged(
    installation: Installation, small_bundle_folder: Path
) -> None:
    feeds = [feed_of(machine, seed=n) for n, machine in enumerate(MACHINES)]
    before = [record for feed in feeds for record in feed.rows(5)]
    (poison,) = feed_of("poison").rows(1)
    after = [record for feed in feeds for record in feed.rows(5)]
    installation.send([*before, poison, *after])
    crew = Crew(installation, broken("dies-of-poison"))
    crew.add()

    def done() -> bool:
        crew.tend()
        return installation.is_done()

    try:
        wait_until(done, "the poison is found, and all else judged", limit_seconds=150)
        # Whoever comes next does not judge it either, though it reads the log again.
        n_ended = crew.n_ended_themselves
        crew.restart_all()
        installation.send([record for feed in feeds for record in feed.rows(1)])
        wait_until(done, "the rest is judged", limit_seconds=60)
        assert crew.n_ended_themselves == n_ended
    finally:
        crew.end()

    with installation.subscriber("dead_letters") as letters:
        told = letters.read_to_the_end()
    assert {one.value() for one in told} == {poison.value}
    assert {headers(one)["reason_code"] for one in told} == {"poison"}
    with installation.subscriber("scores") as scores:
        judged = understood(scores.read_to_the_end())
    records = [record for feed in feeds for record in feed.records]
    assert judged == expected(small_bundle_folder, records, "scores")
