"""The commands ``alerts ledger`` and ``alerts kpi``."""

import asyncio
from datetime import timedelta

import click
import msgspec

from stream_detector.alerting.figures import Figures, LedgerFigures
from stream_detector.alerting.kpi import Kpis
from stream_detector.connections.log import configure_logging
from stream_detector.connections.plant_figures import TRAILING, PlantFigures
from stream_detector.connections.rules_file import load_rules
from stream_detector.connections.settings import read_settings

_days = click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=TRAILING // timedelta(days=1),
    show_default=True,
    help="Of the trailing so many days.",
)


@click.command(epilog="Example: stream-detector alerts ledger --days 7 > ledger.json")
@_days
def ledger(days: int) -> None:
    """Tell what became of every alert and every outcome, and what warnings were worth.

    As JSON (ledger.v1.json).
    """
    _write(_read(days).ledger)


@click.command(epilog="Example: stream-detector alerts kpi --days 7")
@_days
def kpi(days: int) -> None:
    """Tell what the alerts ask of an operator: the figures of ISA-18.2.

    As JSON (kpi.v1.json).
    """
    _write(_read(days).kpis)


def _read(days: int) -> Figures:
    settings = read_settings()
    configure_logging(settings)
    # Whether the model has a head does not matter: without one, its rule has no alerts.
    rules = load_rules(settings.rules, with_head=True)

    async def read() -> Figures:
        async with PlantFigures(settings, rules, timedelta(days=days)) as plant:
            return await plant.read()

    return asyncio.run(read())


def _write(value: LedgerFigures | Kpis) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())
