"""The figures of a report as plain numbers, under names that stay."""

from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.recorded import ClosedAlert, running_time
from trainer.confusion import Confusion
from trainer.evaluation import Evaluation
from trainer.findings import Findings
from trainer.head_findings import HeadFindings
from trainer.measures import Curves, Measures
from trainer.report.figures import (
    of_codes,
    of_drift,
    of_points,
    of_quality,
    of_sensors,
    of_timeliness,
    of_weeks,
    rounded,
)
from trainer.report.score_charts import smoothed_losses
from trainer.thinning import Peaks

MAX_ALERTS = 200
"""Alerts that are listed one by one, the first ones."""


def numbers(findings: Findings) -> dict[str, Any]:
    """Give all figures of the report as builtins; None is what is not known."""
    measures, histogram = findings.measures, findings.histogram
    return {
        "report": "training/1.0",
        "machine": findings.machine,
        "bundle": findings.bundle_id,
        "summary": {
            "trained": findings.trained,
            "showed": findings.showed,
            "head": findings.of_head,
            "cautions": findings.cautions,
        },
        "notes": findings.notes,
        "sensors": findings.sensors,
        "rows": findings.n_rows,
        "training": {
            "rows": findings.n_training_rows,
            "span": findings.training_span,
            "network": dict(findings.network),
            "default_threshold": findings.default_limit,
            "seconds": dict(findings.seconds),
            "scores": _series(findings.training_peaks),
            "losses": {name: _losses(values) for name, values in findings.losses.items()},
        },
        "score_histogram": {
            "edges": rounded(histogram.edges),
            "rows": {name: counts.tolist() for name, counts in histogram.counts.items()},
        },
        "holdout": None if measures is None else _holdout(findings, measures),
        "head": None if findings.head is None else _head(findings.head),
        "codes": None if findings.codes is None else of_codes(findings.codes),
        "drift": of_drift(findings.drift),
        "data_quality": of_quality(findings.quality),
    }


def _head(head: HeadFindings) -> dict[str, Any]:
    return {
        **head.numbers,
        "by_week": None if head.measures is None else of_weeks(head.measures.by_week),
        "budgets": of_points(head.points),
        "walk_forward_curves": _curves(head.fold_curves),
        "scores": None if head.measures is None else _scores(head.measures),
    }


def _holdout(findings: Findings, measures: Measures) -> dict[str, Any]:
    evaluation = measures.evaluation
    n_false = evaluation.n_false
    return {
        "span": evaluation.span,
        "rows": len(evaluation.scores),
        "days": round(evaluation.days, 6),
        "label_kind": evaluation.label_kind,
        "alerts": {
            "raised": len(evaluation.alerts),
            "distinct": evaluation.n_distinct,
            "raised_per_day": round(len(evaluation.alerts) / evaluation.days, 6),
            "false": n_false,
            "undecided": evaluation.n_undecided,
            "false_per_day": None if n_false is None else round(n_false / evaluation.days, 6),
            "asked_per_day": evaluation.asked_per_day,
            "share_of_time": round(evaluation.card.alarm_share, 6),
            "by_day": _by_day(measures),
            "by_week": of_weeks(measures.by_week),
            "budgets": of_points(findings.points),
            "first": [
                _alert(alert, occurrence, evaluation)
                for alert, occurrence in islice(
                    zip(evaluation.alerts, evaluation.occurrences, strict=True), MAX_ALERTS
                )
            ],
        },
        "thresholds": {
            "first": evaluation.thresholds[0].item(),
            "lowest": evaluation.thresholds.min().item(),
            "highest": evaluation.thresholds.max().item(),
            "share_raised_far": round(evaluation.share_raised, 6),
        },
        "outcomes": _outcomes(measures) if evaluation.label_kind == "event" else None,
        "lead_times": of_timeliness(findings.timeliness),
        "scores": _scores(measures),
        "rows_at_thresholds_in_force": _confusion(measures.confusion),
        "rows_at_every_threshold": _curves(measures.curves),
        "sensors": of_sensors(findings.explained, findings.sensors),
    }


def _scores(measures: Measures) -> dict[str, Any]:
    return {"normal": _series(measures.normal), "positive": _series(measures.positive)}


def _outcomes(measures: Measures) -> dict[str, Any]:
    card, happened = measures.evaluation.card, measures.evaluation.card.n_outcomes > 0
    return {
        "horizon_seconds": card.horizon.total_seconds(),
        "happened": card.n_outcomes,
        "warned": len(card.leads),
        "recall": card.recall,
        "recall_interval": measures.recall_interval,
        "recall_by_chance": round(card.recall_by_chance, 6) if happened else None,
        "median_lead_seconds": card.median_lead.total_seconds() if card.median_lead else None,
    }


def _by_day(measures: Measures) -> list[dict[str, Any]]:
    table = measures.by_day
    beginnings = table.index.to_numpy().astype("datetime64[D]").tolist()
    counts = {name: table[name].tolist() for name in table.columns}
    return [
        {"from": day, **{name: column[bar] for name, column in counts.items()}}
        for bar, day in enumerate(beginnings)
    ]


def _alert(alert: ClosedAlert, occurrence: int, evaluation: Evaluation) -> dict[str, Any]:
    until = alert.cleared or evaluation.span[1]
    running = running_time(alert.raised, until, evaluation.stood_still)
    lead = None if alert.lead is None else alert.lead.total_seconds()
    return {
        "raised": alert.raised,
        "occurrence": occurrence,
        "cleared": alert.cleared,
        "running_seconds": running.total_seconds(),
        "fate": alert.fate.value,
        "lead_seconds": lead,
    }


def _confusion(confusion: Confusion | None) -> dict[str, Any] | None:
    if confusion is None:
        return None
    negative, positive = confusion.classes
    return {
        **confusion._asdict(),
        "precision": confusion.precision,
        "recall": confusion.recall,
        "recall_by_chance": confusion.share_over,
        "accuracy": round(confusion.accuracy, 6),
        "classes": {
            name: {
                "rows": one.n_rows,
                "precision": one.precision,
                "recall": one.recall,
                "f1": round(one.f1, 6),
            }
            for name, one in (("normal", negative), ("positive", positive))
        },
    }


def _curves(curves: Curves | None) -> dict[str, Any] | None:
    if curves is None:
        return None
    return {
        "threshold": rounded(curves.thresholds),
        "precision": rounded(curves.precision),
        "recall": rounded(curves.recall),
        "roc": {"false_positive_rate": rounded(curves.roc[0]), "recall": rounded(curves.roc[1])},
        "auc": round(curves.auc, 6),
        "average_precision": round(curves.average_precision, 6),
        "base_rate": round(curves.base_rate, 6),
        "f1": rounded(curves.f1),
        "best_f1": {
            "threshold": round(curves.best_threshold, 6),
            "f1": round(curves.best_f1, 6),
            "chosen_in_hindsight": True,
            "rows": _confusion(curves.at_best),
        },
    }


def _losses(losses: NDArray[np.floating[Any]]) -> dict[str, Any]:
    steps, means = smoothed_losses(losses)
    return {"step": rounded(steps), "loss": rounded(means)}


def _series(series: Peaks) -> dict[str, Any]:
    return {
        "time": [f"{time.isoformat()}Z" for time in series.times.tolist()],
        "score": rounded(series.scores),
        "threshold": rounded(series.thresholds),
    }
