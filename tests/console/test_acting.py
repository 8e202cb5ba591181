"""What people do about alerts becomes commands in their name."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from stream_detector.alerting.alert_state import State
from stream_detector.alerting.book import Book
from stream_detector.alerting.commands import Command, Reply
from stream_detector.alerting.rules import Rules
from stream_detector.console.acting import ActionResult, Wish, carry_out, command_for
from stream_detector.console.plant import Standing
from stream_detector.console.sessions import Person
from stream_detector.console.users import Role
from stream_detector.errors import ServiceError, SettingsError
from tests.console.messages import at, plant_of, standing

ANNA = Person("anna", Role.OPERATOR)


class Office:
    """Takes commands; refuses those for ``pm2``, loses those for ``pm3``, and has more to say of
    those about ``pm5``."""

    def __init__(self) -> None:
        self.taken: list[Command] = []

    async def send(self, command: Command) -> Reply:
        self.taken.append(command)
        if command.machine == "pm3":
            raise ServiceError("no reply within 10 s")
        refused = command.machine == "pm2"
        return Reply(
            command_id=command.command_id,
            command=command.command,
            status="refused" if refused else "done",
            reason_code="too-long" if refused else None,
            reason="at most 12 h" if refused else None,
            alert_id=command.alert_id,
            machine=command.machine,
            rule=command.rule,
            by=command.by,
            at=at(0),
            note="ben had acknowledged it already" if "pm5" in command.key else None,
        )


def targets(*machines: str) -> Sequence[Standing]:
    plant = plant_of(*(standing(name) for name in machines))
    return list(plant.alerts.values())


def carried_out(
    wish: Wish, *machines: str, person: Person | None = ANNA
) -> tuple[ActionResult, list[Command]]:
    office = Office()
    result = asyncio.run(carry_out(wish, targets(*machines), person=person, commands=office))
    return result, office.taken


def test_each_alert_gets_a_command_in_the_name_of_who_wants_it() -> None:
    result, taken = carried_out(Wish("acknowledge"), "pm1", "pm4")

    assert result == ActionResult("acknowledge: 2 alerts done", is_good=True)
    assert [(one.command, one.by, one.alert_id, one.machine) for one in taken] == [
        ("acknowledge", "anna", "pm1.sheet-break.2026-11-22T03:10:00Z", None),
        ("acknowledge", "anna", "pm4.sheet-break.2026-11-22T03:10:00Z", None),
    ]
    assert len({one.command_id for one in taken}) == 2


def test_refusals_and_what_was_lost_are_told_with_the_reason() -> None:
    wish = Wish("shelve", comment="service", hours=13.0)

    result, _ = carried_out(wish, "pm1", "pm2", "pm3")

    assert result == ActionResult(
        "shelve: 1 alert done, 2 not: at most 12 h; no reply within 10 s", is_good=False
    )


def test_what_is_to_be_known_though_it_is_done_is_told() -> None:
    result, _ = carried_out(Wish("acknowledge"), "pm1", "pm5")

    assert result == ActionResult(
        "acknowledge: 2 alerts done, 1 with a note: ben had acknowledged it already", is_good=True
    )


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (None, "Not done: the session is over; sign in again."),
        (Person("vera", Role.VIEWER), "Not done: vera is a viewer; ask an operator."),
    ],
)
def test_who_may_not_gets_no_command_out(person: Person | None, reason: str) -> None:
    result, taken = carried_out(Wish("acknowledge"), "pm1", person=person)

    assert result == ActionResult(reason, is_good=False)
    assert taken == []


def test_shelving_is_for_machine_and_rule_until_a_time() -> None:
    (target,) = targets("pm1")

    command = command_for(
        Wish("shelve", comment=" service ", hours=2.0), target, by="anna", now=at(0)
    )

    assert (command.machine, command.rule, command.alert_id) == ("pm1", "sheet-break", None)
    assert command.until == at(0) + timedelta(hours=2)
    assert command.comment == "service"


class Counter:
    """Hands commands to an alert book."""

    async def send(self, command: Command) -> Reply:
        reply, _ = Book(Rules()).carry_out(command, datetime.now(UTC))
        return reply


def test_shelving_for_13_hours_that_no_page_offers_is_refused_with_the_reason() -> None:
    forged = Wish("shelve", comment="felt is changed", hours=13.0)

    result = asyncio.run(carry_out(forged, targets("pm1"), person=ANNA, commands=Counter()))

    assert not result.is_good
    assert result.text.startswith("shelve: 0 alerts done, 1 not: until is ")
    assert "13.0 hours from" in result.text
    assert result.text.endswith("at most 12 hours go: take the rule out of service instead")


@pytest.mark.parametrize("command", ["shelve", "comment", "out-of-service"])
def test_what_needs_a_reason_is_not_sent_without_one(command: str) -> None:
    result, taken = carried_out(Wish(command, comment="  "), "pm1")  # type: ignore[arg-type]

    assert result.text == (
        f"{command}: 0 alerts done, 1 not: {command} needs a comment that says why"
    )
    assert taken == []


def test_a_comment_that_is_too_long_is_not_sent() -> None:
    (target,) = targets("pm1")

    with pytest.raises(SettingsError, match="1001 characters, at most 1000 go"):
        command_for(Wish("comment", comment="x" * 1001), target, by="anna", now=at(0))


def test_what_never_had_an_alert_cannot_be_acknowledged_but_put_out_of_service() -> None:
    plant = plant_of(standing("pm1", State.OUT_OF_SERVICE, alert=None))
    (target,) = plant.alerts.values()

    back = command_for(Wish("in-service"), target, by="anna", now=at(0))

    assert (back.machine, back.rule) == ("pm1", "sheet-break")
    with pytest.raises(SettingsError, match="pm1/sheet-break has no alert to acknowledge"):
        command_for(Wish("acknowledge"), target, by="anna", now=at(0))
