"""What a head learns from: every row of a history that can be scored, as a head sees it.

The rows go through the intake, and from there into the memory of their run, by the code
that does it live; their features come out of the graph that will give them live.

Memory: 100,000 rows of 60 sensors take about 90 MB of features and 50 MB of rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.graph import OnnxHead
from stream_detector.detection.conditioning import ConditionalMeans
from stream_detector.detection.head import HeadRows, lay_out
from stream_detector.detection.head_memory import follow_runs
from stream_detector.detection.scored import Status
from stream_detector.replay.outcomes import outcome_starts
from stream_detector.replay.recording import Recording
from trainer.head_graph import PrincipalAxes, features_graph
from trainer.history import Timing, rows_before_outcomes
from trainer.intake import Chunk, HistoryIntake
from trainer.training_rows import TrainingRows, suppressed_rows


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """The rows of a history that can be scored, in time order; n of them, f features.

    Parameters
    ----------
    features : float32 array, shape (n, f)
    memories : list of HeadRows, length n
        What the features are of.
    times : datetime64 array, shape (n,)
    run_numbers : int array, shape (n,)
        Rows of one run have one number, and later runs larger ones.
    positives : bool array, shape (n,)
        At most the label's horizon before an outcome of the same run: what is to be found.
    near : bool array, shape (n,)
        At most the rule's horizon before an outcome: what is not to be found is not normal.
    suppressed : bool array, shape (n,)
        Rows at which the machine's mode lets the rule raise nothing.
    outcomes : datetime64 array, shape (k,)
        Rising.
    """

    features: NDArray[np.float32]
    memories: list[HeadRows]
    times: NDArray[np.datetime64]
    run_numbers: NDArray[np.intp]
    positives: NDArray[np.bool_]
    near: NDArray[np.bool_]
    suppressed: NDArray[np.bool_]
    outcomes: NDArray[np.datetime64]


def label_rows(
    recording: Recording,
    timing: Timing,
    axes: PrincipalAxes,
    *,
    trained: TrainingRows,
    rules: Rules,
    rule: Rule,
) -> LabelledRows:
    """Show a history to a head that is still to be fitted.

    Parameters
    ----------
    recording : Recording
        It may go on beyond the rows that were trained on.
    timing : Timing
    axes : PrincipalAxes
        Of the normal deviations.
    trained : TrainingRows
        The normal rows that the conditioning was fitted on.
    rules : Rules
        The first one's horizon is the label's.
    rule : Rule
        The one of the head.
    """
    n_sensors = trained.features.n_sensors
    history = HistoryIntake(recording, timing, rules, modes=trained.features.modes)
    see = OnnxHead(features_graph(axes), n_sensors=n_sensors, output="features")
    taken_in = np.zeros(recording.n_rows, bool)
    rows: list[int] = []
    firsts: list[bool] = []
    memories: list[HeadRows] = []
    features = []
    for chunk, found in _followed(history, trained):
        taken_in[chunk.start :][: len(chunk.scored)] = [
            one.status not in (Status.LATE, Status.DUPLICATE) for one in chunk.scored
        ]
        rows += [chunk.start + i for i in chunk.rows.indices]
        firsts += [chunk.scored[i].first_of_run for i in chunk.rows.indices]
        memories += found
        if found:
            features.append(see(*lay_out(found, n_sensors=n_sensors)))
    times, run_numbers = recording.times[rows], np.cumsum(firsts)
    outcomes = recording.times[outcome_starts(recording)]
    ahead = time_ahead(times, run_numbers, outcomes, max_gap=np.timedelta64(timing.max_gap))
    return LabelledRows(
        features=np.concatenate(features),
        memories=memories,
        times=times,
        run_numbers=run_numbers,
        positives=ahead <= np.timedelta64(rules.rules[0].horizon),
        near=rows_before_outcomes(recording, horizon=rule.horizon)[rows],
        suppressed=suppressed_rows(recording, taken_in, rule)[rows],
        outcomes=outcomes,
    )


def _followed(
    history: HistoryIntake, trained: TrainingRows
) -> Iterator[tuple[Chunk, list[HeadRows]]]:
    """Send a history through the intake and into the memory of its runs, as the detector does."""
    conditioning = trained.conditioning
    means = ConditionalMeans(conditioning.deviation_mean, conditioning.deviation_precision)
    for chunk in history.taken_in(conditioning, trained.feed_limits):
        rows, states = chunk.rows, [chunk.state] * len(chunk.scored)
        deviations = conditioning.scale_deviations(rows.deviations)
        means.fill_rows(deviations, rows.left_out)
        yield chunk, follow_runs(chunk.scored, rows, deviations, states)


def time_ahead(
    times: NDArray[np.datetime64],
    run_numbers: NDArray[np.intp],
    outcomes: NDArray[np.datetime64],
    *,
    max_gap: np.timedelta64,
) -> NDArray[np.timedelta64]:
    """Tell how long before the outcome of its run each row is, shape (n,).

    Of a run that ended otherwise it is endless. A run ends in an outcome when that follows
    its last row within the longest gap.

    Parameters
    ----------
    times : datetime64 array, shape (n,)
    run_numbers : int array, shape (n,)
    outcomes : datetime64 array, shape (k,)
        Rising.
    max_gap : timedelta64

    Examples
    --------
    Two runs, of which the first ends in an outcome:

    >>> at = np.datetime64("2026-11-22T03:00", "us") + np.array([0, 2, 8, 10], "timedelta64[m]")
    >>> minutes = np.timedelta64(1, "m")
    >>> ahead = time_ahead(at, np.array([1, 1, 2, 2]), at[:1] + 4 * minutes, max_gap=3 * minutes)
    >>> [float(one / minutes) for one in ahead[:2]], bool(ahead[2] > 1e6 * minutes)
    ([4.0, 2.0], True)
    """
    ahead = np.full(len(times), np.iinfo(np.int64).max, "timedelta64[us]")
    last_of_run = times[np.searchsorted(run_numbers, run_numbers, side="right") - 1]
    following = np.searchsorted(outcomes, last_of_run)
    some = following < len(outcomes)
    outcome = outcomes[following[some]]
    ended = outcome - last_of_run[some] <= max_gap
    rows = np.flatnonzero(some)[ended]
    ahead[rows] = outcome[ended] - times[rows]
    return ahead
