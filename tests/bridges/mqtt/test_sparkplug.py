"""Births, data and deaths of Sparkplug edge nodes, read one message after the other."""

from typing import Any

import pytest

from stream_detector.bridges.mqtt.sparkplug import EdgeNodes, Heard, NodeName
from stream_detector.bridges.mqtt.sparkplug_payload import Payload
from stream_detector.bridges.rows import TagRow
from stream_detector.errors import RowError
from tests.bridges.mqtt.edge_node import INT32, EdgeNode, Message

NOW_US = 9_000_000


class Host:
    """Takes the messages of one test."""

    def __init__(self) -> None:
        self.nodes = EdgeNodes(max_skew_us=60_000_000)

    def take(
        self, message: Message, *, received_us: int = NOW_US, is_repeat: bool = False
    ) -> list[TagRow]:
        return self.hear(message, received_us=received_us, is_repeat=is_repeat).rows

    def hear(
        self, message: Message, *, received_us: int = NOW_US, is_repeat: bool = False
    ) -> Heard:
        return self.nodes.take(*message, received_us=received_us, is_repeat=is_repeat)

    def refuses(self, message: Message, code: str, *, received_us: int = NOW_US) -> None:
        with pytest.raises(RowError) as refused:
            self.take(message, received_us=received_us)
        assert refused.value.code == code


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def node() -> EdgeNode:
    return EdgeNode("mill/pm3")


def test_a_birth_gives_what_is(host: Host, node: EdgeNode) -> None:
    assert host.take(node.birth(1_000, speed=812.5, draw=None)) == [
        TagRow("mill/pm3/speed", 1_000_000, 812.5),
        TagRow("mill/pm3/draw", 1_000_000, None),
    ]


def test_data_goes_by_the_numbers_of_the_birth(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))
    host.take(node.device_birth("wire", 1_001, tension=3.0))

    assert host.take(node.data(2_000, speed=813.0)) == [TagRow("mill/pm3/speed", 2_000_000, 813.0)]
    assert host.take(node.data(2_001, "wire", tension=3.5)) == [
        TagRow("mill/pm3/wire/tension", 2_001_000, 3.5)
    ]


def test_each_metric_has_its_own_time(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5, draw=1.0))
    payload = Payload(timestamp=2_000, seq=1)
    payload.metrics.add(alias=0, timestamp=1_990, double_value=1.0)
    payload.metrics.add(alias=1, double_value=2.0)

    rows = host.take(Message("spBv1.0/mill/NDATA/pm3", payload.SerializeToString()))

    assert [row.time_us for row in rows] == [1_990_000, 2_000_000]


def test_a_birth_says_what_is_now_though_the_value_came_long_ago(host: Host) -> None:
    payload = Payload(timestamp=5_000, seq=0)
    payload.metrics.add(name="grade", timestamp=1, string_value="42", datatype=12)

    rows = host.take(Message("spBv1.0/mill/NBIRTH/pm3", payload.SerializeToString()))

    assert rows == [TagRow("mill/pm3/grade", 5_000_000, "42")]


def test_the_type_of_a_number_may_stand_in_the_birth_alone(host: Host) -> None:
    birth = Payload(timestamp=1_000, seq=0)
    birth.metrics.add(name="level", alias=4, int_value=1, datatype=INT32)
    host.take(Message("spBv1.0/mill/NBIRTH/pm3", birth.SerializeToString()))
    data = Payload(timestamp=1_001, seq=1)
    data.metrics.add(alias=4, int_value=0xFFFFFFFF)

    rows = host.take(Message("spBv1.0/mill/NDATA/pm3", data.SerializeToString()))

    assert rows == [TagRow("mill/pm3/level", 1_001_000, -1.0)]


def test_a_device_that_dies_has_no_data(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))
    host.take(node.device_birth("wire", 1_001, tension=3.0, draw=1.0))

    assert host.take(node.device_death("wire", 2_000)) == [
        TagRow("mill/pm3/wire/draw", 2_000_000, None),
        TagRow("mill/pm3/wire/tension", 2_000_000, None),
    ]


def test_a_node_that_dies_has_no_data_nor_have_its_devices(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))
    host.take(node.device_birth("wire", 1_001, tension=3.0))

    rows = host.take(node.death(), received_us=7_000_000)

    assert rows == [
        TagRow("mill/pm3/speed", 7_000_000, None),
        TagRow("mill/pm3/wire/tension", 7_000_000, None),
    ]


def test_a_death_comes_after_all_that_was_heard(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(8_000, speed=812.5))

    rows = host.take(node.death(), received_us=7_000_000)

    assert rows == [TagRow("mill/pm3/speed", 8_000_001, None)]


def test_a_death_does_not_wait_for_a_time_of_a_wrong_clock(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))
    host.take(node.device_birth("wire", 1_001, tension=3.0))
    host.take(node.data(3_600_000, speed=77.0))
    host.take(node.data(2_000, speed=813.0))

    assert host.take(node.device_death("wire", 3_600_000)) == [
        TagRow("mill/pm3/wire/tension", NOW_US, None)
    ]
    assert host.take(node.death())[0] == TagRow("mill/pm3/speed", NOW_US + 1, None)


def test_the_death_of_a_session_before_the_last_birth_is_passed_over(
    host: Host, node: EdgeNode
) -> None:
    host.take(node.birth(1_000, speed=812.5))
    old_death = node.death()
    node.birth_number = 1
    host.take(node.birth(2_000, speed=813.0))

    assert host.take(old_death) == []
    assert host.take(node.data(3_000, speed=814.0))


def test_after_a_death_data_waits_for_a_birth(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))
    host.take(node.death())

    host.refuses(node.data(3_000, speed=814.0), "no-birth")

    assert host.nodes.rebirths() == {NodeName("mill", "pm3")}
    assert host.take(node.birth(4_000, speed=815.0))
    assert host.take(node.data(5_000, speed=816.0))


def test_data_of_a_node_that_was_never_born_asks_for_a_birth(host: Host, node: EdgeNode) -> None:
    host.refuses(node.data(3_000, speed=814.0), "no-birth")

    assert host.nodes.rebirths() == {NodeName("mill", "pm3")}
    assert host.nodes.rebirths() == set()


def test_a_missing_message_asks_for_a_birth(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))
    node.data(2_000, speed=1.0)  # is lost

    host.refuses(node.data(3_000, speed=814.0), "no-birth")

    assert host.nodes.rebirths() == {NodeName("mill", "pm3")}


def test_a_node_is_not_asked_again_at_once(host: Host, node: EdgeNode) -> None:
    for received_us in (0, 1_000_000, 9_999_999):
        host.refuses(node.data(3_000, speed=814.0), "no-birth", received_us=received_us)
    assert len(host.nodes.rebirths()) == 1
    host.refuses(node.data(3_000, speed=814.0), "no-birth", received_us=9_999_999)
    assert host.nodes.rebirths() == set()

    host.refuses(node.data(3_000, speed=814.0), "no-birth", received_us=10_000_000)

    assert len(host.nodes.rebirths()) == 1


def test_numbers_begin_anew_after_255(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))

    taken = [host.take(node.data(2_000 + number, speed=1.0)) for number in range(600)]

    assert all(taken)


def test_what_the_broker_sends_again_is_taken_once(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))
    first, second = node.data(2_000, speed=1.0), node.data(2_001, speed=2.0)
    host.take(first)
    host.take(second)

    assert host.take(first, is_repeat=True) == []
    assert host.take(second, is_repeat=True) == []
    assert host.take(node.data(2_002, speed=3.0), is_repeat=True)


def test_after_a_session_that_was_lost_no_number_is_trusted(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))
    host.nodes.forget()

    host.refuses(node.data(2_000, speed=1.0), "no-birth")


def test_what_was_kept_and_sent_later_is_not_for_live_readings(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))

    heard = host.hear(node.data(500, historical=True, speed=1.0))

    assert heard.rows == []
    assert [(error.code, "1 metric of 'mill/pm3'" in error.reason) for error in heard.left_out] == [
        ("historical", True)
    ]
    assert host.take(node.data(2_000, speed=2.0))


def test_a_metric_that_no_birth_named_is_left_out_alone(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5))

    heard = host.hear(node.data(2_000, draw=1.0, speed=2.0))

    assert heard.rows == [TagRow("mill/pm3/speed", 2_000_000, 2.0)]
    assert [error.code for error in heard.left_out] == ["unborn"]
    assert "'mill/pm3/draw'" in heard.left_out[0].reason


def test_a_metric_whose_name_has_no_end_is_left_out_alone(host: Host, node: EdgeNode) -> None:
    longest = "n" * (1_000 - len("mill/pm3/"))
    born = host.hear(node.birth(1_000, **{longest: 1.0, longest + "n": 2.0}))
    data: dict[str, Any] = {longest: 3.0, "n" * 600_000: 4.0}
    heard = host.hear(node.data(2_000, **data))

    assert [row.value for row in (*born.rows, *heard.rows)] == [1.0, 3.0]
    assert [error.code for error in (*born.left_out, *heard.left_out)] == ["tag", "tag"]
    assert all(len(error.reason) < 200 for error in heard.left_out)


def test_a_birth_leaves_no_data_of_what_it_does_not_name(host: Host, node: EdgeNode) -> None:
    host.take(node.birth(1_000, speed=812.5, draw=1.0))
    host.take(node.device_birth("wire", 1_001, tension=3.0))

    assert host.take(node.birth(2_000, speed=813.0)) == [
        TagRow("mill/pm3/draw", 2_000_000, None),
        TagRow("mill/pm3/wire/tension", 2_000_000, None),
        TagRow("mill/pm3/speed", 2_000_000, 813.0),
    ]


def test_a_birth_without_a_number_is_none(host: Host, node: EdgeNode) -> None:
    """As the empty message that takes a retained one away."""
    host.take(node.birth(1_000, speed=812.5))

    host.refuses(Message("spBv1.0/mill/NBIRTH/pm3", b""), "not-sparkplug")

    assert host.take(node.data(2_000, speed=813.0))


@pytest.mark.parametrize("time_ms", [253_402_300_800_000, 2**64 - 1])
def test_a_time_beyond_all_years_is_refused(host: Host, node: EdgeNode, time_ms: int) -> None:
    host.take(node.birth(1_000, speed=812.5))

    host.refuses(node.data(time_ms, speed=1.0), "time")


def test_a_message_without_any_time_is_refused(host: Host) -> None:
    payload = Payload(seq=0)
    payload.metrics.add(name="speed", double_value=1.0)

    host.refuses(Message("spBv1.0/mill/NBIRTH/pm3", payload.SerializeToString()), "no-time")


@pytest.mark.parametrize(
    "topic",
    [
        *("spBv1.0/mill/NDATA", "spBv1.0/mill/NDATA/pm3/wire", "spBv1.0/mill/DDATA/pm3"),
        *("spAv1.0/mill/NDATA/pm3", "spBv1.0/mill/NEWS/pm3", "spBv1.0//NDATA/pm3"),
    ],
)
def test_a_topic_of_something_else_is_refused(host: Host, topic: str) -> None:
    host.refuses(Message(topic, b""), "not-sparkplug")


def test_bytes_that_are_no_payload_are_refused(host: Host) -> None:
    host.refuses(Message("spBv1.0/mill/NDATA/pm3", b'{"value": 1}'), "not-sparkplug")


@pytest.mark.parametrize("topic", ["spBv1.0/STATE/scada", "spBv1.0/mill/NCMD/pm3"])
def test_what_host_applications_say_is_passed_over(host: Host, topic: str) -> None:
    assert host.hear(Message(topic, b"{}")) == Heard([])
