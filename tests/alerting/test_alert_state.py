"""In which order somebody should look at alerts."""

from stream_detector.alerting.alert_state import urgency
from tests.alerting.told import Desk, alert


def test_of_alerts_alike_the_newest_comes_first_then_the_name_tells() -> None:
    desk = Desk()
    for machine, minute, priority in (
        ("pm1", 0, "low"),
        ("pm2", 0, "medium"),
        ("pm3", 4, "medium"),
        ("pm5", 2, "medium"),
        ("pm4", 2, "medium"),
    ):
        desk.tell(alert("raised", minute, seq=1, raised=minute, machine=machine, priority=priority))
    for machine in ("pm6", "pm1"):
        desk.ask("shelve", machine=machine, until="2026-11-22T04:00:00Z", comment="felt made")

    found = sorted(desk.book.states, key=urgency)

    assert [one.machine for one in found] == ["pm3", "pm4", "pm5", "pm2", "pm1", "pm6"]
