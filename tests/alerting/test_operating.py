"""Commands: carried out once, or refused with the reason."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from stream_detector.alerting.alert_state import AlertState
from stream_detector.alerting.book import Book
from tests.alerting.judged import at
from tests.alerting.told import RULES, Desk, alert, alert_id


@pytest.fixture
def desk() -> Desk:
    """An alert of this minute, and one of two hours ago."""
    desk = Desk()
    desk.tell(alert("raised", -120, seq=1, raised=-120))
    desk.tell(alert("cleared", -110, seq=2, raised=-120))
    desk.tell(alert("raised", 0, seq=1, raised=0))
    return desk


def test_a_reply_says_who_wanted_what_of_which_alert(desk: Desk) -> None:
    reply = desk.ask("acknowledge", alert_id=alert_id(0), by="ben", minute=3)

    assert (reply.status, reply.reason_code, reply.reason) == ("done", None, None)
    assert (reply.command_id, reply.command, reply.by, reply.at) == (
        "c1",
        "acknowledge",
        "ben",
        at(3),
    )
    assert (reply.alert_id, reply.machine, reply.rule) == (alert_id(0), "pm3", "sheet-break")


@pytest.mark.parametrize("command", ["acknowledge", "comment", "label"])
def test_an_alert_nobody_knows_is_refused(desk: Desk, command: str) -> None:
    reply = desk.ask(command, alert_id=alert_id(7), comment="?", label="late")

    assert (reply.status, reply.reason_code) == ("refused", "unknown-alert")
    assert reply.reason == f"no alert is called {alert_id(7)!r}, or it was too long ago"
    assert (reply.alert_id, reply.machine) == (alert_id(7), None)


def test_to_acknowledge_an_alert_that_was_followed_by_another_is_late(desk: Desk) -> None:
    reply = desk.ask("acknowledge", alert_id=alert_id(-120))

    assert reply.reason_code == "late"
    assert desk.state().acknowledged is None


def test_to_acknowledge_again_is_done_and_changes_nothing(desk: Desk) -> None:
    desk.ask("acknowledge", alert_id=alert_id(0), by="anna")
    before = desk.state()

    ben, anna = (desk.ask("acknowledge", alert_id=alert_id(0), by=by) for by in ("ben", "anna"))

    assert (ben.status, ben.note) == ("done", "anna had acknowledged it already")
    assert (anna.status, anna.note) == ("done", None)
    assert desk.state() is before


@pytest.mark.parametrize(
    ("command", "properties"),
    [
        ("acknowledge", {"alert_id": alert_id(0)}),
        ("comment", {"alert_id": alert_id(0), "comment": "hm"}),
        ("label", {"alert_id": alert_id(-120), "label": "late"}),
        ("shelve", {"until": at(60), "comment": "felt"}),
        ("out-of-service", {"comment": "away"}),
    ],
)
def test_a_command_that_comes_again_is_done_once(
    desk: Desk, command: str, properties: dict[str, object]
) -> None:
    first = desk.ask(command, command_id="same", minute=1, **properties)
    before = desk.state()

    again = desk.ask(command, command_id="same", minute=2, **properties)

    assert (first.status, again.status) == ("done", "done")
    assert desk.state() is before


def test_a_command_that_comes_again_is_not_done_though_the_opposite_was_meanwhile(
    desk: Desk,
) -> None:
    desk.ask("shelve", command_id="same", until=at(60), comment="felt")
    desk.ask("unshelve")

    assert desk.ask("shelve", command_id="same", until=at(60), comment="felt").status == "done"
    assert desk.state().shelved is None


def test_a_comment_stands_in_the_history_as_it_was_written(desk: Desk) -> None:
    desk.ask("comment", alert_id=alert_id(-120), comment="<b>felt</b> & draw", by="ben")

    entry = desk.state().history[-1]
    assert (entry.what, entry.by, entry.alert_id) == ("commented", "ben", alert_id(-120))
    assert entry.comment == "<b>felt</b> & draw"


def test_a_label_says_what_an_alert_was_worth_also_of_one_in_the_past(desk: Desk) -> None:
    desk.ask("label", alert_id=alert_id(0), label="nuisance", minute=5)
    desk.ask("label", alert_id=alert_id(-120), label="useful")

    state = desk.state()
    assert state.label is not None
    assert (state.label.label, state.label.by, state.label.at) == ("nuisance", "anna", at(5))
    assert state.past[0].label == "useful"
    assert [entry.detail for entry in state.history[-2:]] == ["nuisance", "useful"]


def test_unclear_takes_a_label_back(desk: Desk) -> None:
    for when in (0, -120):
        desk.ask("label", alert_id=alert_id(when), label="late")
        desk.ask("label", alert_id=alert_id(when), label="unclear")

    assert (desk.state().label, desk.state().past[0].label) == (None, None)


def test_shelving_is_for_12_hours_at_most_from_when_kafka_has_it(desk: Desk) -> None:
    longest = at(10) + timedelta(hours=12)

    assert desk.ask("shelve", until=longest, comment="felt", minute=10).status == "done"
    reply = desk.ask("shelve", until=longest + timedelta(hours=1), comment="felt", minute=10)

    assert reply.reason_code == "too-long"
    assert reply.reason == (
        "until is 2026-11-22T16:10:00Z, 13.0 hours from 2026-11-22T03:10:00Z; at most 12 hours go: "
        "take the rule out of service instead"
    )
    shelved = desk.state().shelved
    assert shelved is not None
    assert shelved.until == longest


@pytest.mark.parametrize("command", ["shelve", "out-of-service"])
def test_who_puts_aside_what_never_had_an_alert_is_told_to_check_the_name(
    desk: Desk, command: str
) -> None:
    until = at(60) if command == "shelve" else None

    ahead = desk.ask(command, machine="pm33", until=until, comment="felt")
    known = desk.ask(command, until=until, comment="felt")

    assert (ahead.status, known.status) == ("done", "done")
    assert ahead.note == (
        "'sheet-break' of the machine 'pm33' has had no alert so far: check the name"
    )
    assert known.note is None


def test_who_shelves_for_12_hours_by_a_clock_ahead_of_kafkas_gets_12_by_kafkas(desk: Desk) -> None:
    longest = at(10) + timedelta(hours=12)

    reply = desk.ask("shelve", until=longest + timedelta(seconds=1), comment="felt", minute=10)

    shelved = desk.state().shelved
    assert shelved is not None
    assert (reply.status, shelved.until) == ("done", longest)
    assert desk.state().history[-1].detail == "2026-11-22T15:10:00Z"


def test_to_shelve_until_a_time_that_is_over_is_late(desk: Desk) -> None:
    assert desk.ask("shelve", until=at(10), comment="felt", minute=10).reason_code == "late"


@pytest.mark.parametrize(
    ("command", "code"),
    [("unshelve", "not-shelved"), ("in-service", "not-out-of-service")],
)
def test_there_is_nothing_to_take_back(desk: Desk, command: str, code: str) -> None:
    assert desk.ask(command).reason_code == code
    assert desk.ask(command, machine="pm9").reason_code == "unknown-rule-of-machine"


@pytest.mark.parametrize("command", ["shelve", "out-of-service"])
def test_a_machine_without_an_alert_can_be_taken_care_of_before_there_is_one(
    desk: Desk, command: str
) -> None:
    reply = desk.ask(command, machine="pm9", until=at(60), comment="rebuilding")

    assert (reply.status, reply.machine, reply.rule) == ("done", "pm9", "sheet-break")
    state = desk.state("pm9")
    assert (state.version, state.alert, state.open) == (1, None, False)


@pytest.mark.parametrize("command", ["shelve", "unshelve", "out-of-service", "in-service"])
def test_a_rule_that_does_not_exist_is_refused(desk: Desk, command: str) -> None:
    reply = desk.ask(command, rule="sheet-brake", until=at(60), comment="?")

    assert reply.reason_code == "unknown-rule"
    assert reply.reason == "there is no rule 'sheet-brake', but odd, sheet-break"


@pytest.mark.parametrize(("site", "status"), [("mill-a", "done"), ("mill-b", "refused")])
def test_a_command_for_another_site_is_refused(desk: Desk, site: str, status: str) -> None:
    reply = desk.ask("acknowledge", alert_id=alert_id(0), site=site)

    assert reply.status == status
    assert reply.reason == (None if status == "done" else "it is for 'mill-b', this is 'mill-a'")


def test_a_command_for_a_site_is_refused_where_the_rules_name_none() -> None:
    desk = Desk(Book(replace(RULES, site=None)))
    desk.tell(alert("raised", 0, seq=1, raised=0))

    reply = desk.ask("acknowledge", alert_id=alert_id(0), site="mill-b")

    assert reply.reason == "it is for 'mill-b', and the rules here name no site"


def test_made_up_machines_do_not_fill_the_book(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_detector.alerting.book.MAX_KEYS", 2)
    desk = Desk(Book(RULES))
    replies = [
        desk.ask("out-of-service", machine=f"pm{n}", comment="away").reason_code for n in range(3)
    ]

    assert replies == [None, None, "too-many"]
    # What is there already is operated, and alerts always have their place.
    assert desk.ask("in-service", machine="pm1").status == "done"
    desk.tell(alert("raised", 0, seq=1, raised=0))
    assert isinstance(desk.kept[-1], AlertState)
    assert len(desk.book.states) == 3
