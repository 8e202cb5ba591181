"""A candidate from recent history learns nothing that stands inside an alert."""

from datetime import timedelta

import msgspec
import pytest

from stream_detector.alerting.alert_spans import AlertSpan
from stream_detector.alerting.rules import Rules
from stream_detector.errors import TrainingError
from tests.small_models import CADENCE, START, normal_recording, recording_of, train_small_model
from tests.trainer.histories import prepared
from trainer.config import NetworkSettings, TrainingConfig
from trainer.refit import Guarded, guard, recipe_of

OLD = "0123456789abcdef"


def span(first: int, last: int | None, name: str = "pm3.odd") -> AlertSpan:
    """An alert that stood at these rows."""
    cleared = None if last is None else START + last * CADENCE
    return AlertSpan(name, START + first * CADENCE, cleared)


def guarded(*spans: AlertSpan, nuisances: frozenset[str] = frozenset()) -> Guarded:
    recording = recording_of(normal_recording(1000).values, outcomes=[600])
    return guard(recording, spans, nuisances, replaces=OLD)


def test_rows_inside_alerts_do_not_train_and_are_counted_by_their_reason() -> None:
    # Of 100 to 119, 598 to 610 and 990 to 999; two rows before the outcome at 600 have that reason.
    found = guarded(span(100, 119), span(598, 610), span(990, None)).recording

    rows = prepared(found)

    inside = 20 + 13 - 3 + 10
    assert rows.left_out == {
        "outcomes": 1,
        "within 240 s before an outcome": 2,
        "inside an alert": inside,
    }
    assert len(rows.windows) == 1000 - 1 - 2 - inside
    left_out = found.times[[*range(100, 120), *range(598, 611), *range(990, 1000)]]
    assert not set(rows.times.tolist()) & set(left_out.tolist())


def test_what_an_operator_called_a_nuisance_is_normal_and_named() -> None:
    found = guarded(span(100, 119, "one"), span(300, 319, "two"), nuisances=frozenset({"one"}))

    assert prepared(found.recording).left_out["inside an alert"] == 20
    assert found.origin == {
        "replaces": OLD,
        "alerts_left_out": ["two"],
        "nuisances_taken_in": ["one"],
    }
    assert found.recording.notes[-3:] == (
        f"it is to replace {OLD}: 1000 rows from 2026-11-22T03:00:00.000000Z to "
        "2026-11-23T12:18:00.000000Z",
        "rows inside 1 alert left out: 'two'",
        "taken for normal, for an operator said nuisance: 'one'",
    )


def test_an_alert_before_the_history_is_none_of_it() -> None:
    early = AlertSpan("early", START - timedelta(hours=2), START - timedelta(hours=1))

    assert guarded(early).origin["alerts_left_out"] == []


def test_too_few_rows_are_refused_with_the_reasons() -> None:
    with pytest.raises(TrainingError) as refused:
        prepared(guarded(span(100, None)).recording)

    # 100 rows before the alert, which takes all else but the outcome and two rows before it.
    assert "100 normal rows are too few for 5 sensors, at least 300 are needed" in str(
        refused.value
    )
    assert ("(left out: 1 outcomes, 2 within 240 s before an outcome, 897 inside an alert)") in str(
        refused.value
    )


def test_the_recipe_is_that_of_the_model_before_with_nothing_kept_back() -> None:
    manifest = train_small_model(rules=Rules()).manifest
    linear = {"network": {"kind": "linear"}, "budget": 4.0}

    known = msgspec.structs.replace(manifest, provenance={"config": linear})
    assert recipe_of(known) == TrainingConfig(
        network=NetworkSettings(kind="linear"), budget=4.0, holdout=0.0
    )
    assert recipe_of(manifest) == TrainingConfig(holdout=0.0)
