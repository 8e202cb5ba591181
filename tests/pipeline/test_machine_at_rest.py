"""Where so many sensors rest that too few are left: a machine at rest, or a dead gateway."""

from stream_detector.bundle.directory import Bundle
from tests.pipeline.station import Station
from tests.small_models import Feed


def test_a_machine_that_shuts_down_goes_on_being_judged(small_bundle: Bundle) -> None:
    #  row                 0 .. 9   10 .. 29       30 .. 49
    #  speed, steam, weight  move   rest at 0   count as stuck: too few of the five would be left
    feed = Feed()
    feed.rows(10)
    feed.rows(40, speed=0.0, steam=0.0, weight=0.0)

    sent = Station(small_bundle).take(feed.records)

    assert [one["sensors"] for one in sent.faults] == [["speed", "steam", "weight"]]
    assert {one["event"] for one in sent.alerts} == {"raised", "updated"}
    assert all(one["above"] for one in sent.scores[30:])
    assert {one["quality"]["channels_used"] for one in sent.scores[30:]} == {5}


def test_a_gateway_that_repeats_its_last_values_is_no_machine_at_rest(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(10)
    feed.rows(40, speed=900.0, steam=3.0, weight=80.0)

    sent = Station(small_bundle).take(feed.records)

    assert {one["quality"]["state"] for one in sent.scores[30:]} == {"bad"}
    assert {one["score"] for one in sent.scores[30:]} == {None}
    assert not sent.alerts
