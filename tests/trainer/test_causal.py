"""No model looks ahead: a recording cut anywhere has the scores of the whole one up to there."""

import dataclasses
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.detection.threshold import Budget
from stream_detector.replay.records import records
from tests.pipeline.station import Sent, Station
from tests.small_models import normal_recording, recording_of, write_model
from tests.trainer.histories import with_gaps
from tests.trainer.networks import PlainNetwork, untrained_network
from trainer.config import NetworkSettings, PlainSettings, TrainingConfig
from trainer.crossfit import Fitter
from trainer.history import measure_timing
from trainer.models import MODELS
from trainer.score_parts import NetworkSpace
from trainer.steps import Steps
from trainer.training import train

N_ROWS = 60
FORMS = {"default": None, "plain": PlainSettings()}
CASES = [(kind, form) for kind in MODELS for form in FORMS if (kind, form) != ("linear", "plain")]


class Untrained:
    """Hands out a network as it is before training: that changes nothing in what it may see."""

    def __init__(self, config: TrainingConfig, n_sensors: int) -> None:
        self.config = config.network_config
        network = untrained_network(self.config, n_sensors=n_sensors)
        loss = np.ones(1, np.float32)
        self._network = dataclasses.replace(network, losses=loss, validation_losses=loss)

    def fit(
        self,
        windows: NDArray[np.float32],  # noqa: ARG002
        space: NetworkSpace,  # noqa: ARG002
        *,
        learn_from: NDArray[np.intp],  # noqa: ARG002
        validate_on: NDArray[np.intp] | None = None,  # noqa: ARG002
        name: str = "network",  # noqa: ARG002
    ) -> PlainNetwork:
        return self._network


@cache
def bundle_of(kind: str, form: str) -> Bundle:
    """A model of this name and form, with a network that was not trained."""
    history = normal_recording(400)
    config = TrainingConfig(network=NetworkSettings(kind=kind), plain=FORMS[form])

    def make_fitter(n_sensors: int) -> Fitter:
        return Untrained(config, n_sensors)

    model = train(
        history,
        measure_timing(history),
        config,
        rules=Rules(),
        make_fitter=None if kind == "linear" else make_fitter,
        steps=Steps(),
    )
    with TemporaryDirectory() as folder:
        write_model(Path(folder, "bundle"), model)
        return read_bundle(Path(folder, "bundle"))


rows = st.integers(1, N_ROWS - 1)


@pytest.mark.parametrize(("kind", "form"), CASES)
@settings(max_examples=5)
@given(cut=rows, gaps=st.lists(rows, max_size=3), breaks=st.lists(rows, max_size=3))
def test_a_cut_changes_nothing_before_it(
    kind: str, form: str, cut: int, gaps: list[int], breaks: list[int]
) -> None:
    values = normal_recording(N_ROWS, seed=8).values
    values[::7, 2] = np.nan
    recording = with_gaps(recording_of(values, outcomes=breaks), gaps)
    bundle = bundle_of(kind, form)

    def said(n_rows: int) -> Sent:
        log = list(records(recording.slice(0, n_rows), Rules()))
        return Station(bundle, threshold=Budget(20.0)).take(log)

    whole, part = said(N_ROWS), said(cut)

    n_breaks = len({row for row in breaks if row < cut})
    assert len(part.scores) == cut - n_breaks
    assert part.scores == whole.scores[: len(part.scores)]
    assert part.alerts == whole.alerts[: len(part.alerts)]
