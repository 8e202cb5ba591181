"""What is warned of, and how patiently: the rules file.

Rules are TOML, one table per rule. Without a file there is one rule, ``sheet-break``, and
for a model with a supervised head ``break-likely`` beside it.
"""

import hashlib
import tomllib
from datetime import timedelta
from typing import Annotated, Literal, get_args

import msgspec

from stream_detector.errors import SettingsError

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=30 * 86400)]
Heartbeat = Annotated[float, msgspec.Meta(ge=60, le=30 * 86400)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
AlertClass = Literal["advisory", "alarm"]
Priority = Literal["low", "medium", "high", "critical"]
LowestPriority = Literal["low", "medium", "high", "critical", "never"]
ScoreName = Literal["anomaly", "head"]


class OnDelay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An alert is raised when ``count`` of the last ``of`` readings are over the threshold."""

    count: Count = 1
    of: Count = 1


class Escalation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An open alert rises to a higher priority when its score stays far over the threshold."""

    to: Priority
    """Higher than the rule's own."""

    over: Annotated[float, msgspec.Meta(gt=1, le=1000)] = 1.5
    """Far over it is above so many times the threshold ..."""

    count: Count = 3
    """... in so many readings in a row after the raise."""


class Notify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which priority on somebody is notified, where the settings say how to reach them."""

    alertmanager: LowestPriority = "low"

    webhook: LowestPriority = "low"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of alert."""

    name: Name
    """Part of the alert's identity, e.g. ``sheet-break``."""

    outcome: str | None = None
    """The process event it warns of; that event closes an open alert."""

    horizon_seconds: Seconds = 240.0
    """How far ahead the outcome is expected when the alert is raised."""

    score: ScoreName = "anomaly"
    """What is held against a threshold: how unusual a reading is (``anomaly``), or how much the
    run looks like those before an outcome (``head``, of a model that has one)."""

    alert_class: AlertClass = msgspec.field(name="class", default="advisory")
    """An ``alarm`` needs a timely operator response, so it needs a written one."""

    priority: Priority = "low"
    """From consequence and time to respond, not from the score."""

    escalation: Escalation | None = None
    """The score may raise the priority, if the rule says so, but never invents one."""

    response: str | None = None
    """What the operator shall do."""

    runbook_url: str | None = None
    """Where that is written at length."""

    on_delay: OnDelay = OnDelay()
    """1 of 1 by default: the score's sustained part is an on-delay already."""

    clear_share: Share = 1.0
    """An alert may clear below this share of the threshold (hysteresis). All of it by default:
    the score's sustained part, a mean of 8 readings, is slow already. 0.8 suits plain scores."""

    off_delay: Count = 2
    """... after so many readings in a row; more suit plain scores, and readings every second."""

    cooldown_seconds: Seconds = 1800.0
    """An alert that returns within this time goes on as the same alert."""

    heartbeat_seconds: Heartbeat = 600.0
    """An open alert says that it still stands, so often: not with each reading, so 60 at least."""

    suppressed_modes: tuple[str, ...] = ()
    """Modes (start-up, wash-up, grade change) in which nothing is raised ..."""

    suppression_hold_seconds: Seconds = 0.0
    """... and for so long after."""

    notify: Notify = Notify()
    """Who is told of it; what an alert says does not depend on that."""

    @property
    def horizon(self) -> timedelta:
        """``horizon_seconds`` as a span of time."""
        return timedelta(seconds=self.horizon_seconds)

    @property
    def cooldown(self) -> timedelta:
        """``cooldown_seconds`` as a span of time."""
        return timedelta(seconds=self.cooldown_seconds)

    @property
    def heartbeat(self) -> timedelta:
        """``heartbeat_seconds`` as a span of time."""
        return timedelta(seconds=self.heartbeat_seconds)

    @property
    def suppression_hold(self) -> timedelta:
        """``suppression_hold_seconds`` as a span of time."""
        return timedelta(seconds=self.suppression_hold_seconds)


SHEET_BREAK = Rule(name="sheet-break", outcome="break", priority="medium")
"""The rule without a rules file: a score over the threshold predicts a break within 4 minutes."""

BREAK_LIKELY = Rule(name="break-likely", score="head", outcome="break", horizon_seconds=3600.0)
"""The rule of a head: it tells a machine that is unstable, up to an hour ahead, more than the last
minutes before a break."""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rules of a site."""

    rules: tuple[Rule, ...] = (SHEET_BREAK,)
    """At least one; names differ."""

    run_ending_events: tuple[str, ...] = ("break",)
    """Process events after which a machine's run starts anew."""

    site: str | None = None
    """Where the machines stand; it is named in every alert."""

    def by(self, score: ScoreName) -> tuple[Rule, ...]:
        """Give the rules that go by a score."""
        return tuple(rule for rule in self.rules if rule.score == score)

    @property
    def events(self) -> frozenset[str]:
        """All process events that anything depends on: they end a run, or are an outcome."""
        outcomes = (rule.outcome for rule in self.rules if rule.outcome is not None)
        return frozenset((*self.run_ending_events, *outcomes))

    @property
    def of_head(self) -> Rule | None:
        """The rule that a head is fitted for: the first one that goes by its score."""
        return next(iter(self.by("head")), None)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change when anything does that alerts depend on."""
        plain = msgspec.to_builtins(self)
        for rule in plain["rules"]:
            del rule["notify"]
        return hashlib.sha256(msgspec.json.encode(plain)).hexdigest()[:12]


def default_rules(*, with_head: bool) -> Rules:
    """Give the rules that are in force without a rules file.

    >>> [rule.name for rule in default_rules(with_head=True).rules]
    ['sheet-break', 'break-likely']
    """
    return Rules(rules=(SHEET_BREAK, BREAK_LIKELY)) if with_head else Rules()


def read_rules(text: str) -> Rules:
    """Read rules from the text of a TOML file.

    Raises
    ------
    SettingsError
        If it is not TOML, a key is unknown, a value is out of range, two rules have
        one name, a rule escalates to no higher priority, one of class ``alarm`` gives
        no response, or the first rule, or the outcome of another one, is not what a head
        can be fitted for.

    Examples
    --------
    >>> rules = read_rules('''
    ... [[rules]]
    ... name = "sheet-break"
    ... outcome = "break"
    ... on_delay = { count = 3, of = 5 }
    ... ''')
    >>> rules.rules[0].on_delay.count
    3
    """
    try:
        rules = msgspec.convert(tomllib.loads(text), Rules)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise SettingsError(f"the rules file is wrong: {error}; correct it") from error
    if not rules.rules:
        raise SettingsError("the rules file has no rule; add a [[rules]] table, or use no file")
    names = [rule.name for rule in rules.rules]
    for rule in rules.rules:
        if names.count(rule.name) > 1:
            raise SettingsError(f"the rules file names {rule.name!r} twice; rename one rule")
        _check(rule)
        _check_score(rule, first=rules.rules[0])
    return rules


def is_at_least(priority: Priority, lowest: LowestPriority) -> bool:
    """Tell whether a priority is this one or a higher one.

    Examples
    --------
    >>> is_at_least("high", "medium"), is_at_least("critical", "never")
    (True, False)
    """
    order = get_args(LowestPriority)
    return order.index(priority) >= order.index(lowest)


def _check(rule: Rule) -> None:
    if rule.on_delay.count > rule.on_delay.of:
        raise SettingsError(
            f"rule {rule.name!r} has an on-delay of {rule.on_delay.count} of "
            f"{rule.on_delay.of}; the count cannot be larger"
        )
    if rule.escalation and not _is_higher(rule.escalation.to, rule.priority):
        raise SettingsError(
            f"rule {rule.name!r} has the priority {rule.priority!r} and escalates to "
            f"{rule.escalation.to!r}; give a higher one, or leave `escalation` out"
        )
    if rule.alert_class == "alarm" and not rule.response:
        raise SettingsError(
            f"rule {rule.name!r} is of class 'alarm' without a response; an alarm needs a "
            "timely operator response: write it, or make the rule an 'advisory'"
        )


def _is_higher(one: Priority, other: Priority) -> bool:
    return one != other and is_at_least(one, other)


def _check_score(rule: Rule, *, first: Rule) -> None:
    if rule.score != "head":
        return
    if rule is first:
        raise SettingsError(
            f"the first rule, {rule.name!r}, is judged by the head's score; what labels mean and "
            "what is normal goes by the first rule, so put one with the anomaly score before it"
        )
    if rule.outcome != first.outcome:
        raise SettingsError(
            f"rule {rule.name!r} is judged by the head's score and warns of {rule.outcome!r}, but "
            f"a head is fitted on the outcome of the first rule, {first.outcome!r}: name that one"
        )
