"""Whatever comes in, what goes out holds to the contract."""

import json
from collections import defaultdict
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_detector.alerting.life import Change, ClearReason
from stream_detector.detection.feed_health import FeedFault, QualityState
from stream_detector.pipeline.messages import Output
from tests.contract.plant import (
    RULES,
    SENSORS,
    Diary,
    after_a_rule_is_gone,
    after_states_are_lost,
    eventful_life,
    process,
)
from tests.contract.schemas import parse
from tests.contract.topics import faults_of, message_name

finite = st.floats(allow_nan=False, allow_infinity=False)
steps = st.fixed_dictionaries(
    {"minutes": st.sampled_from([2, 2, 2, 3, 60])},
    optional={
        "values": st.dictionaries(
            st.sampled_from(SENSORS), st.sampled_from([0.0, 0.1, 9.0, None]) | finite
        ),
        "mode": st.text(max_size=5),
        "event": st.sampled_from(["break", "stop"]),
        "time": st.just("yesterday"),
    },
)


def all_faults(outputs: list[Output]) -> list[tuple[Output, list[str]]]:
    return [(output, found) for output in outputs if (found := faults_of(output))]


def all_there_is() -> list[Output]:
    return [*process(eventful_life()), *after_a_rule_is_gone(), *after_states_are_lost()]


def test_all_that_a_life_brings_holds_to_the_contract() -> None:
    assert all_faults(all_there_is()) == []


def test_that_life_brings_all_there_is() -> None:
    told = defaultdict(set)
    for output in all_there_is():
        name = message_name(output)
        value: dict[str, Any] = {} if name == "deadLetter" else parse(output.value or b"")
        for key in ("event", "reason", "occurrence", "fault", "rule"):
            told[name, key].add(value.get(key))
        told[name, "quality"].add((value.get("quality") or {}).get("state"))

    assert {name for name, _ in told} == {
        "alert",
        "outcome",
        "dataQuality",
        "score",
        "deadLetter",
    }
    assert told["alert", "event"] == set(Change)
    assert told["alert", "reason"] == {None, *ClearReason}
    assert told["alert", "occurrence"] == {1, 2}
    assert told["alert", "rule"] == {rule.name for rule in RULES.rules}
    assert told["dataQuality", "event"] == {"began", "ended"}
    assert told["dataQuality", "fault"] == set(FeedFault)
    assert told["score", "quality"] == set(QualityState)


@settings(deadline=None)  # the first example reads the schemas
@given(machine=st.text(min_size=1, max_size=9), life=st.lists(steps, max_size=20))
def test_whatever_a_life_brings_holds_to_the_contract(
    machine: str, life: list[dict[str, Any]]
) -> None:
    diary = Diary(machine)
    for step in life:
        diary.pause(timedelta(minutes=step["minutes"]) - timedelta(minutes=2))
        diary.tell(**{key: value for key, value in step.items() if key != "minutes"})

    assert all_faults(process(diary.records)) == []


@settings(deadline=None)  # the first example reads the schemas
@given(value=st.none() | st.binary() | st.text().map(json.dumps).map(str.encode))
def test_whatever_is_no_reading_becomes_a_dead_letter_as_received(value: bytes | None) -> None:
    diary = Diary()
    diary.message(value)

    (letter,) = process(diary.records)

    assert faults_of(letter) == []
    assert (letter.topic, letter.key, letter.value) == ("dead-letters", b"pm3", value)
