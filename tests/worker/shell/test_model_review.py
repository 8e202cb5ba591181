"""What is taken back without a person, and what is left to one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from stream_detector.alerting.alarm_load import Load, Series
from stream_detector.bundle.directory import Bundle
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.settings import Settings
from stream_detector.detection.threshold import Budget, Fixed, Rate, Threshold
from stream_detector.pipeline.readings import Record
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from stream_detector.worker.shell import model_trials
from stream_detector.worker.shell.model_review import Reviewer
from stream_detector.worker.shell.model_trials import Followed, TrialLog
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
        followed = Followed({PM3: FLOOD}, {})
        monkeypatch.setattr(TrialLog, "follow", lambda *_, **__: followed)

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
    by_model = {stuck.id: Followed({PM3: now}, {}), small_bundle.id: Followed(before, {})}
    with EmbeddedRedis() as server:
        settings = Settings(
            broker="kafka:9092",
            redis_url=SecretStr(server.url),
            bundle=small_bundle_folder,
            bundles=str(tmp_path),
        )
        ModelChoiceStore(settings).activate("pm3", stuck.id, set_by="anna")
        monkeypatch.setattr(TrialLog, "follow", lambda _, model, *__, **___: by_model[model])

        found = list(Reviewer(settings, days=7.0, least_days=3.0).review({"*"}))

    assert [one.did for one in found] == ([] if did is None else [did])
    if did is not None:
        assert found[0].reason == (
            "pm3: in alarm for 100 % of the time, under the other model for 1 %; over 50 % are too "
            "much"
        )


def flood_of(bundle_id: str) -> Iterator[Record]:
    """Scores of a day of running; every tenth raised an alert, the last three within a horizon."""
    for k in range(721):
        line: dict[str, Any] = {
            "machine": "pm3",
            "event_time": (
                datetime(2026, 11, 22, tzinfo=UTC) + timedelta(minutes=2 * k)
            ).isoformat(),
            "score": 1.0,
            "above": False,
            "alarm": False,
            "raised": ["sheet-break"] if k % 10 == 5 else [],
            "bundle": bundle_id,
        }
        yield Record("detector.scores", 0, k, datetime.now(UTC), None, json.dumps(line).encode())


@pytest.mark.parametrize(
    ("threshold", "did", "reason"),
    [
        (Budget(6.0), "taken back", "pm3: 69 false alerts in 1 days; with a budget of 6 a day"),
        (Fixed(0.9), "kept", "pm3: a person set its threshold (fixed:0.9): its alerts say nothing"),
        (Rate(0.01), "kept", "pm3: a person set its threshold (rate:0.01): its alerts say nothing"),
    ],
)
def test_alerts_under_a_threshold_that_a_person_set_take_no_model_back(
    small_bundle: Bundle,
    small_bundle_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    threshold: Threshold,
    did: str,
    reason: str,
) -> None:
    flooding = fit_small_bundle(tmp_path / "flooding", normal_recording(seed=9))
    with EmbeddedRedis() as server:
        settings = Settings(
            broker="kafka:9092",
            redis_url=SecretStr(server.url),
            bundle=small_bundle_folder,
            bundles=str(tmp_path),
        )
        choices = ModelChoiceStore(settings)
        choices.activate("pm3", flooding.id, set_by="anna")
        ThresholdStore(settings, flooding.id).put("pm3", threshold, set_by="anna")
        logs = {settings.scores_topic: list(flood_of(flooding.id)), settings.alerts_topic: []}
        monkeypatch.setattr(model_trials, "read_topic", lambda topic, *_: iter(logs[topic]))

        (found,) = Reviewer(settings, days=7.0, least_days=3.0).review({"*"})

        judges = choices.table(small_bundle.id).of("pm3")
    assert (found.did, found.bundle_id) == (did, flooding.id)
    assert found.reason.startswith(reason)
    assert judges == (flooding.id if did == "kept" else small_bundle.id)
