"""A batch in rounds: each machine sees its own past only, and the same bits as alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_detector.detection.rounds import Rounds, recur

batches = st.lists(st.integers(0, 4), max_size=40)
"""Whose each reading of a batch is."""


def places_of(batch: list[int]) -> dict[int, list[int]]:
    places: dict[int, list[int]] = {}
    for place, machine in enumerate(batch):
        places.setdefault(machine, []).append(place)
    return places


@given(batch=batches)
def test_every_reading_stands_once_and_those_of_a_machine_in_order(batch: list[int]) -> None:
    rounds = Rounds.of(places_of(batch).values())

    assert sorted(rounds.order) == list(range(len(batch)))
    for places in places_of(batch).values():
        assert [place for place in rounds.order if place in places] == places


@given(batch=batches)
def test_the_machines_of_a_round_are_the_first_ones_of_the_round_before(batch: list[int]) -> None:
    rounds = Rounds.of(places_of(batch).values())
    begin, before = 0, None
    for size in rounds.sizes:
        machines = [batch[place] for place in rounds.order[begin : begin + size]]
        assert len(set(machines)) == size
        assert before is None or machines == before[:size]
        begin, before = begin + size, machines

    assert begin == len(batch)


@given(batch=batches, seed=st.integers(0, 99))
def test_a_machine_among_others_gets_the_same_bits_as_alone(batch: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    keep, gain = random.normal(size=(2, len(batch), 3))
    start = random.normal(size=(5, 3))
    rounds = Rounds.of(places_of(batch).values())
    machines = [batch[place] for place in rounds.order[: max(rounds.sizes, default=0)]]

    together = np.empty((len(batch), 3))
    together[rounds.order] = recur(
        start[machines], keep[rounds.order], gain[rounds.order], sizes=rounds.sizes
    )

    for machine, places in places_of(batch).items():
        x = start[machine]
        for place in places:
            x = keep[place] * x + gain[place]
            assert together[place].tobytes() == x.tobytes()
