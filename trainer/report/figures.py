"""Weeks, budgets, sensors, codes and data as plain numbers; what is not known is None."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.alert_counts import Week
from trainer.budgets import Point
from trainer.code_map import CodeMap
from trainer.drift import Drift
from trainer.explained import Explained, Residuals
from trainer.feed_quality import FeedQuality
from trainer.found import Timeliness


def of_weeks(weeks: Iterable[Week]) -> list[dict[str, Any]]:
    """Give what was asked for and what came by week."""
    return [
        {
            "from": week.begin,
            "days": round(week.days, 6),
            "false": week.n_false,
            "per_day": _round(week.per_day),
            "asked_per_day": week.asked_per_day,
            "over_asked": _round(week.over_asked),
        }
        for week in weeks
    ]


def of_points(points: Iterable[Point]) -> list[dict[str, Any]]:
    """Give what each budget brought."""
    return [
        {
            "asked_per_day": one.asked_per_day,
            "per_day": _round(one.per_day),
            "over_asked": _round(one.per_day / one.asked_per_day),
            "alerts": one.n_alerts,
            "found": one.n_found,
            "to_find": one.n_to_find,
            "recall": _round(one.recall),
            "recall_by_chance": _round(one.by_chance) if one.n_to_find else None,
            "share_of_time": _round(one.alarm_share),
        }
        for one in points
    ]


def of_timeliness(found: Timeliness | None) -> dict[str, Any] | None:
    """Give how soon things were found."""
    if found is None:
        return None
    return {
        "minutes": rounded(found.minutes),
        "found": rounded(found.found),
        "by_chance": rounded(found.by_chance),
        "minutes_of_each": rounded(np.sort(found.of_each)[:500]),
        "to_find": found.n_to_find,
    }


def of_sensors(found: Explained | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    """Give residuals by class, and contributions by event; lists are in the sensors' order."""
    if found is None:
        return None
    return {
        "names": names,
        "residuals_in_training_spreads": {
            "normal": _residuals(found.normal),
            "positive": None if found.positive is None else _residuals(found.positive),
        },
        "contributions": {
            "events": found.kind,
            "happened": found.n_events,
            "left_out": found.n_left_out,
            "last": [
                {"time": one.time, "found": one.was_found, "shares": rounded(one.shares)}
                for one in found.events
            ],
            "over_threshold": None
            if found.over is None
            else {"rows": found.over.n_rows, "shares": rounded(found.over.shares)},
        },
    }


def of_codes(found: CodeMap) -> dict[str, Any]:
    """Give the regimes; the places of single rows are only drawn."""
    sizes = np.bincount(found.regimes)[1:]
    return {
        "rows": found.n_codes,
        "units": found.n_units,
        "rows_drawn": len(found.times),
        "variance_shares": rounded(np.array(found.shares)),
        "silhouette": _round(found.silhouette),
        "regimes": [
            {
                "rows_drawn": int(size),
                "kept_back": int(found.kept_back[found.regimes == number].sum()),
                "to_be_warned_at": int(found.positives[found.regimes == number].sum()),
            }
            for number, size in enumerate(sizes.tolist(), start=1)
        ],
    }


def of_drift(found: Drift) -> dict[str, Any]:
    """Give where the sensors stood; lists of lists are a list per span."""
    return {
        "names": found.sensors,
        "edges": [f"{edge.isoformat()}Z" for edge in found.edges.astype("datetime64[us]").tolist()],
        "kept_back_from": found.split,
        "shifts_in_training_spreads": [rounded(span) for span in found.shifts],
        "median_in_training": rounded(found.training),
        "median_kept_back": rounded(found.kept_back),
        "shift_in_training_spreads": rounded(found.shift),
        "outside_training_range": rounded(found.outside),
    }


def of_quality(found: FeedQuality) -> dict[str, Any]:
    """Give what is odd about the data."""
    return {
        "cadence_seconds": found.cadence.total_seconds(),
        "rows": found.n_rows,
        "late": found.n_late,
        "gaps": found.n_gaps,
        "longest_gap_seconds": found.longest_gap.total_seconds(),
        "gap_seconds": found.standing.total_seconds(),
        "kept_back_by_quality": dict(found.states),
        "sensors": {
            "names": found.sensors,
            "missing": rounded(found.missing),
            "outside_limits": rounded(found.impossible),
            "drawn": rounded(found.drawn),
            "longest_rest_readings": found.longest_rest.tolist(),
        },
    }


def rounded(values: NDArray[np.float64]) -> list[float | None]:
    """Give six decimals; None for NaN.

    >>> rounded(np.array([1 / 3, np.nan]))
    [0.333333, None]
    """
    return [None if np.isnan(value) else round(value, 6) for value in values.tolist()]


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)


def _residuals(one: Residuals) -> dict[str, Any]:
    return {"mean": rounded(one.mean), "deviation": rounded(one.deviation), "rows": one.n_rows}
