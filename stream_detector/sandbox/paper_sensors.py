"""The instruments of the simulated paper machine, in the order the paper passes them."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Kind = Literal["live", "archived", "setpoint", "switch"]
"""Where a reading comes from: straight from the instrument; from a historian that keeps a
point now and then and draws straight lines between them; from an operator; or 0 and 1."""


@dataclass(frozen=True)
class Sensor:
    """One column of the recording.

    Parameters
    ----------
    name, unit : str
    level : float
        Around this it moves, on the middle grade.
    spread : float
        One standard deviation of what it does within some hours; all the rest of the
        simulation is in these. For a setpoint: one step of the operator.
    per_grade : float
        Spreads it moves when the paper becomes one grade heavier.
    kind : Kind
    """

    name: str
    unit: str
    level: float
    spread: float
    per_grade: float = 0.0
    kind: Kind = "live"

    @property
    def limits(self) -> tuple[float, float | None]:
        """What the instrument can show at all; None where nothing ends its scale."""
        if self.kind == "switch":
            return 0.0, 1.0
        return 0.0, 100.0 if self.unit == "%" else None


_MACHINE: Final = {
    "stock": (
        Sensor("stock_flow", "l/min", 9200, 45, 3.0),
        Sensor("stock_consistency", "%", 3.2, 0.02),
        Sensor("machine_chest_level", "%", 62, 0.9),
        Sensor("refiner_power", "kW", 1450, 12, 0.5),
        Sensor("refiner_specific_energy", "kWh/t", 142, 1.1, 0.0, "archived"),
        Sensor("freeness", "ml", 385, 2.5, 0.0, "archived"),
        Sensor("broke_share", "%", 18, 0.6, 0.0, "archived"),
        Sensor("filler_flow", "l/min", 86, 0.8, 1.5),
        Sensor("retention_aid_flow", "l/h", 310, 3.0, 0.5, "archived"),
    ),
    "headbox": (
        Sensor("headbox_pressure", "kPa", 168, 0.6, -1.5),
        Sensor("headbox_consistency", "%", 0.78, 0.006, 1.0),
        Sensor("headbox_temperature", "°C", 46.5, 0.15, 0.0, "archived"),
        Sensor("fan_pump_speed", "rpm", 742, 1.6, -1.0),
        Sensor("recirculation_valve", "%", 41, 0.6),
        Sensor("slice_opening", "mm", 11.8, 0.04, 1.0, "archived"),
        Sensor("jet_speed", "m/min", 1215, 2.2, -2.5),
    ),
    "wire": (
        Sensor("wire_speed", "m/min", 1205, 1.5, -3.0),
        Sensor("wire_tension", "kN/m", 7.2, 0.04, 0.0, "archived"),
        Sensor("wire_drive_load", "%", 64, 0.7, 0.5),
        Sensor("foil_vacuum", "kPa", 9.5, 0.12, 0.3, "archived"),
        Sensor("suction_box_vacuum", "kPa", 24, 0.3, 0.5),
        Sensor("couch_vacuum", "kPa", 58, 0.5),
        Sensor("white_water_consistency", "%", 0.42, 0.006, 0.0, "archived"),
        Sensor("white_water_temperature", "°C", 44, 0.15, 0.0, "archived"),
    ),
    "press": (
        Sensor("press_1_nip_load", "kN/m", 78, 0.4),
        Sensor("press_2_nip_load", "kN/m", 105, 0.5, 0.5),
        Sensor("press_1_drive_load", "%", 58, 0.7, 0.5),
        Sensor("press_2_drive_load", "%", 61, 0.7, 0.5),
        Sensor("felt_vacuum", "kPa", 52, 0.6, 0.0, "archived"),
        Sensor("felt_moisture", "g/m²", 510, 6.0, 0.0, "archived"),
        Sensor("press_draw", "%", 2.6, 0.03, -0.5),
    ),
    "dryer": (
        Sensor("steam_pressure_1", "kPa", 120, 1.2, 1.0),
        Sensor("steam_pressure_2", "kPa", 240, 2.2, 2.0),
        Sensor("steam_pressure_3", "kPa", 330, 3.0, 2.5),
        Sensor("condensate_temperature", "°C", 128, 0.6, 0.5, "archived"),
        Sensor("hood_humidity", "g/kg", 152, 1.8, 0.0, "archived"),
        Sensor("hood_supply_temperature", "°C", 94, 0.6, 0.0, "archived"),
        Sensor("dryer_drive_load", "%", 55, 0.8),
        Sensor("dryer_draw", "%", 1.2, 0.02, -0.5),
        Sensor("web_temperature", "°C", 88, 0.5, 0.3),
    ),
    "reel": (
        Sensor("calender_nip_load", "kN/m", 42, 0.4, 0.0, "archived"),
        Sensor("reel_speed", "m/min", 1248, 1.5, -3.0),
        Sensor("web_tension", "N/m", 345, 4.0, 0.5),
        Sensor("reel_drive_load", "%", 47, 0.8),
        Sensor("basis_weight", "g/m²", 49.0, 0.25, 8.0),
        Sensor("sheet_moisture", "%", 7.6, 0.15, 0.0),
        Sensor("caliper", "µm", 68, 0.35, 3.0, "archived"),
        Sensor("ash_content", "%", 9.4, 0.12, 0.0, "archived"),
    ),
}
_OPERATORS: Final = (
    Sensor("speed_setpoint", "m/min", 1240, 5.0, -1.0, "setpoint"),
    Sensor("moisture_setpoint", "%", 7.6, 0.1, 0.0, "setpoint"),
    Sensor("steam_pressure_setpoint", "kPa", 330, 5.0, 1.0, "setpoint"),
    Sensor("lubrication_pressure_setpoint", "kPa", 250, 0.0, 0.0, "setpoint"),
    Sensor("save_all_in_service", "", 0.0, 1.0, 0.0, "switch"),
)

SENSORS: Final = (*(sensor for group in _MACHINE.values() for sensor in group), *_OPERATORS)

SECTION_COLUMNS: Final = {
    section: tuple(SENSORS.index(sensor) for sensor in group) for section, group in _MACHINE.items()
}
"""The columns of each section, in the order of the paper; the operators' are in none."""


def write_tags(path: Path) -> None:
    """Write the tags file of the machine: ``sensor,unit,low,high``, empty where unknown."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(("sensor", "unit", "low", "high"))
        lines.writerows((sensor.name, sensor.unit, *sensor.limits) for sensor in SENSORS)
