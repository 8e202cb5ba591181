"""The ledger as it stands in Kafka, read and kept up to date."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from stream_detector.alerting.figures import Figures
from stream_detector.connections.plant_figures import PlantFigures
from tests.alerting.accounts import stood, warned
from tests.alerting.told import RULES, alert_id
from tests.worker.keeping import Plant, command, embedded_kafka


@pytest.fixture
def plant() -> Iterator[Plant]:
    with embedded_kafka() as kafka:
        yield Plant(kafka.bootstrap)


def closings(found: Figures) -> list[str]:
    return [one.closed_as for one in found.ledger.alerts]


def test_what_became_of_alerts_is_read_and_what_comes_later_too(plant: Plant) -> None:
    async def scene() -> None:
        async with PlantFigures(plant.settings(), RULES) as reader:
            assert (await reader.read()).ledger.alerts == ()
            plant.tell(*warned(0, 4))
            plant.tell(*stood((5, 20), machine="pm4"), partition=1)
            plant.tell(b"no alert", b'{"schema": "data-quality/1.0"}')
            found = await reader.read()
            assert sorted(closings(found)) == ["early", "nuisance"]
            assert [(one.machine, one.lead_s) for one in found.ledger.outcomes] == [("pm3", 240)]
            assert found.kpis.n_calls == 2
            plant.tell(*stood((30, None)))
            again = await reader.read()
            assert (len(again.ledger.alerts), again.kpis.n_calls) == (3, 3)

    asyncio.run(scene())


def test_what_operators_said_of_alerts_counts(plant: Plant) -> None:
    async def scene() -> None:
        async with plant.worker(), plant.operator() as anna:
            plant.tell(*stood((0, 20)))
            plant.ask(command("label", alert_id=alert_id(0), label="useful"))
            await anna.sees("labelled")
            async with PlantFigures(plant.settings(), RULES) as reader:
                (one,) = (await reader.read()).ledger.alerts

            assert (one.closed_as, one.labelled) == ("early", True)

    asyncio.run(scene())


def test_figures_are_plain_data(plant: Plant) -> None:
    async def scene() -> None:
        plant.tell(*warned(0, 4))
        async with PlantFigures(plant.settings(), RULES) as reader:
            found = await reader.read()

        assert msgspec.json.decode(msgspec.json.encode(found), type=Figures) == found

    asyncio.run(scene())


def test_they_go_back_as_far_as_the_first_message_and_no_further(plant: Plant) -> None:
    async def scene() -> None:
        before = datetime.now(UTC)
        plant.tell(*stood((0, 20)))
        async with PlantFigures(plant.settings(), RULES) as reader:
            found = await reader.read()

        assert abs(found.kpis.start - before) < timedelta(seconds=30)
        # The machine's time is that of a recording.
        assert found.ledger.start.date().isoformat() == "2026-11-22"
        assert found.ledger.end - found.ledger.start >= timedelta(minutes=20)

    asyncio.run(scene())
