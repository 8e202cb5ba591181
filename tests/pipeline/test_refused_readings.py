"""What is no reading becomes a dead letter, and the stream goes on."""

import json
from datetime import timedelta

import pytest

from stream_detector.bundle.directory import Bundle
from stream_detector.pipeline.readings import MAX_READING_BYTES, Record, kafka_time
from tests.pipeline.station import Station, states
from tests.small_models import CADENCE, START, Feed

TIME = '"time": "2026-11-22T03:20:00Z"'
PM3 = {"machine": "pm3", "time": "2026-11-22T03:20:00Z"}

REFUSED = {
    "not JSON": (b"Guten Morgen", "not-json"),
    "half a message": (b'{"machine": "pm3", "time": ', "not-json"),
    "bytes that are no text": (b"\xff\xfe\x00", "not-json"),
    "brackets without end": (b'{"more": ' + b"[" * 100_000, "too-deep"),
    "brackets in an extra field, deeper than a parser's stack is sure to go": (
        f'{{"machine": "pm3", {TIME}, "event": "break", "more": {"[" * 64}{"]" * 64}}}'.encode(),
        "too-deep",
    ),
    "a sensor's name without end": (
        f'{{"machine": "pm3", {TIME}, "values": {{"{"x" * 201}": 3.0}}}}'.encode(),
        "invalid",
    ),
    "values without end": (
        json.dumps({**PM3, "values": {f"x{number}": 1 for number in range(10_001)}}).encode(),
        "invalid",
    ),
    "nothing at all": (b"", "empty"),
    "a tombstone": (None, "empty"),
    "half a surrogate pair in its bytes": (
        b'{"machine": "pm3", ' + TIME.encode() + b', "event": "br\xed\xa0\x80eak"}',
        "not-json",
    ),
    "a list": (b"[1, 2]", "invalid"),
    "a text for a value": (
        f'{{"machine": "pm3", {TIME}, "values": {{"steam": "3.0"}}}}'.encode(),
        "invalid",
    ),
    "a number for a machine": (f'{{"machine": 3, {TIME}, "values": {{}}}}'.encode(), "invalid"),
    "no machine": (f'{{{TIME}, "values": {{"steam": 3.0}}}}'.encode(), "invalid"),
    "an empty machine": (f'{{"machine": "", {TIME}, "values": {{}}}}'.encode(), "invalid"),
    "no time": (b'{"machine": "pm3", "values": {"steam": 3.0}}', "invalid"),
    "a naive time": (
        b'{"machine": "pm3", "time": "2026-11-22T03:20:00", "values": {}}',
        "invalid",
    ),
    "no time of day": (b'{"machine": "pm3", "time": "22.11.2026", "values": {}}', "invalid"),
    "neither values nor event": (f'{{"machine": "pm3", {TIME}}}'.encode(), "nothing"),
    "too much": (b" " * (MAX_READING_BYTES + 1), "too-large"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_passed_on_as_received_with_the_reason(small_bundle: Bundle, what: str) -> None:
    value, code = REFUSED[what]
    feed = Feed()
    feed.rows(10)
    feed.message(value)
    feed.rows(1)

    sent = Station(small_bundle).take(feed.records)

    (letter,) = sent.letters
    headers = {name: content.decode() for name, content in letter.headers}
    assert (letter.key, letter.value) == (b"pm3", value)
    assert headers.pop("reason")
    assert headers == {
        "topic": "sensor.readings",
        "partition": "0",
        "offset": "10",
        "reason_code": code,
    }
    assert len(sent.scores) == 11


@pytest.mark.parametrize("what", REFUSED)
def test_it_changes_no_state(small_bundle: Bundle, what: str) -> None:
    feed = Feed()
    feed.rows(10)
    station = Station(small_bundle)
    station.take(feed.records)
    before = station.state()

    station.take([feed.message(REFUSED[what][0])])

    assert station.state() == before
    assert list(states(station.pipeline)) == ["pm3"]


def test_poison_is_refused_unread(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(3)
    poison = feed.records[1] = feed.records[1]._replace(is_poison=True)
    station = Station(small_bundle)

    sent = station.take(feed.records)

    (letter,) = sent.letters
    assert (letter.value, dict(letter.headers)["reason_code"]) == (poison.value, b"poison")
    untouched = Station(small_bundle)
    assert sent.scores == untouched.take([feed.records[0], feed.records[2]]).scores
    assert station.state() == untouched.state()


def test_a_partition_has_so_many_machines_and_no_more(
    small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_detector.pipeline.machines.MAX_MACHINES", 2)
    first, second, third = (Feed(f"pm{number}").rows(1) for number in (1, 2, 3))
    elsewhere = Feed("pm3", partition=1).rows(1)

    sent = Station(small_bundle).take([*first, *second, *third, *first, *elsewhere])

    (letter,) = sent.letters
    assert (letter.key, letter.value) == (third[0].key, third[0].value)
    assert dict(letter.headers)["reason_code"] == b"too-many-machines"
    assert [one["machine"] for one in sent.scores] == ["pm1", "pm2", "pm3"]


def test_the_reason_tells_people_where_to_look(small_bundle: Bundle) -> None:
    feed = Feed()
    feed.message(b'{"machine": "pm3", "time": "2026-11-22T03:20:00", "values": {}}')

    (letter,) = Station(small_bundle).take(feed.records).letters

    assert b"timezone component - at `$.time`" in dict(letter.headers)["reason"]


@pytest.mark.parametrize(
    ("values", "place"),
    [
        (b'{"draw": 1, "x": null, "steam": "n/a", "y": true}', b"$.values['steam']"),
        (b'{"draw": NaN, "vibration": "n/a"}', b"$.values['vibration']"),
        (b'{"%s": []}' % (b"x" * 200), b"$.values['%s']" % (b"x" * 200)),
        # What follows the wrong value is no JSON, so there is no telling the names.
        (b'{"steam": "n/a", ', b"$.values[...]"),
    ],
)
def test_the_reason_names_the_sensor_whose_value_is_no_number(
    small_bundle: Bundle, values: bytes, place: bytes
) -> None:
    (record,) = Feed().rows(1)
    value = b'{"machine": "pm3", "time": "2026-11-22T03:10:00Z", "values": %s}' % values

    (letter,) = Station(small_bundle).take([record._replace(value=value)]).letters

    assert b"at `%s`" % place in dict(letter.headers)["reason"]


@pytest.mark.parametrize("key", [None, b"", b"\xff"])
def test_any_key_is_passed_on(small_bundle: Bundle, key: bytes | None) -> None:
    record = Record("sensor.readings", 3, 17, START, key, b"Guten Morgen")

    (letter,) = Station(small_bundle).take([record]).letters

    assert letter.key == key
    assert dict(letter.headers)["partition"] == b"3"


def ahead(feed: Feed, skew: timedelta) -> Record:
    """A normal reading whose time is so far ahead of Kafka's."""
    (record,) = feed.rows(1)
    return record._replace(timestamp=record.timestamp - skew)


def test_a_wrong_clock_cannot_freeze_a_machine(small_bundle: Bundle) -> None:
    #  minute   0 ... 18    20      20      22
    #                      in a    right
    #                      year
    feed = Feed()
    feed.rows(10)
    (reading,) = feed.rows(1)
    in_a_year = json.loads(reading.value or b"") | {"time": "2027-11-22T03:20:00Z"}
    wrong = reading._replace(value=json.dumps(in_a_year).encode())

    sent = Station(small_bundle).take(
        [*feed.records[:10], wrong, *feed.records[10:], *feed.rows(1)]
    )

    (letter,) = sent.letters
    headers = dict(letter.headers)
    assert headers["reason_code"] == b"clock"
    assert headers["reason"].startswith(b"the reading is of 2027-11-22T03:20:00+00:00, but Kafka")
    assert letter.value == wrong.value
    assert len(sent.scores) == 12


def test_a_clock_may_be_a_little_ahead(small_bundle: Bundle) -> None:
    feed = Feed()

    sent = Station(small_bundle).take(
        [ahead(feed, timedelta(minutes=5)), ahead(feed, timedelta(minutes=5, seconds=1))]
    )

    assert (len(sent.scores), len(sent.letters)) == (1, 1)


def test_how_far_ahead_is_a_setting(small_bundle: Bundle) -> None:
    station = Station(small_bundle, max_clock_skew=timedelta(hours=1))

    assert station.take([ahead(Feed(), timedelta(minutes=59))]).letters == []


def test_a_stamp_of_kafka_that_is_no_time_is_refused_and_the_stream_goes_on(
    small_bundle: Bundle,
) -> None:
    # Microseconds where Kafka has milliseconds: nothing says how old such a message is.
    feed = Feed()
    feed.rows(3)
    feed.records[1] = feed.records[1]._replace(timestamp=kafka_time(1_714_543_200_123_000))

    sent = Station(small_bundle).take(feed.records)

    (letter,) = sent.letters
    headers = dict(letter.headers)
    assert headers["reason_code"] == b"clock"
    assert headers["reason"].startswith(b"Kafka's stamp of the message is out of range; the sender")
    assert len(sent.scores) == 2


def test_a_reading_may_be_as_old_as_it_likes(small_bundle: Bundle) -> None:
    sent = Station(small_bundle).take([ahead(Feed(), timedelta(days=-3650))])

    assert (len(sent.scores), sent.letters) == (1, [])


def test_the_machine_in_the_body_rules_over_the_key(small_bundle: Bundle) -> None:
    (record,) = Feed(machine="pm7").rows(1)
    station = Station(small_bundle)

    (score,) = station.take([record._replace(key=b"pm3")]).scores

    assert score["machine"] == "pm7"
    assert list(states(station.pipeline)) == ["pm7"]


def test_what_is_unknown_in_a_message_is_ignored(small_bundle: Bundle) -> None:
    feed, more = Feed(), Feed()
    feed.rows(3)
    for record in more.rows(3):
        message = json.loads(record.value or b"") | {"plc": {"firmware": [1, 2]}, "schema": "x"}
        more.records[record.offset] = record._replace(value=json.dumps(message).encode())

    assert Station(small_bundle).take(more.records) == Station(small_bundle).take(feed.records)


def test_a_time_in_another_zone_is_the_same_time(small_bundle: Bundle) -> None:
    feed = Feed()
    (record,) = feed.rows(1)
    moved = (record.value or b"").replace(b"T03:00:00+00:00", b"T04:30:00+01:30")

    (score,) = Station(small_bundle).take([record._replace(value=moved)]).scores

    assert score["event_time"] == "2026-11-22T03:00:00Z"
    assert feed.time == START + CADENCE
