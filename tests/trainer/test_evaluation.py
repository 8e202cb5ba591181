"""Rows kept back are judged by the live code, and every alert on them gets one fate."""

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from stream_detector.alerting.recorded import ClosedAlert, Fate
from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.threshold import Budget
from stream_detector.replay.recording import LabelKind, Recording
from tests.contract.schemas import faults, parse
from tests.small_models import (
    BROKEN_STEAM,
    CADENCE,
    START,
    normal_recording,
    recording_of,
)
from trainer.config import NetworkSettings, TrainingConfig
from trainer.evaluation import Evaluation, evaluate
from trainer.run import fit

N_ROWS = 200
FAULTS = (52, 100, 101, 150, 151, 199)
"""Rows with a steam pressure that no machine has: an alert at the first of each stretch."""


def faulty(labels: Sequence[int] | None, kind: LabelKind = "event") -> Recording:
    values = normal_recording(N_ROWS, seed=1).values.copy()
    values[list(FAULTS), 2] = BROKEN_STEAM
    return dataclasses.replace(recording_of(values, outcomes=labels), label_kind=kind)


def judged(bundle: Bundle, recording: Recording, rules: Rules | None = None) -> Evaluation:
    evaluation = evaluate(bundle, recording, rules=rules or Rules(), budget=Budget(1.0))
    assert evaluation is not None
    return evaluation


def fates(evaluation: Evaluation) -> list[tuple[float, Fate]]:
    return [((alert.raised - START) / CADENCE, alert.fate) for alert in evaluation.alerts]


def test_alerts_are_held_against_the_outcomes_that_followed(small_bundle: Bundle) -> None:
    #  row      52  53       100       150       199 the last
    #  outcome      o                            what would have followed, nobody knows
    evaluation = judged(small_bundle, faulty([53]))

    assert fates(evaluation) == [
        (52, Fate.EARLY),
        (100, Fate.NUISANCE),
        (150, Fate.NUISANCE),
        (199, Fate.UNLABELLED),
    ]
    first = evaluation.alerts[0]
    assert first == ClosedAlert(START + 52 * CADENCE, START + 53 * CADENCE, Fate.EARLY, CADENCE)
    assert evaluation.n_false == evaluation.card.n_false == 2
    # The row of the outcome is not scored.
    assert evaluation.days == pytest.approx(199 / 720)
    assert evaluation.validation.per_day == round(2 / (199 / 720), 3)
    assert (evaluation.validation.recall, evaluation.validation.n_outcomes) == (1.0, 1)
    assert np.flatnonzero(evaluation.positives).tolist() == [51, 52]


def test_an_alert_that_returns_within_its_cooldown_counts_again(small_bundle: Bundle) -> None:
    values = normal_recording(N_ROWS, seed=1).values.copy()
    values[[52, 66, 150], 2] = BROKEN_STEAM

    evaluation = judged(small_bundle, recording_of(values, outcomes=[160]))

    assert [row for row, _ in fates(evaluation)] == [52, 66, 150]
    assert evaluation.occurrences == (1, 2, 1)
    assert (evaluation.n_distinct, evaluation.n_false) == (2, 3)


def test_an_outcome_that_row_after_row_tells_of_is_one(small_bundle: Bundle) -> None:
    #  row      52  53 54 55 56      100       150       199
    #  outcome      o--o--o--o
    once, stays = (judged(small_bundle, faulty(rows)) for rows in ([53], [53, 54, 55, 56]))

    assert stays.outcomes == once.outcomes == (START + 53 * CADENCE,)
    assert stays.alerts == once.alerts
    assert (stays.card.recall, stays.card.n_outcomes) == (1.0, 1)
    assert stays.card.recall_by_chance == once.card.recall_by_chance
    # None of its rows is scored.
    assert stays.days == pytest.approx(196 / 720)
    assert stays.n_undecided == 1


def test_repeated_and_late_rows_tell_of_no_outcome(small_bundle: Bundle) -> None:
    once = faulty([53])
    twice = recording_of(
        np.repeat(once.values, 2, axis=0),
        times=np.repeat(once.times, 2),
        outcomes=[106, 107],
    )
    times = twice.times.copy()
    times[150] = times[0]
    late = dataclasses.replace(twice, times=times, labels=twice.labels | (np.arange(400) == 150))

    assert judged(small_bundle, twice).card == judged(small_bundle, once).card
    assert judged(small_bundle, late).outcomes == (START + 53 * CADENCE,)


def test_a_warning_counts_only_while_the_run_lasted(small_bundle: Bundle) -> None:
    """An alert that stands over a standstill says nothing of what comes after it."""
    recording = faulty([152])
    times = recording.times.copy()
    times[151:] += np.timedelta64(1, "h")
    patient = Rules(rules=(Rule(name="sheet-break", outcome="break", horizon_seconds=7200),))

    evaluation = judged(small_bundle, dataclasses.replace(recording, times=times), patient)

    assert [alert.fate for alert in evaluation.alerts] == [
        Fate.NUISANCE,
        Fate.NUISANCE,
        Fate.NUISANCE,
        Fate.UNLABELLED,
    ]
    assert evaluation.card.running == 198 * CADENCE


def test_an_outcome_of_another_name_closes_alerts_too(small_bundle: Bundle) -> None:
    trips = Rules(rules=(Rule(name="trip-soon", outcome="trip"),), run_ending_events=("trip",))

    as_trips = judged(small_bundle, faulty([53]), trips)

    assert as_trips.alerts == judged(small_bundle, faulty([53])).alerts
    assert as_trips.alerts[0].cleared == START + 53 * CADENCE


def test_alerts_on_rows_labelled_anomalous_are_right_wherever_they_are(
    small_bundle: Bundle,
) -> None:
    evaluation = judged(small_bundle, faulty([100, 101, 199], "rows"))

    assert fates(evaluation) == [
        (52, Fate.NUISANCE),
        (100, Fate.ANOMALY),
        (150, Fate.NUISANCE),
        (199, Fate.ANOMALY),
    ]
    assert evaluation.n_false == 2
    assert evaluation.validation.per_day == round(2 / (200 / 720), 3)
    assert evaluation.validation.recall is None


def test_with_every_alert_on_an_anomalous_row_there_are_none_false(small_bundle: Bundle) -> None:
    evaluation = judged(small_bundle, faulty(FAULTS, "rows"))

    assert evaluation.validation.per_day == 0.0


def test_what_labels_mark_is_told_by_their_kind(small_bundle: Bundle) -> None:
    # None is in the part kept back.
    evaluation = judged(small_bundle, faulty([], "rows"))

    assert evaluation.label_kind == "rows"
    assert [fate for _, fate in fates(evaluation)] == [Fate.NUISANCE] * 4


def test_without_labels_any_alert_may_be_false(small_bundle: Bundle) -> None:
    evaluation = judged(small_bundle, faulty(None))

    assert [fate for _, fate in fates(evaluation)] == [Fate.UNLABELLED] * 4
    assert (evaluation.label_kind, evaluation.n_false) == (None, None)
    assert evaluation.validation.per_day == round(4 / (200 / 720), 3)


def test_late_rows_at_the_edges_do_not_stretch_the_span(small_bundle: Bundle) -> None:
    recording = faulty([53])
    times = recording.times.copy()
    times[-1] -= np.timedelta64(365, "D")

    evaluation = judged(small_bundle, dataclasses.replace(recording, times=times))

    assert evaluation.span == (START, START + 198 * CADENCE)
    # Alerts stood from row 52 to the outcome, and from 100 and 150 on for a while.
    assert 3 / 198 < evaluation.card.alarm_share < 0.5
    assert evaluation.card.running == 198 * CADENCE


def test_where_nothing_could_be_scored_there_is_no_evaluation(small_bundle: Bundle) -> None:
    nothing = recording_of(np.full((10, 5), np.nan))

    assert evaluate(small_bundle, nothing, rules=Rules(), budget=Budget(1.0)) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "kind"), [(None, "event"), ((1400, 1499), "event"), ((1400, 1499), "rows")]
)
def test_a_bundle_and_its_report_hold_to_the_contract_and_agree(
    tmp_path: Path, labels: Sequence[int] | None, kind: LabelKind
) -> None:
    values = normal_recording(1500).values.copy()
    values[[1399, 1499], 2] = BROKEN_STEAM
    recording = dataclasses.replace(recording_of(values, outcomes=labels), label_kind=kind)
    config = TrainingConfig(network=NetworkSettings(kind="linear"), budget=0.5)

    fit(recording, tmp_path / "model", config, rules=Rules(), make_fitter=None)

    manifest = parse((tmp_path / "model" / "manifest.json").read_bytes())
    holdout = parse((tmp_path / "model" / "report.json").read_bytes())["holdout"]
    assert faults(manifest, "manifest.v1.json") == []
    told, alerts = manifest["validation"], holdout["alerts"]
    a_day = alerts["raised_per_day"] if labels is None else alerts["false_per_day"]
    assert told["per_day"] == pytest.approx(a_day, abs=1e-3)
    assert told["rows"] == holdout["rows"]
    assert (holdout["outcomes"] is not None) == (labels is not None and kind == "event")
    assert holdout["span"] == [
        (START + row * CADENCE).isoformat().replace("+00:00", "Z") for row in (1200, 1499)
    ]


@pytest.mark.slow
def test_one_late_row_at_the_end_is_not_the_end_of_the_rows_kept_back(tmp_path: Path) -> None:
    recording = normal_recording(600)
    times = recording.times.copy()
    times[-1] = times[0]
    config = TrainingConfig(network=NetworkSettings(kind="linear"))

    findings = fit(
        dataclasses.replace(recording, times=times),
        tmp_path / "model",
        config,
        rules=Rules(),
        make_fitter=None,
    )

    assert findings.evaluation is not None
    assert findings.evaluation.span == (START + 480 * CADENCE, START + 598 * CADENCE)
    assert findings.training_span == (START, START + 479 * CADENCE)
    assert findings.evaluation.card.alarm_share <= 1
    assert findings.evaluation.card.running < timedelta(hours=4)
