"""The small model with a supervised head, made by hand so that its scores can be followed.

It rates two things: how restless the steam has been for 15 readings, and the draw for 5.
"""

import math
from pathlib import Path

import msgspec
import numpy as np

from stream_detector.alerting.rules import Rules, default_rules
from stream_detector.bundle.directory import write_bundle
from stream_detector.bundle.manifest import HeadManifest, LimitCurves, PartCurve, Validation
from tests.small_models import SENSORS, train_small_model
from trainer.head_graph import head_graph, principal_axes
from trainer.trees import Node

RULES: Rules = default_rules(with_head=True)

RESTLESS = 2.0
"""Standard deviations of a sensor, in its spreads, above which it counts as restless."""

_DRAW_5, _STEAM_15 = SENSORS.index("draw"), len(SENSORS) + SENSORS.index("steam")

TREES = (
    (Node(_STEAM_15, RESTLESS, yes=1, no=2), Node(value=-4.0), Node(value=2.0)),
    (Node(_DRAW_5, RESTLESS, yes=1, no=2), Node(value=0.0), Node(value=1.0)),
)

CALM = 0.002155
"""Score of log-odds of -4: -log10 of 100.5 / 101, for none of the hundred scores is lower."""


def score_of(log_odds: float) -> float:
    """Score of log-odds above the knee: one more is 0.43 more."""
    return round(-math.log10(0.05) + math.log10(math.e) * (log_odds + 2.0), 6)


MANIFEST = HeadManifest(
    curve=PartCurve(knee=math.exp(-2.0), tail=1.0, n_scores=100, weight=1.0),
    limits=LimitCurves(by_budget=((1.0, 3.0), (24.0, 1.0)), by_rate=((0.01, 2.0),)),
    default_budget_per_day=1.0,
    on_delay=(1, 1),
    n_outcomes=60,
    label_seconds=240.0,
    validation=Validation(
        rows=500, days=0.694, asked_per_day=1.0, per_day=1.4, recall=0.3, n_outcomes=10
    ),
)


def write_headed_bundle(folder: Path) -> str:
    """Write the small model with the head, and give its id."""
    model = train_small_model()
    graph = head_graph(principal_axes(model.rows.deviations), TREES)
    return write_bundle(
        folder,
        msgspec.structs.replace(model.manifest, head=MANIFEST),
        parameters={**model.parameters, "quantiles_head": np.array([0.05])},
        files={"model.onnx": model.parts.graph, "head.onnx": graph},
    )
