"""Whether a bundle was made for the rules it works under, and for the sensors it is given."""

from collections.abc import Collection

from stream_detector.alerting.rules import OnDelay, Rules
from stream_detector.bundle.manifest import Manifest
from stream_detector.errors import BundleError, counted, listed


def on_delay_note(manifest: Manifest, rules: Rules) -> str | None:
    """Say that the first rule has another on-delay than the budget curve was measured with.

    That curve tells which threshold brings how many alerts a day. With another on-delay it
    brings more or fewer of them: nothing that forbids to go on, but not what was asked for.

    Parameters
    ----------
    manifest : Manifest
    rules : Rules
        The first one is what bundles are fitted for.

    Returns
    -------
    str or None
        A sentence for people; None where they agree.
    """
    rule, measured = rules.rules[0], OnDelay(*manifest.on_delay)
    if rule.on_delay == measured:
        return None
    return (
        f"rule {rule.name!r} has an on-delay of {rule.on_delay.count} of {rule.on_delay.of}, but "
        f"the bundle's budgets were measured with {measured.count} of {measured.of} and will not "
        "be held to: fit the bundle with these rules (fit --rules)"
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
    n_sensors = len(manifest.sensors) - len(manifest.modes)
    measured = manifest.sensors[:n_sensors]
    missing = [sensor.name for sensor in measured if sensor.name not in given]
    if not missing:
        return None
    if len(missing) == n_sensors:
        raise BundleError(
            f"no sensor of the model ({listed(missing)}) is in the readings, which have "
            f"{listed(sorted(given))}; take the model of this machine"
        )
    return (
        f"{len(missing)} of the model's {counted(n_sensors, 'sensor')} missing: {listed(missing)}"
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
