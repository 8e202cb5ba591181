"""Whatever is told and wanted, in whatever order, the book keeps to its rules."""

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream_detector.alerting.alert_state import MAX_HISTORY, MAX_PAST, AlertState, Flood, State
from stream_detector.alerting.commands import Reply
from tests.alerting.judged import at
from tests.alerting.told import Alerts, Desk, alert_id, outcome

machines = st.sampled_from(["pm3", "pm4"])
rules = st.sampled_from(["sheet-break", "odd"])
words = st.sampled_from(
    ["acknowledge", "comment", "label", "shelve", "unshelve", "out-of-service", "in-service"]
)
steps = st.tuples(
    st.sampled_from([0, 1, 3, 30, 1500]),  # minutes since the step before
    st.sampled_from(["alert"] * 4 + ["outcome", "command", "command", "repeat", "tick"]),
    machines,
    rules,
    st.integers(0, 3),
    words,
)
walks = st.lists(steps, max_size=50)

BOTH_CLOSE_AT_ONCE = [
    *((0, "alert", "pm3", "sheet-break", chance, "comment") for chance in (0, 0, 0, 0, 2, 1)),
    *((0, "alert", "pm3", "odd", chance, "comment") for chance in (0, 3)),
    *((0, "alert", "pm3", "sheet-break", 0, "comment") for _ in range(2)),
    (30, "tick", "pm3", "sheet-break", 0, "comment"),
]
"""Nothing can follow two alerts any more, and the newest word of the one is older."""


class Shift:
    """Lives through a walk, and looks at each step whether all is as it should be."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.minute = 0.0
        self.alerts: dict[tuple[str, str], Alerts] = {}
        self.replies: list[Reply] = []

    def step(self, step: tuple[Any, ...]) -> None:
        minutes, what, machine, rule, chance, word = step
        # No two readings of a machine have the same time.
        self.minute += minutes + 0.01
        ours = self.alerts.setdefault((machine, rule), Alerts(machine, rule))
        match what:
            case "alert":
                self.desk.tell(ours.next(self.minute, chance))
            case "outcome":
                self.desk.tell(
                    outcome(self.minute, run_start=-60 * chance, machine=machine, rule=rule)
                )
            case "repeat":
                for message in ours.told[chance:]:
                    assert self.desk.tell(message, minute=self.minute) == []
            case "tick":
                self.desk.wait(until=self.minute)
            case "command":
                self.replies.append(self.command(ours, chance, word))

    def command(self, ours: Alerts, chance: int, word: str) -> Reply:
        hours = timedelta(hours=[1, 12, 13, -1][chance])
        named = alert_id(ours.raised, machine=ours.machine, rule=ours.rule)
        return self.desk.ask(
            word,
            minute=self.minute,
            machine=ours.machine,
            rule=ours.rule,
            alert_id=named,
            until=at(self.minute) + hours,
            label=["useful", "late", "nuisance", "unclear"][chance],
            comment="why",
        )


@settings(deadline=None)
@given(walk=walks)
def test_the_book_says_what_the_alerts_say(walk: list[tuple[Any, ...]]) -> None:
    shift = Shift()
    for step in walk:
        shift.step(step)
        for state in shift.desk.book.states:
            ours = shift.alerts[state.machine, state.rule]
            assert state.open is ours.is_open
            told = msgspec.json.decode(ours.told[-1]) if ours.told else None
            assert state.alert == told
            assert len(state.history) <= MAX_HISTORY
            assert len(state.past) <= MAX_PAST
            if state.out_of_service is None and state.shelved is None:
                assert (state.state in {State.UNACKNOWLEDGED, State.ACKNOWLEDGED}) is state.open


@settings(deadline=None)
@given(walk=walks)
def test_versions_of_a_state_rise_by_one_and_its_alerts_are_told_apart(
    walk: list[tuple[Any, ...]],
) -> None:
    shift = Shift()
    for step in walk:
        shift.step(step)

    versions: dict[str, int] = {}
    for one in shift.desk.kept:
        if isinstance(one, AlertState):
            versions[one.key] = versions.get(one.key, 0) + 1
            assert one.version == versions[one.key]
            names = [past.alert_id for past in one.past]
            assert len({*names, one.alert_id}) == len(names) + 1


@settings(deadline=None)
@given(walk=walks, takeovers=st.sets(st.integers(0, 50)))
@example(walk=BOTH_CLOSE_AT_ONCE, takeovers={10})
def test_a_book_that_is_taken_up_again_and_again_is_the_same_as_one_that_never_was(
    walk: list[tuple[Any, ...]], takeovers: set[int]
) -> None:
    plain, shifted = Shift(), Shift()
    for n, step in enumerate(walk):
        if n in takeovers:
            shifted.desk = shifted.desk.taken_up()
        plain.step(step)
        shifted.step(step)

    assert shifted.desk.kept == plain.desk.kept
    assert shifted.replies == plain.replies


@settings(deadline=None)
@given(walk=walks)
def test_what_was_done_is_in_the_history_and_what_was_refused_is_not(
    walk: list[tuple[Any, ...]],
) -> None:
    shift = Shift()
    for step in walk:
        n_replies, n_kept = len(shift.replies), len(shift.desk.kept)
        shift.step(step)
        for reply in shift.replies[n_replies:]:
            kept = shift.desk.kept[n_kept:]
            if reply.status == "refused":
                assert kept == []
                assert reply.reason
            for one in kept:
                assert isinstance(one, AlertState)
                assert one.history[-1].command_id == reply.command_id


@settings(deadline=None)
@given(walk=walks)
def test_what_is_written_down_is_read_back_as_it_was(walk: list[tuple[Any, ...]]) -> None:
    shift = Shift()
    for step in walk:
        shift.step(step)

    for one in shift.desk.kept:
        kind: type[AlertState] | type[Flood] = type(one)
        written = msgspec.json.encode(one)
        again = msgspec.json.decode(written, type=kind)
        assert again == one
        assert msgspec.json.encode(again) == written
