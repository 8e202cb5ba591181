from datetime import UTC, date, datetime

import numpy as np
import pytest

from stream_detector.replay.recording import LabelKind
from tests.trainer.made_findings import made_evaluation
from trainer.alert_counts import by_week
from trainer.measures import measure
from trainer.report.about_alerts import week_table

SUNDAY_NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HALF_A_DAY = 360


def test_what_was_asked_for_stands_beside_what_came_week_by_week() -> None:
    # Half a day of the first week, and a whole day of the second.
    evaluation = made_evaluation(
        np.ones(3 * HALF_A_DAY),
        first=SUNDAY_NOON,
        outcome_rows=(102,),
        alert_rows=((10, 12), (100, 102), (400, 402), (500, 502), (600, 602)),
    )

    first, second = by_week(evaluation)

    # The alert right before the outcome is not false; the outcome's own row is not scored.
    assert (first.begin, first.n_false) == (date(2026, 10, 26), 1)
    assert first.days == pytest.approx(359 / 720)
    assert (second.begin, second.n_false) == (date(2026, 11, 2), 3)
    assert second.per_day == pytest.approx(3.0)
    assert second.over_asked == pytest.approx(3.0 / 6.0)


def test_without_labels_every_alert_counts() -> None:
    evaluation = made_evaluation(
        np.ones(HALF_A_DAY), first=SUNDAY_NOON, alert_rows=((1, 2), (9, 10)), label_kind=None
    )

    (week,) = by_week(evaluation)

    assert week.per_day == pytest.approx(4.0)


def test_of_a_few_rows_no_rate_is_told() -> None:
    (week,) = by_week(made_evaluation(np.ones(9), alert_rows=((1, 2),)))

    assert week.n_false == 1
    assert week.per_day is None
    assert week.over_asked is None


@pytest.mark.parametrize(("label_kind", "counted"), [("event", "False alerts"), (None, "Alerts")])
def test_the_table_of_weeks_names_what_it_counts(
    label_kind: LabelKind | None, counted: str
) -> None:
    evaluation = made_evaluation(np.ones(900), alert_rows=((1, 2),), label_kind=label_kind)

    table = week_table(measure(evaluation))

    assert table.columns[2:4] == (counted, "A day")
