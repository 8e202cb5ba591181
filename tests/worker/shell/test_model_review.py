"""What is taken back without a person, and what is left to one."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from stream_detector.alerting.alarm_load import Load, Series
from stream_detector.bundle.directory import Bundle
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.settings import Settings
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from stream_detector.worker.shell.model_review import Reviewer
from stream_detector.worker.shell.model_trials import TrialLog
from tests.small_models import fit_small_bundle, normal_recording, recording_of

FLOOD = Load(days=1.0, n_raised=100, n_false=100, budget_per_day=6.0)


@pytest.mark.parametrize(
    ("sensors", "did"),
    [(("speed", "b", "c", "d", "e"), "taken back"), (("a", "b", "c", "d", "e"), "failed")],
)
def test_a_model_that_floods_gives_way_to_none_that_would_see_nothing(
    small_bundle: Bundle,
    small_bundle_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sensors: tuple[str, ...],
    did: str,
) -> None:
    recording = recording_of(normal_recording(seed=9).values, sensors=sensors)
    flooding = fit_small_bundle(tmp_path / "flooding", recording)
    with EmbeddedRedis() as server:
        settings = Settings(
            broker="kafka:9092",
            redis_url=SecretStr(server.url),
            bundle=small_bundle_folder,
            bundles=str(tmp_path),
        )
        choices = ModelChoiceStore(settings)
        choices.activate("pm3", flooding.id, set_by="anna")
        loads = {Series("pm3", "anomaly"): FLOOD}
        monkeypatch.setattr(TrialLog, "loads", lambda *_, **__: loads)

        (found,) = Reviewer(settings, days=7.0, least_days=3.0).review({"*"})

        judges = choices.table(small_bundle.id).of("pm3")
    assert (found.did, found.bundle_id) == (did, flooding.id)
    if did == "failed":
        assert f"{small_bundle.id}, the model before it, has none of its sensors" in found.reason
    assert judges == (flooding.id if did == "failed" else small_bundle.id)
