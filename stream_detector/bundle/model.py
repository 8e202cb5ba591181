"""What a bundle's manifest, arrays and graphs make: a model, or a refusal that names the fault."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_detector.bundle.graph import OnnxGraph, OnnxHead
from stream_detector.bundle.manifest import LimitCurves, Manifest, PartCurve, Parts
from stream_detector.detection.conditioning import Conditioning
from stream_detector.detection.detector import Model
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import FeedLimits
from stream_detector.detection.head import Head
from stream_detector.detection.scoring import Calibration, Part, PlainScore, SurpriseCurve
from stream_detector.detection.threshold import Curve, Limits

CONDITIONING_ARRAYS = (
    "center",
    "spread",
    "deviation_center",
    "deviation_spread",
    "row_mean",
    "precision",
    "deviation_mean",
    "deviation_precision",
)
"""The arrays of a :class:`~stream_detector.detection.conditioning.Conditioning`."""

_QUANTILES = ("quantiles_level", "quantiles_sustained", "quantiles_deviation")

_POSITIVE = ("spread", "deviation_spread", "stuck_after")


def model_of(
    manifest: Manifest, parameters: Mapping[str, NDArray[Any]], graphs: Mapping[str, bytes]
) -> Model:
    """Put a model together.

    Parameters
    ----------
    manifest : Manifest
    parameters : mapping of name to array
        What ``parameters.npz`` holds.
    graphs : mapping of file name to bytes
        ``model.onnx``, and ``head.onnx`` where the manifest tells of a head.

    Raises
    ------
    KeyError
        If an array is missing.
    ValueError
        If an array is not as it should be.
    BundleError
        If a graph cannot be used.
    """
    sensors = manifest.sensors
    n_sensors, window_size = len(sensors), manifest.window_size
    _check_arrays(manifest, parameters)
    ranges = np.array([one.training_range or (-np.inf, np.inf) for one in sensors])
    return Model(
        features=FeatureSpec(
            sensors=tuple(one.name for one in sensors),
            units=tuple(one.unit for one in sensors),
            low=np.array([-np.inf if one.low is None else one.low for one in sensors]),
            high=np.array([np.inf if one.high is None else one.high for one in sensors]),
            modes=manifest.modes,
        ),
        conditioning=Conditioning(
            **{name: parameters[name] for name in CONDITIONING_ARRAYS}, window_size=window_size
        ),
        calibration=_calibration(manifest.parts, parameters),
        limits=_limits(manifest.limits, manifest, is_plain=manifest.parts is None),
        feed_limits=FeedLimits(
            stuck_after=parameters["stuck_after"],
            frozen_after=manifest.frozen_after,
            silence_after=timedelta(seconds=manifest.silence_after_seconds),
            smallest=ranges[:, 0],
            largest=ranges[:, 1],
        ),
        max_gap=timedelta(seconds=manifest.max_gap_seconds),
        graph=OnnxGraph(graphs["model.onnx"], window_size=window_size, n_sensors=n_sensors),
        head=_head(manifest, parameters, graphs),
    )


def _head(
    manifest: Manifest, parameters: Mapping[str, NDArray[Any]], graphs: Mapping[str, bytes]
) -> Head | None:
    head = manifest.head
    if head is None:
        return None
    return Head(
        graph=OnnxHead(graphs["head.onnx"], n_sensors=len(manifest.sensors)),
        curve=_surprise(head.curve, parameters["quantiles_head"]),
        limits=_limits(head.limits, manifest),
        budget_per_day=head.default_budget_per_day,
    )


def _check_arrays(manifest: Manifest, parameters: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays of another shape or type, and numbers that would spoil scores unseen.

    Raises
    ------
    KeyError
        If an array is missing.
    ValueError
        If one is not as it should be; the message names it.
    """
    quantiles = () if manifest.parts is None else _QUANTILES
    if manifest.head is not None:
        quantiles = (*quantiles, "quantiles_head")
    p = len(manifest.sensors)
    shapes: dict[str, tuple[int, ...]] = {
        **dict.fromkeys((*CONDITIONING_ARRAYS, "stuck_after"), (p,)),
        **dict.fromkeys(("precision", "deviation_precision"), (p, p)),
        **{name: (max(parameters[name].size, 1),) for name in quantiles},
    }
    for name, shape in shapes.items():
        array = parameters[name]
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, not {shape}")
        if array.dtype != np.float64:
            raise ValueError(f"{name} has type {array.dtype}, not float64")
        # A sensor that rests always is never stuck: that takes infinitely many readings.
        if not np.isfinite(array[~np.isposinf(array)] if name == "stuck_after" else array).all():
            raise ValueError(f"{name} holds a number that is not finite")
        if name in _POSITIVE and array.min() <= 0:
            raise ValueError(f"{name} holds {array.min()}, but must be above zero")
        if name in quantiles and (np.diff(array) < 0).any():
            raise ValueError(f"{name} does not ascend")


def _calibration(
    parts: Parts | None, parameters: Mapping[str, NDArray[Any]]
) -> Calibration | PlainScore:
    if parts is None:
        return PlainScore()

    def part(name: str, curve: PartCurve) -> Part:
        return Part(_surprise(curve, parameters[f"quantiles_{name}"]), curve.weight)

    return Calibration(
        level=part("level", parts.level),
        sustained=part("sustained", parts.sustained),
        deviation=part("deviation", parts.deviation),
    )


def _surprise(curve: PartCurve, quantiles: NDArray[np.float64]) -> SurpriseCurve:
    return SurpriseCurve(tuple(quantiles.tolist()), curve.knee, curve.tail, curve.n_scores)


def _limits(curves: LimitCurves, manifest: Manifest, *, is_plain: bool = False) -> Limits:
    by_budget, by_rate = (
        Curve(x=tuple(x for x, _ in points), y=tuple(y for _, y in points))
        for points in (curves.by_budget, curves.by_rate)
    )
    # A plain score has its own scale: measured from one reading in ten to one in a hundred.
    unit = by_rate(0.01) - by_rate(0.1) if is_plain else 1.0
    return Limits(by_budget, by_rate, readings_per_day=86400 / manifest.cadence_seconds, unit=unit)
