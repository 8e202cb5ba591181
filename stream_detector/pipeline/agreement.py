"""Whether a bundle was made for the rules it works under, and for the sensors it is given."""

from collections.abc import Collection
from datetime import timedelta

from stream_detector.alerting.rules import Rule, Rules
from stream_detector.bundle.manifest import Manifest
from stream_detector.errors import BundleError, counted, listed


def rules_notes(manifest: Manifest, rules: Rules) -> list[str]:
    """Say in what a bundle was made for other rules.

    A curve of budgets tells which threshold brings how many alerts a day. With another
    on-delay than it was measured with it brings more or fewer of them: nothing that forbids
    to go on, but not what was asked for.

    Parameters
    ----------
    manifest : Manifest
    rules : Rules
        The first one, and the first one of the head, are what bundles are fitted for.

    Returns
    -------
    list of str
        Sentences for people; none where they agree.
    """
    notes = [_on_delay_note(manifest.on_delay, rules.rules[0])]
    head, rule = manifest.head, rules.of_head
    if head is not None and rule is not None:
        notes.append(_on_delay_note(head.on_delay, rule))
    elif rule is not None:
        notes.append(
            f"rule {rule.name!r} is judged by a head's score, but the bundle has no head, so it "
            "raises nothing: fit the bundle on a history with more labelled outcomes"
        )
    elif head is not None:
        notes.append(
            "the bundle has a head, but no rule is judged by its score, so it raises nothing: add "
            'a rule with score = "head"'
        )
    return [note for note in notes if note is not None]


def _on_delay_note(measured: tuple[int, int], rule: Rule) -> str | None:
    count, of = measured
    if (rule.on_delay.count, rule.on_delay.of) == measured:
        return None
    return (
        f"rule {rule.name!r} has an on-delay of {rule.on_delay.count} of {rule.on_delay.of}, but "
        f"the bundle's budgets were measured with {count} of {of} and will not be held to: fit "
        "the bundle with these rules (fit --rules)"
    )


def sensors_note(manifest: Manifest, given: Collection[str]) -> str | None:
    """Say which of the model's sensors are not among those given.

    Without one the score rests on the others; under half of them there is no score.

    Returns
    -------
    str or None
        A sentence for people; None where all are there.

    Raises
    ------
    BundleError
        If none is: it is the model of another machine, and nothing would be scored.
    """
    check_sensors(manifest, given)
    measured = _measured(manifest)
    missing = [name for name in measured if name not in given]
    if not missing:
        return None
    n_sensors = counted(len(measured), "sensor")
    return f"{len(missing)} of the model's {n_sensors} missing: {listed(missing)}"


def check_sensors(manifest: Manifest, given: Collection[str]) -> None:
    """Refuse readings that have none of the model's sensors.

    Raises
    ------
    BundleError
        If it is the model of another machine: nothing would be scored.
    """
    measured = _measured(manifest)
    if not any(name in given for name in measured):
        raise BundleError(
            f"no sensor of the model ({listed(measured)}) is in the readings, which have "
            f"{listed(sorted(given))}; take the model of this machine"
        )


def _measured(manifest: Manifest) -> list[str]:
    """Name the model's sensors without the columns that stand for modes."""
    n_sensors = len(manifest.sensors) - len(manifest.modes)
    return [sensor.name for sensor in manifest.sensors[:n_sensors]]


def have_common_sensor(one: Manifest, other: Manifest) -> bool:
    """Tell whether two models can be of one machine, its tags having kept their names."""
    return not {sensor.name for sensor in one.sensors}.isdisjoint(
        sensor.name for sensor in other.sensors
    )


def modes_note(manifest: Manifest, given: Collection[str | None]) -> str | None:
    """Say in which modes given the model judges without knowing the mode.

    Parameters
    ----------
    manifest : Manifest
    given : collection of (str or None)
        Of the readings; None where a reading tells none.

    Returns
    -------
    str or None
        A sentence for people; None where all are known, or the model is told none apart.
    """
    known = manifest.modes
    unknown = sorted({mode or "(none)" for mode in given if mode not in known})
    if not known or not unknown:
        return None
    hint = "; in a file, --mode-column names the mode" if None in given else ""
    return (
        f"the model knows the modes {listed(known)}, and not {listed(unknown)}, in which it judges "
        f"by the sensors alone{hint}"
    )


def pace_note(manifest: Manifest, step: timedelta | None) -> str | None:
    """Say that readings come at another pace than those the model was fitted on.

    What is a gap to the model is another pace too slow, and one as many times shorter another
    pace too fast.

    Parameters
    ----------
    manifest : Manifest
    step : timedelta or None
        The usual one from reading to reading; None where there is no step.

    Returns
    -------
    str or None
        A sentence for people; None where the pace is the model's.
    """
    if step is None:
        return None
    given, fitted, gap = step.total_seconds(), manifest.cadence_seconds, manifest.max_gap_seconds
    if given > gap:
        what = "each begins a run of its own, so there is no alert"
    elif given * gap < fitted * fitted:
        what = "scores and budgets do not mean what they should"
    else:
        return None
    return (
        f"readings come every {given:g} s, but the model was fitted on one every {fitted:g} s: "
        f"{what}; fit a model on readings of this pace, or bring them every {fitted:g} s"
    )
