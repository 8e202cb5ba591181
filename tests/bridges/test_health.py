"""What the facts about a bridge mean: it is at work, it waits, or it only seems to work."""

from stream_detector.bridges.health import REFUSAL_CODES, health_facts
from stream_detector.connections.health_report import Status
from stream_detector.errors import RowError
from tests.bridges.healths import mill


def test_rows_that_wait_while_kafka_answers_are_a_fault_after_a_while() -> None:
    health = mill()
    health.got_on(now=10.0, n_waiting=0)
    health.n_waiting = 7

    assert health.report(now=69.0).status is Status.OK
    failing = health.report(now=70.0)

    assert failing.status is Status.FAILING
    assert failing.reasons == ("7 rows wait, and none got on for 60 s",)


def test_while_kafka_is_away_nothing_is_a_fault_and_all_counts_anew_after_it() -> None:
    health = mill()
    health.kafka_did_not_answer()

    away = health.report(now=5000.0)
    assert (away.status, away.reasons) == (Status.DEGRADED, ("Kafka does not answer",))

    health.kafka_answered(now=5000.0)
    assert health.report(now=5059.0).status is Status.OK
    assert health.report(now=5060.0).status is Status.FAILING


def test_a_source_that_is_away_is_told_and_no_reason_to_restart() -> None:
    health = mill()
    for second in range(0, 500, 20):
        health.listened(now=second, fault="Connection refused")
        health.got_on(now=second, n_waiting=0)
        told = health.report(now=second + 19.0)

    assert told.status is Status.DEGRADED
    assert told.reasons == ("the broker gives no rows: Connection refused",)
    assert not health.is_connected


def test_a_source_that_nobody_listens_to_is_a_fault() -> None:
    health = mill()
    health.listened(now=10.0)
    health.got_on(now=70.0, n_waiting=0)

    assert health.report(now=70.0).reasons == ("nobody has listened to the broker for 60 s",)
    assert health.report(now=70.0).status is Status.FAILING


def test_who_waits_for_the_disk_is_not_started_again_and_the_rows_on_disk_get_on() -> None:
    health = mill()
    health.listened(now=10.0)
    health.got_on(now=990.0, n_waiting=0)
    health.held_up("journal", "the disk is full")

    assert health.report(now=1000.0).status is Status.DEGRADED
    assert health.report(now=1050.0).status is Status.FAILING

    health.freed("journal", now=1000.0)
    assert health.report(now=1059.0).status is Status.OK


def test_where_kafka_is_the_source_it_is_connected_while_kafka_answers() -> None:
    health = mill()
    assert health.is_connected

    health.kafka_did_not_answer()

    assert not health.is_connected


def test_a_minute_of_messages_that_were_all_refused_is_told_until_the_first_row() -> None:
    health = mill()
    unknown = RowError("unknown-schema", "the registry has no schema with the id 7")
    health.took(1, [unknown], now=10.0)  # not all of them
    for second in (20.0, 50.0, 79.0):
        health.took(0, [unknown, unknown], now=second)
        health.got_on(now=second, n_waiting=0)
    assert health.report(now=79.0).status is Status.OK

    health.took(0, [unknown], now=80.0)
    told = health.report(now=81.0)
    assert told.status is Status.DEGRADED
    assert told.reasons == (
        "no row came of the messages of 60 s: 7 refused, the last: unknown-schema: the registry "
        "has no schema with the id 7",
    )

    health.took(1, [unknown], now=82.0)
    assert health.report(now=82.0).status is Status.OK


def test_one_bad_message_of_a_silent_plant_is_no_minute_of_them() -> None:
    health = mill()
    health.took(0, [RowError("not-json", "no")], now=10.0)
    for second in (50.0, 100.0):
        health.took(0, [], now=second)
        health.got_on(now=second, n_waiting=0)

    assert health.report(now=100.0).status is Status.OK


def test_the_page_says_it_in_figures() -> None:
    health = mill()
    health.took(3, [RowError("not-json", "no")], now=40.0)
    health.got_on(now=41.0, n_waiting=2)

    assert health_facts(health, now=42.5) == {
        "status": "ok",
        "reasons": [],
        "bridge": "mill",
        "connected": True,
        "rows_waiting": 2,
        "rows_lost": 0,
        "row_age_s": 2.5,
        "progress_age_s": 1.5,
        "journal_bytes": None,
    }


def test_every_reason_of_a_dead_letter_is_counted_from_the_start() -> None:
    assert mill().refused == dict.fromkeys(REFUSAL_CODES, 0)
    assert {"late", "clock", "not-json", "no-birth"} < set(REFUSAL_CODES)
