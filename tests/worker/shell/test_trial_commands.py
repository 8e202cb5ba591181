"""What `model compare` says of two models."""

from stream_detector.alerting.alarm_load import Series
from stream_detector.worker.shell.trial_commands import comparison_lines
from tests.alerting.test_comparison import PM3, PM4, compared, trial_of


def alert_lines(by_hand: dict[Series, str]) -> list[str]:
    found = compared({PM3: trial_of(), PM4: trial_of()}, by_hand=by_hand)
    return [one.split("; ")[-1] for one in comparison_lines(found) if "false alerts:" in one]


def test_the_budget_stands_beside_the_false_alerts() -> None:
    assert alert_lines({}) == ["budget 2", "budget 2", "budget 2"]


def test_so_does_the_threshold_that_a_person_set_in_its_place() -> None:
    assert alert_lines({PM4: "fixed:3.1"}) == [
        "budget 2",
        "no budget, a person set its threshold (fixed:3.1)",
        "no budget for 'pm4'",
    ]
