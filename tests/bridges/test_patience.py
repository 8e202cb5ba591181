"""A registry that is away keeps messages waiting, and refuses none."""

import asyncio

import structlog

from stream_detector.bridges.patience import when_registry_answers
from stream_detector.connections.health_report import Status
from stream_detector.errors import RegistryAwayError
from tests.bridges.healths import mill


def test_it_is_asked_until_it_answers_and_this_is_said_once() -> None:
    answers = iter([RegistryAwayError("refused"), RegistryAwayError("refused"), None])

    health = mill()

    def decode() -> str:
        if (error := next(answers)) is not None:
            raise error
        return "rows"

    with structlog.testing.capture_logs() as told:
        assert asyncio.run(when_registry_answers(decode, asyncio.Event(), health)) == "rows"

    assert [line["event"] for line in told] == ["registry.away", "registry.back"]
    assert health.report(now=0.0).status is Status.OK


def test_the_wait_ends_when_the_bridge_is_stopped() -> None:
    async def stopped() -> str | None:
        stop = asyncio.Event()
        stop.set()
        return await when_registry_answers(away, stop, mill())

    def away() -> str:
        raise RegistryAwayError("refused")

    assert asyncio.run(stopped()) is None
