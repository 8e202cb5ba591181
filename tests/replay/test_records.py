"""A recording as messages: what a label becomes."""

from dataclasses import replace

import msgspec
import pytest

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.errors import SettingsError
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records
from tests.small_models import normal_recording, recording_of

TRIP = Rule(name="trip-soon", outcome="trip")


def labelled() -> Recording:
    """Three rows, of which the second is labelled."""
    return recording_of(normal_recording(3).values, outcomes=[1])


def events(recording: Recording, rules: Rules) -> list[str | None]:
    return [
        msgspec.json.decode(record.value or b"{}").get("event")
        for record in records(recording, rules)
    ]


@pytest.mark.parametrize(
    ("rules", "event"),
    [(Rules(), "break"), (Rules(rules=(TRIP,), run_ending_events=("stop", "trip")), "trip")],
)
def test_a_label_is_the_outcome_of_the_first_rule(rules: Rules, event: str) -> None:
    assert events(labelled(), rules) == [None, event, None]


def test_labels_of_anomalous_rows_are_no_events() -> None:
    rows = replace(labelled(), label_kind="rows")

    assert events(rows, Rules(rules=(Rule(name="odd"),))) == [None, None, None]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (Rules(rules=(Rule(name="odd"),)), "'odd' names no outcome.*--label-kind rows"),
        (Rules(rules=(TRIP,)), "'trip', which ends no run.*add 'trip' to run_ending_events"),
    ],
)
def test_rules_that_do_not_say_what_a_label_is_are_refused_at_once(rules: Rules, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        records(labelled(), rules)


def test_without_labels_any_rules_will_do() -> None:
    assert events(normal_recording(2), Rules(rules=(TRIP,))) == [None, None]
