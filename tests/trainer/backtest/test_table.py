"""What the table says of a result, by counts that are written down by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.trainer.backtest.by_hand import judged
from trainer.backtest.counting import Entry
from trainer.backtest.result import FoldSpan, Result
from trainer.backtest.table import table
from trainer.backtest.tally import Tally, count

HORIZON = timedelta(minutes=4)
BREAKS = (9, 19, 29, 39)
BEFORE_THEM = [row for at in BREAKS for row in (at - 2, at - 1)]


def entry(name: str, *, raised: Sequence[int], high: Sequence[int]) -> Entry:
    """What a model made of four breaks, each the end of a run of ten rows."""
    day = judged(
        range(0, 80, 2),
        runs=[row // 10 for row in range(40)],
        labelled=BREAKS,
        over=high,
        raised=raised,
        unscored=BREAKS,
    )
    return Entry(name, {6.0: [Tally([count(day, "event", HORIZON, fold=1)])]})


@pytest.mark.parametrize(
    ("raised", "high", "says"),
    [
        ([8, 18, 28], BEFORE_THEM, "net helps: at 6 a day 3 events"),
        ([8, 18], BEFORE_THEM, "net does not help: at 6 a day 2 events"),
        # It is right as often, but its scores are the lowest where they should be high.
        ([8, 18, 28], [0, 1, 10, 11, 20, 21], "net does not help: at 6 a day 3 events"),
    ],
    ids=["more events and better scores", "a difference that is noise", "worse scores"],
)
def test_a_network_helps_if_it_warns_of_more_and_tells_rows_apart_better(
    raised: list[int], high: list[int], says: str
) -> None:
    result = Result(
        machine="pm3",
        sensors=("steam",),
        n_rows=80,
        label_kind="event",
        horizon=HORIZON,
        asked_per_day=6.0,
        models=("linear", "net"),
        folds=(
            FoldSpan(
                40, 40, datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
            ),
        ),
        ways={
            "as delivered": [
                entry("linear", raised=[], high=[8]),
                entry("net", raised=raised, high=high),
            ]
        },
        drawn=np.zeros(1),
    )

    assert says in table(result)
