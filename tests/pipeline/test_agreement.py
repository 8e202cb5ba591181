"""A bundle and the rules it works under: made for each other, or it is said."""

from datetime import timedelta

import msgspec
import pytest

from stream_detector.alerting.rules import OnDelay, Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.errors import BundleError
from stream_detector.pipeline.agreement import (
    check_sensors,
    modes_note,
    pace_note,
    rules_notes,
    sensors_note,
)
from tests.small_models import SENSORS

PATIENT = Rule(name="odd", on_delay=OnDelay(3, 5))


def test_a_bundle_agrees_with_the_rules_it_was_fitted_with(small_bundle: Bundle) -> None:
    patient = msgspec.structs.replace(small_bundle.manifest, on_delay=(3, 5))

    assert rules_notes(small_bundle.manifest, Rules()) == []
    assert rules_notes(patient, Rules(rules=(PATIENT,))) == []


def test_another_on_delay_than_the_budgets_were_measured_with_is_told(small_bundle: Bundle) -> None:
    notes = rules_notes(small_bundle.manifest, Rules(rules=(PATIENT,)))

    assert notes == [
        "rule 'odd' has an on-delay of 3 of 5, but the bundle's budgets were measured with 1 of 1 "
        "and will not be held to: fit the bundle with these rules (fit --rules)"
    ]


def test_a_bundle_is_fitted_for_the_first_rule(small_bundle: Bundle) -> None:
    assert rules_notes(small_bundle.manifest, Rules(rules=(Rule(name="a"), PATIENT))) == []


def test_sensors_of_the_model_that_are_missing_are_named(small_bundle: Bundle) -> None:
    manifest = small_bundle.manifest

    assert sensors_note(manifest, [*SENSORS, "vibration"]) is None
    assert sensors_note(manifest, ["speed", "steam", "moisture"]) == (
        "2 of the model's 5 sensors missing: 'draw', 'weight'"
    )


def test_a_model_of_another_machine_is_refused(small_bundle: Bundle) -> None:
    told = r"no sensor of the model \('speed', .*\) is in the readings, which have 'a', 'b'; take"
    with pytest.raises(BundleError, match=told):
        check_sensors(small_bundle.manifest, ["b", "a"])
    with pytest.raises(BundleError, match=told):
        sensors_note(small_bundle.manifest, ["b", "a"])


def test_modes_that_the_model_does_not_know_are_named(small_bundle: Bundle) -> None:
    manifest = msgspec.structs.replace(small_bundle.manifest, modes=("a", "b"))

    assert modes_note(manifest, ["a", "b", "a"]) is None
    assert modes_note(small_bundle.manifest, ["c"]) is None
    told = (
        "the model knows the modes 'a', 'b', and not 'c', in which it judges by the sensors alone"
    )
    assert modes_note(manifest, ["a", "c"]) == told
    assert modes_note(manifest, ["a", None]) == (
        told.replace("'c'", "'(none)'") + "; in a file, --mode-column names the mode"
    )


def test_readings_at_another_pace_than_the_model_s_are_told(small_bundle: Bundle) -> None:
    #  fitted on one every 2 minutes, with gaps from 3 minutes on: so 80 s is as far off below
    def note(seconds: float) -> str | None:
        return pace_note(small_bundle.manifest, timedelta(seconds=seconds))

    assert [note(seconds) for seconds in (80, 120, 180)] == [None, None, None]
    assert pace_note(small_bundle.manifest, None) is None
    assert note(1) == (
        "readings come every 1 s, but the model was fitted on one every 120 s: scores and budgets "
        "do not mean what they should; fit a model on readings of this pace, or bring them every "
        "120 s"
    )
    assert "every 79 s" in (note(79) or "")
    assert "every 181 s, but the model was fitted on one every 120 s: each begins a run" in (
        note(181) or ""
    )
