"""The rules file: what it says, and what it may not say."""

from datetime import timedelta

import pytest

from stream_detector.alerting.rules import (
    BREAK_LIKELY,
    SHEET_BREAK,
    OnDelay,
    Rules,
    default_rules,
    read_rules,
)
from stream_detector.errors import SettingsError

FULL = """
site = "mill-a"
run_ending_events = ["break", "stop"]

[[rules]]
name = "sheet-break"
outcome = "break"
horizon_seconds = 600
class = "alarm"
priority = "high"
response = "Check the draws."
runbook_url = "https://runbooks.example/sheet-break"
on_delay = { count = 3, of = 5 }
clear_share = 0.7
off_delay = 3
cooldown_seconds = 900
heartbeat_seconds = 300
suppressed_modes = ["wash-up", "start-up"]
suppression_hold_seconds = 120

[[rules]]
name = "anything-odd"
"""


def test_without_a_file_there_is_one_rule() -> None:
    (rule,) = Rules().rules

    assert rule is SHEET_BREAK
    assert (rule.name, rule.outcome, rule.horizon_seconds) == ("sheet-break", "break", 240.0)
    assert (rule.alert_class, rule.priority, rule.on_delay) == ("advisory", "medium", OnDelay(1, 1))
    assert (rule.clear_share, rule.off_delay) == (1.0, 2)
    assert (rule.cooldown, rule.heartbeat) == (timedelta(minutes=30), timedelta(minutes=10))


def test_a_model_with_a_head_has_a_rule_of_its_own() -> None:
    rules = default_rules(with_head=True)

    assert rules.rules == (SHEET_BREAK, BREAK_LIKELY)
    assert rules.of_head is BREAK_LIKELY
    assert (BREAK_LIKELY.outcome, BREAK_LIKELY.horizon) == ("break", timedelta(hours=1))
    assert (BREAK_LIKELY.alert_class, BREAK_LIKELY.priority) == ("advisory", "low")


def test_without_a_rule_by_its_score_a_head_has_none() -> None:
    assert default_rules(with_head=False) == Rules()
    assert Rules().of_head is None


def test_a_file_sets_everything() -> None:
    rules = read_rules(FULL)
    full, plain = rules.rules

    assert (rules.site, rules.run_ending_events) == ("mill-a", ("break", "stop"))
    assert (full.alert_class, full.priority, full.response) == ("alarm", "high", "Check the draws.")
    assert (full.on_delay, full.clear_share, full.off_delay) == (OnDelay(3, 5), 0.7, 3)
    assert full.cooldown == timedelta(minutes=15)
    assert full.heartbeat == timedelta(minutes=5)
    assert full.suppressed_modes == ("wash-up", "start-up")
    assert full.suppression_hold == timedelta(minutes=2)
    assert (plain.outcome, plain.priority, plain.response) == (None, "low", None)


def test_an_empty_file_is_as_good_as_none() -> None:
    assert read_rules("") == Rules()


def test_the_digest_tells_one_set_of_rules_from_another() -> None:
    assert read_rules(FULL).digest == read_rules(FULL + "\n# a remark\n").digest
    assert read_rules(FULL).digest != read_rules(FULL.replace("= 3,", "= 2,")).digest
    assert len(Rules().digest) == 12


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules = [", "the rules file is wrong: .*; correct it"),
        (f"rules = {'[' * 10_000}", "the rules file is wrong: .*recursion"),
        (f"horizon_seconds = {'9' * 5000}", "the rules file is wrong: .*digits"),
        ("rules = []", "has no rule; add a"),
        ("colour = 1", "unknown field `colour`"),
        ("[[rules]]\nname = 'odd'\ncolour = 1", r"unknown field `colour` - at `\$\.rules\[0\]`"),
        ("[[rules]]\noutcome = 'break'", "missing required field `name`"),
        ("[[rules]]\nname = 'Sheet Break'", "matching regex"),
        ("[[rules]]\nname = ''", "matching regex"),
        ("[[rules]]\nname = 'odd'\n[[rules]]\nname = 'odd'", "names 'odd' twice; rename one"),
        ("[[rules]]\nname = 'odd'\nclass = 'warning'", r"Invalid enum value 'warning'"),
        ("[[rules]]\nname = 'odd'\npriority = 'top'", r"Invalid enum value 'top'"),
        ("[[rules]]\nname = 'odd'\nclass = 'alarm'", "class 'alarm' without a response"),
        ("[[rules]]\nname = 'odd'\nclass = 'alarm'\nresponse = ''", "without a response"),
        ("[[rules]]\nname = 'odd'\non_delay = {count = 3, of = 2}", "on-delay of 3 of 2"),
        ("[[rules]]\nname = 'odd'\non_delay = {count = 3}", "on-delay of 3 of 1"),
        ("[[rules]]\nname = 'odd'\non_delay = {count = 0}", "`int` >= 1"),
        ("[[rules]]\nname = 'odd'\nclear_share = 0.0", r"> 0.0"),
        ("[[rules]]\nname = 'odd'\nclear_share = 1.1", r"<= 1.0"),
        ("[[rules]]\nname = 'odd'\nclear_share = nan", r"> 0.0"),
        ("[[rules]]\nname = 'odd'\noff_delay = 0", "`int` >= 1"),
        ("[[rules]]\nname = 'odd'\noff_delay = 1.5", "Expected `int`, got `float`"),
        ("[[rules]]\nname = 'odd'\ncooldown_seconds = -1", r">= 0.0"),
        ("[[rules]]\nname = 'odd'\nheartbeat_seconds = inf", r"<= 2592000.0"),
        ("[[rules]]\nname = 'odd'\nheartbeat_seconds = 59", r">= 60.0"),
        ("[[rules]]\nname = 'odd'\nhorizon_seconds = '4 min'", "Expected `float`, got `str`"),
        ("[[rules]]\nname = 'odd'\nsuppressed_modes = 'wash-up'", "Expected `array`, got `str`"),
        ("[[rules]]\nname = 'odd'\nscore = 'novelty'", r"Invalid enum value 'novelty'"),
        ("[[rules]]\nname = 'odd'\nscore = 'head'", "the first rule, 'odd', is judged by the head"),
        (
            "[[rules]]\nname = 'odd'\n[[rules]]\nname = 'b'\nscore = 'head'\noutcome = 'stop'",
            "warns of 'stop', but a head is fitted on the outcome of the first rule, None",
        ),
        ("run_ending_events = 'break'", "Expected `array`, got `str`"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read_rules(text)


@pytest.mark.parametrize("to", ["low", "medium"])
def test_an_escalation_has_to_go_up(to: str) -> None:
    text = f'[[rules]]\nname = "odd"\npriority = "medium"\nescalation = {{ to = "{to}" }}\n'

    with pytest.raises(
        SettingsError, match=f"'odd' has the priority 'medium' and escalates to '{to}'"
    ):
        read_rules(text)
