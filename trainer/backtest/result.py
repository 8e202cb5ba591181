"""What came out of an evaluation, and the same as plain numbers under names that stay."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_detector.replay.recording import LabelKind
from trainer.backtest.counting import HEAD, Entry
from trainer.backtest.intervals import by_days, by_events
from trainer.backtest.tally import Tally

_QUANTILES = {
    "earliest": 1.0,
    "quarter": 0.75,
    "median": 0.5,
    "three_quarters": 0.25,
    "latest": 0.0,
}


@dataclass(frozen=True)
class FoldSpan:
    """Which rows a fold judged, and how many came before them."""

    n_earlier: int
    n_rows: int
    begin: datetime
    end: datetime


@dataclass(frozen=True, eq=False)
class Result:
    """An evaluation of one recording.

    Parameters
    ----------
    machine : str
    sensors : tuple of str, length p
    n_rows : int
    label_kind : "event", "rows" or None
        What labels mark; None without labels.
    horizon : timedelta
        Of the rule: an alert at most so long before an outcome is right.
    asked_per_day : float
        The budget to look at most closely.
    asked_of_head : float
        The same of the head, which has a budget of its own.
    models : sequence of str
        Entries that are models of ours; the others are references.
    networks : sequence of str
        Those of them that have one.
    folds : sequence of FoldSpan
    ways : mapping of str to entries
        ``as delivered``; and ``held``, where a historian drew lines between readings.
    drawn : float64 array, shape (p,)
        Share of each sensor's rows that it drew.
    notes : tuple of str
    """

    machine: str
    sensors: tuple[str, ...]
    n_rows: int
    label_kind: LabelKind | None
    horizon: timedelta
    asked_per_day: float
    asked_of_head: float
    models: Sequence[str]
    networks: Sequence[str]
    folds: Sequence[FoldSpan]
    ways: Mapping[str, Sequence[Entry]]
    drawn: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    def asked_of(self, model: str) -> float:
        """Tell at which budget to look most closely at a model."""
        return self.asked_of_head if model == HEAD else self.asked_per_day

    def as_json(self) -> dict[str, Any]:
        """Give everything as plain data; what is not known is null, never NaN."""
        return {
            "report": "evaluation/1.0",
            "machine": self.machine,
            "rows": self.n_rows,
            "label_kind": self.label_kind,
            "horizon_seconds": self.horizon.total_seconds(),
            "asked_per_day": self.asked_per_day,
            "asked_of_head": self.asked_of_head,
            "models": list(self.models),
            "notes": self.notes,
            "folds": [vars(fold) for fold in self.folds],
            "drawn_by_a_historian": {
                sensor: round(share, 4)
                for sensor, share in zip(self.sensors, self.drawn.tolist(), strict=True)
                if share
            },
            **{
                way.replace(" ", "_"): {entry.name: _entry(entry) for entry in entries}
                for way, entries in self.ways.items()
            },
        }


def mean(tallies: Sequence[Tally], figure: Callable[[Tally], float]) -> float:
    """Average a figure over the seeds of an entry."""
    return float(np.mean([figure(tally) for tally in tallies]))


def _entry(entry: Entry) -> list[dict[str, Any]]:
    return [
        {"asked_per_day": per_day, "seed": seed, **_tally(tally, per_day)}
        for per_day, tallies in entry.tallies.items()
        for seed, tally in enumerate(tallies)
    ]


def _tally(tally: Tally, per_day: float) -> dict[str, Any]:
    return {
        "horizon_seconds": tally.horizon.total_seconds(),
        "days": round(tally.days, 4),
        "events": tally.n_events,
        "roc_auc": _known(tally.auc),
        "pr_auc": _known(tally.average_precision),
        "base_rate": _known(tally.base_rate),
        "alerts_raised": sum(one.n_raised for one in tally.folds),
        "false_alerts": sum(one.n_false for one in tally.folds),
        "false_per_day": _known(tally.false_per_day),
        "realised_over_asked": _known(tally.false_per_day / per_day),
        "by_fold": [_known(one.n_false / one.days) if one.days else None for one in tally.folds],
        "by_week": [
            {"week": f"{year}-W{week:02}", "days": round(days, 4), "false_alerts": n_false}
            for (year, week), (days, n_false) in tally.by_week.items()
        ],
        "alarm_share": _known(tally.alarm_share),
        "within": [_recalls(tally, horizon) for horizon in tally.horizons],
        "lead_minutes": _leads(tally),
        "standing_false_per_day": _known(tally.standing_false_per_day),
    }


def _recalls(tally: Tally, horizon: timedelta) -> dict[str, Any]:
    hits, followed = tally.hits("raised", horizon), tally.followed(horizon)
    return {
        "minutes": horizon / timedelta(minutes=1),
        "warned": int(hits.sum()),
        "recall": _known(tally.recall("raised", horizon)),
        "by_events": _bounds(by_events(hits)),
        "by_days": _bounds(by_days(hits, tally.event_days, tally.all_days)),
        "by_chance": _known(tally.by_chance("raised", horizon)),
        "standing": _known(tally.recall("standing", horizon)),
        "standing_by_chance": _known(tally.by_chance("standing", horizon)),
        "alerts": followed.n_alerts,
        "alerts_followed": followed.n_followed,
        "rows_followed": _known(followed.by_chance),
    }


def _leads(tally: Tally) -> dict[str, float] | None:
    if not len(tally.leads):
        return None
    quantiles = np.quantile(tally.leads, list(_QUANTILES.values()))
    return dict(zip(_QUANTILES, quantiles.round(2).tolist(), strict=True))


def _bounds(bounds: tuple[float, float] | None) -> list[float] | None:
    return None if bounds is None else [round(bound, 4) for bound in bounds]


def _known(figure: float) -> float | None:
    return None if np.isnan(figure) else round(float(figure), 6)
