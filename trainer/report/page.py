"""What stands on the report's page: tiles, sentences, and sections of charts and tables.

A new section is one more function in :func:`page`. A chart that the findings cannot give
is not left out: its place says why.
"""

from collections.abc import Iterator

from trainer.findings import Findings
from trainer.measures import Measures
from trainer.plain_words import a_day, lasting, percent
from trainer.report import about_alerts, about_codes, about_head, about_scores, about_sensors
from trainer.report.about_training import training
from trainer.report.layout import Page, Section, Tile


def page(findings: Findings) -> Page:
    """Lay out the page."""
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
        tiles=tiles(findings),
        summary=tuple((title, sentences) for title, sentences in summary if sentences),
        sections=tuple(_sections(findings)),
    )


def _sections(findings: Findings) -> Iterator[Section]:
    yield about_scores.scores(findings)
    yield about_alerts.alerts(findings)
    yield about_scores.by_class(findings)
    yield about_sensors.sensors(findings)
    yield about_codes.codes(findings)
    if findings.head is not None:
        yield about_head.head(findings.head)
    yield about_sensors.drift(findings)
    yield about_sensors.quality(findings)
    yield training(findings)


def tiles(findings: Findings) -> tuple[Tile, ...]:
    """Give the figures to see first."""
    measures = findings.measures
    beside = "never changes" if findings.is_fixed else "to begin with"
    if measures is not None and not findings.is_fixed:
        reached = measures.evaluation.thresholds
        beside += f"; later {reached.min():.2f} to {reached.max():.2f}"
    threshold = Tile("Threshold", f"{findings.default_limit:.2f}", beside)
    if measures is None:
        return Tile("On new rows", "unknown", "no row was kept back and scored"), threshold
    evaluation = measures.evaluation
    in_alarm = Tile(
        "Time in alarm", percent(evaluation.card.alarm_share), "of the time with readings"
    )
    return (
        _false_tile(measures, is_fixed=findings.is_fixed),
        _recall_tile(measures),
        in_alarm,
        threshold,
    )


def _false_tile(measures: Measures, *, is_fixed: bool) -> Tile:
    evaluation, confusion = measures.evaluation, measures.confusion
    name = "Alerts" if evaluation.n_false is None else "False alerts"
    asked = f"asked for: {evaluation.asked_per_day:g} false"
    if is_fixed:
        asked = "the fixed threshold keeps to no budget"
    if evaluation.label_kind == "rows" and confusion and confusion.false_positive_rate is not None:
        # One alert that stands all the time is no false one where it began on an anomalous row.
        over = percent(confusion.false_positive_rate)
        beside = f"{a_day(evaluation.per_day)} false alerts a day, {asked}"
        return Tile("Normal rows over the threshold", over, beside)
    if evaluation.days < 1:
        n_alerts = len(evaluation.alerts) if evaluation.n_false is None else evaluation.n_false
        return Tile(
            name,
            f"{n_alerts}",
            f"in {lasting(evaluation.running)}; {asked}" + ("" if is_fixed else " a day"),
        )
    return Tile(f"{name} a day", a_day(evaluation.per_day), asked)


def _recall_tile(measures: Measures) -> Tile:
    card, interval = measures.evaluation.card, measures.recall_interval
    if card.recall is not None and interval is not None:
        low, high, chance = map(percent, (*interval, card.recall_by_chance))
        beside = f"{low} to {high} at 95 % confidence; random alerts {chance}"
        return Tile("Recall of outcomes", percent(card.recall), beside)
    found = measures.found
    if measures.evaluation.label_kind == "rows" and found.n_to_find:
        low, high, chance = map(percent, (*found.interval, found.by_chance))
        beside = f"{low} to {high} at 95 % confidence; random alerts {chance}"
        return Tile("Labelled stretches found", percent(found.share), beside)
    why = "nothing to warn of" if measures.evaluation.label_kind else "no labels"
    return Tile("Recall", "unknown", why)
