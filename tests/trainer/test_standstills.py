"""An alert that was open while the machine stood still, as the report shows it."""

import dataclasses
import json

import numpy as np
import pytest

from stream_detector.alerting.recorded import Standstill
from tests.trainer.made_findings import CADENCE, START, made_evaluation, made_findings
from trainer.evaluation import Evaluation
from trainer.report import report_json
from trainer.report.about_alerts import alerts
from trainer.report.about_scores import holdout_scores
from trainer.report.layout import Table
from trainer.report.score_charts import alert_open
from trainer.report.style import day_numbers


@pytest.fixture
def evaluation() -> Evaluation:
    """Two alerts, of which the first one stood while nothing came for 200 minutes."""
    #  row   10    15        115   120        200  203
    #        open   standstill    cleared     open  cleared
    whole = made_evaluation(np.ones(300), alert_rows=((10, 120), (200, 203)))
    still = Standstill(START + 15 * CADENCE, START + 115 * CADENCE)
    return dataclasses.replace(whole, stood_still=(still,))


def test_it_is_told_how_long_the_machine_ran_meanwhile(evaluation: Evaluation) -> None:
    findings = made_findings(evaluation)

    *_, table = alerts(findings).parts
    numbers = json.loads(report_json(findings))["holdout"]["alerts"]["first"]

    assert isinstance(table, Table)
    assert [row[3] for row in table.rows] == ["20 min, 3.67 h with standstills", "6 min"]
    assert [alert["running_seconds"] for alert in numbers] == [1200.0, 360.0]


def test_its_bar_leaves_the_standstill_out(evaluation: Evaluation) -> None:
    edges = day_numbers(evaluation.times[0]) + np.arange(300) * (2 / 1440) - 1 / 1440

    rows = np.flatnonzero(alert_open(evaluation, edges)).tolist()

    assert rows == [*range(10, 16), *range(115, 121), *range(200, 204)]


def test_that_it_does_is_said_where_there_is_one(evaluation: Evaluation) -> None:
    without = dataclasses.replace(evaluation, stood_still=())

    notes = [
        holdout_scores(made_findings(one).measures, label="score").note
        for one in (evaluation, without)
    ]

    assert ["leave standstills out" in note for note in notes] == [True, False]
