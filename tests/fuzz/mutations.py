"""Inputs that are almost right: seeds, changed here and there by chance."""

import random
from collections.abc import Callable, Iterator, Sequence

MAX_BYTES = 60_000

_ODD = (
    *(b"null", b"NaN", b"-Infinity", b"1e999", b"-0.0", b"9" * 400, b"9" * 5000, b"1e-400"),
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"=", b"\n", b"#", b"'''", b"[[", b"."),
    *(b"[" * 100, b"[" * 20_000, b'{"a":' * 3000, b"]" * 50, b"x=" + b"[" * 3000, b"a." * 500),
    *(b'"\\ud800"', b'"\\u0000"', b"\xff", b"\x00", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80"),
    *(
        b"x" * 201,
        b"true",
        b"0",
        b"-1",
        b"1",
        b'""',
        b"9223372036854775808",
        b"18446744073709551616",
    ),
    *(
        b"2026-11-22T03:10:00Z",
        b"0001-01-01T00:00:00+23:59",
        b"9999-12-31T23:59:60Z",
        b"2026-02-30",
    ),
    # MessagePack: lists and maps of 4 thousand million, deep ones, a time of its own.
    *(b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\x91" * 5000, b"\xc6\xff\xff\xff\xff"),
    *(
        b"\xd7\xff" + b"\xff" * 8,
        b"\xcf" + b"\xff" * 8,
        b"\xd3\x80" + b"\x00" * 7,
        b"\xc1",
        b"\xc0",
    ),
)


def mutations(seeds: Sequence[bytes], count: int, *, seed: int) -> Iterator[bytes]:
    """Give so many inputs, each made of one of the seeds by one to four changes."""
    chance = random.Random(seed)
    for _ in range(count):
        data = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 4))):
            data = chance.choice(_CHANGES)(data, seeds, chance)
        yield data[:MAX_BYTES]


def _flip(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    place = chance.randrange(len(data) + 1)
    return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]


def _insert(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.choice(_ODD) + data[place:]


def _replace(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + chance.choice(_ODD) + data[end:]


def _cut(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def _repeat(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 1, 2, 50)) + data[end:]


def _swap_token(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    """Put something odd in the place of a whole value, so that the rest still fits."""
    places = [place for place, byte in enumerate(data) if byte in b":,=[ "]
    if not places:
        return data
    start = chance.choice(places) + 1
    end = next((one for one in places if one > start), len(data))
    return data[:start] + chance.choice(_ODD) + data[end:]


def _splice(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(seeds)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _span(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(start + chance.choice((1, 2, 8, 40)), len(data))


_Change = Callable[[bytes, Sequence[bytes], random.Random], bytes]
_CHANGES: tuple[_Change, ...] = (_flip, _insert, _replace, _cut, _repeat, _swap_token, _splice)
