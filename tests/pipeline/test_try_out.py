"""A model is tried before a machine is judged by it."""

from pathlib import Path

import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.errors import BundleError
from stream_detector.pipeline.try_out import try_out
from tests.failing_models import ALWAYS, NEVER_IN_NORMAL_OPERATION, fit_failing_bundle


def test_a_model_that_fails_as_soon_as_it_has_work_is_refused(tmp_path: Path) -> None:
    bundle = fit_failing_bundle(tmp_path / "model", above=ALWAYS)

    with pytest.raises(BundleError, match=rf"bundle {bundle.id} fails at work: .*fit it anew with"):
        try_out(bundle, Rules())


def test_one_that_fails_at_a_fault_only_is_not_known_to(
    tmp_path: Path, small_bundle: Bundle, headed_bundle: Bundle
) -> None:
    for bundle in (
        small_bundle,
        headed_bundle,
        fit_failing_bundle(tmp_path / "model", above=NEVER_IN_NORMAL_OPERATION),
    ):
        try_out(bundle, Rules())
