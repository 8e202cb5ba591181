"""Gives every decoder as many inputs as told: ``make fuzz``."""

import argparse
import resource
import sys
import time
from collections import Counter

from tests.fuzz.decoders import decoders
from tests.fuzz.mutations import mutations

MAX_GROWTH_MB = 100
"""Of the process over all inputs of a decoder; an input has 60 kB at most."""


def fuzz(name: str, count: int, *, seed: int) -> "Counter[str]":
    """Give a decoder so many inputs, and count what it said of them.

    Raises
    ------
    AssertionError
        If it failed at one, in whatever way; the message shows how to do it again.
    """
    decoder = decoders()[name]
    tally: Counter[str] = Counter()
    before = _peak_mb()
    for number, data in enumerate(mutations(decoder.seeds, count, seed=seed)):
        try:
            tally[decoder.take(data) or "read"] += 1
        except Exception as fault:
            raise AssertionError(
                f"{name}, seed {seed}, input {number}: {data[:500]!r}{'…' * (len(data) > 500)}"
            ) from fault
    growth = _peak_mb() - before
    assert growth < MAX_GROWTH_MB, f"{name}, seed {seed}: memory grew by {growth:.0f} MB"
    return tally


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run all of them, one line each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name in decoders():
        began = time.monotonic()
        tally = fuzz(name, given.inputs, seed=given.seed)
        told = ", ".join(f"{code} {count}" for code, count in tally.most_common())
        seconds = time.monotonic() - began
        sys.stdout.write(f"{name}: {tally.total()} inputs in {seconds:.0f} s: {told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
