"""A batch laid out in rounds, so that all its machines advance at once.

What a machine remembers (how long each sensor has rested, the running mean) depends on
its readings one after the other. Different machines do not depend on each other: so the
first readings of all machines of a batch are one step of NumPy, then the second ones,
and so on. A batch of one reading each of 64 machines takes one step instead of 64.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", np.float64, np.int32)


@dataclass(frozen=True)
class Rounds:
    """The places of a batch's readings, round after round.

    Parameters
    ----------
    order : list of int
        Places in the batch: the first readings of all machines, then the second ones of
        those that have a second, and so on.
    sizes : list of int
        Machines in each round. Those with most readings come first, so the machines of
        a round are the first ones of the round before.

    Examples
    --------
    >>> Rounds.of([[0], [1, 2, 4], [3, 5]])
    Rounds(order=[1, 3, 0, 2, 5, 4], sizes=[3, 2, 1])
    """

    order: list[int]
    sizes: list[int]

    @classmethod
    def of(cls, places: Iterable[Sequence[int]]) -> "Rounds":
        """Lay out a batch; ``places`` are those of each machine's readings, in their order."""
        longest_first = sorted(places, key=len, reverse=True)
        rounds = [
            [place for place in round_ if place is not None]
            for round_ in zip_longest(*longest_first)
        ]
        return cls([place for round_ in rounds for place in round_], [len(one) for one in rounds])


def recur(
    before: NDArray[Number],
    keep: NDArray[Number],
    gain: NDArray[Number],
    *,
    sizes: Sequence[int],
) -> NDArray[Number]:
    """Advance ``x[t] = keep[t] * x[t-1] + gain[t]`` along the readings of each machine.

    Elementwise, so a machine's numbers are the same bits in any batch.

    Parameters
    ----------
    before : array, shape (sizes[0], p)
        Where each machine stands before its first reading, in the order of the first round.
    keep : array, shape (n, p) or (n, 1)
    gain : array, shape (n, p)
        In the order of the rounds, like the result.
    sizes : sequence of int
        Machines in each round; they sum to n.

    Returns
    -------
    array, shape (n, p)

    Examples
    --------
    Two machines, of which the first has a second reading:

    >>> x = recur(
    ...     np.array([[1.0], [10.0]]),
    ...     keep=np.array([[0.5], [0.5], [0.5]]),
    ...     gain=np.array([[0.0], [1.0], [3.0]]),
    ...     sizes=[2, 1],
    ... )
    >>> x.ravel()
    array([0.5 , 6.  , 3.25])
    """
    after = np.empty_like(gain)
    begin = 0
    for size in sizes:
        end = begin + size
        now = after[begin:end]
        np.multiply(before[:size], keep[begin:end], out=now)
        now += gain[begin:end]
        before, begin = now, end
    return after
