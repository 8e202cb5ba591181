"""The map of the codes, three times: by class, by time, by operating regime."""

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from trainer.code_map import CodeMap
from trainer.report.style import (
    GROUPS,
    NORMAL,
    POSITIVE,
    RAMP,
    SMALL,
    TRAINING,
    drawing,
    legend,
)

_MARKERS = "os^DvPX*"

_Group = tuple[NDArray[np.bool_], str, str, str]
"""Which points, their colour, their marker, and their name."""


def by_class(codes: CodeMap, *, names: dict[str, str]) -> Markup:
    """Draw it with the rows to be warned at told from the others."""
    others, positives = ~codes.positives, codes.positives
    return _map(
        "codes-by-class",
        codes,
        [
            (others & ~codes.kept_back, TRAINING, "o", "rows that could train"),
            (others & codes.kept_back, NORMAL, "s", names["normal"] or "rows kept back"),
            (positives, POSITIVE, "^", names["positive"]),
        ],
    )


def by_time(codes: CodeMap) -> Markup:
    """Draw it by sixths of the time, from early to late."""
    first, last = codes.times[0], codes.times[-1]
    edges = first + (last - first) * np.arange(len(RAMP) + 1) // len(RAMP)
    of_point = np.searchsorted(edges[1:-1], codes.times, side="right")
    days = edges[:-1].astype("datetime64[m]").tolist()
    return _map(
        "codes-by-time",
        codes,
        [
            (of_point == n, color, _MARKERS[n], f"{days[n]:%m-%d %H:%M}")
            for n, color in enumerate(RAMP)
        ],
        columns=3,
    )


def by_regime(codes: CodeMap) -> Markup:
    """Draw it by regime."""
    regimes = range(1, int(codes.regimes.max()) + 1)
    return _map(
        "codes-by-regime",
        codes,
        [(codes.regimes == n, GROUPS[n - 1], _MARKERS[n - 1], f"regime {n}") for n in regimes],
        columns=4,
    )


def _map(name: str, codes: CodeMap, groups: list[_Group], *, columns: int = 2) -> Markup:
    with drawing(name, SMALL) as one:
        axes = one.figure.add_subplot()
        for points, color, marker, label in groups:
            if points.any():
                axes.plot(
                    *codes.places[points].T,
                    marker,
                    label=label,
                    color=color,
                    alpha=0.75,
                    markersize=3,
                    markeredgewidth=0,
                )
        first, second = (f"{100 * share:.0f} % of the variance" for share in codes.shares)
        axes.set(xlabel=f"first component, {first}", ylabel=f"second component, {second}")
        legend(axes, columns=columns, marker_scale=2.0)
    return one.svg
