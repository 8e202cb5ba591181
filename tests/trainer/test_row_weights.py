import numpy as np
import pytest

from trainer.row_weights import draw, weigh
from trainer.whitening import fit_whitening


def test_rows_beyond_the_98_percent_quantile_count_for_as_much_as_one_just_there() -> None:
    scores = np.r_[np.full(980, 1.0), np.full(19, 4.0), 100.0]

    weights = weigh(scores)

    np.testing.assert_array_equal(weights[:980], 1.0)
    limit = np.quantile(scores, 0.98)
    np.testing.assert_allclose(weights[980:] * scores[980:], limit)


def test_rows_that_are_all_alike_count_in_full() -> None:
    np.testing.assert_array_equal(weigh(np.zeros(50)), 1.0)


def test_rows_are_drawn_as_often_as_they_weigh() -> None:
    weights = np.random.default_rng(seed=2).uniform(0.2, 1.0, size=500)

    drawn = np.bincount(draw(weights), minlength=500)

    # Up to any row, as many as there should be, but for part of one.
    due = weights.cumsum() * 500 / weights.sum()
    assert np.abs(drawn.cumsum() - due).max() <= 0.5 + 1e-9
    assert drawn.sum() == 500


def test_a_fault_in_the_history_hides_no_later_one_like_it() -> None:
    """One row in a hundred has its sensors apart, in all that an unlabelled history shows."""
    g = np.random.default_rng(seed=3)
    rows = np.repeat(g.normal(size=(4000, 1)), 4, axis=1) + 0.3 * g.normal(size=(4000, 4))
    calm = fit_whitening(rows, n_blocks=5).score(np.array([6.0, -6.0, 0.0, 0.0]))
    rows[50::100] += [6.0, -6.0, 0.0, 0.0]

    plain = fit_whitening(rows, n_blocks=5)
    weighed = fit_whitening(rows, n_blocks=5, weights=weigh(plain.out_of_sample))

    hidden, seen = (one.score(np.array([6.0, -6.0, 0.0, 0.0])) for one in (plain, weighed))
    assert hidden < 0.3 * calm
    assert seen > 1.5 * hidden


def test_a_row_of_weight_0_counts_for_nothing_and_is_scored() -> None:
    g = np.random.default_rng(seed=4)
    rows = g.normal(size=(1000, 3))
    odd = rows.copy()
    odd[::50] += 20.0
    weights = np.ones(1000)
    weights[::50] = 0.0

    without, beside = (fit_whitening(one, n_blocks=5, weights=weights) for one in (rows, odd))

    np.testing.assert_allclose(beside.matrix, without.matrix)
    assert beside.out_of_sample[::50] == pytest.approx(beside.score(odd[::50]), rel=0.2)
