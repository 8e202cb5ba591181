"""What stands on the report's page: tiles, sentences, and sections of charts and tables.

A new section is one more function in :func:`page`. A chart that the findings cannot give
is not left out: its place says why.
"""

from stream_detector.alerting.ledger import ClosedAlert, Fate
from trainer.findings import Findings
from trainer.measures import Confusion, Curves, Measures
from trainer.plain_words import counted, fit_in_words, lasting, minute, percent
from trainer.report import charts
from trainer.report.layout import Chart, Page, Section, Table, Tile
from trainer.report.numbers import MAX_ALERTS

_NOT_KEPT_BACK = "No row was kept back and scored; train with a hold-out to see this."
_NO_LABELS = "The recording has no labels, so nobody knows which rows were to be warned at."
_NO_POSITIVES = "The rows kept back hold nothing that was to be warned of."
_ONLY_POSITIVES = "All rows kept back were to be warned at: there is nothing to tell them from."
_NO_NETWORK = "A linear model has no network: nothing is learned step by step."

_FATES = {
    Fate.EARLY: "an outcome",
    Fate.LATE: "an outcome, but after the horizon: a false alert",
    Fate.ANOMALY: "raised on an anomalous row",
    Fate.NUISANCE: "nothing: a false alert",
    Fate.UNLABELLED: "not known",
}


def page(findings: Findings) -> Page:
    """Lay out the page."""
    measures = findings.measures
    summary = (
        ("What was trained", findings.trained),
        ("What the rows kept back showed", findings.showed),
        ("What the head showed", findings.of_head),
        ("What not to believe", findings.cautions),
        ("Notes on the recording", findings.notes),
    )
    return Page(
        machine=findings.machine,
        bundle=findings.bundle_id,
        tiles=_tiles(findings),
        summary=tuple((title, sentences) for title, sentences in summary if sentences),
        sections=(_scores(findings), _alerts(measures), _rows(findings), _training(findings)),
    )


def _tiles(findings: Findings) -> tuple[Tile, ...]:
    measures = findings.measures
    threshold = Tile("Threshold", f"{findings.default_limit:.2f}", "to begin with")
    if measures is None:
        return Tile("On new rows", "unknown", "no row was kept back and scored"), threshold
    evaluation = measures.evaluation
    in_alarm = Tile("Time in alarm", percent(evaluation.card.alarm_share), "of the time it ran")
    return _false_tile(measures), _recall_tile(measures), in_alarm, threshold


def _false_tile(measures: Measures) -> Tile:
    evaluation, confusion = measures.evaluation, measures.confusion
    name = "Alerts" if evaluation.n_false is None else "False alerts"
    asked = f"asked for: {evaluation.asked_per_day:g} false"
    if evaluation.label_kind == "rows" and confusion and confusion.false_positive_rate is not None:
        # One alert that stands all the time is no false one where it began on an anomalous row.
        over = percent(confusion.false_positive_rate)
        beside = f"{evaluation.per_day:.1f} false alerts a day, {asked}"
        return Tile("Normal rows over the threshold", over, beside)
    if evaluation.days < 1:
        n_alerts = len(evaluation.alerts) if evaluation.n_false is None else evaluation.n_false
        return Tile(name, f"{n_alerts}", f"in {lasting(evaluation.running)}; {asked} a day")
    return Tile(f"{name} a day", f"{evaluation.per_day:.1f}", asked)


def _recall_tile(measures: Measures) -> Tile:
    card, interval, confusion = (
        measures.evaluation.card,
        measures.recall_interval,
        measures.confusion,
    )
    if card.recall is not None and interval is not None:
        low, high, chance = map(percent, (*interval, card.recall_by_chance))
        beside = f"{low} to {high} at 95 % confidence; random alerts {chance}"
        return Tile("Recall of outcomes", percent(card.recall), beside)
    if confusion is not None and confusion.recall is not None:
        beside = f"random rows {percent(confusion.share_over)}"
        return Tile("Recall of anomalous rows", percent(confusion.recall), beside)
    why = "nothing to warn of" if measures.evaluation.label_kind else "no labels"
    return Tile("Recall", "unknown", why)


def _scores(findings: Findings) -> Section:
    peaks, limit = findings.training_peaks, findings.default_limit
    training = Chart(
        "Scores of the training rows over time",
        "Cross-fitted: each row was scored by a model that had not seen it. A score that wanders "
        f"here will wander live. {percent(findings.share_over)} of the rows are over the default "
        "threshold. Of rows too close to draw, the highest is drawn.",
        charts.training_scores(peaks),
        f"{counted(findings.n_training_rows, 'score')} up to {peaks.scores.max(initial=0):.2f}; "
        f"{percent(findings.share_over)} are over the default threshold of {limit:.2f}.",
        wide=True,
    )
    return Section("Scores over time", (_holdout_scores(findings.measures), training))


def _spread(findings: Findings) -> Chart:
    histogram, names, limit = findings.histogram, findings.class_names, findings.default_limit
    shown = " and ".join(names[name] for name in histogram.counts)
    return Chart(
        "How the scores are spread",
        "The further to the right of the others a class lies, the better it is told from them. "
        "The shares are on a logarithmic axis.",
        charts.score_histogram(histogram, names, limit=limit),
        f"Shares of {shown} by score, with the default threshold of {limit:.2f}.",
    )


def _holdout_scores(measures: Measures | None) -> Chart:
    title = "Scores of the rows kept back over time"
    if measures is None:
        return Chart(title, _NOT_KEPT_BACK, wide=True)
    evaluation = measures.evaluation
    return Chart(
        title,
        "The threshold sinks while all is quiet and rises with every alert, to keep to the "
        "budget. Of rows too close to draw, the highest is drawn, with its own threshold.",
        charts.holdout_scores(measures),
        f"{counted(len(evaluation.scores), 'score')} up to {evaluation.scores.max():.2f}, "
        f"thresholds from {evaluation.thresholds.min():.2f} to {evaluation.thresholds.max():.2f}, "
        f"{counted(len(measures.evaluation.alerts), 'alert')}, "
        f"{counted(len(evaluation.outcomes), 'outcome')}.",
        wide=True,
    )


def _alerts(measures: Measures | None) -> Section:
    title = "Alerts per day"
    if measures is None:
        return Section("Alerts", (Chart(title, _NOT_KEPT_BACK, wide=True),))
    alerts = measures.evaluation.alerts
    per_bar, busiest = measures.by_day["days"].max(), measures.by_day.drop(columns=["rows", "days"])
    by_day = Chart(
        title,
        "Days are those of UTC; the first and the last may be cut short."
        + ("" if per_bar == 1 else f" Each bar is the mean of {per_bar} days."),
        charts.alerts_by_day(measures, budget=measures.evaluation.asked_per_day),
        f"{counted(len(alerts), 'alert')} in {counted(len(measures.by_day), 'bar')}, "
        f"at most {busiest.sum(axis=1).max()} in one.",
        wide=True,
    )
    shown = alerts[:MAX_ALERTS]
    note = f"{counted(len(alerts), 'alert')}."
    if len(shown) < len(alerts):
        note = f"The first {len(shown)} of {note}"
    if not shown:
        note = "No alert was raised."
    columns = ("Raised (UTC)", "Cleared (UTC)", "Open for", "What followed", "After")
    every = Table("Every alert", columns, tuple(map(_alert_row, shown)), note, wide=True)
    return Section("Alerts", (by_day,), (every,))


def _alert_row(alert: ClosedAlert) -> tuple[str, ...]:
    return (
        minute(alert.raised),
        minute(alert.cleared) if alert.cleared else "still open",
        lasting(alert.cleared - alert.raised) if alert.cleared else "",
        _FATES[alert.fate],
        lasting(alert.lead) if alert.lead else "",
    )


def _rows(findings: Findings) -> Section:
    measures, spread = findings.measures, _spread(findings)
    if measures is None or measures.confusion is None:
        reason = _NOT_KEPT_BACK if measures is None else _NO_LABELS
        return Section("Scores by class", (spread, *_no_curves(reason)))
    matrix = _confusion_table(measures.confusion, measures.class_names)
    if measures.curves is not None:
        curves = _curve_charts(measures, measures.curves, measures.confusion)
    else:
        any_positive = measures.evaluation.positives.any()
        curves = _no_curves(_ONLY_POSITIVES if any_positive else _NO_POSITIVES)
    return Section("Scores by class", (spread, *curves), (matrix,))


_CURVE_TITLES = ("Precision and recall by threshold", "ROC curve", "Precision against recall")


def _no_curves(reason: str) -> tuple[Chart, ...]:
    return (Chart("; ".join(_CURVE_TITLES), reason),)


def _curve_charts(measures: Measures, curves: Curves, confusion: Confusion) -> tuple[Chart, ...]:
    precision = "unknown" if confusion.precision is None else percent(confusion.precision)
    in_force = f"In force, precision was {precision} and recall {percent(confusion.recall or 0.0)}"
    best = f"F1 is best, {curves.best_f1:.2f}, at {curves.best_threshold:.2f}"
    return (
        Chart(
            _CURVE_TITLES[0],
            f"{in_force}. {best}: known in hindsight only. The band spans all thresholds in force.",
            charts.by_threshold(curves, measures.evaluation.thresholds),
            f"{in_force}; {best}.",
        ),
        Chart(
            _CURVE_TITLES[1],
            "Share of the rows to be warned at that are over a threshold, against the share of "
            "the others that are.",
            charts.roc(curves, confusion),
            f"The area under the curve is {curves.auc:.3f}; 0.5 is chance.",
        ),
        Chart(
            _CURVE_TITLES[2],
            f"By chance the precision is {percent(curves.base_rate)} at any recall: the share of "
            "rows that were to be warned at.",
            charts.precision_recall(curves, confusion),
            f"The average precision is {curves.average_precision:.3f}; {curves.base_rate:.3f} is "
            "chance.",
        ),
    )


def _confusion_table(confusion: Confusion, class_names: tuple[str, str]) -> Table:
    normal, positive = class_names
    of_normal = (confusion.true_negatives, confusion.false_positives)
    of_positive = (confusion.false_negatives, confusion.true_positives)
    rows = tuple(
        (name, f"{under:,}", f"{over:,}", percent(over / (under + over)) if under + over else "-")
        for name, (under, over) in ((normal, of_normal), (positive, of_positive))
    )
    columns = ("Rows", "Not over", "Over", "Share over")
    return Table("Confusion matrix at the thresholds in force", columns, rows)


def _training(findings: Findings) -> Section:
    losses = Chart("Training loss", _NO_NETWORK)
    if findings.losses:
        last = ", ".join(
            f"{fit_in_words(name)} {values[-1]:.3f}" for name, values in findings.losses.items()
        )
        losses = Chart(
            "Training loss",
            "One fit per block that was left out, and one, in use, on all rows. Means over "
            "equal stretches of steps; their number is fixed, so there is no early stopping.",
            charts.loss_curves(findings.losses),
            f"{counted(len(findings.losses), 'fit')}; they end at {last}.",
        )
    network = tuple((name, _setting(value)) for name, value in findings.network.items())
    seconds = tuple((name, f"{value:.1f} s") for name, value in findings.seconds.items())
    sensors = (str(len(findings.sensors)), ", ".join(findings.sensors))
    return Section(
        "Training",
        (losses,),
        (
            Table("Network", ("Setting", "Value"), network),
            Table("Durations", ("Step", "Took"), seconds),
            Table("Sensors", ("Number", "Names"), (sensors,)),
        ),
    )


def _setting(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
