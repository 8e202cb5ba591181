"""What an OPC UA server tells -> rows: their times, qualities, and what did not change."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from stream_detector.bridges.opcua.rows import ToldRows, tag_row
from stream_detector.bridges.rows import TagRow

SECOND = 1_000_000
START = datetime(1970, 1, 1, tzinfo=UTC)


def at(seconds: float) -> ua.DateTime:
    time = START + timedelta(seconds=seconds)
    return ua.DateTime.fromtimestamp(time.timestamp(), UTC)


def said(value: object, time: float | None, *, status: int = 0) -> ua.DataValue:
    return ua.DataValue(
        ua.Variant(value),
        StatusCode=ua.StatusCode(ua.UInt32(status)),
        SourceTimestamp=None if time is None else at(time),
        ServerTimestamp=None,
    )


def told(
    published: float, *values: tuple[int, ua.DataValue], is_all: bool = True
) -> ua.PublishResult:
    items = [ua.MonitoredItemNotification(ua.UInt32(number), value) for number, value in values]
    data = [ua.DataChangeNotification(MonitoredItems=items)] if items else []
    message = ua.NotificationMessage(PublishTime=at(published), NotificationData=data)
    return ua.PublishResult(MoreNotifications=not is_all, NotificationMessage=message)


def told_rows(clock: Literal["source", "server"] = "source") -> ToldRows:
    """Rows of two tags; a change is told of within 1 s, and steady values are repeated after 5."""
    return ToldRows(["A", "B"], uncertain="bad", clock=clock, delay_us=SECOND, repeat_us=5 * SECOND)


def test_a_change_has_the_time_of_its_source_and_the_rows_of_a_message_are_in_order() -> None:
    rows = told_rows()
    rows.take(told(10))

    assert rows.take(told(12, (0, said(5.0, 11.5)), (0, said(6.0, 11.75)), (1, said(7.0, 11)))) == [
        TagRow("B", 11 * SECOND, 7.0),
        TagRow("A", 11_500_000, 5.0),
        TagRow("A", 11_750_000, 6.0),
    ]


def test_a_value_that_changed_long_before_we_ask_holds_now() -> None:
    rows = told_rows()
    rows.take(told(10))

    assert rows.take(told(11, (0, said(5.0, 3)))) == [TagRow("A", 9 * SECOND + 1, 5.0)]


def test_what_does_not_change_is_given_again_as_of_a_time_that_all_is_known_of() -> None:
    rows = told_rows()
    rows.take(told(10, (0, said(5.0, 9.5)), (1, said(7.0, 9.5))))

    assert rows.take(told(14)) == []
    assert rows.take(told(15, (1, said(8.0, 14.5)))) == [
        TagRow("B", 14_500_000, 8.0),
        TagRow("A", 14 * SECOND, 5.0),
    ]
    assert rows.take(told(19)) == []
    assert rows.take(told(20)) == [TagRow("A", 19 * SECOND, 5.0), TagRow("B", 19 * SECOND, 8.0)]


def test_nothing_is_given_again_while_the_server_has_more_to_tell() -> None:
    rows = told_rows()
    rows.take(told(10, (0, said(5.0, 9.5))))

    assert rows.take(told(20, is_all=False)) == []
    assert rows.take(told(20)) == [TagRow("A", 19 * SECOND, 5.0)]


def test_a_status_that_changes_alone_takes_back_what_was_given_again() -> None:
    """Its value, and with it the time of its source, stay as they were."""
    rows = told_rows()
    rows.take(told(10, (0, said(5.0, 9.5))))
    assert rows.take(told(15)) == [TagRow("A", 14 * SECOND, 5.0)]

    broken = said(5.0, 9.5, status=StatusCodes.BadSensorFailure)
    assert rows.take(told(15.5, (0, broken))) == [TagRow("A", 14 * SECOND + 1, None)]
    assert rows.take(told(16, (0, said(5.0, 9.5)))) == [TagRow("A", 14_500_001, 5.0)]


def test_the_value_of_a_slow_clock_comes_after_what_the_last_message_made_sure() -> None:
    """Others have come since it was written last that nothing changed."""
    rows = told_rows()
    rows.take(told(10, (0, said(5.0, 9.5)), (1, said(1.0, 9.5))))
    rows.take(told(13, (0, said(6.0, 12.5))))

    assert rows.take(told(14, (0, said(7.0, 13.5)), (1, said(2.0, 11.5)))) == [
        TagRow("B", 12 * SECOND + 1, 2.0),
        TagRow("A", 13_500_000, 7.0),
    ]


def test_the_value_of_a_fast_clock_holds_now_and_others_come_after_it() -> None:
    rows = told_rows()
    rows.take(told(10))

    assert rows.take(told(11, (0, said(5.0, 3600)), (0, said(6.0, 3601)))) == [
        TagRow("A", 11 * SECOND, 5.0),
        TagRow("A", 11 * SECOND + 1, 6.0),
    ]
    assert rows.take(told(12, (0, said(7.0, 3)))) == [TagRow("A", 11 * SECOND + 2, 7.0)]
    assert rows.take(told(15)) == [TagRow("A", 14 * SECOND, 7.0)]


def test_a_subscription_that_the_server_ends_is_a_lost_connection() -> None:
    ended = ua.StatusChangeNotification(Status=ua.StatusCode(ua.UInt32(StatusCodes.BadTimeout)))
    message = ua.NotificationMessage(NotificationData=[ended])

    with pytest.raises(ConnectionError, match="BadTimeout"):
        told_rows().take(ua.PublishResult(NotificationMessage=message))


@pytest.mark.parametrize(
    ("value", "status", "uncertain", "row_value"),
    [
        (8.5, StatusCodes.Good, "bad", 8.5),
        (True, StatusCodes.Good, "bad", 1.0),
        ("G42", StatusCodes.Good, "bad", "G42"),
        (float("nan"), StatusCodes.Good, "bad", None),
        ([1.0, 2.0], StatusCodes.Good, "bad", None),
        (8.5, StatusCodes.Bad, "good", None),
        (8.5, StatusCodes.BadSensorFailure, "good", None),
        (8.5, StatusCodes.UncertainLastUsableValue, "good", 8.5),
        (8.5, StatusCodes.UncertainLastUsableValue, "bad", None),
    ],
)
def test_what_is_not_good_and_what_is_no_single_value_is_no_data(
    value: object, status: int, uncertain: Literal["good", "bad"], row_value: float | str | None
) -> None:
    value_said = said(value, 3, status=status)

    row = tag_row("A", value_said, uncertain=uncertain, clock="source", published=at(9))

    assert row == TagRow("A", 3 * SECOND, row_value)


@pytest.mark.parametrize(
    ("source", "server", "clock", "seconds"),
    [(3, 4, "source", 3), (3, 4, "server", 4), (None, 4, "source", 4), (3, None, "server", 9)],
)
def test_the_time_is_the_wanted_one_or_the_next_best(
    source: int | None, server: int | None, clock: Literal["source", "server"], seconds: int
) -> None:
    value = said(8.5, source)
    value.ServerTimestamp = None if server is None else at(server)

    row = tag_row("A", value, uncertain="bad", clock=clock, published=at(9))

    assert row.time_us == seconds * SECOND
