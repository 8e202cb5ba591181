"""An alert that was open under a model that is deleted, states and all, has an end all the same."""

import json
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.expectation import feed_of
from tests.end_to_end.installation import Installation
from tests.small_models import BROKEN_STEAM, normal_recording, write_small_bundle

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_it_is_cleared_by_the_next_reading_and_once(
    installation: Installation, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    write_small_bundle(models / "old", normal_recording(seed=8))
    write_small_bundle(models / "new", normal_recording(seed=9))
    feed = feed_of("pm3")

    def work(model: str) -> None:
        with installation.worker(bundle=str(models / model), bundles=str(models)):
            installation.send(feed.rows(4) if model == "new" else [])
            installation.wait_until_done()

    feed.rows(20)
    installation.send([*feed.records, *feed.rows(2, steam=BROKEN_STEAM)])
    work("old")
    shutil.rmtree(models / "old")
    # Under the new model what is read again opens no alert.
    done = installation.run("threshold", "set", "fixed:900", bundle=str(models / "new"))
    assert done.returncode == 0, done.stderr
    work("new")
    work("new")

    with installation.subscriber("alerts") as alerts:
        told = [json.loads(one.value() or b"") for one in alerts.read_to_the_end()]
    assert [(one["event"], one["seq"], one["reason"]) for one in told] == [
        ("raised", 1, None),
        ("cleared", 2, "state-lost"),
    ]
    assert told[0]["alert_id"] == told[1]["alert_id"]
    assert told[0]["bundle"] != told[1]["bundle"]
