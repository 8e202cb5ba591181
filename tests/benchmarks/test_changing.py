"""What is measured of a model on trial is its scores."""

import pytest

pytestmark = pytest.mark.tensorflow


def test_a_model_on_trial_is_measured_beside_the_one_that_judges() -> None:
    from tests.benchmarks.changing import Effort, cpu_us_of_a_trial
    from tests.benchmarks.models import NETWORKS, Subject

    bundle = Subject(NETWORKS["dense"], training_rows=400).bundle

    judging_us, trial_us = cpu_us_of_a_trial(bundle, Effort(batches=2))

    assert judging_us > 0
    assert trial_us > 0
