"""The simulated paper machine shows what real ones show, as far as detection is concerned."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.sandbox.paper_machine import CADENCE, SimulatedRecording, simulate
from stream_detector.sandbox.paper_sensors import SECTION_COLUMNS, SENSORS

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 30
Array = NDArray[np.float64]

ARCHIVED = [i for i, sensor in enumerate(SENSORS) if sensor.kind == "archived"]
LIVE = [i for i, sensor in enumerate(SENSORS) if sensor.kind == "live"]
OPERATED = [i for i, sensor in enumerate(SENSORS) if sensor.kind in {"setpoint", "switch"}]


@pytest.fixture(scope="module", params=[1, 2, 3])
def month(request: pytest.FixtureRequest) -> SimulatedRecording:
    return simulate(days=DAYS, seed=request.param, start=START)


def run_starts(recording: SimulatedRecording) -> NDArray[np.intp]:
    """First rows of runs: the very first, and those after a step of more than the cadence."""
    return np.flatnonzero(
        np.diff(recording.times, prepend=recording.times[0] - 2 * CADENCE) > CADENCE
    )


def warned_rows(recording: SimulatedRecording) -> NDArray[np.bool_]:
    """Rows at most 4 minutes, two rows, before a break of the same run."""
    warned = np.zeros(len(recording.times), dtype=np.bool_)
    for row in np.flatnonzero(recording.breaks):
        run = run_starts(recording)
        warned[max(row - 2, run[run <= row][-1]) : row] = True
    return warned


def roc_auc(score: Array, positive: NDArray[np.bool_]) -> float:
    """Chance that a positive row scores higher than another; by ranks."""
    ranks = np.empty(len(score))
    ranks[np.argsort(score)] = np.arange(1, len(score) + 1)
    n_positive = positive.sum()
    above = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / n_positive / (~positive).sum())


def filled(recording: SimulatedRecording) -> Array:
    """Values in spreads around their levels, missing ones as the last known."""
    spread = np.array([sensor.spread or 1.0 for sensor in SENSORS])
    values = (recording.values - [sensor.level for sensor in SENSORS]) / spread
    known = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    held: Array = np.take_along_axis(values, np.maximum.accumulate(known), axis=0)
    return np.nan_to_num(held)


def test_it_has_a_machines_worth_of_named_sensors() -> None:
    names = [sensor.name for sensor in SENSORS]

    assert len(set(names)) == len(names) >= 40
    assert len(ARCHIVED) / len(SENSORS) == pytest.approx(1 / 3, abs=0.05)


def test_rows_are_two_minutes_apart_or_a_standstill(month: SimulatedRecording) -> None:
    # One step in 30 days = 21,600 rows; what is missing is the time the machine stood.
    steps = np.diff(month.times)
    standstills = steps[steps != CADENCE]

    assert month.times[0] == np.datetime64("2026-01-01T00:00:00")
    assert month.times[-1] < np.datetime64("2026-01-31T00:00:00")
    assert standstills.min() >= np.timedelta64(10, "m")
    assert 17_000 < len(month.times) < 20_000


def test_a_break_is_the_last_row_of_its_run(month: SimulatedRecording) -> None:
    broke = np.flatnonzero(month.breaks[:-1])
    standstill = month.times[broke + 1] - month.times[broke]

    assert standstill.min() >= np.timedelta64(10, "m")
    assert standstill.max() <= np.timedelta64(90, "m")


def test_some_standstills_are_planned(month: SimulatedRecording) -> None:
    ended_by_break = month.breaks[run_starts(month)[1:] - 1]
    planned = np.diff(month.times)[run_starts(month)[1:] - 1][~ended_by_break]

    assert 3 <= len(planned) <= 6
    assert planned.min() >= np.timedelta64(4, "h")


def test_the_sheet_breaks_four_or_five_times_a_day(month: SimulatedRecording) -> None:
    assert 3.8 < month.breaks.sum() / DAYS < 5.5


def test_not_quite_half_of_the_breaks_announce_themselves(month: SimulatedRecording) -> None:
    before = np.flatnonzero(month.breaks) - 1

    assert 0.35 < month.precursors[before].mean() < 0.55


def test_an_announcement_takes_four_to_twenty_minutes(month: SimulatedRecording) -> None:
    edges = np.flatnonzero(np.diff(month.precursors.astype(int), prepend=0, append=0))
    first, end = edges[::2], edges[1::2]

    assert month.breaks[end].all()
    assert (end - first).min() >= 2
    assert (end - first).max() <= 10


def test_sensors_of_a_section_move_together(month: SimulatedRecording) -> None:
    # Around the mean of their day, so that what relates them is not the drift of weeks.
    days = np.array_split(filled(month), DAYS)
    values = np.concatenate([day - day.mean(axis=0) for day in days])[:, LIVE]
    related = np.abs(np.corrcoef(values.T))
    section = {i: name for name, columns in SECTION_COLUMNS.items() for i in columns}
    same = np.array([[section[i] == section[j] for j in LIVE] for i in LIVE])
    within = np.median(related[same & (related < 1)])

    assert within > 0.25
    assert within > 1.5 * np.median(related[~same])


def test_what_was_learned_of_levels_is_stale_after_some_days(month: SimulatedRecording) -> None:
    values = filled(month)[:, LIVE + ARCHIVED]
    week = np.timedelta64(7, "D")
    first, last = month.times < month.times[0] + week, month.times > month.times[-1] - week
    center, spread = values[first].mean(axis=0), values[first].std(axis=0)
    score = np.square((values - center) / spread).mean(axis=1)
    limit = np.quantile(score[first], 0.99)

    assert (score[last] > limit).mean() > 0.9
    assert 0.4 < roc_auc(score[~first], warned_rows(month)[~first]) < 0.6  # like a dice


def test_the_grade_sets_levels_and_a_change_takes_some_rows(month: SimulatedRecording) -> None:
    basis_weight = month.sensors.index("basis_weight")
    weight = filled(month)[:, basis_weight] * SENSORS[basis_weight].spread
    changes = np.flatnonzero(month.modes[1:] != month.modes[:-1]) + 1
    calm = [c for c in changes if (np.diff(month.times[c - 3 : c + 30]) == CADENCE).all()]
    first_step = [abs(weight[c] - weight[c - 1]) for c in calm]
    whole_step = [abs(weight[c + 20 : c + 30].mean() - weight[c - 1]) for c in calm]

    assert set(month.modes) == {"grade-47", "grade-49", "grade-51"}
    light, heavy = (weight[month.modes == grade].mean() for grade in ("grade-47", "grade-51"))
    assert heavy - light == pytest.approx(4.0, abs=1.0)
    assert np.median(first_step) < 0.4 * np.median(whole_step)


def test_archived_sensors_lie_on_straight_lines_and_live_ones_do_not(
    month: SimulatedRecording,
) -> None:
    # Three rows in line: the middle one is the mean of its neighbours.
    values = filled(month)
    bend = np.abs(values[2:] - 2 * values[1:-1] + values[:-2])
    in_line = (bend < 1e-6).mean(axis=0)

    assert in_line[ARCHIVED].min() > 0.6
    assert in_line[LIVE].max() < 0.05  # outages, filled


def test_setpoints_move_in_steps_if_at_all(month: SimulatedRecording) -> None:
    moves = (np.diff(filled(month)[:, OPERATED], axis=0) != 0).sum(axis=0)

    names = [SENSORS[i].name for i in OPERATED]
    assert moves[names.index("lubrication_pressure_setpoint")] == 0
    assert moves.max() < 100
    assert moves.sum() > 10
    switch = month.values[:, month.sensors.index("save_all_in_service")]
    assert set(switch[~np.isnan(switch)]) == {0.0, 1.0}


def test_cells_are_missing_singly_and_in_outages_of_one_sensor(month: SimulatedRecording) -> None:
    missing = np.isnan(month.values)
    outages = missing[:-4] & missing[1:-3] & missing[2:-2] & missing[3:-1] & missing[4:]

    assert 0.003 < missing.mean() < 0.02
    assert outages.any()
    assert not missing.all(axis=1).any()


def test_values_stay_within_what_their_instruments_can_show(month: SimulatedRecording) -> None:
    for sensor, column in zip(SENSORS, month.values.T, strict=True):
        low, high = sensor.limits
        assert low <= np.nanmin(column), sensor.name
        assert high is None or np.nanmax(column) <= high, sensor.name


def test_the_deviation_from_the_own_recent_mean_warns_of_some_breaks(
    month: SimulatedRecording,
) -> None:
    values, starts = filled(month)[:, LIVE + ARCHIVED], run_starts(month)
    start = starts[np.searchsorted(starts, np.arange(len(values)), side="right") - 1]
    low = np.maximum(np.arange(len(values)) - 15, start)
    total = np.concatenate((np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)))
    rows = np.arange(len(values))
    recent = (total[rows + 1] - total[low]) / (rows + 1 - low)[:, None]
    deviation = np.square(values - recent).mean(axis=1)
    scored = ~month.breaks & (rows - start > 30)  # not the restart itself

    auc = roc_auc(deviation[scored], warned_rows(month)[scored])
    auc_precursor = roc_auc(deviation[scored], month.precursors[scored])

    assert 0.6 < auc < 0.85  # some breaks, not all
    assert auc_precursor > 0.8


def test_the_time_since_the_restart_tells_little(month: SimulatedRecording) -> None:
    starts, rows = run_starts(month), np.arange(len(month.times))
    age = rows - starts[np.searchsorted(starts, rows, side="right") - 1]

    auc = roc_auc(-age.astype(float), warned_rows(month))

    assert 0.45 < auc < 0.65


def test_the_start_may_be_given_in_any_zone() -> None:
    start = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))

    assert simulate(days=0.1, seed=1, start=start).times[0] == np.datetime64("2026-01-01T00:00")


@pytest.mark.parametrize("seed", range(20))
def test_a_very_short_recording_is_possible(seed: int) -> None:
    assert 1 <= len(simulate(days=0.01, seed=seed, start=START).times) <= 7


@pytest.mark.parametrize(
    ("days", "start"),
    [(0.0, START), (1.0, datetime(2026, 1, 1))],  # noqa: DTZ001 - this is the fault
)
def test_no_time_and_no_zone_are_refused(days: float, start: datetime) -> None:
    with pytest.raises(ValueError, match="a time with a zone and days > 0"):
        simulate(days=days, seed=1, start=start)
