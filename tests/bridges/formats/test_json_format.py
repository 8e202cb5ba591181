"""JSON as plants write it -> tag rows."""

from collections.abc import Mapping
from typing import Any

import pytest

from stream_detector.bridges.formats.json_format import JsonFormat
from stream_detector.bridges.formats.settings import FormatTable
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import RowError, SettingsError

T0 = 1_795_317_000_000_000  # 2026-11-22T03:10:00Z
ROW = {"tag": "tag", "time": "t", "value": "v"}


def decode(settings: Mapping[str, Any], value: str | bytes, topic: str = "tags") -> list[TagRow]:
    data = value.encode() if isinstance(value, str) else value
    return JsonFormat(FormatTable.model_validate(settings)).decode(data, topic=topic)


def refused(settings: Mapping[str, Any], value: str | bytes) -> str:
    with pytest.raises(RowError) as caught:
        decode(settings, value)
    return caught.value.code


def test_a_message_may_be_one_row() -> None:
    rows = decode(ROW, '{"tag": "PM3.SPEED", "t": "2026-11-22T05:10:00+02:00", "v": 812, "u": "x"}')

    assert rows == [TagRow("PM3.SPEED", T0, 812.0)]


def test_the_topic_is_the_tag_where_nothing_else_is() -> None:
    rows = decode(
        {"time": "t", "value": "v"}, '{"t": "2026-11-22T03:10:00Z", "v": 1}', "mill/pm3/speed"
    )

    assert rows == [TagRow("mill/pm3/speed", T0, 1.0)]


def test_a_list_of_rows_shares_what_stands_outside_of_it() -> None:
    rows = decode(
        {
            "tag": "{device}/{data.points[*].name}",
            "time": "data.t",
            "time_unit": "ms",
            "value": "data.points[*].v",
        },
        '{"device": "pm3", "data": {"t": 1795317000250, "points": ['
        '{"name": "speed", "v": 8.5}, {"name": "draw", "v": null}]}}',
    )

    assert rows == [TagRow("pm3/speed", T0 + 250_000, 8.5), TagRow("pm3/draw", T0 + 250_000, None)]


def test_lists_may_be_in_lists_and_rows_be_pairs() -> None:
    rows = decode(
        {
            "tag": "[*].metric",
            "time": "[*].values[*][0]",
            "time_unit": "s",
            "value": "[*].values[*][1]",
        },
        '[{"metric": "a", "values": [[1795317000, 1], [1795317001.5, 2]]},'
        ' {"metric": "b", "values": []}, {"metric": "c", "values": [[1795317000, 3]]}]',
    )

    assert rows == [
        TagRow("a", T0, 1.0),
        TagRow("a", T0 + 1_500_000, 2.0),
        TagRow("c", T0, 3.0),
    ]


def test_a_wide_message_has_a_row_per_entry() -> None:
    rows = decode(
        {"tag": "{id}.{$name}", "time": "ts", "value": "values[*]"},
        '{"id": "pm3", "ts": "2026-11-22T03:10:00Z", "values": {"speed": 8.5, "grade": "G42"}}',
    )

    assert rows == [TagRow("pm3.speed", T0, 8.5), TagRow("pm3.grade", T0, "G42")]


def test_a_flat_message_gives_no_row_for_its_own_time_and_name() -> None:
    rows = decode(
        {"tag": "{id}.{$name}", "time": "ts", "value": "[*]"},
        '{"id": "pm3", "ts": "2026-11-22T03:10:00Z", "speed": 8.5, "draw": 2}',
    )

    assert rows == [TagRow("pm3.speed", T0, 8.5), TagRow("pm3.draw", T0, 2.0)]


def test_a_value_that_is_not_good_is_no_data() -> None:
    paths = {"tag": "{$name}", "time": "t", "value": "tags[*].v", "quality": "tags[*].q"}
    settings = paths | {"good": ["Good", 192]}
    message = (
        '{"t": "2026-11-22T03:10:00Z", "tags": {"a": {"v": 1, "q": "Good"}, '
        '"b": {"v": 2, "q": "Bad"}, "c": {"v": 3, "q": 192}, "d": {"v": 4, "q": 0}}}'
    )

    assert [row.value for row in decode(settings, message)] == [1.0, None, 3.0, None]


@pytest.mark.parametrize("quality", ["", ', "q": null'])
def test_a_row_without_a_quality_is_good_only_if_the_configuration_says_so(quality: str) -> None:
    settings = ROW | {"quality": "q", "good": ["Good"]}
    message = f'{{"tag": "a", "t": "2026-11-22T03:10:00Z", "v": 1{quality}}}'

    assert decode(settings | {"good_if_missing": True}, message)[0].value == 1.0
    if quality:
        assert decode(settings, message)[0].value is None
    else:
        assert refused(settings, message) == "missing"


@pytest.mark.parametrize(
    ("written", "value", "n_not_finite"),
    [
        ("NaN", None, 1),
        ("-Infinity", None, 1),
        ("null", None, 0),
        ("true", 1.0, 0),
        ("false", 0.0, 0),
        ('"12.5"', "12.5", 0),
        ("-0.5e1", -5.0, 0),
        ("123456789012345678901234567890", 123456789012345678901234567890.0, 0),
    ],
)
def test_a_value_is_a_number_a_text_or_no_data(
    written: str, value: object, n_not_finite: int
) -> None:
    form = JsonFormat(FormatTable.model_validate(ROW))
    message = f'{{"tag": "a", "t": "2026-11-22T03:10:00Z", "v": {written}}}'

    assert form.decode(message.encode(), topic="tags") == [TagRow("a", T0, value)]  # type: ignore[arg-type]
    assert form.layout.n_not_finite == n_not_finite


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", "empty"),
        (b" " * 1_000_001, "too-large"),
        (b"[" * 100, "too-deep"),
        (b"{", "not-json"),
        (b"\xff", "not-json"),
        (b"3", "missing"),
        (b'{"tag": "a", "t": "2026-11-22T03:10:00Z"}', "missing"),
        (b'{"tag": "a", "t": "2026-11-22T03:10:00Z", "v": []}', "value"),
        (b'{"tag": "a", "t": "2026-11-22T03:10:00Z", "v": 1e999}', "value"),
        (b'{"tag": "a", "t": "2026-11-22T03:10:00Z", "v": ' + b"9" * 400 + b"}", "value"),
        (b'{"tag": "a", "t": "2026-11-22T03:10:00Z", "v": "' + b"x" * 201 + b'"}', "value"),
        (b'{"tag": "a", "t": "2026-11-22T03:10:00Z", "v": "\\ud800"}', "value"),
        (b'{"tag": "", "t": "2026-11-22T03:10:00Z", "v": 1}', "tag"),
        (b'{"tag": null, "t": "2026-11-22T03:10:00Z", "v": 1}', "tag"),
        (b'{"tag": "a", "t": "2026-11-22T03:10:00", "v": 1}', "time"),
        (b'{"tag": "a", "t": "22.11.2026 03:10", "v": 1}', "time"),
        (b'{"tag": "a", "t": "1970-01-01T00:00:00Z", "v": 1}', "time"),
        (b'{"tag": "a", "t": 1795317000, "v": 1}', "time"),
    ],
)
def test_a_message_that_cannot_be_used_is_refused_with_a_code(message: bytes, code: str) -> None:
    assert refused(ROW, message) == code


def test_one_wrong_row_refuses_the_whole_message() -> None:
    settings = {"tag": "{$name}", "time": "t", "value": "v[*]"}

    assert refused(settings, '{"t": "2026-11-22T03:10:00Z", "v": {"a": 1, "b": [1]}}') == "value"


def test_the_entry_that_refuses_a_wide_message_is_named() -> None:
    flat = {"tag": "{$name}", "time": "t", "value": "[*]"}
    with pytest.raises(RowError) as caught:
        decode(flat, '{"t": "2026-11-22T03:10:00Z", "speed": 8.5, "state": {"on": true}}')
    assert caught.value.reason == (
        "in 'state': the value is an object, expected a number, a text or null"
    )

    deep = {"tag": "{$name}", "time": "t", "value": "m[*].s[*].v"}
    with pytest.raises(RowError) as caught:
        decode(deep, '{"t": "2026-11-22T03:10:00Z", "m": {"pm3": {"s": {"speed": {}}}}}')
    assert caught.value.reason == "in 'pm3': in 'speed': there is no v in the message"


def test_a_message_of_too_many_rows_is_refused() -> None:
    settings = {"time": "t", "value": "v[*]"}
    message = '{"t": "2026-11-22T03:10:00Z", "v": [%s]}'

    assert len(decode(settings, message % ",".join(["1"] * 10_000))) == 10_000
    assert refused(settings, message % ",".join(["1"] * 10_001)) == "too-many"


@pytest.mark.parametrize(
    ("unit", "written", "time_us"),
    [
        ("s", "1795317000.25", T0 + 250_000),
        ("ms", "1795317000250", T0 + 250_000),
        ("us", "1795317000250001", T0 + 250_001),
        ("ns", "1795317000250001999", T0 + 250_001),
    ],
)
def test_a_time_may_be_a_number(unit: str, written: str, time_us: int) -> None:
    message = f'{{"tag": "a", "t": {written}, "v": 1}}'

    assert decode(ROW | {"time_unit": unit}, message) == [TagRow("a", time_us, 1.0)]


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("ms", "1795317000"),  # seconds
        ("s", "1795317000000"),  # milliseconds
        ("s", "NaN"),
        ("s", "1e300"),
        ("s", "9" * 4000),
        ("s", "true"),
        ("s", '"1795317000"'),
    ],
)
def test_a_number_of_another_unit_is_no_time(unit: str, written: str) -> None:
    assert refused(ROW | {"time_unit": unit}, f'{{"tag": "a", "t": {written}, "v": 1}}') == "time"


def test_a_time_without_a_zone_is_of_the_zone_that_the_configuration_says() -> None:
    settings = ROW | {"time_zone": "Europe/Helsinki"}

    assert decode(settings, '{"tag": "a", "t": "2026-11-22T05:10:00", "v": 1}')[0].time_us == T0
    assert decode(settings, '{"tag": "a", "t": "2026-11-22T03:10:00Z", "v": 1}')[0].time_us == T0
    # When clocks are set forward, they never show that.
    assert refused(settings, '{"tag": "a", "t": "2026-03-29T03:30:00", "v": 1}') == "time"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"time": "a..b"}, "'a..b' is no path"),
        ({"value": "a[b]"}, "is no path"),
        ({"tag": "{a}}"}, "braces"),
        ({"time_zone": "Europe/Nowhere"}, "no time zone"),
        ({"tag": "x[*].a", "value": "y[*].v"}, "different lists"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(settings: dict[str, str], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason.replace("[", r"\[")):
        JsonFormat(FormatTable.model_validate(ROW | settings))
