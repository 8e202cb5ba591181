import numpy as np
from numpy.typing import NDArray

from tests.small_models import normal_recording
from trainer.code_map import MOST_POINTS, code_map
from trainer.codes import Codes
from trainer.regimes import CLEAR

N_ROWS = 1500


def two_groups() -> NDArray[np.float32]:
    """Codes that differ in two of their three units."""
    rng = np.random.default_rng(seed=3)
    codes = rng.normal(size=(N_ROWS, 3)).astype(np.float32)
    codes[1000:, :2] += 50.0
    return codes


def test_the_map_shows_groups_and_where_rows_to_be_warned_at_lie() -> None:
    positives = np.arange(N_ROWS) % 100 == 99
    codes = Codes(np.arange(N_ROWS), two_groups())

    found = code_map(codes, normal_recording(N_ROWS), positives=positives, n_training=1200)

    assert found is not None
    assert (len(found.places), found.n_codes, found.n_units) == (MOST_POINTS, N_ROWS, 3)
    # Every positive row is there, though there is no place for all others.
    assert found.positives.sum() == 15
    assert found.regimes.max() == 2
    assert (found.regimes == 2).sum() / MOST_POINTS == 1 / 3
    assert found.silhouette > CLEAR
    assert np.abs(found.kept_back.mean() - 0.2) < 0.01
    assert (np.diff(found.times) > np.timedelta64(0)).all()
    # The regimes lie apart in the plane.
    first = found.places[found.regimes == 1, 0]
    second = found.places[found.regimes == 2, 0]
    assert first.max() < second.min() or second.max() < first.min()


def test_a_code_of_one_unit_is_a_line() -> None:
    codes = Codes(np.arange(N_ROWS), two_groups()[:, :1])
    nothing = np.zeros(N_ROWS, bool)

    found = code_map(codes, normal_recording(N_ROWS), positives=nothing, n_training=N_ROWS)

    assert found is not None
    assert found.shares == (1.0, 0.0)
    assert not found.places[:, 1].any()


def test_codes_that_are_all_alike_have_no_map() -> None:
    codes = Codes(np.arange(N_ROWS), np.ones((N_ROWS, 3), np.float32))
    nothing = np.zeros(N_ROWS, bool)

    assert code_map(codes, normal_recording(N_ROWS), positives=nothing, n_training=9) is None
