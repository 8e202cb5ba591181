"""Alerts as lines that people read."""

import pytest

from stream_detector.alerting.alert_state import Flood
from stream_detector.worker.shell.alert_listing import describe_flood
from tests.alerting.judged import at


@pytest.mark.parametrize(
    ("n_listed", "says"), [(1, "1 alert of"), (99, "99 alerts of"), (100, "at least 100 alerts of")]
)
def test_of_a_flood_no_more_is_said_than_is_known(n_listed: int, says: str) -> None:
    """It lists a hundred alerts at most."""
    alerts = tuple(map(str, range(n_listed)))

    line = describe_flood(
        Flood(active=True, began_at=at(0), ended_at=None, n_raised=300, alerts=alerts)
    )

    assert line.endswith(f": 300 raised, {says} low priority held back")
