"""What the table says of a result, by counts that are written down by hand."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.replay.recording import LabelKind
from tests.trainer.backtest.by_hand import judged
from trainer.backtest.counting import Asked, Entry
from trainer.backtest.result import FoldSpan, Result
from trainer.backtest.table import table
from trainer.backtest.tally import Tally, count
from trainer.config import NetworkSettings, TrainingConfig

HORIZON = timedelta(minutes=4)
BREAKS = (9, 19, 29, 39, 49, 59)
BEFORE_THEM = [row for at in BREAKS for row in (at - 2, at - 1)]


def entry(
    name: str, *, raised: Sequence[int], high: Sequence[int], horizon: timedelta = HORIZON
) -> Entry:
    """What a model made of six breaks, each the end of a run of ten rows."""
    day = judged(
        range(0, 120, 2),
        runs=[row // 10 for row in range(60)],
        labelled=BREAKS,
        over=high,
        raised=raised,
        unscored=BREAKS,
    )
    tallies = [Tally([count(day, "event", horizon, fold=1)])]
    return Entry(name, {3.0: tallies, 6.0: tallies})


def result_of(
    *entries: Entry, networks: Sequence[str] = (), models: Sequence[str] | None = None
) -> Result:
    return Result(
        machine="pm3",
        sensors=("steam",),
        n_rows=80,
        label_kind="event",
        horizon=HORIZON,
        asked_per_day=6.0,
        asked_of_head=3.0,
        models=models or [one.name for one in entries],
        networks=networks,
        folds=(
            FoldSpan(
                40, 40, datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
            ),
        ),
        ways={"as delivered": entries},
        drawn=np.zeros(1),
    )


@pytest.mark.parametrize(
    ("raised", "high", "says"),
    [
        (
            [8, 18, 28, 38, 48],
            BEFORE_THEM,
            "net helps: at 6 a day 5 events were warned of within 60 min, 0 by the linear part "
            "alone, and its scores tell rows better apart (ROC-AUC 1.000, 0.542 of",
        ),
        (
            [8, 18, 28, 38],
            BEFORE_THEM,
            "net does not help: at 6 a day 4 events were warned of within 60 min, 0 by the linear "
            "part alone (of models that are equally good one is so far ahead in 6.2 % of cases).",
        ),
        # It is right as often, but its scores are the lowest where they should be high.
        (
            [8, 18, 28, 38, 48],
            [0, 1, 10, 11, 20, 21, 30, 31, 40, 41],
            "net does not help: at 6 a day 5 events were warned of within 60 min, 0 by the linear "
            "part alone, but its scores tell rows no better apart",
        ),
        (
            [row for at in BREAKS for row in (at - 9, at - 7, at - 1)],
            BEFORE_THEM,
            "net does not help: at 6 a day 6 events were warned of within 60 min, 0 by the linear "
            "part alone, but with 160.0 false alerts a day, 0.0 by the linear part.",
        ),
    ],
    ids=["more, and better scores", "a difference that is noise", "worse scores", "more false"],
)
def test_a_network_helps_if_it_warns_of_more_and_tells_rows_apart_better(
    raised: list[int], high: list[int], says: str
) -> None:
    linear = entry("linear", raised=[], high=[8])

    told = table(result_of(linear, entry("net", raised=raised, high=high), networks=["net"]))

    assert says in told


@pytest.mark.parametrize(
    ("of_reference", "horizon", "says"),
    [
        (
            [8, 18, 28, 38, 48],
            HORIZON,
            "linear is beaten: at 6 a day 0 events were warned of within 60 min, 5 by PCA Q",
        ),
        ([8, 18, 28, 38], HORIZON, None),
        # One after the other is false: they are more than were asked for.
        ([0, 2, 8, 10, 12, 18, 20, 22, 28, 38, 48], HORIZON, None),
        ([8, 18, 28, 38, 48], 60 * HORIZON, "0 events were warned of within 4 h, 5 by PCA Q"),
    ],
    ids=["clearly more", "a difference that is noise", "with more false alerts", "in 4 h"],
)
def test_a_reference_that_warns_of_clearly_more_is_named(
    of_reference: list[int], horizon: timedelta, says: str | None
) -> None:
    linear = entry("linear", raised=[], high=[8], horizon=horizon)
    other = entry("PCA Q", raised=of_reference, high=[8], horizon=horizon)

    told = table(result_of(linear, other, models=["linear"]))

    assert "is beaten" not in told if says is None else says in told


def test_of_two_references_one_is_ahead_by_luck_twice_as_often() -> None:
    linear, *others = (
        entry(name, raised=raised, high=[8])
        for name, raised in (("linear", []), ("PCA Q", [8, 18, 28, 38, 48]), ("PCA T2", [8]))
    )

    assert "is beaten" not in table(result_of(linear, *others, models=["linear"]))


def test_a_small_rate_is_told_in_two_digits() -> None:
    # One false alert in 14.5 days.
    rows = judged(range(0, 20880, 2), raised=[10])
    tallies = [Tally([count(rows, "event", HORIZON, fold=1)])]
    linear = Entry("linear", {3.0: tallies, 6.0: tallies})

    told = table(result_of(linear))

    assert "0.069 = 0.02x" in told
    assert "false alerts a day, by fold: 0.069" in told


@pytest.mark.parametrize(
    ("label_kind", "says"),
    [
        (
            "event",
            "alert to event, of those warned of within 60 min: median 10 min ahead, half of them "
            "7 to 13, all 4 to 16",
        ),
        (
            "rows",
            "begin to alert, of those warned of within 60 min: median 5 min after, half of them "
            "2 to 8, all 0 to 10",
        ),
    ],
)
def test_alerts_come_ahead_of_outcomes_and_after_the_begin_of_stretches(
    label_kind: LabelKind, says: str
) -> None:
    #  row      0 ... 10 ... 20 ... 30 ... 40
    #  labelled        -------       -------
    rows = judged(
        range(0, 200, 2),
        runs=[0] * 20 + [1] * 80,
        labelled=[*range(10, 20), *range(30, 40)],
        going_on=[*range(11, 20), *range(31, 40)],
        raised=[8, 10, 22, 35] if label_kind == "rows" else [2, 28],
    )
    tallies = [Tally([count(rows, label_kind, HORIZON, fold=1)])]
    linear = Entry("linear", {3.0: tallies, 6.0: tallies})

    told = table(dataclasses.replace(result_of(linear), label_kind=label_kind))

    assert says in told


def test_a_head_is_looked_at_closely_at_a_budget_of_its_own() -> None:
    linear, head = (entry(name, raised=[8], high=[8]) for name in ("linear", "head"))

    _, of_linear, of_head = table(result_of(linear, head)).split(", with 95 % intervals")

    assert "At 6 a day:" in of_linear
    assert "At 3 a day:" in of_head


def test_a_linear_model_by_another_name_is_not_held_against_itself() -> None:
    linear, same = (entry(name, raised=[8], high=[8]) for name in ("linear", "mine"))

    assert "by the linear part alone" not in table(result_of(linear, same))
    of_kind = {
        name: [TrainingConfig(network=NetworkSettings(kind=kind))]
        for name, kind in (("mine", "linear"), ("net", "dense"))
    }
    assert Asked(of_kind, Rules()).networks == ["net"]
