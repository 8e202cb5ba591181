"""A bundle and the rules it works under: made for each other, or it is said."""

import msgspec

from stream_detector.alerting.rules import OnDelay, Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.pipeline.agreement import on_delay_note

PATIENT = Rule(name="odd", on_delay=OnDelay(3, 5))


def test_a_bundle_agrees_with_the_rules_it_was_fitted_with(small_bundle: Bundle) -> None:
    patient = msgspec.structs.replace(small_bundle.manifest, on_delay=(3, 5))

    assert on_delay_note(small_bundle.manifest, Rules()) is None
    assert on_delay_note(patient, Rules(rules=(PATIENT,))) is None


def test_another_on_delay_than_the_budgets_were_measured_with_is_told(small_bundle: Bundle) -> None:
    note = on_delay_note(small_bundle.manifest, Rules(rules=(PATIENT,)))

    assert note == (
        "rule 'odd' has an on-delay of 3 of 5, but the bundle's budgets were measured with 1 of 1 "
        "and will not be held to: fit the bundle with these rules (fit --rules)"
    )


def test_a_bundle_is_fitted_for_the_first_rule(small_bundle: Bundle) -> None:
    assert on_delay_note(small_bundle.manifest, Rules(rules=(Rule(name="a"), PATIENT))) is None
