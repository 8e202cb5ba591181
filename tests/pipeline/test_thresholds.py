"""What people want of a threshold, as they write it, and what is refused."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_detector.detection.threshold import HIGHEST_PER_DAY, Budget, Fixed, Rate, Threshold
from stream_detector.errors import SettingsError
from stream_detector.pipeline.thresholds import (
    ThresholdSetting,
    ThresholdTable,
    decode_setting,
    parse_threshold,
    setting_of,
)

positive = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
thresholds: st.SearchStrategy[Threshold] = (
    st.builds(Fixed, st.floats(0, 1000, exclude_min=True))
    | st.builds(Rate, st.floats(0, 1, exclude_min=True, exclude_max=True))
    | st.builds(Budget, st.floats(0, HIGHEST_PER_DAY, exclude_min=True))
)


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("budget:6", Budget(6.0)),
        ("budget:0.5", Budget(0.5)),
        ("rate:0.01", Rate(0.01)),
        ("fixed:3.1", Fixed(3.1)),
        ("fixed:1e-3", Fixed(0.001)),
        ("fixed: 3.1 ", Fixed(3.1)),
    ],
)
def test_people_type_a_kind_and_a_number(text: str, threshold: Threshold) -> None:
    assert parse_threshold(text) == threshold


@pytest.mark.parametrize(
    "text",
    [
        "",
        "6",
        ":6",
        "budget",
        "budget:",
        "budget:six",
        "budget:0",
        "budget:-1",
        "budget:nan",
        "budget:inf",
        "budget:1e999",
        "budget:6:7",
        "budget=6",
        "Budget:6",
        "rate:1",
        "rate:1.5",
        "rate:0",
        "share:0.01",
        "fixed:-0.0",
    ],
)
def test_anything_else_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(SettingsError, match=r"expected budget:N .*, rate:S .* or fixed:T"):
        parse_threshold(text)


@pytest.mark.parametrize(
    ("data", "threshold"),
    [
        (b'{"kind": "fixed", "value": 3.1}', Fixed(3.1)),
        (b'{"kind": "rate", "share": 0.01, "version": 3}', Rate(0.01)),
        (b'{"kind": "budget", "per_day": 6, "set_by": "ann", "more": [1]}', Budget(6.0)),
        (b'{"kind": "budget", "per_day": 86400}', Budget(86_400.0)),
    ],
)
def test_an_entry_of_the_hash_is_read(data: bytes, threshold: Threshold) -> None:
    assert decode_setting(data).threshold == threshold


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"6",
        b"null",
        b"[]",
        b"\xff",
        b"{",
        b"{}",
        b'{"kind": "fixed"}',
        b'{"kind": "fixed", "value": null}',
        b'{"kind": "fixed", "share": 0.01}',
        b'{"kind": "fixed", "value": "3.1"}',
        b'{"kind": "fixed", "value": true}',
        b'{"kind": "fixed", "value": 0}',
        b'{"kind": "fixed", "value": -3}',
        b'{"kind": "fixed", "value": NaN}',
        b'{"kind": "fixed", "value": Infinity}',
        b'{"kind": "fixed", "value": 1e999}',
        b'{"kind": "fixed", "value": 1' + b"0" * 400 + b"}",
        b'{"kind": "rate", "share": 1}',
        b'{"kind": "rate", "share": 1.5}',
        b'{"kind": "budget", "per_day": 0}',
        b'{"kind": "budget", "per_day": 86401}',
        b'{"kind": "budget", "per_day": 6, "value": 3}',
        b'{"kind": "budget", "per_day": 6, "version": "1"}',
        b'{"kind": "budget", "per_day": 6, "version": -1}',
        b'{"kind": "budget", "per_day": 6, "set_at": "2026-11-22T03:10:00"}',
        b'{"kind": "quota", "per_day": 6}',
        b'{"kind": "fixed", "value": 1000.1}',
        b'{"kind": "budget", "per_day": 6, "more": ' + b"[" * 100_000,
    ],
)
def test_a_malformed_entry_is_refused(data: bytes) -> None:
    with pytest.raises(SettingsError, match="threshold"):
        decode_setting(data)


@given(thresholds)
def test_what_is_written_down_is_read_again(threshold: Threshold) -> None:
    at = datetime(2026, 11, 22, 3, 10, tzinfo=UTC)
    setting = setting_of(threshold, version=3, set_by="ann", set_at=at)

    read = decode_setting(msgspec.json.encode(setting))

    assert read == setting
    assert read.threshold == threshold


def test_an_entry_holds_only_the_number_of_its_kind() -> None:
    setting = setting_of(Budget(6.0), version=1)

    assert json.loads(msgspec.json.encode(setting)) == {
        "kind": "budget",
        "per_day": 6.0,
        "version": 1,
    }
    assert setting.source() == {"kind": "budget", "per_day": 6.0}


def test_a_kind_without_its_number_says_which_it_needs() -> None:
    with pytest.raises(SettingsError, match="'rate' needs 'share'"):
        _ = ThresholdSetting(kind="rate").threshold


def test_a_machines_own_threshold_wins_over_that_of_all_and_that_over_the_default() -> None:
    own = {"pm3": Fixed(3.0)}

    assert ThresholdTable(Budget(6.0)).of("pm3") == Budget(6.0)
    assert ThresholdTable(Budget(6.0), own).of("pm3") == Fixed(3.0)
    assert ThresholdTable(Budget(6.0), own).of("pm4") == Budget(6.0)
    assert ThresholdTable(Budget(6.0), {**own, "*": Rate(0.01)}).of("pm3") == Fixed(3.0)
    assert ThresholdTable(Budget(6.0), {**own, "*": Rate(0.01)}).of("pm4") == Rate(0.01)


def test_a_machine_keeps_what_it_took_where_nobody_knows_what_is_wanted_of_it() -> None:
    own, taken = {"pm3": Fixed(3.0)}, Fixed(9.0)
    nothing_known = ThresholdTable(Budget(6.0), unknown=frozenset({"*"}))
    all_but_pm4 = ThresholdTable(Budget(6.0), own, unknown=frozenset({"pm4"}))

    assert nothing_known.of("pm3", taken) == taken
    assert nothing_known.of("pm3") == Budget(6.0)
    assert all_but_pm4.of("pm4", taken) == taken
    assert all_but_pm4.of("pm3", taken) == Fixed(3.0)
    assert all_but_pm4.of("pm5", taken) == Budget(6.0)
