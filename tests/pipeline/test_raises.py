"""What a reading raised is told with its score; whoever compares models counts from that."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from stream_detector.alerting.alarm_load import Series
from stream_detector.alerting.comparison import Compared, compare
from stream_detector.alerting.figures import LedgerFigures, figures
from stream_detector.alerting.ledger import Ledger
from stream_detector.alerting.news import OutcomeNews, decode_news
from stream_detector.alerting.rules import SHEET_BREAK, Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.pipeline.messages import Output
from stream_detector.pipeline.pipeline import Pipeline
from stream_detector.pipeline.score_streams import Trials, decode_line
from stream_detector.pipeline.thresholds import ThresholdTable
from tests.pipeline.station import HIGH, Station, read
from tests.pipeline.two_rules import RULES, three_breaks
from tests.small_models import BROKEN_STEAM, Feed

ON_TRIAL = "c" * 16


@pytest.fixture(scope="module")
def told(small_bundle: Bundle) -> list[Output]:
    return Pipeline(small_bundle, RULES).process(three_breaks().records, ThresholdTable(HIGH))


def ledger_of(outputs: Sequence[Output]) -> Ledger:
    """What the alerts topic tells, folded as the alert book does."""
    ledger = Ledger(RULES)
    for one in outputs:
        news = decode_news(one.value) if one.topic == "alerts" else None
        if isinstance(news, OutcomeNews):
            ledger.fold_outcome(news, news.event_time)
        elif news is not None:
            ledger.fold(*news, news[0].event_time)
    return ledger


def figures_of(ledger: Ledger) -> LedgerFigures:
    day = timedelta(days=1)
    return figures(ledger, (), RULES, now=three_breaks().time, trailing=day).ledger


def compared(outputs: Sequence[Output], ledger: Ledger) -> Compared:
    """What comparing models makes of it, where the candidate said the same of each reading."""
    trials = Trials(ON_TRIAL, max_gap=timedelta(minutes=10), wants=lambda _: True)
    for line in filter(None, (decode_line(one.value) for one in outputs)):
        trials.take(line)
        trials.take(msgspec.structs.replace(line, bundle=ON_TRIAL, shadow=True))
    series = Series("pm3", "anomaly")
    (found,) = compare(
        ON_TRIAL,
        trials.active,
        trials.by_series,
        {series: ledger.outcomes},
        horizons={rule.name: rule.horizon for rule in RULES.rules},
        budgets={series: 6.0},
        by_hand={},
        least_days=0.0,
    ).machines
    return found


def test_a_score_names_the_rules_whose_alert_its_reading_raised(told: list[Output]) -> None:
    raised = [(one["event_time"][11:16], one["raised"]) for one in read(told).scores]

    assert [one for one in raised if one[1]] == [
        ("04:40", ["sheet-break"]),
        ("06:24", ["sheet-break"]),
        ("06:28", ["patient"]),
        ("07:14", ["sheet-break"]),
    ]


def test_comparing_models_finds_what_stands_in_the_ledger(told: list[Output]) -> None:
    ledger = ledger_of(told)
    of_ledger, of_models = figures_of(ledger), compared(told, ledger)

    assert of_models.active == of_models.candidate
    assert of_models.active.n_raised == sum(one.n_raised for one in of_ledger.alerts) == 4
    assert of_models.n_outcomes == len(of_ledger.outcomes) == 3
    warned = sum(one.warned for one in of_ledger.outcomes)
    assert of_models.n_warned_by_active == of_models.n_warned_by_candidate == warned == 2
    # The alert at 06:24, and the patient one, warned of nothing.
    assert of_models.active.n_false == 2


def test_a_reading_that_raises_alerts_of_two_rules_names_both(small_bundle: Bundle) -> None:
    twin = msgspec.structs.replace(SHEET_BREAK, name="twin", outcome=None)
    at, feed = Station(small_bundle, rules=Rules(rules=(SHEET_BREAK, twin))), Feed()
    feed.rows(3)
    feed.rows(2, steam=BROKEN_STEAM)

    raised = [one["raised"] for one in at.take(feed.records).scores]

    assert raised == [[], [], [], ["sheet-break", "twin"], []]


def test_a_model_on_trial_tells_what_it_would_have_raised(
    small_bundle: Bundle, told: list[Output]
) -> None:
    shadow = Pipeline(small_bundle, RULES, is_shadow=True)

    on_trial = read(shadow.process(three_breaks().records, ThresholdTable(HIGH)))

    assert [one["raised"] for one in on_trial.scores] == [
        one["raised"] for one in read(told).scores
    ]
