"""What a decoder is to those that try it with any input."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Decoder:
    """One decoder: what to begin with, and a function that takes an input.

    That gives the reason code of a refusal, or None; it raises what is a fault of ours.
    """

    seeds: Sequence[bytes]
    take: Callable[[bytes], str | None]
