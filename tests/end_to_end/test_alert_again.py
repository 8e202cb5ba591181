"""``replay --alert``: an alert of a real worker, judged again from a real Kafka's log."""

import json
from typing import Any

import pytest

from tests.end_to_end.expectation import eventful
from tests.end_to_end.installation import Installation

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_an_alert_is_judged_again_or_it_is_said_why_not(installation: Installation) -> None:
    with installation.worker():
        installation.send(eventful(n_faults=2))
        installation.wait_until_done()
    alert = first_raise(installation)
    command = ("replay", "--bundle", installation.bundle, "--alert")

    same = installation.run(*command, alert["alert_id"])
    assert (same.returncode, same.stderr) == (0, "")
    assert f"  same     score: {alert['score']:g}" in same.stdout
    assert f"  same     threshold: {alert['threshold']:g}" in same.stdout
    assert f"  same     sensors: {alert['contributors'][0]['sensor']} " in same.stdout
    assert "  same     verdict: over the threshold" in same.stdout
    assert "DIFFERS" not in same.stdout

    unknown = installation.run(*command, "pm9.sheet-break.2024-05-01T00:00:00Z")
    assert unknown.returncode == 1
    assert "has no raise of 'pm9.sheet-break.2024-05-01T00:00:00Z'" in unknown.stderr

    installation.forget_readings_before(5)
    gone = installation.run(*command, alert["alert_id"])
    assert gone.returncode == 1
    assert "the range has expired" in gone.stderr


def first_raise(installation: Installation) -> Any:
    """An alert of the first runs, which expire first."""
    with installation.subscriber("alerts") as alerts:
        told = [json.loads(one.value() or b"") for one in alerts.read_to_the_end()]
    raised = [one for one in told if one["event"] == "raised"]
    return min(raised, key=lambda one: one["evidence"]["run_start"])
