"""Whatever comes in, a decoder reads it or refuses it with a reason; nothing ends the process."""

import pytest

from tests.fuzz.decoders import decoders
from tests.fuzz.run import fuzz

N_INPUTS = 10_000


@pytest.mark.parametrize("name", decoders())
def test_ten_thousand_inputs_are_read_or_refused_with_a_reason(name: str) -> None:
    tally = fuzz(name, N_INPUTS, seed=1)

    assert tally.total() == N_INPUTS
    # Inputs that are all refused, or all taken, would show little.
    assert len(tally) > 1
    assert tally["read"] > 100
