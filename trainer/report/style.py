"""How the report's figures look, and how they become SVG inside a page.

Matplotlib draws with stand-in colours, which become the page's CSS variables: so one
figure reads well on light, dark and paper. Letters are drawn as paths and need no font.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.layout_engine import TightLayoutEngine
from numpy.typing import NDArray

INK, FAINT, NORMAL, POSITIVE, LIMIT, TRAINING = (f"#01020{digit}" for digit in range(6))
"""Stand-in colours, by what they are for."""

GROUPS = tuple(f"#01021{digit}" for digit in range(8))
"""Of groups that have no order."""

RAMP = tuple(f"#01022{digit}" for digit in range(6))
"""From early to late."""

_VARIABLES = {
    INK: "var(--ink)",
    FAINT: "var(--faint)",
    NORMAL: "var(--normal)",
    POSITIVE: "var(--positive)",
    LIMIT: "var(--limit)",
    TRAINING: "var(--training)",
    **{color: f"var(--group-{digit})" for digit, color in enumerate(GROUPS)},
    **{color: f"var(--ramp-{digit})" for digit, color in enumerate(RAMP)},
}

# As wide as a phone, so that the letters stay readable there; and as wide as a page.
SMALL, WIDE, FLAT = (4.6, 3.4), (9.6, 3.8), (9.6, 2.8)

_STYLE: Any = {
    "axes.edgecolor": FAINT,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.alpha": 0.35,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.3,
    "svg.fonttype": "path",
    # Ids are hashes; without a salt of ours they would differ from run to run.
    "svg.hashsalt": "stream-detector",
    "text.color": INK,
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
}


class Drawing:
    """A figure being drawn, and what has become of it afterwards."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.svg = Markup()


@contextmanager
def drawing(name: str, size: tuple[float, float]) -> Iterator[Drawing]:
    """Draw in the report's style; when the block ends the drawing has its ``svg``.

    Parameters
    ----------
    name : str
        Unlike that of the page's other figures: it tells their ids apart.
    size : (float, float)
        Width and height in inches.

    Examples
    --------
    >>> with drawing("line", SMALL) as one:
    ...     _ = one.figure.add_subplot().plot([0, 1], color=NORMAL)
    >>> print(one.svg[:26])
    <svg viewBox="0 0 331 245"
    >>> "stroke: var(--normal)" in one.svg
    True
    """
    with mpl.rc_context(_STYLE):
        # The constrained layout would measure every text twice: a quarter of all drawing.
        one = Drawing(Figure(figsize=size, layout=TightLayoutEngine(pad=0.4)))
        yield one
        one.svg = _svg(one.figure, name)


def legend(
    axes: Axes,
    *,
    columns: int = 2,
    handles: Sequence[Artist] | None = None,
    marker_scale: float = 1.0,
) -> None:
    """Explain the lines above the axes, where it hides nothing."""
    axes.legend(
        handles=handles,
        markerscale=marker_scale,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        borderaxespad=0.2,
        fontsize=8,
        columnspacing=1.2,
        handlelength=2.4,
    )


def day_numbers(times: Any) -> NDArray[np.float64]:
    """Give times as matplotlib counts them, in days."""
    return np.asarray(date2num(times), np.float64)  # type: ignore[no-untyped-call]


def time_axis(axes: Axes, days: NDArray[np.float64]) -> None:
    """Let the horizontal axis run from the first of these times to the last."""
    first, last = days[[0, -1]]
    margin = max(0.01 * (last - first), 1e-3)
    axes.set_xlim(first - margin, last + margin)
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlabel("time (UTC)")


def _svg(figure: Figure, name: str) -> Markup:
    file = io.StringIO()
    unnamed = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with warnings.catch_warnings():
        # A sensor may be called what the font cannot write; the tables can.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        # What savefig would draw twice, this draws once.
        canvas = FigureCanvasSVG(figure)
        canvas.print_svg(file, metadata=unnamed)  # type: ignore[no-untyped-call]
    # What comes before is for files of their own: a style sheet that would reach the whole page.
    _, _, body = file.getvalue().partition("</defs>")
    body = re.sub(r"<!--.*?-->", "", body).replace("xlink:href", "href")
    used = set(re.findall(r'#([\w-]+)[")]', body))
    body = re.sub(
        r' id="([^"]*)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", body
    )
    body = re.sub(r'(href="|url\()#', rf"\g<1>#{name}-", body)
    # A hundredth of a point is finer than any screen.
    body = re.sub(r'(\.\d\d)\d+(?=[ "])', r"\1", re.sub(r"\s+", " ", body))
    for stand_in, variable in _VARIABLES.items():
        body = body.replace(stand_in, variable)
    width, height = figure.get_size_inches() * 72
    svg = f'<svg viewBox="0 0 {width:.0f} {height:.0f}" aria-hidden="true">{body.strip()}'
    # All words in it are drawn as paths: nothing that was read from a file reaches the page.
    return Markup(svg)  # noqa: S704
