"""What changes while no worker runs: the folder of models is away, or another model is wanted."""

import json
from pathlib import Path

import pytest

from tests.end_to_end.expectation import feed_of
from tests.end_to_end.installation import Installation
from tests.small_models import normal_recording, write_small_bundle
from tests.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_a_worker_that_cannot_see_the_models_ends_and_goes_on_when_it_can(
    installation: Installation, tmp_path: Path
) -> None:
    models, away = tmp_path / "models", tmp_path / "not-mounted"
    new = write_small_bundle(models / "new", normal_recording(seed=8))
    feed = feed_of("pm3")

    def told() -> list[str]:
        with installation.subscriber("scores") as scores:
            return [json.loads(one.value() or b"")["bundle"] for one in scores.read_to_the_end()]

    def is_judged_by_the_new_one() -> bool:
        installation.send(feed.rows(1))
        installation.wait_until_done()
        return told()[-1] == new

    with installation.worker(bundles=str(models)):
        installation.send(feed.rows(20))
        done = installation.run("model", "activate", new, bundles=str(models))
        assert done.returncode == 0, done.stderr
        wait_until(is_judged_by_the_new_one, "the new model judges")

    models.rename(away)
    ended = installation.run("worker", bundles=str(models))
    n_told = len(told())

    away.rename(models)
    with installation.worker(bundles=str(models)):
        installation.send(feed.rows(10))
        installation.wait_until_done()

    assert ended.returncode == 1
    (line,) = [one for one in ended.stderr.splitlines() if "agent.failed" in one]
    assert f"bundle {new} judged 'pm3', and there is no model in '{models}'; mount it" in line
    assert "Traceback" not in ended.stderr
    assert told()[n_told:] == [new] * 10


def test_a_model_that_is_wanted_since_no_worker_ran_takes_over_from_that_of_the_states(
    installation: Installation, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    new = write_small_bundle(models / "new", normal_recording(seed=8))
    feed = feed_of("pm4")

    def model(*arguments: str) -> None:
        done = installation.run("model", *arguments, "--machine", "pm4", bundles=str(models))
        assert done.returncode == 0, done.stderr

    def judged_by() -> list[str]:
        with installation.subscriber("scores") as scores:
            told = (json.loads(one.value() or b"") for one in scores.read_to_the_end())
            return [one["bundle"] for one in told if one["machine"] == "pm4"]

    def is_judged_by(bundle_id: str) -> bool:
        installation.send(feed.rows(1))
        installation.wait_until_done()
        return judged_by()[-1] == bundle_id

    with installation.worker(bundles=str(models)):
        installation.send(feed.rows(20))
        model("activate", new)
        wait_until(lambda: is_judged_by(new), "the new model judges")
    n_told = len(judged_by())

    model("rollback")
    installation.send(feed.rows(10))
    with installation.worker(bundles=str(models)):
        installation.wait_until_done()
        wait_until(lambda: not is_judged_by(new), "the model before judges again")

    # None of the readings that waited is lost: until the other is level, that of the states judges.
    assert judged_by()[n_told : n_told + 10] == [new] * 10
