"""Times and figures as the demo writes them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from stream_detector.pipeline.messages import Contributor

_MINUTE: Final = timedelta(minutes=1)


def clock(time: datetime, *, cadence: timedelta) -> str:
    """Write a time of the machine; with seconds only where readings come so often.

    Examples
    --------
        >>> from datetime import UTC
        >>> clock(datetime(2026, 1, 12, 22, 10, tzinfo=UTC), cadence=timedelta(minutes=2))
        '12 Jan 22:10'
    """
    return f"{time:%d %b %H:%M}" if cadence >= _MINUTE else f"{time:%d %b %H:%M:%S}"


def span(length: timedelta) -> str:
    """Write a length of time in the unit that suits it.

    Examples
    --------
    >>> span(timedelta(seconds=40)), span(timedelta(minutes=6)), span(timedelta(hours=30))
    ('40 s', '6 min', '30 h')
    >>> span(timedelta(minutes=150)), span(timedelta(days=2.8))
    ('2.5 h', '2.8 days')
    """
    for limit, unit, name in (
        (timedelta(days=2), timedelta(days=1), "days"),
        (timedelta(hours=2), timedelta(hours=1), "h"),
        (timedelta(minutes=2), _MINUTE, "min"),
    ):
        if length >= limit:
            amount = length / unit
            return f"{amount:.0f} {name}" if name == "min" else f"{amount:.3g} {name}"
    return f"{length.total_seconds():.3g} s"


def score_and_threshold(score: float | None, threshold: float | None) -> tuple[str, str]:
    """Write a score and its threshold, with as many digits as tell them apart.

    Examples
    --------
    >>> score_and_threshold(3.367, 2.0)
    ('3.37', '2.00')
    >>> score_and_threshold(1.5432, 1.5391)
    ('1.543', '1.539')
    >>> score_and_threshold(None, 2.0)
    ('none', '2.00')
    """
    return _apart(score, threshold, digits=(".2f", ".3f", ".4f"), missing="none")


def sensor(one: Contributor) -> str:
    """Write what a sensor has to do with a score.

    Examples
    --------
    >>> sensor(Contributor("felt_vacuum", actual=47.12, expected=52.3, unit="kPa", share=0.343))
    'felt_vacuum 47.12 kPa, expected 52.3 (34 %)'
    >>> sensor(Contributor("speed", actual=1255.0, expected=1254.6, unit="m/min", share=0.05))
    'speed 1255 m/min, expected 1254.6 (5 %)'
    """
    actual, expected = _apart(
        one.actual, one.expected, digits=(".4g", ".5g", ".6g"), missing="missing"
    )
    unit = f" {one.unit}" if one.unit and one.actual is not None else ""
    instead = "" if one.expected is None else f", expected {expected}"
    return f"{one.sensor} {actual}{unit}{instead} ({percent(one.share)})"


def percent(share: float) -> str:
    """Write a share of 1.

    Examples
    --------
    >>> percent(0.343)
    '34 %'
    """
    return f"{100 * share:.0f} %"


def _apart(
    one: float | None, other: float | None, *, digits: Sequence[str], missing: str
) -> tuple[str, str]:
    """Write two numbers with the first digits that show a difference; else with the first."""
    pairs = [
        (
            missing if one is None else format(one, each),
            missing if other is None else format(other, each),
        )
        for each in digits
    ]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[0])
