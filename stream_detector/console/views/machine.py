"""One machine: score and threshold, what made up the score, the sensors, the feed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stream_detector.console import words
from stream_detector.console.plant import Plant
from stream_detector.console.views.charts import (
    ScoreChart,
    SensorChart,
    score_chart,
    sensor_chart,
)
from stream_detector.console.views.heat import HeatMap, heat_map, top_sensors
from stream_detector.console.views.overview import Tile, feed_health, tile_of
from stream_detector.console.words import Clock

SPANS: Final[Mapping[str, float]] = {
    "1 h": 3600.0,
    "8 h": 8 * 3600.0,
    "24 h": 86400.0,
    "7 d": 7 * 86400.0,
}
"""What can be looked at, in seconds of the machine's own time."""

SENSORS_DRAWN: Final = 8


@dataclass(frozen=True)
class MachineView:
    """A machine in full."""

    tile: Tile
    time: str
    mode: str
    feed: tuple[str, ...]
    feed_is_bad: bool
    chart: ScoreChart | None
    heat: HeatMap | None
    sensors: tuple[SensorChart, ...]
    other_sensors: tuple[str, ...]
    rules: tuple[str, ...]


def machine_view(
    plant: Plant, name: str, *, length: str, sensors: tuple[str, ...], now: float, clock: Clock
) -> MachineView | None:
    """Make the page of a machine; None where none has that name.

    Parameters
    ----------
    plant : Plant
    name : str
    length : str
        One of SPANS.
    sensors : tuple of str
        Sensors to draw besides the top ones.
    now : float
        Seconds since 1970.
    clock : Clock
    """
    machine = plant.machines.get(name)
    if machine is None:
        return None
    latest = machine.latest
    end = latest.event_time.timestamp() if latest else now
    start = end - SPANS[length]
    kept = machine.scores.rows(start, end)
    if len(kept):
        # Where less is kept than was asked for, the chart is not mostly empty.
        start = max(start, min(float(kept["time"][0]), end - 60.0))
    top = top_sensors(machine, start=start, end=end, n=SENSORS_DRAWN)
    wanted = [*sensors, *(one for one in top if one not in sensors)][: SENSORS_DRAWN + len(sensors)]
    charts = (sensor_chart(machine, one, start=start, end=end, clock=clock) for one in wanted)
    drawn = tuple(one for one in charts if one is not None)
    shown = {one.sensor for one in drawn}
    feed, is_bad = feed_health(machine, now, clock)
    lines = [
        f"{', '.join(one.sensors) or 'all sensors'} {one.kind} since {clock.plant(one.since)}"
        for one in machine.faults
    ]
    if not lines or machine.pulse.silent_since(now) is not None:
        lines.insert(0, feed)
    return MachineView(
        tile=tile_of(plant, name, now=now, clock=clock),
        time=clock.plant(latest.event_time) if latest else words.NOTHING,
        mode=(latest.mode or words.NOTHING) if latest else words.NOTHING,
        feed=tuple(lines),
        feed_is_bad=is_bad,
        chart=score_chart(machine, start=start, end=end, clock=clock),
        heat=heat_map(machine, start=start, end=end, clock=clock),
        sensors=drawn,
        other_sensors=tuple(sorted(one for one in machine.sensors if one not in shown)),
        rules=tuple(sorted(rule for owner, rule in plant.alerts if owner == name)),
    )
