"""Cross-fitted scores become a calibrated score and its thresholds."""

from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.alerting.life import AlertLife, Change
from stream_detector.alerting.policy import Judgement
from stream_detector.alerting.rules import SHEET_BREAK, OnDelay, Rule
from stream_detector.detection.scoring import Calibration, join
from stream_detector.detection.threshold import Budget, Limits, Rate
from tests.small_models import CADENCE
from trainer.calibration import calibrate, drift, fit_curve, measure_limits, sustain

Array = NDArray[np.float64]

ONE_RUN = np.zeros(3000, np.intp)
PER_DAY = 720.0


def noise(n_rows: int = 3000, *, seed: int = 7) -> Array:
    """Part scores as a model without drift gives them: positive, near 1, a heavy tail."""
    return np.random.default_rng(seed).lognormal(sigma=0.5, size=n_rows)


def clock(n_rows: int) -> NDArray[np.datetime64]:
    return np.datetime64("2026-11-22T03:00", "us") + np.arange(n_rows) * np.timedelta64(CADENCE)


def test_the_sustained_part_is_the_mean_of_the_last_eight_levels_of_the_run() -> None:
    levels = np.array([8.0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 100])
    runs = np.array([0] * 10 + [1])

    #  mean of  8  8,0  ...  8 and seven 0   eight 0   seven 0 and 8   a new run
    assert sustain(levels, runs).tolist() == pytest.approx(
        [8, 4, 8 / 3, 2, 8 / 5, 8 / 6, 8 / 7, 1, 0, 1, 100]
    )


def test_the_sustained_part_equals_a_plain_loop() -> None:
    random = np.random.default_rng(seed=7)
    levels, runs = noise(200), np.sort(random.integers(0, 9, 200))

    expected = [
        np.mean([levels[k] for k in range(max(n - 7, 0), n + 1) if runs[k] == runs[n]])
        for n in range(200)
    ]
    np.testing.assert_allclose(sustain(levels, runs), expected, rtol=1e-9)


def test_a_curve_is_made_of_ranks_and_a_tail() -> None:
    # 1, 2 ... 100: the 95 % quantile is 95.05, five scores are beyond.
    curve = fit_curve(np.arange(1.0, 101.0)[::-1])

    assert curve.knee == pytest.approx(95.05)
    assert curve.quantiles == tuple(range(1, 96))
    assert curve.tail == pytest.approx(np.mean(np.log(np.arange(96.0, 101.0) / 95.05)))
    assert curve.n_scores == 100


def test_a_long_history_keeps_a_thousand_ranks_from_the_lowest_to_the_highest() -> None:
    scores = noise(50_000)
    curve = fit_curve(scores)

    assert len(curve.quantiles) == 1000
    assert curve.quantiles[0] == scores.min()
    assert curve.quantiles[-1] == scores[scores <= curve.knee].max()


@pytest.mark.parametrize("share", [0.5, 0.1, 0.05, 0.01, 0.001])
def test_a_surprise_tells_how_rare_a_score_is(share: float) -> None:
    curve = fit_curve(noise(50_000))

    later = noise(50_000, seed=8)
    surprise = curve(np.quantile(later, [1 - share])).item()

    assert surprise == pytest.approx(-np.log10(share), abs=0.15)


@pytest.mark.parametrize("scores", [np.ones(100), np.zeros(100)])
def test_scores_without_a_spread_have_a_curve_too(scores: Array) -> None:
    curve = fit_curve(scores)

    assert curve.tail > 0
    lowest, middle, highest = curve(np.array([0.0, 1.0, 2.0]))
    assert 0 <= lowest <= middle <= highest < np.inf


def test_a_score_that_wanders_has_drift() -> None:
    wandering = noise() * np.exp(np.linspace(0, 3, 3000))

    assert drift(noise()) < 0.2
    assert drift(wandering) > 1.0


def test_a_part_that_drifts_counts_for_less_but_never_for_nothing() -> None:
    wandering = noise(seed=8) * np.exp(np.linspace(0, 6, 3000))

    steady = calibrate(noise(), noise(seed=8), ONE_RUN).calibration
    drifting = calibrate(noise(), wandering, ONE_RUN).calibration

    assert isinstance(steady, Calibration)
    assert isinstance(drifting, Calibration)
    assert steady.deviation.weight > 0.95
    assert drifting.deviation.weight == 0.4
    assert max(drifting.level.weight, drifting.sustained.weight) == 1.0


def test_training_rows_are_scored_as_live_rows_are() -> None:
    levels, deviations = noise(500), noise(500, seed=8)
    calibrated = calibrate(levels, deviations, np.zeros(500, np.intp))

    sustained = sustain(levels, np.zeros(500, np.intp))
    for n in (0, 7, 8, 499):
        parts = levels[[n]], sustained[[n]], deviations[[n]]
        assert calibrated.scores[n] == join(calibrated.calibration.surprises(*parts))[0]


# Limits: alerts counted with the alert policy itself.


def count_alerts(scores: Array, limit: float, rule: Rule) -> int:
    """Alerts that a fixed threshold raises, counted once more."""
    life, n_raised = AlertLife(rule, machine="pm3"), 0
    for n, score in enumerate(scores.tolist()):
        time = datetime(2026, 11, 22, 3, tzinfo=UTC) + n * CADENCE
        change = life.follow(Judgement(time, score, limit, over=score > limit, first_of_run=n == 0))
        n_raised += change is not None and change.change is Change.RAISED
    return n_raised


NO_OUTCOMES = clock(0)


def limits_of(
    scores: Array,
    *,
    rule: Rule = SHEET_BREAK,
    runs: NDArray[np.intp] | None = None,
    suppressed: NDArray[np.bool_] | None = None,
    outcomes: NDArray[np.datetime64] = NO_OUTCOMES,
) -> Limits:
    n_rows = len(scores)
    return measure_limits(
        scores,
        clock(n_rows),
        np.zeros(n_rows, np.intp) if runs is None else runs,
        suppressed=np.zeros(n_rows, bool) if suppressed is None else suppressed,
        outcomes=outcomes,
        rule=rule,
        readings_per_day=PER_DAY,
    )


def some_scores() -> Array:
    """Scores that come in waves, so that alerts last."""
    waves = np.convolve(noise(1200), np.ones(4) / 4, mode="same")
    return np.asarray((3 * np.log1p(waves)).round(6))


@pytest.mark.parametrize(
    "rule",
    [
        SHEET_BREAK,
        Rule(name="odd", on_delay=OnDelay(3, 5)),
        Rule(name="odd", off_delay=1, cooldown_seconds=0.0),
    ],
)
def test_a_limit_keeps_to_the_alerts_it_was_measured_for(rule: Rule) -> None:
    scores = some_scores()
    limits = limits_of(scores, rule=rule)

    days = len(scores) / PER_DAY
    for per_day, limit in zip(limits.by_budget.x, limits.by_budget.y, strict=True):
        assert limits.limit(Budget(per_day)) == limit
        assert count_alerts(scores, limit, rule) <= round(per_day * days)


def test_the_lowest_limit_that_keeps_to_a_budget_is_taken() -> None:
    #  ten readings apart from each other, so ten alerts of one reading each
    scores = np.zeros(1000)
    scores[50::100] = [1, 1, 2, 1, 3, 1, 2, 1, 4, 1]
    rule = Rule(name="odd", off_delay=1, cooldown_seconds=0.0)
    limits = limits_of(scores, rule=rule)

    one_a_history = PER_DAY / len(scores)
    assert count_alerts(scores, limits.limit(Budget(one_a_history)), rule) == 1
    assert 3 <= limits.limit(Budget(one_a_history)) < 4
    assert 2 <= limits.limit(Budget(2 * one_a_history)) < 3
    assert 1 <= limits.limit(Budget(4 * one_a_history)) < 2


def test_at_least_one_alert_is_allowed() -> None:
    limits = limits_of(some_scores())

    least = PER_DAY / 1200
    assert limits.by_budget.x[0] == pytest.approx(least)
    assert limits.limit(Budget(least / 100)) == limits.limit(Budget(least))


def test_a_large_budget_has_a_limit_of_its_own() -> None:
    #  a day has 12 alerts up to 2, in all a quarter of the day, and 12 up to 1
    low, high = np.linspace(0.8, 1.0, 8), np.linspace(1.8, 2.0, 15)
    between = np.linspace(0.02, 0.01, 15)
    scores = np.tile(np.concatenate([low, between, high, between, [0.01] * 7]), 20)

    budgets = limits_of(scores).by_budget

    assert budgets.x[-2:] == pytest.approx((12.0, 24.0))
    assert budgets.y[-2] >= 1.0
    # Still lower, the machine would be in alarm all the time.
    assert 0.8 <= budgets.y[-1] < 1.0


def test_an_on_delay_lowers_the_limit_of_a_budget() -> None:
    scores = some_scores()

    patient = limits_of(scores, rule=Rule(name="odd", on_delay=OnDelay(3, 5)))

    assert patient.limit(Budget(6.0)) < limits_of(scores).limit(Budget(6.0))


@pytest.mark.parametrize("share", [0.2, 0.05, 0.01, 0.001])
def test_a_rate_is_that_quantile_of_the_scores(share: float) -> None:
    scores = some_scores()

    limit = limits_of(scores).limit(Rate(share))

    assert (scores > limit).mean() == pytest.approx(share, rel=0.1, abs=1 / 1200)


def test_the_first_reading_of_a_run_raises_no_alert_in_training_either() -> None:
    scores, runs = np.ones(400), np.arange(400) // 100
    scores[::100] = 9.0

    limits = limits_of(scores, runs=runs)

    # Four readings are far above, but each begins a run: one alert is never even used up.
    assert limits.by_budget.x == (PER_DAY / 400,)


def test_an_on_delay_counts_readings_of_the_same_run_that_are_close_to_each_other() -> None:
    #  9 at  10 . 12 . 14 | 100 .... 105 .... 110 | 200 201 || 202 203 | 300 ... 304 305 306
    #        third of five        never three       a new run            third of five at 306
    scores = np.ones(400)
    scores[[10, 12, 14, 100, 105, 110, 200, 201, 203, 300, 304, 305, 306]] = 9.0
    runs = (np.arange(400) >= 202).astype(int)

    limits = limits_of(scores, rule=Rule(name="odd", on_delay=OnDelay(3, 5)), runs=runs)

    assert limits.by_budget.x[-1] == 2 * PER_DAY / 400


def test_an_outcome_closes_an_alert_so_the_next_one_counts() -> None:
    #  row      0 ... 69 | 70 ... 99 | 100 ... 129 | 130 ... 399
    #  score        1    |     9     |      9      |      1
    #                          outcome between 99 and 100
    scores, runs, times = np.ones(400), np.arange(400) // 100, clock(400)
    scores[70:130] = 9.0

    def alerts_over_one(outcomes: NDArray[np.datetime64]) -> int:
        curve = limits_of(scores, runs=runs, outcomes=outcomes).by_budget
        assert curve.y[-1] == 1.0
        return round(curve.x[-1] * 400 / PER_DAY)

    assert alerts_over_one(NO_OUTCOMES) == 1
    assert alerts_over_one(times[[100]] - np.timedelta64(1, "m")) == 2


def test_a_suppressed_row_raises_nothing_and_takes_no_time() -> None:
    #  row      0 ... 49 | 50 | 51 ... 149 | 150 | 151 ... 249 | 250 | 251 ... 399
    #  score        1    |  9 |      1     |  9  |      1      |  9  |      1
    #                                 suppressed from 100 to 199
    scores, suppressed = np.ones(400), np.zeros(400, bool)
    scores[50:300:100] = 9.0
    suppressed[100:200] = True

    open_all_time, open_at_times = limits_of(scores), limits_of(scores, suppressed=suppressed)

    assert open_all_time.by_budget.x[-1] == 3 * PER_DAY / 400
    assert open_at_times.by_budget.x[-1] == 2 * PER_DAY / 300


def test_where_nothing_could_be_raised_there_is_a_limit_all_the_same() -> None:
    assert limits_of(some_scores(), suppressed=np.ones(1200, bool)).limit(Budget(6.0)) > 0


def test_cross_fitted_scores_keep_their_promise_on_later_rows() -> None:
    now, later = calibrate(noise(), noise(seed=8), ONE_RUN), (noise(seed=9), noise(seed=10))
    limit = limits_of(now.scores).limit(Rate(0.01))

    sustained = sustain(later[0], ONE_RUN)
    above = join(now.calibration.surprises(later[0], sustained, later[1])) > limit

    assert np.mean(above) == pytest.approx(0.01, abs=0.006)
