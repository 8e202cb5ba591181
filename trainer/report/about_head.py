"""The section of the supervised head, where there is one."""

from trainer.head_findings import HeadFindings
from trainer.plain_words import counted, lasting, percent
from trainer.report.about_alerts import budget_table, by_day, by_week, trade_off, week_table
from trainer.report.about_scores import holdout_scores, ranking_charts
from trainer.report.layout import Chart, Section, Table

_OF = "head-"
_NOT_JUDGED = "No row kept back has a score of the head."
_NO_FOLDS = "The folds hold no rows of both classes."


def head(found: HeadFindings) -> Section:
    """Show what the head is worth."""
    parts: list[Chart | Table] = []
    if found.measures is None:
        parts.append(Chart("Alerts of the head", _NOT_JUDGED, wide=True))
    else:
        parts += [
            holdout_scores(found.measures, of=_OF, label="score of the head"),
            by_day(found.measures, of=_OF),
            by_week(found.measures, of=_OF),
            week_table(found.measures),
            trade_off(found.points, found.measures, of=_OF),
            _followed(found),
            budget_table(found.points, found.measures),
        ]
    if found.fold_curves is None:
        parts.append(Chart("ROC curve; Precision against recall", _NO_FOLDS))
    else:
        parts += [
            chart._replace(title=f"{chart.title}, walk-forward")
            for chart in ranking_charts(found.fold_curves, None, of=_OF)
        ]
    note = (
        f"It was fitted on {counted(found.n_outcomes, 'outcome')}, to find the rows at most "
        f"{lasting(found.label)} before one. Walk-forward: by trees fitted on earlier rows only, "
        f"on {counted(len(found.fold_positives), 'row')} that trained the head in use."
    )
    return Section("The supervised head", "head", tuple(parts), note)


def _followed(found: HeadFindings) -> Table:
    rows = tuple(
        (
            lasting(within),
            f"{one.n_followed} of {one.n_alerts}",
            percent(one.share) if one.n_alerts else "-",
            percent(one.by_chance) if one.n_rows else "-",
        )
        for within, one in found.followed.items()
    )
    columns = ("Within", "Alerts followed", "Share", "At random")
    note = "Alerts that an outcome followed; at random, of moments drawn so."
    return Table("What followed its alerts", columns, rows, note)
