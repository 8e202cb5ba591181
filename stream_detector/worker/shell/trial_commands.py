"""The commands ``model compare`` and ``model promote``."""

import sys
from collections.abc import Iterator

import click
import msgspec
import structlog

from stream_detector.alerting.alarm_load import Load, figure, percent
from stream_detector.alerting.comparison import Compared, Comparison, Together
from stream_detector.alerting.life import rfc3339
from stream_detector.command_line import FiniteRange, Parsed, on_one_line
from stream_detector.connections.log import configure_logging
from stream_detector.connections.model_choices import ModelChoiceStore
from stream_detector.connections.redis import redis_faults
from stream_detector.connections.settings import Settings, read_settings
from stream_detector.errors import SettingsError, counted, listed
from stream_detector.pipeline.model_choice import readable_choice
from stream_detector.pipeline.names import machine_name
from stream_detector.pipeline.thresholds import ALL_MACHINES
from stream_detector.worker.shell.model_review import Review, Reviewer
from stream_detector.worker.shell.model_trials import TrialLog

log = structlog.get_logger()

_days = click.option(
    "--days",
    type=FiniteRange(min=0, min_open=True, max=3650),
    default=7.0,
    show_default=True,
    help="So many days back.",
)
_least_days = click.option(
    "--least-days",
    type=FiniteRange(min=0, min_open=True, max=3650),
    default=3.0,
    show_default=True,
    help="Days of running that each machine needs as evidence.",
)


@click.command(epilog="Example: stream-detector model compare 3f9a61c04be2d718 --machine pm3")
@click.argument("bundle_id", metavar="[ID]", required=False)
@click.option(
    "--machine",
    type=Parsed(machine_name),
    metavar="NAME",
    show_default="all that it is on trial for",
    help="Compare on this one alone.",
)
@_days
@_least_days
@click.option("--json", "as_json", is_flag=True, help="As JSON (comparison.v1.json).")
def compare(
    bundle_id: str | None, *, machine: str | None, days: float, least_days: float, as_json: bool
) -> None:
    """Hold the model on trial (or ID) against the one that judges, over the same readings.

    Exit code 0 where the promotion rule holds, 1 where it does not: so `model compare && model
    activate` is safe. It holds if the candidate's false alerts are within the budget, with what is
    put down to chance, it is not in alarm for far longer, no known outcome is lost, and there is
    enough evidence.
    """
    settings = read_settings()
    trial_log = TrialLog.of(settings)
    found = trial_log.compare(
        bundle_id or _on_trial(settings, machine),
        lambda name: machine in (None, name),
        days=days,
        least_days=least_days,
    )
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        for line in comparison_lines(found):
            click.echo(on_one_line(line))
    sys.exit(0 if found.holds else 1)


@click.command(epilog="Example: stream-detector model promote --least-days 5")
@_days
@_least_days
def promote(*, days: float, least_days: float) -> None:
    """Activate models on trial that `model compare` is for, and take back what was a mistake.

    Only for the machines in DETECTOR_PROMOTE; meant to be run by a timer. A model that was
    activated in the last 7 days and raises false alerts beyond the budget, or is in alarm most of
    the time, gives way to the one before it, once and for good: exit code 1.
    """
    settings = read_settings()
    configure_logging(settings)
    if not settings.promote:
        raise SettingsError(
            "DETECTOR_PROMOTE is not set, so no model is changed; name machines, with commas "
            "between, or * for all"
        )
    covered = {one.strip() for one in settings.promote.split(",")}
    reviewer = Reviewer(settings, days=days, least_days=least_days)
    n_bad = 0
    for one in reviewer.review(covered):
        n_bad += one.did in {"taken back", "failed"}
        _tell(one)
    sys.exit(1 if n_bad else 0)


def _on_trial(settings: Settings, machine: str | None) -> str:
    """Find out which model is on trial, for a machine or for any."""
    with redis_faults():
        entries = ModelChoiceStore(settings).read()
    if machine is not None:
        own = machine if machine in entries else ALL_MACHINES
        entries = {name: data for name, data in entries.items() if name == own}
    choices = map(readable_choice, entries.values())
    found = sorted({one.candidate for one in choices if one is not None and one.candidate})
    if len(found) != 1:
        what = f"several models are on trial, {listed(found)}" if found else "no model is on trial"
        raise SettingsError(f"{what}: say the ID of the one that is to be compared")
    return found[0]


def _tell(one: Review) -> None:
    tell = {"promoted": log.info, "kept": log.info, "taken back": log.error, "failed": log.error}
    event = f"model.{one.did.replace(' ', '-')}"
    tell[one.did](event, machine=one.machine, bundle=one.bundle_id, reason=one.reason)


def comparison_lines(found: Comparison) -> Iterator[str]:
    """Tell of a comparison, a line each."""
    active = ", ".join(found.active) or "what judges"
    yield f"{found.candidate} on trial beside {active}"
    for one in found.machines:
        yield from _machine_lines(one)
    if len(found.machines) > 1:
        yield f"together: {_agreement(found.together)}"
        by_hand = [str(one.series) for one in found.machines if one.set_threshold is not None]
        told = f"no budget for {listed(by_hand)}" if by_hand else None
        yield from _alert_lines(found.together, told)
        yield f"  {found.together.n_lost} lost, {found.together.n_gained} gained"
    yield f"the promotion rule {'holds' if found.holds else 'does not hold:'}"
    for reason in found.reasons:
        yield f"  {reason}"


def _machine_lines(one: Compared) -> Iterator[str]:
    yield f"{one.series}, {rfc3339(one.start)} to {rfc3339(one.end)}: {_agreement(one)}"
    own = one.set_threshold
    told = None if own is None else f"no budget, a person set its threshold ({own})"
    yield from _alert_lines(one, told)
    for what, times in (("lost", one.lost), ("gained", one.gained)):
        if times:
            yield f"  {what}: {', '.join(map(rfc3339, times))}"


def _alert_lines(one: Compared | Together, without_budget: str | None) -> Iterator[str]:
    asked = without_budget or f"budget {figure(one.candidate.budget_per_day)}"
    yield (
        f"  false alerts: active {_load(one.active)}, candidate {_load(one.candidate)} a day of "
        f"running; {asked}"
    )
    yield (
        f"  in alarm: active for {percent(one.active.alarm_share)} of the time, candidate for "
        f"{percent(one.candidate.alarm_share)}"
    )
    yield (
        f"  outcomes: {one.n_outcomes} known, active warned of {one.n_warned_by_active}, "
        f"candidate of {one.n_warned_by_candidate}"
    )


def _agreement(one: Compared | Together) -> str:
    agreed = "" if one.agreement is None else f", agreed on {one.agreement:.1%}"
    ranks = one.rank_correlation
    correlated = "" if ranks is None else f", rank correlation {ranks:.2f}"
    return f"{counted(one.n_readings, 'reading')} compared{agreed}{correlated}"


def _load(load: Load) -> str:
    of_all = figure(load.per_day(load.n_raised))
    return f"{figure(load.per_day(load.n_false))} (of {of_all} alerts)"
