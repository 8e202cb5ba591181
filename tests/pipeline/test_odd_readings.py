"""Readings of which something is missing or unknown: the rest of them is judged."""

import numpy as np
import pytest

from stream_detector.bundle.directory import Bundle
from stream_detector.pipeline.oddities import MAX_UNKNOWN_NAMES, OTHER_NAMES
from stream_detector.pipeline.readings import Record
from tests.pipeline.station import Sent, Station
from tests.small_models import BROKEN_STEAM, SENSORS, Feed

GOOD = {"state": "good", "channels_used": 5, "channels_total": 5}


def uncertain(channels_used: int) -> dict[str, object]:
    return {"state": "uncertain", "channels_used": channels_used, "channels_total": 5}


def bad(channels_used: int) -> dict[str, object]:
    return {"state": "bad", "channels_used": channels_used, "channels_total": 5}


def after_normal_rows(bundle: Bundle, **values: float | None) -> Sent:
    """What is said of a normal reading but for these values, after 19 normal ones."""
    feed = Feed()
    feed.rows(19)
    feed.rows(1, **values)
    return Station(bundle).take(feed.records)


def rewritten(record: Record, old: bytes, new: bytes) -> Record:
    value = record.value or b""
    assert old in value
    return record._replace(value=value.replace(old, new))


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity"])
def test_a_literal_that_is_no_number_counts_and_is_missing(
    small_bundle: Bundle, literal: bytes
) -> None:
    feed = Feed()
    feed.rows(19)
    (record,) = feed.rows(1, steam=-7.0)
    station = Station(small_bundle)

    sent = station.take([*feed.records[:-1], rewritten(record, b"-7.0", literal)])

    assert sent == after_normal_rows(small_bundle, steam=None)
    assert station.pipeline.oddities.not_finite == 1
    assert sent.letters == []


def test_a_missing_sensor_is_the_same_as_none(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(19)
    (record,) = feed.rows(1, steam=-7.0)

    sent = Station(small_bundle).take(
        [*feed.records[:-1], rewritten(record, b'"steam": -7.0, ', b"")]
    )

    assert sent == after_normal_rows(small_bundle, steam=None)


def test_an_unknown_sensor_is_ignored_and_counted(small_bundle: Bundle) -> None:
    feed, plain = Feed(), Feed()
    feed.rows(3, vibration=0.3)
    feed.rows(2, pressure=None)
    station = Station(small_bundle)

    assert station.take(feed.records) == Station(small_bundle).take(plain.rows(5))
    assert station.pipeline.oddities.unknown_sensors == {"vibration": 3, "pressure": 2}


def test_a_reading_of_another_machine_is_counted_as_foreign(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.tell(values={"a": 1.0, "b": 2.0})
    feed.tell(values={"a": 1.0, "speed": 900.0})
    feed.tell(values={})
    feed.tell(event="reel-change")
    station = Station(small_bundle)
    station.take(feed.records)

    assert station.pipeline.oddities.foreign == {"pm3": 1}


def test_names_of_unknown_sensors_do_not_fill_the_memory(small_bundle: Bundle) -> None:
    feed = Feed()
    for n in range(3):
        feed.rows(1, **{f"tag-{n}-{i}": 1.0 for i in range(600)}, **{"long" * 50: 1.0})
    station = Station(small_bundle)
    station.take(feed.records)

    unknown = station.pipeline.oddities.unknown_sensors
    assert unknown.total() == 1803
    assert len(unknown) == MAX_UNKNOWN_NAMES + 1
    assert unknown[OTHER_NAMES] > 700
    assert max(map(len, unknown)) == 200


@pytest.mark.parametrize("odd", [{"steam": None}, {"moisture": 100.1}, {"moisture": -0.1}])
def test_a_sensor_that_cannot_be_used_makes_the_quality_uncertain(
    small_bundle: Bundle, odd: dict[str, float | None]
) -> None:
    (*_, last) = after_normal_rows(small_bundle, **odd).scores

    assert last["quality"] == uncertain(4)
    assert last["score"] is not None
    assert not {one["sensor"] for one in last["contributors"]} & odd.keys()


def test_without_physical_limits_an_excursion_is_what_is_looked_for(small_bundle: Bundle) -> None:
    (*_, last) = after_normal_rows(small_bundle, steam=1e9).scores

    assert last["quality"] == GOOD
    assert last["score"] > 10.0
    assert last["contributors"][0]["sensor"] == "steam"
    assert last["contributors"][0]["actual"] == 1e9


def test_an_impossible_value_does_not_count_as_an_excursion(small_bundle: Bundle) -> None:
    scores = [
        after_normal_rows(small_bundle, moisture=value).scores[-1]["score"]
        for value in (100.1, None, 99.9)
    ]

    assert scores[0] == scores[1]
    assert scores[0] < 4.0
    assert scores[2] > 10.0


def test_the_running_mean_of_a_missing_sensor_stands_still(small_bundle: Bundle) -> None:
    feed = Feed()
    station = Station(small_bundle)
    station.take(feed.rows(10))
    before = np.frombuffer(station.state()["detector"]["running_mean"])

    station.take(feed.rows(3, steam=None, moisture=-1.0))

    after = np.frombuffer(station.state()["detector"]["running_mean"])
    assert (after == before).tolist() == [False, False, True, False, True]


@pytest.mark.parametrize("odd", [{"moisture": None}, {"moisture": -1.0}, {"moisture": "NaN"}])
def test_a_fault_in_another_sensor_still_raises(
    small_bundle: Bundle, odd: dict[str, float | None]
) -> None:
    feed = Feed()
    feed.rows(20)
    (record,) = feed.rows(1, **{"steam": BROKEN_STEAM, **odd})

    sent = Station(small_bundle).take(
        [*feed.records[:-1], record._replace(value=(record.value or b"").replace(b'"NaN"', b"NaN"))]
    )

    (alert,) = sent.alerts
    assert alert["event"] == "raised"
    assert alert["quality"] == uncertain(4)
    assert alert["contributors"][0]["sensor"] == "steam"


@pytest.mark.parametrize(("n_missing", "quality"), [(2, uncertain(3)), (3, bad(2)), (5, bad(0))])
def test_under_half_of_the_sensors_there_is_no_score(
    small_bundle: Bundle, n_missing: int, quality: dict[str, object]
) -> None:
    (*_, last) = after_normal_rows(small_bundle, **dict.fromkeys(SENSORS[:n_missing])).scores

    assert last["quality"] == quality
    assert (last["score"] is None) is (quality["state"] == "bad")
    assert not last["above"]


def test_a_reading_without_any_value_is_still_told_of(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(2)
    feed.tell(values={})

    (*_, last) = Station(small_bundle).take(feed.records).scores

    assert (last["score"], last["quality"], last["contributors"]) == (None, bad(0), [])


def test_no_data_never_clears_an_alert(small_bundle: Bundle) -> None:
    #  normal    fault     no data for two hours    one more
    feed = Feed()
    feed.rows(20)
    feed.rows(2, steam=BROKEN_STEAM)
    for _ in range(60):
        feed.tell(values={"speed": 900.0})
    station = Station(small_bundle)

    sent = station.take(feed.records)

    assert [one["event"] for one in sent.alerts] == ["raised"]
    assert all(one["alarm"] for one in sent.scores[-60:])
    assert station.state()["shift"] == 0.0
