import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.errors import TrainingError
from trainer.regimes import find_regimes


def groups(*sizes: int, apart: float = 10.0) -> NDArray[np.float64]:
    """Codes of two units in clouds, so many in each; the second unit has a tiny scale."""
    rng = np.random.default_rng(seed=2)
    clouds = [
        rng.normal(size=(size, 2)) + apart * np.array([number % 2, number // 2])
        for number, size in enumerate(sizes)
    ]
    return np.concatenate(clouds) * [1.0, 1e-4]


def test_the_clearest_number_of_regimes_is_found_and_the_largest_comes_first() -> None:
    found = find_regimes(groups(30, 90, 60, 20))

    assert found.sizes == [90, 60, 30, 20]
    assert found.labels.tolist() == [3] * 30 + [1] * 90 + [2] * 60 + [4] * 20
    assert found.silhouette > 0.7


def test_as_many_regimes_as_are_asked_for() -> None:
    assert len(find_regimes(groups(50, 50, 50, 50), n_regimes=2).sizes) == 2


def test_one_cloud_is_not_clear() -> None:
    assert 0 < find_regimes(groups(300, apart=0.0)).silhouette < 0.45


def test_the_same_codes_give_the_same_regimes() -> None:
    codes = groups(40, 40, apart=2.0)

    assert find_regimes(codes).labels.tolist() == find_regimes(codes).labels.tolist()


def test_codes_that_are_all_alike_have_no_regimes() -> None:
    with pytest.raises(TrainingError, match="1 different codes are too few for 2 regimes"):
        find_regimes(np.ones((50, 3)))
