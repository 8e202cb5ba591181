"""Whether a bundle was made for the rules it works under."""

from stream_detector.alerting.rules import OnDelay, Rules
from stream_detector.bundle.manifest import Manifest


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
