"""The same readings give the same bytes, whatever the batches, the neighbours and the restarts."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.alerting.rules import OnDelay, Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget, Fixed, Rate, Threshold
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.readings import Record
from tests.pipeline.station import Station, restore, states
from tests.small_models import BROKEN_STEAM, Feed

MACHINES = ("pm1", "pm2", "pm3")
RULES = Rules(
    rules=(
        Rule(name="sheet-break", outcome="break", off_delay=2, cooldown_seconds=600.0),
        Rule(
            name="odd",
            on_delay=OnDelay(2, 3),
            heartbeat_seconds=240.0,
            suppressed_modes=("wash-up",),
            suppression_hold_seconds=240.0,
        ),
        Rule(name="likely", score="head", outcome="break", off_delay=2, cooldown_seconds=600.0),
    )
)
THRESHOLDS: list[Threshold] = [Fixed(2.0), Rate(0.05), Budget(20.0)]

happenings = st.sampled_from(
    ["normal"] * 12
    + ["fault"] * 3
    + ["missing", "bad", "impossible", "gap", "late", "twice", "no reading", "wash-up"]
    + ["break", "broken", "broken", "stop"]
)
lives = st.lists(st.tuples(st.integers(0, 2), happenings), max_size=70)


@pytest.fixture(scope="module", params=["small_bundle", "headed_bundle"])
def bundle(request: pytest.FixtureRequest) -> Bundle:
    """A model without a supervised head, and one with it."""
    found: Bundle = request.getfixturevalue(request.param)
    return found


def happen(feed: Feed, what: str) -> None:
    """Let this happen to a machine."""
    match what:
        case "fault":
            feed.rows(1, steam=BROKEN_STEAM)
        case "missing":
            feed.rows(1, draw=None)
        case "bad":
            feed.values(speed=900.0)
        case "impossible":
            feed.rows(1, moisture=101.0)
        case "break" | "stop":
            feed.tell(event=what)
        case "broken":
            feed.tell(values={"speed": 900.0, "draw": 4.0, "steam": 3.0}, event="break")
        case "gap":
            feed.pause(timedelta(minutes=30))
            feed.rows(1)
        case "late":
            feed.time -= timedelta(minutes=5)
            feed.rows(1)
            feed.time += timedelta(minutes=3)
        case "twice":
            feed.time -= timedelta(minutes=2)
            feed.rows(1)
        case "wash-up":
            feed.mode = "wash-up"
            feed.values(speed=900.0)
            feed.mode = None
        case "no reading":
            feed.message(b"Guten Morgen")
        case _:
            feed.rows(1)


def log_of(life: Sequence[tuple[int, str]]) -> list[Record]:
    """Three machines' messages as they stand in one partition."""
    feeds = [Feed(name, seed=seed) for seed, name in enumerate(MACHINES)]
    log: list[Record] = []
    for machine, what in life:
        happen(feeds[machine], what)
        log.append(feeds[machine].records[-1]._replace(offset=len(log)))
    return log


def station(bundle: Bundle, threshold: Threshold) -> Station:
    return Station(bundle, rules=RULES, threshold=threshold, head_threshold=Budget(20.0))


def process(at: Station, records: Sequence[Record]) -> list[Output]:
    return at.pipeline.process(records, at.thresholds)


@settings(max_examples=40)
@given(
    life=lives,
    sizes=st.lists(st.integers(1, 30), max_size=8),
    threshold=st.sampled_from(THRESHOLDS),
)
def test_batches_and_neighbours_change_no_byte(
    bundle: Bundle, life: list[tuple[int, str]], sizes: list[int], threshold: Threshold
) -> None:
    log = log_of(life)
    together, rest, sent = station(bundle, threshold), log, []
    for size in [*sizes, len(log)]:
        sent += process(together, rest[:size])
        rest = rest[size:]

    alone = station(bundle, threshold)
    by_key: dict[bytes | None, list[Output]] = {}
    for name in MACHINES:
        own = [record for record in log if record.key == name.encode()]
        by_key[name.encode()] = [one for record in own for one in process(alone, [record])]

    for key, expected in by_key.items():
        got = [one for one in sent if (one.key or b"").split(b"/")[0] == key]
        assert got == expected
    assert states(together.pipeline) == states(alone.pipeline)


@settings(max_examples=40)
@given(life=lives, data=st.data(), threshold=st.sampled_from(THRESHOLDS))
def test_a_restart_from_snapshots_changes_no_byte(
    bundle: Bundle, life: list[tuple[int, str]], data: st.DataObject, threshold: Threshold
) -> None:
    log = log_of(life)
    at = data.draw(st.integers(0, len(log)))
    first, second = station(bundle, threshold), station(bundle, threshold)
    process(first, log[:at])

    # Through MessagePack, as a snapshot travels: it is plain data and nothing else.
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(states(first.pipeline)))
    restore(second.pipeline, kept)

    assert process(second, log[at:]) == process(first, log[at:])
    assert states(second.pipeline) == states(first.pipeline)


def test_what_is_judged_silently_leaves_the_same_state(small_bundle: Bundle) -> None:
    log = log_of([(0, "normal")] * 20 + [(0, "fault")] * 3 + [(0, "normal")] * 10)
    loud, silent = station(small_bundle, Budget(6.0)), station(small_bundle, Budget(6.0))
    process(loud, log)

    silent.pipeline.take_in(log, silent.thresholds)

    assert states(silent.pipeline) == states(loud.pipeline)


def test_a_rule_that_is_new_starts_afresh(small_bundle: Bundle) -> None:
    before = Station(small_bundle)
    feed = Feed()
    feed.rows(20)
    before.take([*feed.records, *feed.rows(1, steam=BROKEN_STEAM)])
    after = Station(small_bundle, rules=RULES)

    restore(after.pipeline, states(before.pipeline))

    lives = {rule: life["is_open"] for rule, life in after.state()["lives"].items()}
    assert lives == {"sheet-break": True, "odd": False}


@pytest.mark.parametrize(
    "lacks", ["detector", "shift", "lives", "going_on", "run_offset", "received_at", "threshold"]
)
def test_a_snapshot_that_lacks_a_part_is_refused(small_bundle: Bundle, lacks: str) -> None:
    at = Station(small_bundle)
    at.take(Feed().rows(3))
    snapshot = at.state()
    del snapshot[lacks]

    with pytest.raises(KeyError, match=lacks):
        restore(at.pipeline, {"pm3": snapshot})
