"""Whatever happens to the keepers of the alert book: it is as if one had kept it all the time."""

import pytest

from tests.end_to_end.book_proof import prove
from tests.end_to_end.installation import Installation
from tests.end_to_end.real_kafka import RealKafka

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_nothing_done_is_lost_and_nothing_is_done_twice(
    installation: Installation, kafka: RealKafka
) -> None:
    written, happened = prove(installation, seconds=14, seed=6, kafka=kafka)

    assert written.faults == []
    assert len(written.replies) == len(written.commands) > 100
    assert len(written.states) > 500
    assert happened["kill -9"] > 1, "hardly anything happened, so hardly anything was proved"


def test_replies_that_are_sent_before_the_states_are_found(installation: Installation) -> None:
    written, _ = prove(installation, seconds=3, seed=6, fault="replies-first")

    assert written.faults
