"""The report of a training run: one page for people, the same figures for programs.

The page is a list of sections, each of figures and tables; a new section is one more
function in ``_sections``. A figure that the findings cannot give says why in its place.
"""

from collections.abc import Sequence
from datetime import datetime
from importlib import resources
from typing import Any, NamedTuple

import jinja2
import markupsafe
import msgspec
import numpy as np

from trainer import charts
from trainer.evaluation import Evaluation
from trainer.findings import Findings, counted, lasting, minute, percent
from trainer.measures import (
    ClosedAlert,
    Confusion,
    Fate,
    Histogram,
    Measures,
    Peaks,
    has_row_labels,
    histogram,
    peaks,
    thinned,
    wilson_interval,
)

__all__ = ["Findings", "report_html", "report_json"]

MAX_ALERTS = 200
"""Alerts that are listed one by one."""

_NOTHING_KEPT_BACK = "No row was kept back and scored; train with a hold-out to see this."
