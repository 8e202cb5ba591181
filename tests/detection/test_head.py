"""What a head is shown of a run, and what becomes of what it says."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stream_detector.bundle.directory import Bundle
from stream_detector.detection.detector import Detector
from stream_detector.detection.head import HEAD_READINGS, Head, HeadRows, lay_out
from stream_detector.detection.packed import cut_rows
from stream_detector.detection.scored import Scored
from stream_detector.detection.scoring import SurpriseCurve
from stream_detector.detection.state import DetectorState
from stream_detector.detection.threshold import Curve, Limits
from stream_detector.pipeline.pipeline import MAX_CLOCK_SKEW
from stream_detector.pipeline.readings import ReadingDecoder, Record
from tests.small_head import CALM, RESTLESS, score_of
from tests.small_models import SENSORS, Feed

STEAM = SENSORS.index("steam")
N_SENSORS = len(SENSORS)
LIMITS = Limits(Curve((1.0,), (3.0,)), Curve((0.01,), (2.0,)), readings_per_day=720.0)


class SumOfDeviations:
    """Log-odds: the sum of the newest reading's deviations, and how far its levels have moved."""

    def __call__(
        self, rows: NDArray[np.float32], n_readings: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        moved = np.abs(rows[:, -1, 0] - rows[:, -2, 0]).sum(axis=1) * (n_readings > 1)
        return np.asarray(rows[:, -1, 1].sum(axis=1) + moved, np.float32)


def head_of(curve: SurpriseCurve | None = None) -> Head:
    some = SurpriseCurve((1.0,), knee=math.e, tail=1.0, n_scores=100)
    return Head(SumOfDeviations(), curve or some, LIMITS, budget_per_day=1.0)


def memory(*readings: tuple[Sequence[float], Sequence[float]]) -> HeadRows:
    """Levels and deviations of each reading, oldest first."""
    return tuple(cut_rows(np.array([[*level, *deviation] for level, deviation in readings], "f4")))


def judged(bundle: Bundle, records: Sequence[Record]) -> tuple[list[Scored], DetectorState]:
    decoder = ReadingDecoder(bundle.model.features, max_clock_skew=MAX_CLOCK_SKEW)
    detector = Detector(bundle.model, run_ending_events=frozenset({"break"}))
    state = detector.new_state()
    readings = [decoder.decode(record) for record in records]
    return detector.score(readings, [state] * len(readings)), state


def levels_of(one: Scored, sensor: int) -> list[float]:
    """What the head is shown of a sensor's levels."""
    assert one.head_rows is not None
    rows, _ = lay_out([one.head_rows], n_sensors=N_SENSORS)
    levels: list[float] = rows[0, HEAD_READINGS - len(one.head_rows) :, 0, sensor].tolist()
    return levels


def test_a_score_is_how_surprising_the_odds_are() -> None:
    # Odds of e ** 3 are two tail lengths beyond the knee at e.
    (score,) = head_of().score([memory(([0.0], [3.0]))], n_sensors=1)

    assert score == round(-math.log10(0.05) + 2 * math.log10(math.e), 6)


def test_a_share_goes_by_what_the_score_would_lose_were_the_sensor_at_rest() -> None:
    # Of the log-odds 2 + 1 + (5 - 3), the first sensor's are 2 + 2 and the second's 1.
    found = memory(([3.0, 7.0], [0.0, 0.0]), ([5.0, 7.0], [2.0, 1.0]))

    assert head_of().shares(found, left_out=None).tolist() == [0.8, 0.2]


def test_a_sensor_that_lowers_the_score_has_no_share() -> None:
    found = memory(([3.0, 7.0], [2.0, -1.0]))

    assert head_of().shares(found, left_out=None).tolist() == [1.0, 0.0]


def test_a_sensor_that_was_left_out_has_no_share() -> None:
    found = memory(([3.0, 7.0], [2.0, 1.0]))

    assert head_of().shares(found, left_out=np.array([True, False])).tolist() == [0.0, 1.0]


def test_where_no_sensor_raises_the_score_there_are_no_shares() -> None:
    assert head_of().shares(memory(([3.0], [-2.0])), left_out=None).tolist() == [0.0]


def test_a_head_is_shown_the_last_readings_of_the_run(headed_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(20)
    feed.tell(event="break")
    feed.rows(3)

    scored, state = judged(headed_bundle, feed.records)

    shown = [len(one.head_rows) for one in scored if one.head_rows is not None]
    assert shown == [*range(1, HEAD_READINGS), *[HEAD_READINGS] * 6, 1, 2, 3]
    assert len(state.head_rows) == 3


def test_a_sensor_that_is_missing_stays_where_it_was_seen_last(headed_bundle: Bundle) -> None:
    # It has drifted far from where the others expect it.
    feed = Feed()
    feed.rows(3, steam=3.4)
    feed.rows(2, steam=None)
    feed.rows(1, steam=3.4)

    scored, _ = judged(headed_bundle, feed.records)

    assert len(set(levels_of(scored[-1], STEAM))) == 1
    assert scored[-1].head_score == CALM


def test_unrest_of_what_a_head_looks_at_raises_its_score(headed_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(15)
    for n in range(15):
        # The steam's spread is about 0.05: here it goes up and down by twice four of them.
        feed.rows(1, steam=3.0 + 0.2 * (-1) ** n)

    scored, _ = judged(headed_bundle, feed.records)

    assert np.std(levels_of(scored[-1], STEAM)) > RESTLESS
    assert (scored[14].head_score, scored[-1].head_score) == (CALM, score_of(2.0))


def test_what_cannot_be_scored_is_not_shown_to_a_head(headed_bundle: Bundle) -> None:
    feed = Feed()
    feed.rows(2)
    feed.values(speed=900.0)

    scored, state = judged(headed_bundle, feed.records)

    assert (scored[2].head_score, scored[2].head_rows) == (None, None)
    assert len(state.head_rows) == 2


def test_a_model_without_a_head_remembers_nothing_for_one(small_bundle: Bundle) -> None:
    scored, state = judged(small_bundle, Feed().rows(5))

    assert {(one.head_score, one.head_rows) for one in scored} == {(None, None)}
    assert "head_rows" not in state.snapshot()
