"""What alerts at random times would find: without it no recall means anything."""


def missed_by_chance(n_alerts: int, *, share: float) -> float:
    """Give the probability that none of some alerts lies where it would find something.

    Parameters
    ----------
    n_alerts : int
        Each at a random time, whatever the others do.
    share : float
        Of all times, those at which an alert finds it.

    Examples
    --------
    Ten of a hundred minutes, and two alerts; nothing lies in more than all the time.

    >>> round(missed_by_chance(2, share=0.1), 2), missed_by_chance(2, share=1.5)
    (0.81, 0.0)
    """
    return (1 - min(share, 1.0)) ** n_alerts
