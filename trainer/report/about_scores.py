"""The sections of scores: over time, and by class."""

import numpy as np

from trainer.confusion import ClassFigures, Confusion
from trainer.findings import Findings
from trainer.measures import Curves, Measures
from trainer.plain_words import counted, percent
from trainer.report import row_charts, score_charts
from trainer.report.layout import NO_LABELS, NOT_KEPT_BACK, Chart, Section, Table

_NO_POSITIVES = "The rows kept back hold nothing that was to be warned of."
_ONLY_POSITIVES = "All rows kept back were to be warned at: there is nothing to tell them from."
_HINDSIGHT = (
    "Not to be believed: this threshold was chosen on the rows that it judges here. On other rows "
    "it does worse."
)
_FOLLOWS = (
    "The threshold sinks while all is quiet and rises with every alert, to keep to the budget. Of "
    "rows too close to draw, the highest is drawn, with its own threshold."
)
_STANDS = (
    "The threshold never changes, whatever the budget. Of rows too close to draw, the highest is "
    "drawn."
)
_ONE_IN = (100, 1000)
_CURVE_TITLES = ("Precision, recall and F1 by threshold", "ROC curve", "Precision against recall")


def scores(findings: Findings) -> Section:
    """Show the scores over time, each beside its threshold."""
    peaks, limit = findings.training_peaks, findings.default_limit
    label = f"score ({findings.measure_of_score})"
    training = Chart(
        f"Scores of the {findings.class_names['training']} over time",
        "Each row was scored by a model that had not seen it. A score that wanders "
        f"here will wander live. {percent(findings.share_over)} of the rows are over the default "
        "threshold. Of rows too close to draw, the highest is drawn.",
        score_charts.training_scores(peaks, label=label),
        f"{counted(findings.n_training_rows, 'score')} up to {peaks.scores.max(initial=0):.2f}; "
        f"{percent(findings.share_over)} are over the default threshold of {limit:.2f}.",
        wide=True,
    )
    return Section(
        "Scores over time",
        "scores",
        (holdout_scores(findings.measures, label=label, is_fixed=findings.is_fixed), training),
        note=_meaning(findings),
    )


def _meaning(findings: Findings) -> str:
    """Say what a score is made of, and how rare high ones were where all was normal."""
    what = f"{findings.measure_of_score} on a scale of rarity"
    if findings.is_plain:
        what = "mean squared reconstruction error"
    scores = findings.training_scores
    rare = [
        f"one in {one_in:,} scored over {np.quantile(scores, 1 - 1 / one_in):.3g}"
        for one_in in _ONE_IN
        if len(scores) >= one_in
    ]
    measured = f" Of the {findings.class_names['training']}, {' and '.join(rare)}."
    return f"A row's score is its {what}.{measured if rare else ''}"


def by_class(findings: Findings) -> Section:
    """Show how well the scores part the classes."""
    measures, spread = findings.measures, _spread(findings)
    title, anchor = "Scores by class", "classes"
    if measures is None or measures.confusion is None:
        reason = NOT_KEPT_BACK if measures is None else NO_LABELS
        return Section(title, anchor, (spread, _no_curves(reason)))
    names, in_force = measures.class_names, "at the thresholds in force"
    tables: tuple[Table, ...] = (
        _confusion_table(measures.confusion, names, f"Confusion matrix {in_force}"),
        _class_table(measures.confusion, names, f"Classification report {in_force}"),
    )
    if measures.curves is None:
        any_positive = measures.evaluation.positives.any()
        reason = _ONLY_POSITIVES if any_positive else _NO_POSITIVES
        return Section(title, anchor, (spread, _no_curves(reason), *tables))
    curves, hindsight = measures.curves, "at the best F1, in hindsight"
    tables += (
        _confusion_table(curves.at_best, names, f"Confusion matrix {hindsight}", _HINDSIGHT),
        _class_table(curves.at_best, names, f"Classification report {hindsight}", _HINDSIGHT),
    )
    charts = curve_charts(measures, curves, measures.confusion)
    return Section(title, anchor, (spread, *charts, *tables))


def _spread(findings: Findings) -> Chart:
    histogram, names, limit = findings.histogram, findings.class_names, findings.default_limit
    shown = " and ".join(names[name] for name in histogram.counts)
    return Chart(
        "How the scores are spread",
        "The further to the right of the others a class lies, the better it is told from them. "
        "The shares are on a logarithmic axis.",
        row_charts.score_histogram(histogram, names, limit=limit),
        f"Shares of {shown} by score, with the default threshold of {limit:.2f}.",
    )


def holdout_scores(
    measures: Measures | None,
    *,
    label: str,
    is_fixed: bool = False,
    of: str = "",
) -> Chart:
    """Show the scores of the rows kept back; ``of`` tells the chart from others'."""
    title = "Scores of the rows kept back over time"
    if measures is None:
        return Chart(title, NOT_KEPT_BACK, wide=True)
    evaluation = measures.evaluation
    return Chart(
        title,
        (_STANDS if is_fixed else _FOLLOWS)
        + (" The bars of open alerts leave standstills out." if evaluation.stood_still else ""),
        score_charts.holdout_scores(measures, name=f"{of}holdout-scores", label=label),
        f"{counted(len(evaluation.scores), 'score')} up to {evaluation.scores.max():.2f}, "
        f"thresholds from {evaluation.thresholds.min():.2f} to {evaluation.thresholds.max():.2f}, "
        f"{counted(len(measures.evaluation.alerts), 'alert')}, "
        f"{counted(len(evaluation.outcomes), 'outcome')}.",
        wide=True,
    )


def _no_curves(reason: str) -> Chart:
    return Chart("; ".join(_CURVE_TITLES), reason)


def _by_threshold(measures: Measures, curves: Curves, confusion: Confusion) -> Chart:
    precision = "unknown" if confusion.precision is None else percent(confusion.precision)
    in_force = f"In force, precision was {precision} and recall {percent(confusion.recall or 0.0)}"
    best = f"F1 is best, {curves.best_f1:.2f}, at {curves.best_threshold:.2f}"
    return Chart(
        _CURVE_TITLES[0],
        f"{in_force}. {best}: chosen on the rows it judges, so not to be believed. The band spans "
        "the thresholds in force, each of them set before the row it judged.",
        row_charts.by_threshold(curves, measures.evaluation.thresholds),
        f"{in_force}; {best}.",
    )


def curve_charts(
    measures: Measures, curves: Curves, confusion: Confusion, *, of: str = ""
) -> tuple[Chart, ...]:
    """Show precision and recall at every threshold; ``of`` tells the charts from others'."""
    return (
        _by_threshold(measures, curves, confusion),
        *ranking_charts(curves, confusion, of=of),
    )


def ranking_charts(curves: Curves, confusion: Confusion | None, *, of: str) -> tuple[Chart, Chart]:
    """Show both curves that need no threshold."""
    return (
        Chart(
            _CURVE_TITLES[1],
            "Share of the rows to be warned at that are over a threshold, against the share of "
            "the others that are. On the dotted line, the score says nothing.",
            row_charts.roc(curves, confusion, name=f"{of}roc"),
            f"The area under the curve is {curves.auc:.3f}; 0.5 is chance.",
        ),
        Chart(
            _CURVE_TITLES[2],
            f"By chance the precision is {percent(curves.base_rate)} at any recall: the share of "
            "rows that were to be warned at.",
            row_charts.precision_recall(curves, confusion, name=f"{of}precision-recall"),
            f"The average precision is {curves.average_precision:.3f}; {curves.base_rate:.3f} is "
            "chance.",
        ),
    )


def _confusion_table(
    confusion: Confusion, class_names: tuple[str, str], title: str, note: str = ""
) -> Table:
    normal, positive = class_names
    of_normal = (confusion.true_negatives, confusion.false_positives)
    of_positive = (confusion.false_negatives, confusion.true_positives)
    rows = tuple(
        (name, f"{under:,}", f"{over:,}", percent(over / (under + over)) if under + over else "-")
        for name, (under, over) in ((normal, of_normal), (positive, of_positive))
    )
    return Table(title, ("Rows", "Not over", "Over", "Share over"), rows, note)


def _class_table(
    confusion: Confusion, class_names: tuple[str, str], title: str, note: str = ""
) -> Table:
    classes = confusion.classes
    rows = [_class_row(name, one) for name, one in zip(class_names, classes, strict=True)]
    n_rows = f"{sum(confusion):,}"
    figures = [(one.precision or 0.0, one.recall or 0.0, one.f1) for one in classes]
    rows.append(
        ("mean of both", *(f"{sum(both) / 2:.3f}" for both in zip(*figures, strict=True)), n_rows)
    )
    rows.append(("all, rightly told", "", f"{confusion.accuracy:.3f}", "", n_rows))
    return Table(title, ("Class", "Precision", "Recall", "F1", "Rows"), tuple(rows), note)


def _class_row(name: str, one: ClassFigures) -> tuple[str, ...]:
    shares = ("-" if share is None else f"{share:.3f}" for share in (one.precision, one.recall))
    return (name, *shares, f"{one.f1:.3f}", f"{one.n_rows:,}")
