"""How surprising a part score is, and the score of all parts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_detector.detection.scoring import Calibration, Part, SurpriseCurve, join

HUNDRED = SurpriseCurve(
    quantiles=tuple(float(n) for n in range(1, 96)), knee=95.0, tail=0.5, n_scores=100
)
"""Training scores of 1, 2 ... 100: 95 up to the knee, 5 beyond it."""

KNEE = -math.log10(0.05)


@st.composite
def curves(draw: st.DrawFn) -> SurpriseCurve:
    """Any curve that training can give."""
    scores = sorted(draw(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=50)))
    knee = scores[-1] * draw(st.floats(1, 2))
    n_scores = draw(st.integers(math.ceil(len(scores) / 0.95), 10**6))
    return SurpriseCurve(tuple(scores), knee, draw(st.floats(0.02, 3)), n_scores)


def rate(curve: SurpriseCurve, score: float) -> float:
    """How surprising a single score is."""
    return curve(np.array([score])).item()


@pytest.mark.parametrize(
    ("score", "share_at_least"),
    [
        (0.5, 100.5 / 101),  # none of the training scores is below
        (1.0, 100.5 / 101),
        (50.5, 50.5 / 101),
        (80.5, 20.5 / 101),
    ],
)
def test_below_the_knee_ranks_tell(score: float, share_at_least: float) -> None:
    assert rate(HUNDRED, score) == pytest.approx(-math.log10(share_at_least))


@pytest.mark.parametrize(("lengths", "surprise"), [(1, KNEE + 0.434294), (2, KNEE + 0.868589)])
def test_beyond_the_knee_each_tail_length_is_a_factor_of_e(lengths: int, surprise: float) -> None:
    assert rate(HUNDRED, 95.0 * math.exp(0.5 * lengths)) == pytest.approx(surprise, abs=1e-6)


@given(curve=curves())
def test_ranks_and_tail_meet_at_the_knee(curve: SurpriseCurve) -> None:
    just_beyond = rate(curve, math.nextafter(curve.knee, math.inf))

    assert just_beyond == pytest.approx(KNEE, abs=1e-9)
    assert rate(curve, curve.knee) <= just_beyond


@given(curve=curves(), scores=st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)))
def test_a_higher_score_is_never_less_surprising(
    curve: SurpriseCurve, scores: tuple[float, float]
) -> None:
    lower, higher = curve(np.array(sorted(scores)))

    assert 0 <= lower <= higher


@given(curve=curves(), scores=st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_a_score_is_rated_the_same_alone_and_among_others(
    curve: SurpriseCurve, scores: list[float]
) -> None:
    assert curve(np.array(scores)).tolist() == [rate(curve, score) for score in scores]


@given(n_kept=st.integers(5, 40))
def test_thinned_quantiles_tell_about_the_same(n_kept: int) -> None:
    kept = np.linspace(0, 94, n_kept).astype(int)
    thinned = SurpriseCurve(
        tuple(HUNDRED.quantiles[i] for i in kept), HUNDRED.knee, HUNDRED.tail, HUNDRED.n_scores
    )
    for score in HUNDRED.quantiles:
        # A step of the thinned ranks is at most so many of the hundred scores.
        step = math.ceil(95 / (n_kept - 1)) + 1
        full, thin = 10 ** -rate(HUNDRED, score), 10 ** -rate(thinned, score)
        assert abs(full - thin) <= (step + 1) / 101


def test_a_part_counts_by_its_weight() -> None:
    calibration = Calibration(Part(HUNDRED, 1.0), Part(HUNDRED, 0.5), Part(HUNDRED, 0.4))

    surprises = calibration.surprises(*[np.array([95.0 * math.e])] * 3)

    full = KNEE + 2 * math.log10(math.e)
    assert surprises.tolist() == [pytest.approx([full, 0.5 * full, 0.4 * full])]


def test_the_score_is_the_root_of_the_squares_to_six_decimals() -> None:
    assert join(np.array([[1.0, 1.0, 1.0]])).tolist() == [1.732051]


def test_a_score_is_never_a_negative_zero() -> None:
    assert math.copysign(1.0, join(np.array([[-0.0, -0.0, -0.0]]))[0]) == 1.0


surprises = st.tuples(*[st.floats(0, 300)] * 3)


@given(surprises)
def test_the_score_is_at_least_its_largest_part_and_at_most_their_sum(
    parts: tuple[float, float, float],
) -> None:
    assert max(parts) - 1e-6 <= join(np.array([parts]))[0] <= sum(parts) + 1e-6
