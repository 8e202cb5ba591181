"""The section of the codes: what the middle of the network tells apart."""

from trainer.findings import Findings
from trainer.plain_words import counted, percent
from trainer.regimes import CLEAR
from trainer.report import code_charts
from trainer.report.layout import Chart, Section, Table

_NO_CODE = "A linear model has no network, so its rows have no code."
_NO_BREAK = "\u2011"
"""A hyphen at which no line ends."""

_ALL_ALIKE = "The codes hardly differ: there is nothing to tell apart."


def codes(findings: Findings) -> Section:
    """Show the map of the codes."""
    title, anchor, found = "Map of the codes", "codes", findings.codes
    if found is None:
        reason = _ALL_ALIKE if findings.losses else _NO_CODE
        return Section(title, anchor, (Chart("The codes in two dimensions", reason),))
    unclear = found.silhouette < CLEAR
    share = percent(sum(found.shares))
    charts = (
        Chart(
            "By class",
            "Where rows to be warned at lie among the others, the codes do not tell them apart: "
            "the score looks at what the code leaves over."
            if found.positives.any()
            else "Rows kept back beside those that could train.",
            code_charts.by_class(found, names=findings.class_names),
            f"{counted(int(found.positives.sum()), 'row')} of {len(found.times):,} were to be "
            "warned at.",
        ),
        Chart(
            "By time",
            "Where late rows lie apart from early ones, the machine does not run as it did. Named "
            "are the beginnings of six equal spans.",
            code_charts.by_time(found),
            "The same places, from the first to the last.",
        ),
        Chart(
            "By operating regime",
            f"Regimes are groups of codes (k-means); their silhouette is {found.silhouette:.2f}. "
            + (
                "Below 0.25 they are no clear groups."
                if unclear
                else "From 0.25 on they are clear."
            ),
            code_charts.by_regime(found),
            f"{counted(int(found.regimes.max()), 'regime')}.",
        ),
    )
    note = (
        f"{counted(len(found.times), 'row')} of {found.n_codes:,}, evenly over time, those to be "
        f"warned at by themselves. A code has {counted(found.n_units, 'unit')}; the two "
        f"directions in which the codes differ most hold {share} of their variance."
    )
    return Section(title, anchor, (*charts, _regime_table(findings)), note)


def _regime_table(findings: Findings) -> Table:
    found = findings.codes
    if found is None:
        raise ValueError("there are no codes")
    rows = []
    for regime in range(1, int(found.regimes.max()) + 1):
        inside = found.regimes == regime
        times = found.times[inside].astype("datetime64[D]")[[0, -1]].tolist()
        rows.append(
            (
                f"{regime}",
                percent(inside.mean()),
                percent(found.kept_back[inside].mean()),
                f"{int(found.positives[inside].sum())}",
                " to ".join(str(time).replace("-", _NO_BREAK) for time in times),
            )
        )
    columns = ("Regime", "Rows", "Kept back", "To warn at", "When")
    note = (
        "Of the rows drawn: how many are in it; of these, how many were kept back, and how many "
        "were to be warned at."
    )
    return Table("Operating regimes", columns, tuple(rows), note)
