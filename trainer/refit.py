"""A new model from recent history, with all left out that somebody has to look at first.

A model that learned from rows inside an alert would take the fault for normal. So those are left
out, and only what an operator labelled as a nuisance comes back: that is a person's decision, and
it is named in the bundle.
"""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from stream_detector.alerting.alert_spans import AlertSpan
from stream_detector.bundle.manifest import Manifest
from stream_detector.detection.features import FeatureSpec
from stream_detector.errors import counted, listed
from stream_detector.replay.recording import Recording
from trainer.config import TrainingConfig


class Guarded(NamedTuple):
    """A history whose rows inside alerts train nothing.

    Parameters
    ----------
    recording : Recording
    origin : dict
        Where the new model comes from, for the manifest's provenance.
    """

    recording: Recording
    origin: dict[str, Any]


def guard(
    recording: Recording, spans: Sequence[AlertSpan], nuisances: Collection[str], *, replaces: str
) -> Guarded:
    """Leave out what stands inside alerts.

    Parameters
    ----------
    recording : Recording
    spans : sequence of AlertSpan
        Of its machine.
    nuisances : collection of str
        Alerts that an operator labelled so: their rows are normal.
    replaces : str
        Id of the bundle that the new model would replace.
    """
    inside = np.zeros(recording.n_rows, bool)
    alerts, kept = [], []
    for span in spans:
        rows = recording.times >= _utc(span.raised)
        if span.cleared is not None:
            rows &= recording.times <= _utc(span.cleared)
        if not rows.any():
            continue
        if span.alert_id in nuisances:
            kept.append(span.alert_id)
        else:
            alerts.append(span.alert_id)
            inside |= rows
    alerts, kept = sorted(set(alerts)), sorted(set(kept))
    notes = [
        f"it is to replace {replaces}: {counted(recording.n_rows, 'row')} from "
        f"{recording.times.min()}Z to {recording.times.max()}Z",
        f"rows inside {counted(len(alerts), 'alert')} left out"
        + (f": {listed(alerts)}" if alerts else ""),
    ]
    if kept:
        notes.append(f"taken for normal, for an operator said nuisance: {listed(kept)}")
    return Guarded(
        dataclasses.replace(recording, excluded=inside, notes=(*recording.notes, *notes)),
        {"replaces": replaces, "alerts_left_out": alerts, "nuisances_taken_in": kept},
    )


def recipe_of(manifest: Manifest) -> TrainingConfig:
    """Give the configuration that a model was trained with, the usual one where none is said.

    But nothing is kept back: the latest rows are what the new model is for, and what it is worth
    on later ones, a trial tells.
    """
    try:
        recipe = msgspec.convert(manifest.provenance["config"], TrainingConfig)
    except (KeyError, msgspec.ValidationError):
        recipe = TrainingConfig()
    return msgspec.structs.replace(recipe, holdout=0.0)


def measured_sensors(features: FeatureSpec) -> FeatureSpec:
    """Give the sensors that readings bring: all but those of the modes."""
    n = len(features.measured)
    return FeatureSpec(features.measured, features.units[:n], features.low[:n], features.high[:n])


def _utc(time: Any) -> np.datetime64:
    return np.datetime64(time.replace(tzinfo=None), "us")
