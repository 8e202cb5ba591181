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

FLOOD = Load(days=1.0, n_raised=100, n_false=100, budget_per_day=6.0, days_in_alarm=0.2)

PM3 = Series("pm3", "anomaly")


def in_alarm(share: float, *, days: float = 2.0) -> Load:
    """Of a model whose alerts are few."""
    return Load(days, n_raised=1, n_false=1, budget_per_day=6.0, days_in_alarm=share * days)


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


@pytest.mark.parametrize(
    ("now", "before", "did"),
    [
        (in_alarm(1.0), {PM3: in_alarm(0.01)}, "taken back"),
        (in_alarm(1.0), {PM3: in_alarm(0.6)}, None),
        (in_alarm(1.0), {}, None),
        (in_alarm(0.5), {PM3: in_alarm(0.01)}, None),
        (in_alarm(1.0, days=0.9), {PM3: in_alarm(0.01)}, None),
    ],
    ids=["always", "as before", "nothing known of before", "half of the time", "under a day"],
)
def test_a_model_that_is_always_in_alarm_gives_way_though_its_alerts_are_few(
    small_bundle: Bundle,
    small_bundle_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    now: Load,
    before: dict[Series, Load],
    did: str | None,
) -> None:
    stuck = fit_small_bundle(tmp_path / "stuck", normal_recording(seed=9))
    by_model = {stuck.id: {PM3: now}, small_bundle.id: before}
    with EmbeddedRedis() as server:
        settings = Settings(
            broker="kafka:9092",
            redis_url=SecretStr(server.url),
            bundle=small_bundle_folder,
            bundles=str(tmp_path),
        )
        ModelChoiceStore(settings).activate("pm3", stuck.id, set_by="anna")
        monkeypatch.setattr(TrialLog, "loads", lambda _, model, *__, **___: by_model[model])

        found = list(Reviewer(settings, days=7.0, least_days=3.0).review({"*"}))

    assert [one.did for one in found] == ([] if did is None else [did])
    if did is not None:
        assert found[0].reason == (
            "pm3: in alarm for 100 % of the time, under the other model for 1 %; over 50 % are too "
            "much"
        )
