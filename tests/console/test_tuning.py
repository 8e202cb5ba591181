"""Thresholds that are changed on the page are those of the model that judges."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from stream_detector.bundle.directory import Bundle
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import ThresholdStore
from stream_detector.connections.settings import Settings
from stream_detector.console.tuning import Tuning, tuning
from stream_detector.console.under_models import TunedModel, UnderModels
from stream_detector.detection.threshold import Budget, Fixed
from stream_detector.errors import SettingsError
from stream_detector.pipeline.thresholds import decode_setting
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from tests.small_models import fit_small_bundle, normal_recording


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bundle]:
    folder = tmp_path_factory.mktemp("models") / "second"
    return folder, fit_small_bundle(folder, normal_recording(seed=8))


@pytest.fixture
def settings(
    small_bundle_folder: Path, second: tuple[Path, Bundle], tmp_path: Path
) -> Iterator[Settings]:
    shutil.copytree(second[0], tmp_path / "second")
    with EmbeddedRedis() as server:
        yield Settings(
            broker="kafka:9092",
            redis_url=SecretStr(server.url),
            bundle=small_bundle_folder,
            bundles=str(tmp_path),
        )


def opened(settings: Settings) -> tuple[Tuning, UnderModels]:
    """The page, and what it has seen."""
    page = tuning(settings)
    assert page is not None
    return page, asyncio.run(page.read())


def save(page: Tuning, seen: UnderModels, machine: str, per_day: float) -> None:
    asyncio.run(page.save(machine, Budget(per_day), by="anna", seen=seen))


def test_a_budget_is_saved_unless_somebody_else_changed_it_meanwhile(settings: Settings) -> None:
    page, seen = opened(settings)

    save(page, seen, "pm3", 3.0)

    wanted = asyncio.run(page.read()).of("pm3").wanted
    assert decode_setting(wanted["pm3"]).threshold == Budget(3.0)
    with pytest.raises(SettingsError, match="somebody else changed this threshold meanwhile"):
        save(page, seen, "pm3", 4.0)


def test_the_budget_of_a_machine_is_saved_for_the_model_that_judges_it(
    settings: Settings, small_bundle: Bundle, second: tuple[Path, Bundle]
) -> None:
    ModelChoiceStore(settings).activate("pm3", second[1].id, set_by="anna")
    page, seen = opened(settings)

    save(page, seen, "pm3", 3.0)
    save(page, seen, "*", 2.0)

    first, other = (ThresholdStore(settings, one.id).read() for one in (small_bundle, second[1]))
    assert decode_setting(other["pm3"]).threshold == Budget(3.0)
    assert (list(first), list(other)) == (["*"], ["pm3"])
    tuned = seen.of("pm3").tuned
    assert isinstance(tuned, TunedModel)
    assert tuned.default == second[1].manifest.default_threshold


def test_a_budget_that_was_tried_on_a_model_that_judges_no_more_is_refused(
    settings: Settings, second: tuple[Path, Bundle]
) -> None:
    page, seen = opened(settings)
    ModelChoiceStore(settings).activate("pm3", second[1].id, set_by="anna")

    with pytest.raises(SettingsError, match=f"somebody else chose model {second[1].id} for pm3"):
        save(page, seen, "pm3", 3.0)

    assert ThresholdStore(settings, second[1].id).read() == {}
    save(page, seen, "pm4", 3.0)


@pytest.mark.parametrize(
    ("bundles", "says"),
    [
        (None, "DETECTOR_BUNDLES is not set for the console; name the folder"),
        ("/nowhere", "there is no bundle {id} in '/nowhere'; copy its folder there"),
    ],
)
def test_what_is_missing_to_tune_another_model_is_said(
    settings: Settings, second: tuple[Path, Bundle], bundles: str | None, says: str
) -> None:
    ModelChoiceStore(settings).activate("pm3", second[1].id, set_by="anna")
    ThresholdStore(settings, second[1].id).put("pm3", Fixed(3.1), set_by="anna")
    page, seen = opened(settings.model_copy(update={"bundles": bundles}))

    with pytest.raises(SettingsError, match=says.format(id=second[1].id)) as refused:
        save(page, seen, "pm3", 3.0)

    assert str(refused.value).startswith(f"model {second[1].id} judges here, and the page does")
    assert seen.of("pm3").tuned == str(refused.value)
    # What is wanted is seen all the same, and other machines are tuned.
    assert seen.of("pm3").wanted_of("pm3") == Fixed(3.1)
    assert seen.of("pm3").wanted_of("pm9") is None
    save(page, seen, "pm4", 3.0)


def test_a_model_that_nobody_wants_any_more_is_forgotten(
    settings: Settings, second: tuple[Path, Bundle], tmp_path: Path
) -> None:
    choices = ModelChoiceStore(settings)
    choices.activate("pm3", second[1].id, set_by="anna")
    page, seen = opened(settings)
    choices.roll_back("pm3", set_by="anna")

    assert set(seen.by_id) - set(asyncio.run(page.read()).by_id) == {second[1].id}
    # It is read anew where somebody wants it again, and so found missing.
    shutil.rmtree(tmp_path / "second")
    choices.roll_back("pm3", set_by="anna")
    assert isinstance(asyncio.run(page.read()).of("pm3").tuned, str)
