"""What the log says where many messages are refused."""

from structlog.testing import capture_logs

from stream_detector.connections.refusal_log import RefusalLog, shown
from stream_detector.errors import RowError


def told(refusals: RefusalLog, now: float) -> list[tuple[str, int, int]]:
    with capture_logs() as lines:
        refusals.tell(now=now)
    return [(one["code"], one["n"], one["offset"]) for one in lines]


def test_the_first_of_each_reason_is_told_at_once_and_the_others_by_the_minute() -> None:
    refusals = RefusalLog("rows.refused")
    refusals.note(RowError("late", "by 5 s"), offset=1)
    at_once = told(refusals, 100.0)
    for offset in (2, 3):
        refusals.note(RowError("late", "by 6 s"), offset=offset)
    refusals.note(RowError("not-json", "it is none"), offset=4)
    of_another_reason = told(refusals, 101.0)

    assert at_once == [("late", 1, 1)]
    assert of_another_reason == [("not-json", 1, 4)]
    assert told(refusals, 159.9) == []
    assert told(refusals, 160.0) == [("late", 2, 3)]
    assert told(refusals, 500.0) == []


def test_what_a_sender_wrote_does_not_fill_the_log() -> None:
    refusals = RefusalLog("rows.refused")
    refusals.note(RowError("tag", "t" * 10_000), key=shown(b"k" * 10_000))

    with capture_logs() as lines:
        refusals.tell(now=0.0)

    assert (len(lines[0]["reason"]), len(lines[0]["key"])) == (200, 200)
