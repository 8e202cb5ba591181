"""What people may ask of ``stream-detector model``, and what not."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner

from stream_detector.bundle.directory import read_bundle
from stream_detector.connections.bundle_store import BundleStore
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.settings import read_settings
from stream_detector.errors import ServiceError, StreamDetectorError
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from stream_detector.worker.shell.model_commands import model
from tests.small_models import fit_small_bundle, normal_recording, recording_of


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis() as running:
        yield running


@pytest.fixture(scope="module")
def second_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "second"
    fit_small_bundle(folder, normal_recording(seed=8))
    return folder


@pytest.fixture
def plant(
    server: EmbeddedRedis,
    small_bundle_folder: Path,
    second_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The folder of the models of a group of workers of its own."""
    shutil.copytree(second_folder, tmp_path / "second")
    for name, value in {
        "BROKER": "kafka:9092",
        "REDIS_URL": server.url,
        "BUNDLE": str(small_bundle_folder),
        "BUNDLES": str(tmp_path),
        "GROUP": tmp_path.name,
    }.items():
        monkeypatch.setenv(f"DETECTOR_{name}", value)
    return tmp_path


def call(*words: str) -> str:
    done = CliRunner().invoke(model, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_change_is_listed_with_who_wanted_it(plant: Path) -> None:
    del plant
    first, second = (line.split()[0] for line in sorted(call("list").splitlines(), key=len)[::-1])

    assert call("activate", second, "--machine", "pm3", "--by", "anna") == (
        f"pm3: {second} judges, version 1\n"
    )
    assert (
        call("shadow", second) == f"*: the workers' own judges, {second} is on trial, version 1\n"
    )
    listed = call("list")

    assert f"{first}  linear, 5 sensors, the workers' own\n" in listed
    assert f"{second}  linear, 5 sensors\n" in listed
    assert f"pm3: {second} is wanted, version 1 by anna since " in listed
    assert call("shadow", "none") == "*: the workers' own judges, version 2\n"
    assert call("rollback", "--machine", "pm3") == "pm3: the workers' own judges, version 2\n"


@pytest.mark.parametrize("machine", ["*", "pm3"])
def test_nothing_goes_back_to_a_model_that_is_gone(plant: Path, machine: str) -> None:
    (second,) = BundleStore(str(plant)).ids()
    third = fit_small_bundle(plant / "third", normal_recording(seed=9)).id
    call("activate", second)
    call("activate", third)
    shutil.rmtree(plant / "second")

    with pytest.raises(StreamDetectorError, match=f"there is no bundle {second}"):
        call("rollback", "--machine", machine)

    assert f"*: {third} is wanted, version 2" in call("list")


def test_a_machine_follows_all_others_again(plant: Path) -> None:
    (second,) = BundleStore(str(plant)).ids()
    call("activate", second, "--machine", "pm3")

    assert call("clear", "--machine", "pm3") == "pm3: cleared\n"
    assert call("clear", "--machine", "pm3") == "pm3: there was none\n"
    assert "pm3" not in call("list")


def test_who_judges_is_told_beside_what_is_wanted(plant: Path, small_bundle_folder: Path) -> None:
    first, (second,) = read_bundle(small_bundle_folder).id, BundleStore(str(plant)).ids()
    choices = ModelChoiceStore(read_settings())
    for machine in ("pm3", "pm4", "pm5"):
        choices.activate(machine, second, set_by="anna")
    choices.roll_back("pm5", set_by="anna")
    choices.publish_judging({"pm3": second, "pm4": first, "pm5": first})

    listed = call("list")

    assert f"pm3: {second} judges, version 1 by anna since " in listed
    assert f"pm4: {second} is wanted, {first} judges, version 1 by anna since " in listed
    assert "pm5: the workers' own judges, version 2 by anna since " in listed


def test_a_model_that_is_wanted_and_not_there_is_listed_as_that(
    plant: Path, small_bundle_folder: Path
) -> None:
    first, (second,) = read_bundle(small_bundle_folder).id, BundleStore(str(plant)).ids()
    choices = ModelChoiceStore(read_settings())
    choices.activate("pm3", second, set_by="anna")
    choices.shadow("pm4", second, set_by="anna")
    choices.publish_judging({"pm3": first, "pm4": first})
    shutil.rmtree(plant / "second")

    listed = call("list")

    assert f"{second}  NOT THERE\n" in listed
    assert f"pm3: {second} is wanted, NOT THERE, {first} judges, version 1 by anna" in listed
    assert (
        f"pm4: the workers' own judges, {second} is on trial, NOT THERE, version 1 by anna"
    ) in listed


def test_a_model_that_judges_again_is_not_listed_as_gone(plant: Path) -> None:
    (second,) = BundleStore(str(plant)).ids()
    choices = ModelChoiceStore(read_settings())
    choices.take_back("*", choices.activate("*", second, set_by="anna"), why="it floods")

    assert f"*: the workers' own is wanted, '{second}' was taken back, version 2" in call("list")
    assert call("activate", second) == (
        f"*: {second} judges, though it was taken back before, version 3\n"
    )


@pytest.mark.parametrize("word", ["activate", "shadow"])
def test_a_machine_that_no_worker_has_judged_is_told_of(plant: Path, word: str) -> None:
    (second,) = BundleStore(str(plant)).ids()

    done = CliRunner().invoke(model, [word, second, "--machine", "pm4"])

    assert done.exit_code == 0
    assert done.stderr == "note: no reading of 'pm4' was judged so far: check the name\n"


def test_a_model_of_other_sensors_than_judged_until_now_is_told_of(
    plant: Path, second_folder: Path
) -> None:
    foreign = fit_small_bundle(
        plant / "foreign", recording_of(normal_recording(seed=9).values, sensors=tuple("abcde"))
    )
    second = read_bundle(second_folder).id
    ModelChoiceStore(read_settings()).publish_judging({"pm3": second})

    other = CliRunner().invoke(model, ["activate", foreign.id, "--machine", "pm3"])
    same = CliRunner().invoke(model, ["activate", second, "--machine", "pm3"])

    assert other.exit_code == 0
    assert other.stderr == (
        f"note: {foreign.id} has no sensor of {second}, which judged 'pm3' until now; readings "
        "without one of its sensors get no score\n"
    )
    assert same.stderr == ""


def test_a_manifest_that_is_none_is_listed_as_that(plant: Path) -> None:
    (plant / "broken").mkdir()
    (plant / "broken/manifest.json").write_text("{]")

    assert "UNREADABLE 'broken': its manifest is no manifest" in call("list")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["activate", "0123456789abcdef"], "there is no bundle 0123456789abcdef"),
        (["shadow", "../second"], r"there is no bundle \.\./second"),
        (["shadow", "none"], "no model is on trial for *: nothing to end"),
        (["rollback"], "no model was activated for *: nothing to go back to"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    plant: Path, words: list[str], said: str
) -> None:
    del plant
    with pytest.raises(StreamDetectorError) as refused:
        call(*words)

    assert said.replace("\\", "") in str(refused.value)


def test_without_a_place_for_models_there_is_none_to_change_to(
    plant: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del plant
    monkeypatch.delenv("DETECTOR_BUNDLES")

    with pytest.raises(StreamDetectorError, match="DETECTOR_BUNDLES is not set"):
        call("list")


def test_what_is_to_be_compared_must_be_on_trial_or_named(
    plant: Path, server: EmbeddedRedis
) -> None:
    (second,) = BundleStore(str(plant)).ids()

    with pytest.raises(StreamDetectorError, match="no model is on trial: say the ID"):
        call("compare")
    call("shadow", second)
    with redis.Redis.from_url(server.url) as client:
        client.hset(f"detector:bundle:{plant.name}", "pm4", "{]")
    # A choice of its own, which names none.
    call("activate", second, "--machine", "pm3")
    with pytest.raises(StreamDetectorError, match="no model is on trial: say the ID"):
        call("compare", "--machine", "pm3")
    # What nobody can read of another machine hides nothing: only Kafka is missing now.
    with pytest.raises(ServiceError):
        call("compare")


def test_models_cannot_be_compared_by_some_of_their_scores(
    plant: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del plant
    monkeypatch.setenv("DETECTOR_PUBLISHED_SCORES", "alarm")

    with pytest.raises(StreamDetectorError, match="DETECTOR_PUBLISHED_SCORES is 'alarm'"):
        call("compare")


def test_nothing_is_promoted_unless_the_settings_say_of_which_machines(plant: Path) -> None:
    del plant

    with pytest.raises(StreamDetectorError, match="DETECTOR_PROMOTE is not set"):
        call("promote")


def test_the_workers_own_model_is_not_tried_beside_itself(
    plant: Path, small_bundle_folder: Path
) -> None:
    del plant
    first = read_bundle(small_bundle_folder).id

    with pytest.raises(StreamDetectorError, match=f"{first} judges pm3 already"):
        call("shadow", first, "--machine", "pm3")


def test_a_place_for_models_that_is_not_there_is_told_behind_what_is_known(
    plant: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECTOR_BUNDLES", f"{plant}/typo")

    done = CliRunner().invoke(model, ["list"])

    assert done.output.endswith("linear, 5 sensors, the workers' own\n")
    assert str(done.exception).startswith(f"there is no folder '{plant}/typo'; correct DETECTOR")
