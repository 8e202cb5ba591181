"""What the facts about a worker mean: it is at work, it waits, or it only seems to work."""

from stream_detector.connections.health_report import Status
from stream_detector.worker.counts import Counts
from stream_detector.worker.health import Health
from stream_detector.worker.web import health_facts


def at_work() -> Health:
    """A worker of two partitions that has judged all there is at 10 s."""
    health = Health(stall_seconds=60, began_at=0.0)
    health.joined({0, 1}, now=2.0)
    health.progressed({0: 100, 1: 7}, now=10.0)
    health.found_ends({0: 100, 1: 7}, now=10.0)
    health.book.assigned(is_ours=False, now=10.0)
    return health


def test_with_nothing_to_do_it_is_ok_for_ever() -> None:
    health = at_work()
    for minute in range(1, 300):
        health.found_ends({0: 100, 1: 7}, now=60.0 * minute)
        assert health.report(now=60.0 * minute + 59.0).status is Status.OK


def test_a_log_that_is_another_one_is_a_fault_at_once() -> None:
    health = at_work()
    health.log_was_replaced = True

    report = health.report(now=11.0)

    assert report.status is Status.FAILING
    assert report.reasons == ("the topic of the readings was deleted and made again",)


def test_what_is_away_is_told_too_and_is_not_what_makes_it_fail() -> None:
    health = at_work()
    health.redis_fault, health.thresholds_at = "does not answer", 11.0
    health.log_was_replaced = True

    report = health.report(now=11.0)

    assert report.failing == ["the topic of the readings was deleted and made again"]
    assert report.reasons[1:] == ("Redis does not answer: the last thresholds stay in force",)


def test_readings_that_wait_while_none_is_judged_are_a_fault_after_a_while() -> None:
    health = at_work()
    health.found_ends({0: 105, 1: 9}, now=1000.0)
    assert health.lag == 7

    # It counts from when they were first seen to wait.
    assert health.report(now=1059.0).status is Status.OK
    failing = health.report(now=1060.0)

    assert failing.status is Status.FAILING
    assert failing.reasons == ("7 readings wait, and none was judged for 60 s",)


def test_a_worker_that_gets_on_may_be_as_far_behind_as_it_likes() -> None:
    health = at_work()
    for second in range(20, 600, 20):
        health.found_ends({0: 1_000_000, 1: 9}, now=second)
        health.progressed({0: 100 + second, 1: 9}, now=second)
        assert health.report(now=second + 19.0).status is Status.OK


def test_a_long_restore_is_progress_too() -> None:
    health = at_work()
    health.found_ends({0: 1_000_000, 1: 9}, now=20.0)
    health.alive(now=70.0)

    assert health.report(now=129.0).status is Status.OK
    assert health.report(now=130.0).status is Status.FAILING


def test_while_kafka_is_away_nothing_is_a_fault_and_all_counts_anew_after_it() -> None:
    health = at_work()
    health.found_ends({0: 105, 1: 9}, now=20.0)
    health.kafka_did_not_answer()

    away = health.report(now=5000.0)
    assert (away.status, away.reasons) == (Status.DEGRADED, ("Kafka does not answer",))

    health.found_ends({0: 105, 1: 9}, now=5000.0)
    health.kafka_answered(now=5000.0)
    assert health.report(now=5059.0).status is Status.OK
    assert health.report(now=5060.0).status is Status.FAILING


def test_without_a_place_in_the_group_it_is_a_fault_after_a_while() -> None:
    health = at_work()
    health.left(now=100.0)

    assert health.report(now=159.0).status is Status.OK
    failing = health.report(now=160.0)

    assert failing.status is Status.FAILING
    assert failing.reasons == ("for 60 s the group has given no place",)


def test_a_member_that_was_given_no_partition_stands_by() -> None:
    health = Health(stall_seconds=60, began_at=0.0)
    health.joined(set(), now=2.0)
    health.book.assigned(is_ours=False, now=2.0)
    health.found_ends({}, now=5.0)

    assert health.report(now=10_000.0).status is Status.OK


def test_readings_of_others_do_not_count() -> None:
    health = at_work()
    health.joined({1}, now=20.0)
    health.found_ends({0: 1_000_000, 1: 7}, now=25.0)

    assert health.lag == 0


def test_without_redis_it_goes_on() -> None:
    health = at_work()
    health.redis_fault, health.thresholds_at = "does not answer", 19.0

    report = health.report(now=5000.0)
    assert report.status is Status.DEGRADED
    assert report.reasons == ("Redis does not answer: the last thresholds stay in force",)


def test_without_redis_since_the_start_it_goes_on_too() -> None:
    health = at_work()
    health.redis_fault = "refuses us"

    report = health.report(now=5000.0)
    assert report.status is Status.DEGRADED
    assert report.reasons == (
        "Redis refuses us since the start: machines keep their thresholds, "
        "new ones take the bundle's",
    )


def test_unreadable_thresholds_are_told_by_name() -> None:
    health = at_work()
    health.unreadable_thresholds = {"pm4", "*"}

    report = health.report(now=20.0)
    assert report.status is Status.DEGRADED
    assert report.reasons == (
        "unreadable thresholds of '*', 'pm4': the last good ones stay in force",
    )


def test_a_model_that_is_refused_is_told_with_the_reason_and_is_no_failure() -> None:
    health = at_work()
    health.refused_models = {"0123456789abcdef": "there is no such bundle"}

    report = health.report(now=20.0)
    assert report.status is Status.DEGRADED
    assert report.reasons == (
        "model 0123456789abcdef cannot be used, the one that judges goes on: "
        "there is no such bundle",
    )


def test_choices_of_models_that_nobody_can_read_are_told_by_name() -> None:
    health = at_work()
    health.unreadable_choices = {"pm4", "*"}

    report = health.report(now=20.0)
    assert report.status is Status.DEGRADED
    assert report.reasons == (
        "unreadable choice of a model for '*', 'pm4': the last good one counts",
    )


def test_the_facts_are_told_as_plain_data() -> None:
    health = at_work()
    health.committed_at = 11.0

    counts = Counts()
    counts.dead_letters.update(["not-json", "not-json", "clock"])

    assert health_facts(health, counts, now=12.5) == {
        "status": "ok",
        "reasons": [],
        "partitions": [0, 1],
        "lag": 0,
        "dead_letters": 3,
        "progress_age_s": 2.5,
        "commit_age_s": 1.5,
        "thresholds_age_s": None,
        "redis_fault": None,
        "unreadable_thresholds": 0,
        "refused_models": [],
        "unreadable_choices": 0,
        "book_is_ours": False,
        "book_age_s": None,
    }


def keeping_the_book() -> Health:
    """A worker that was given the alert book at 20 s."""
    health = at_work()
    health.book.assigned(is_ours=True, now=20.0)
    return health


def test_whether_it_has_the_alert_book_is_told() -> None:
    facts = health_facts(keeping_the_book(), Counts(), now=21.5)

    assert (facts["book_is_ours"], facts["book_age_s"]) == (True, 1.5)


def test_a_book_that_stands_still_is_a_fault_after_a_while() -> None:
    health = keeping_the_book()
    health.book.got_on(now=100.0)

    assert health.report(now=159.0).status is Status.OK
    failing = health.report(now=160.0)

    assert failing.status is Status.FAILING
    assert failing.reasons == ("the alert book stands still for 60 s",)


def test_a_book_that_kafka_refuses_does_not_end_a_worker_that_judges() -> None:
    health = keeping_the_book()
    health.book.failed("Kafka does not let us write", now=21.0)
    health.book.failed("Kafka does not let us write", now=10_000.0)

    degraded = health.report(now=10_001.0)

    assert degraded.status is Status.DEGRADED
    assert degraded.reasons == ("the alert book is not kept: Kafka does not let us write",)


def test_of_a_book_without_kafka_nothing_is_said_but_that() -> None:
    health = keeping_the_book()
    health.book.failed("Kafka does not answer us", now=21.0)
    health.kafka_did_not_answer()

    assert health.report(now=22.0).reasons == ("Kafka does not answer",)


def test_a_book_that_gets_on_again_is_no_fault() -> None:
    health = keeping_the_book()
    health.book.failed("Kafka does not let us write", now=69.0)
    health.book.got_on(now=70.0)

    assert health.report(now=129.0).status is Status.OK


def test_a_book_that_was_given_away_is_no_fault() -> None:
    health = keeping_the_book()
    health.book.failed("Kafka does not let us write", now=69.0)
    health.book.given_away(now=70.0)

    assert health.report(now=71.0).status is Status.OK


def test_a_book_that_another_worker_keeps_is_no_concern_of_ours() -> None:
    health = keeping_the_book()
    health.book.given_away(now=30.0)
    health.book.assigned(is_ours=False, now=31.0)

    assert health.report(now=10_000.0).status is Status.OK


def test_without_a_place_among_those_who_may_keep_the_book_it_is_a_fault() -> None:
    health = keeping_the_book()
    health.book.given_away(now=100.0)

    assert health.report(now=159.0).status is Status.OK
    assert health.report(now=160.0).reasons == (
        "for 60 s the alert book's group has given no place",
    )


def test_a_book_has_its_time_from_when_kafka_is_back() -> None:
    health = keeping_the_book()
    health.kafka_did_not_answer()
    assert health.report(now=500.0).status is Status.DEGRADED

    health.found_ends({0: 100, 1: 7}, now=500.0)
    health.kafka_answered(now=500.0)
    assert health.report(now=559.0).status is Status.OK
    assert health.report(now=560.0).status is Status.FAILING
