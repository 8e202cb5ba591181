"""Between states that come fast and a slow receiver nothing is lost, and nothing half told."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.alerting import untold as untold_module
from stream_detector.alerting.alert_state import AlertState
from stream_detector.alerting.notices import Notification
from stream_detector.alerting.untold import Untold
from tests.alerting.judged import at
from tests.alerting.listening import (
    ALL,
    all_of,
    assert_nobody_waits_for_an_end,
    ids,
    told_meanwhile,
)
from tests.alerting.told import Alerts, Desk

chances = st.integers(0, 3)
pace = st.sampled_from([1, 1, 1, 2, 8, 40])
"""States from one that is seen to the next: a history holds 50 entries."""
speeds = st.integers(0, 3)
"""Messages a receiver takes meanwhile."""


def of_a_life(chances: list[int]) -> tuple[list[AlertState], list[str]]:
    """The states of a life drawn at random, and what matters of it, by name; no flood."""
    desk, life = Desk(), Alerts("pm3", "sheet-break")
    states, names = [], []
    for n, chance in enumerate(chances):
        told = msgspec.json.decode(life.next(30.0 * n, chance))
        desk.tell(life.told[-1])
        states.append(desk.state())
        if told["event"] != "updated":
            names.append(f"{told['alert_id']}/{told['seq']}")
    return states, names


def seen_at(states: list[AlertState], paces: list[int]) -> list[AlertState]:
    """Those that are seen, where others come too fast; the last always is."""
    seen, n = list[AlertState](), -1
    while n < len(states) - 1:
        n = min(n + (paces[len(seen) % len(paces)] if paces else 1), len(states) - 1)
        seen.append(states[n])
    return seen


@settings(deadline=None)
@given(life=st.lists(chances, min_size=1, max_size=200), paces=st.lists(pace), n=st.lists(speeds))
def test_all_is_told_once_in_order_however_fast_it_comes_and_however_slow_it_is_told(
    life: list[int], paces: list[int], n: list[int]
) -> None:
    states, names = of_a_life(life)
    untold, told = Untold(ALL), list[Notification]()
    for number, state in enumerate(seen_at(states, paces)):
        untold.take(state.version, state)
        for _ in range(n[number % len(n)] if n else 0):
            if (message := untold.next()) is not None:
                told.append(message)
                untold.done()
    told += all_of(untold)

    assert ids(told) == names
    assert untold.n_dropped == 0
    assert untold.undone_since is None


@settings(deadline=None)
@given(life=st.lists(chances, min_size=1, max_size=120), n=st.lists(speeds, min_size=1))
def test_beyond_the_bound_nobody_is_told_a_raise_and_never_its_end(
    life: list[int], n: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(untold_module, "MAX_WAITING", 4)
        states, names = of_a_life(life)
        untold, told = Untold(ALL), list[Notification]()
        for number, state in enumerate(states):
            untold.take(state.version, state)
            for _ in range(n[number % len(n)] - 1):
                if (message := untold.next()) is not None:
                    told.append(message)
                    untold.done()
        told += all_of(untold)

    assert_nobody_waits_for_an_end(told, states[-1])
    assert [one for one in names if one in set(ids(told))] == ids(told)
    assert len(told) + untold.n_dropped == len(names)


@settings(deadline=None)
@given(
    life=st.lists(chances, min_size=1, max_size=120),
    silences=st.lists(st.sampled_from([None, None, "shelve", "unshelve", "wash-up"])),
    n=st.lists(speeds, min_size=1),
)
def test_whatever_silences_an_alert_nobody_waits_for_its_end(
    life: list[int], silences: list[str | None], n: list[int]
) -> None:
    desk, ours = Desk(), Alerts("pm3", "sheet-break")
    untold, told = Untold(ALL), list[Notification]()
    for number, chance in enumerate(life):
        silence = silences[number % len(silences)] if silences else None
        message = ours.next(30.0 * number, chance)
        mode = b'"mode":"wash-up"' if silence == "wash-up" else b'"mode":null'
        desk.tell(message.replace(b'"mode":null', mode))
        if silence in {"shelve", "unshelve"}:
            desk.ask(str(silence), until=at(30.0 * number + 700), comment="felt")
        untold.take(number, desk.state())
        for _ in range(n[number % len(n)]):
            if (one := untold.next()) is not None:
                told.append(one)
                untold.done()
    told += all_of(untold)

    assert_nobody_waits_for_an_end(told, desk.state())
    assert len(set(ids(told))) == len(told)


@settings(deadline=None)
@given(
    life=st.lists(chances, min_size=2, max_size=24),
    n=st.lists(speeds, min_size=1),
    stopped_at=st.integers(1, 23),
    left=st.sets(st.integers(0, 23)),
)
def test_after_a_restart_the_rest_is_told_whatever_kafka_has_compacted_away(
    life: list[int], n: list[int], stopped_at: int, left: set[int]
) -> None:
    """So few entries that the newest state has them all."""
    states, names = of_a_life(life)
    stopped_at = min(stopped_at, len(states) - 1)
    before = Untold(ALL)
    told = told_meanwhile(before, states[:stopped_at], n)
    committed = stopped_at if before.undone_since is None else before.undone_since
    told_until = before.undone_at or states[stopped_at - 1].changed_at

    after = Untold(ALL)
    for number in sorted({*left, len(states) - 1} & {*range(len(states))}):
        if number < committed:
            after.know(states[number])
        else:
            after.take(number, states[number], told_until=told_until)
    again = all_of(after)

    assert ids(again) == names[len(names) - len(again) :]
    assert {*ids(told), *ids(again)} == {*names}
