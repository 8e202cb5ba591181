"""The bytes of Sparkplug B, and what its values mean."""

import pytest

from stream_detector.bridges.mqtt.sparkplug_payload import (
    Payload,
    decode,
    rebirth_command,
    value_of,
)


def test_the_published_bytes_are_read() -> None:
    # By hand, from the field numbers of the specification: timestamp 1000; a metric with the name
    # "v", timestamp 1001, type Double and the value 1.5; number 7.
    metric = b"\x0a\x01v" + b"\x18\xe9\x07" + b"\x20\x0a" + b"\x69" + bytes(6) + b"\xf8\x3f"
    payload = decode(b"\x08\xe8\x07" + b"\x12" + bytes([len(metric)]) + metric + b"\x18\x07")

    assert (payload.timestamp, payload.seq, payload.metrics[0].name) == (1000, 7, "v")
    assert (payload.metrics[0].timestamp, value_of(payload.metrics[0], 10)) == (1001, 1.5)


@pytest.mark.parametrize(
    ("datatype", "sent", "value"),
    [
        (1, 0xFF, -1),
        (1, 0xFFFFFFFF, -1),
        (2, 0x8000, -32768),
        (3, 0xFFFFFFFE, -2),
        (7, 2**31, 2**31),
    ],
)
def test_whole_numbers_have_their_sign(datatype: int, sent: int, value: float) -> None:
    assert value_of(Payload().metrics.add(int_value=sent), datatype) == value


def test_long_numbers_have_their_sign_and_booleans_are_0_and_1() -> None:
    assert value_of(Payload().metrics.add(long_value=2**64 - 5), 4) == -5.0
    assert value_of(Payload().metrics.add(boolean_value=True), 11) == 1.0


@pytest.mark.parametrize(("quality", "value"), [(192, 5.0), (0, None), (500, None)])
def test_a_value_counts_when_its_quality_is_good(quality: int, value: float | None) -> None:
    metric = Payload().metrics.add(double_value=5.0)
    metric.properties.keys.extend(["unit", "Quality"])
    metric.properties.values.add(int_value=1)
    metric.properties.values.add(int_value=quality)

    assert value_of(metric, 10) == value


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_data(number: float) -> None:
    assert value_of(Payload().metrics.add(double_value=number), 10) is None


def test_the_command_for_a_new_birth_is_as_edge_nodes_expect_it() -> None:
    payload = decode(rebirth_command(1_500))

    (metric,) = payload.metrics
    assert (payload.timestamp, metric.name, metric.datatype, metric.boolean_value) == (
        *(1_500, "Node Control/Rebirth"),
        *(11, True),
    )
