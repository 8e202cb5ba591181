"""Partitions as one log: in the order of Kafka's times, however they are read."""

from hypothesis import given
from hypothesis import strategies as st

from stream_detector.bridges.tags.merging import Merge

# Of each of three partitions, the stamps of its messages; and in what order they are fetched.
logs = st.lists(st.lists(st.integers(0, 20), max_size=8), min_size=3, max_size=3)
fetches = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), max_size=20)


def in_order(log: list[list[int]], fetches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Partition and number of each message as they come out; the rest is fetched in the end."""
    merge = Merge[tuple[int, int]](range(3))
    fetched = [0, 0, 0]
    for one in range(3):
        if not log[one]:
            merge.set_ended(one)
    told: list[tuple[int, int]] = []
    for partition, count in [*fetches, (0, 8), (1, 8), (2, 8)]:
        for number in range(
            fetched[partition], min(fetched[partition] + count, len(log[partition]))
        ):
            merge.add(partition, log[partition][number], (partition, number))
            fetched[partition] = number + 1
        if fetched[partition] == len(log[partition]):
            merge.set_ended(partition)
        told += merge.ready()
    return [*told, *merge.ready()]


@given(logs, fetches, fetches)
def test_the_order_does_not_depend_on_which_partition_is_read_first(
    log: list[list[int]], one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    told = in_order(log, one)

    assert sorted(told) == [(p, n) for p, stamps in enumerate(log) for n in range(len(stamps))]
    assert in_order(log, other) == told


@given(logs)
def test_what_is_there_already_comes_in_the_order_of_its_times(log: list[list[int]]) -> None:
    log = [sorted(stamps) for stamps in log]
    stamps = [log[partition][number] for partition, number in in_order(log, [(0, 1), (1, 3)])]

    assert stamps == sorted(stamps)


def test_nothing_passes_a_partition_of_which_nothing_came_yet() -> None:
    merge = Merge[str]([0, 1])
    merge.add(0, 10, "a")

    assert list(merge.ready()) == []
    assert merge.waits_for == [1]


def test_what_is_new_waits_a_round_for_a_partition_at_its_end() -> None:
    merge = Merge[str]([0, 1])
    merge.set_ended(1)
    merge.add(0, 30, "c")
    first = list(merge.ready())
    merge.add(1, 20, "b")
    merge.set_ended(1)

    assert first == []
    assert list(merge.ready()) == ["b", "c"]


def test_a_partition_that_is_not_at_its_end_holds_up_the_others() -> None:
    merge = Merge[str]([0, 1])
    for stamp in (10, 20, 30):
        merge.add(0, stamp, f"a{stamp}")
    merge.add(1, 20, "b20")
    merge.set_ended(0)

    assert list(merge.ready()) == ["a10", "a20", "b20"]
    assert merge.n_waiting(0) == 1
    merge.set_ended(1)
    assert list(merge.ready()) == ["a30"]
