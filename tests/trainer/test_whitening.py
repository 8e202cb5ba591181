import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.errors import TrainingError
from trainer.whitening import Whitening, blocks, fit_whitening, outside, robust_scale


def test_a_wild_value_moves_neither_centre_nor_the_quantiles_of_the_spread() -> None:
    column = np.arange(1001.0)[:, None]
    calm = robust_scale(column)
    column[1000] = 10_000.0

    center, spread = robust_scale(column)

    assert center == calm[0] == 500.0
    assert spread == calm[1] == pytest.approx(500 / 1.349)


def test_a_column_that_seldom_moves_is_scaled_by_half_its_standard_deviation() -> None:
    #  96 zeros and 4 tens: all five quantiles are 0
    column = np.r_[np.zeros(96), np.full(4, 10.0)][:, None]

    center, spread = robust_scale(column)

    assert center == 0.0
    assert spread == pytest.approx(0.5 * 10 * np.sqrt(0.04 * 0.96))


def test_heavy_tails_are_scaled_by_the_middle_90_percent() -> None:
    #  the middle half is 0, the outer tenths are -1 and 1
    column = np.r_[np.full(10, -1.0), np.zeros(80), np.full(10, 1.0)][:, None]

    assert robust_scale(column)[1] == pytest.approx(2 / 3.29)


def test_a_constant_column_is_scaled_by_5_percent_of_its_value() -> None:
    values = np.tile([-40.0, 0.0], (50, 1))

    center, spread = robust_scale(values)

    np.testing.assert_array_equal(center, [-40.0, 0.0])
    np.testing.assert_array_equal(spread, [2.0, 1.0])


def test_missing_values_do_not_count() -> None:
    column = np.r_[np.arange(101.0), [np.nan] * 40][:, None]

    np.testing.assert_array_equal(robust_scale(column), robust_scale(column[:101]))


def test_a_column_without_any_value_is_refused_by_its_number() -> None:
    with pytest.raises(TrainingError, match="column 1"):
        robust_scale(np.column_stack([np.ones(5), np.full(5, np.nan)]))


def test_blocks_cover_all_rows_once() -> None:
    covered = [row for block in blocks(103, 10) for row in range(103)[block]]

    assert covered == list(range(103))


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (slice(0, 40), [*range(50, 100)]),
        (slice(40, 60), [*range(30), *range(70, 100)]),
        (slice(60, 100), [*range(50)]),
    ],
)
def test_rows_next_to_a_held_out_block_are_purged(block: slice, expected: list[int]) -> None:
    assert outside(block, 100, n_purged=10).tolist() == expected


def test_whitened_rows_are_uncorrelated_with_variance_one() -> None:
    rows = _correlated(n_rows=20_000, n_columns=4)

    covariance = np.cov(fit_whitening(rows, n_blocks=5).whiten(rows).T)

    np.testing.assert_allclose(covariance, np.eye(4), atol=0.02)


def test_two_columns_by_hand() -> None:
    # Variances 4 and 1 along the diagonals of the plane, so S = V diag(1/2, 1) V'.
    g = np.random.default_rng(seed=1)
    along, across = g.normal(scale=2.0, size=200_000), g.normal(size=200_000)
    rows = np.column_stack([along + across, along - across]) / np.sqrt(2)

    whitening = fit_whitening(rows, n_blocks=5)

    np.testing.assert_allclose(whitening.matrix, [[0.75, -0.25], [-0.25, 0.75]], atol=0.005)
    # (1, 1) lies along: length 2 over variance 4, in the mean of two columns 1/4.
    np.testing.assert_allclose(
        whitening.score(np.array([[1.0, 1.0], [1.0, -1.0]])), [0.25, 1.0], atol=0.01
    )


def test_the_matrix_is_symmetric_and_its_square_is_the_precision() -> None:
    whitening = fit_whitening(_correlated(n_rows=500, n_columns=6), n_blocks=10)

    np.testing.assert_allclose(whitening.matrix, whitening.matrix.T, atol=1e-12)
    np.testing.assert_allclose(whitening.matrix @ whitening.matrix, whitening.precision)


@pytest.mark.parametrize("n_blocks", [3, 10])
def test_sums_over_blocks_give_what_refitting_on_the_rows_gives(n_blocks: int) -> None:
    """Blocks of 5,000 rows are two chunks; the plain computation copies the rows outside."""
    rows = _correlated(n_rows=15_000, n_columns=5) + np.array([3.0, 0.0, -2.0, 0.0, 8.0])

    whitening = fit_whitening(rows, n_blocks=n_blocks)

    np.testing.assert_allclose(
        whitening.out_of_sample, _plain_out_of_sample(rows, n_blocks), rtol=1e-9
    )


def test_scores_out_of_sample_are_those_of_new_rows() -> None:
    """With 120 rows of 40 columns, scores in sample would be a fraction of new rows' scores."""
    rows = _correlated(n_rows=240, n_columns=40)
    whitening = fit_whitening(rows[:120], n_blocks=5)

    new, own = whitening.score(rows[120:]).mean(), whitening.out_of_sample.mean()

    assert own == pytest.approx(new, rel=0.15)


def test_readings_side_by_side_are_one_row() -> None:
    windows = _correlated(n_rows=400, n_columns=12).reshape(400, 4, 3)

    side_by_side = fit_whitening(windows, n_blocks=5)
    flat = fit_whitening(windows.reshape(400, 12), n_blocks=5)

    np.testing.assert_array_equal(side_by_side.matrix, flat.matrix)
    np.testing.assert_array_equal(side_by_side.out_of_sample, flat.out_of_sample)


def test_a_constant_column_has_the_floor_as_its_variance() -> None:
    rows = _correlated(n_rows=400, n_columns=3)
    rows[:, 1] = 5.0

    whitening = fit_whitening(rows, n_blocks=5)

    variances = 1 / np.linalg.eigvalsh(whitening.precision)
    assert variances.min() == pytest.approx(0.01 * np.cov(rows.T).trace() / 3, rel=0.05)


def test_rows_that_never_move_are_whitened_all_the_same() -> None:
    whitening = fit_whitening(np.full((100, 2), 3.0), n_blocks=5)

    assert np.isfinite(whitening.matrix).all()
    np.testing.assert_array_equal(whitening.out_of_sample, 0.0)


def test_blocks_shorter_than_what_is_purged_are_refused() -> None:
    with pytest.raises(TrainingError, match="199 normal training rows are too few for 10 blocks"):
        fit_whitening(np.zeros((199, 2)), n_blocks=10)


def _correlated(*, n_rows: int, n_columns: int) -> NDArray[np.float64]:
    g = np.random.default_rng(seed=2)
    mixing = g.normal(size=(n_columns, n_columns))
    return np.asarray(g.normal(size=(n_rows, n_columns)) @ mixing)


def _plain_out_of_sample(rows: NDArray[np.float64], n_blocks: int) -> NDArray[np.float64]:
    squares, parts = [], blocks(len(rows), n_blocks)
    for part in parts:
        others = rows[outside(part, len(rows), n_purged=10)]
        axes = np.linalg.eigh(np.cov(others.T)).eigenvectors[:, ::-1]
        squares.append(((rows[part] - others.mean(axis=0)) @ axes) ** 2)
    moments = np.array([one.mean(axis=0) for one in squares])
    # Blocks of one length, and rows whose moments fall strictly: no pooling is needed here.
    scores = []
    for held_out, one in enumerate(squares):
        variances = np.delete(moments, held_out, axis=0).mean(axis=0)
        assert (np.diff(variances) < 0).all()
        scores.append((one / np.maximum(variances, 0.01 * variances.mean())).mean(axis=1))
    return np.concatenate(scores)


def test_a_whitening_scores_any_number_of_leading_axes() -> None:
    whitening = Whitening(np.ones(2), 2 * np.eye(2), 4 * np.eye(2), np.empty(0))

    np.testing.assert_array_equal(whitening.score(np.full((3, 5, 2), 2.0)), np.full((3, 5), 4.0))
