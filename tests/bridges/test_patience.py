"""A registry that is away keeps messages waiting, and refuses none."""

import asyncio

import structlog

from stream_detector.bridges.patience import when_registry_answers
from stream_detector.errors import RegistryAwayError


def test_it_is_asked_until_it_answers_and_this_is_said_once() -> None:
    answers = iter([RegistryAwayError("refused"), RegistryAwayError("refused"), None])

    def decode() -> str:
        if (error := next(answers)) is not None:
            raise error
        return "rows"

    with structlog.testing.capture_logs() as told:
        assert asyncio.run(when_registry_answers(decode, asyncio.Event())) == "rows"

    assert [line["event"] for line in told] == ["registry.away", "registry.back"]


def test_the_wait_ends_when_the_bridge_is_stopped() -> None:
    async def stopped() -> str | None:
        stop = asyncio.Event()
        stop.set()
        return await when_registry_answers(away, stop)

    def away() -> str:
        raise RegistryAwayError("refused")

    assert asyncio.run(stopped()) is None
