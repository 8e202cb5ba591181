"""What a training run found, as the parts of a bundle."""

import hashlib
import math
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.manifest import (
    HeadManifest,
    LimitCurves,
    Manifest,
    PartCurve,
    Parts,
    Sensor,
)
from stream_detector.bundle.model import CONDITIONING_ARRAYS
from stream_detector.detection.scoring import Calibration, Part, PlainScore
from stream_detector.detection.threshold import Limits
from stream_detector.replay.recording import Recording
from trainer.calibration import Calibrated
from trainer.config import TrainingConfig
from trainer.crossfit import FittedParts
from trainer.history import Timing
from trainer.training_rows import TrainingRows

if TYPE_CHECKING:
    from trainer.head import FittedHead


def parameters_of(rows: TrainingRows, calibrated: Calibrated) -> dict[str, NDArray[Any]]:
    """Gather the arrays that decide scores, but for the head's."""
    conditioning = {name: getattr(rows.conditioning, name) for name in CONDITIONING_ARRAYS}
    arrays = {**conditioning, "stuck_after": rows.feed_limits.stuck_after}
    if isinstance(calibrated.calibration, Calibration):
        for name in ("level", "sustained", "deviation"):
            part: Part = getattr(calibrated.calibration, name)
            arrays[f"quantiles_{name}"] = np.array(part.curve.quantiles)
    return arrays


def manifest_of(
    timing: Timing,
    rows: TrainingRows,
    calibrated: Calibrated,
    limits: Limits,
    config: TrainingConfig,
    rules: Rules,
    *,
    default_fixed: float | None = None,
) -> Manifest:
    """Say of the bundle what decides its scores."""
    on_delay = rules.rules[0].on_delay
    return Manifest(
        sensors=_sensors(rows),
        modes=rows.features.modes,
        window_size=rows.conditioning.window_size,
        cadence_seconds=timing.cadence.total_seconds(),
        max_gap_seconds=timing.max_gap.total_seconds(),
        silence_after_seconds=timing.silence_after.total_seconds(),
        frozen_after=rows.feed_limits.frozen_after,
        parts=_parts(calibrated.calibration),
        limits=_curves(limits),
        default_budget_per_day=config.budget,
        default_fixed=default_fixed,
        on_delay=(on_delay.count, on_delay.of),
        network=config.network_config.described,
    )


def _parts(calibration: Calibration | PlainScore) -> Parts | None:
    if isinstance(calibration, PlainScore):
        return None
    return Parts(
        level=_part_curve(calibration.level),
        sustained=_part_curve(calibration.sustained),
        deviation=_part_curve(calibration.deviation),
    )


def head_manifest_of(head: "FittedHead", config: TrainingConfig) -> HeadManifest:
    """Say of the head what decides its scores."""
    on_delay = head.rule.on_delay
    return HeadManifest(
        curve=_part_curve(Part(head.curve, weight=1.0)),
        limits=_curves(head.limits),
        default_budget_per_day=config.head_budget,
        on_delay=(on_delay.count, on_delay.of),
        n_outcomes=len(head.rows.outcomes),
        label_seconds=head.label.total_seconds(),
    )


def _curves(limits: Limits) -> LimitCurves:
    return LimitCurves(
        by_budget=tuple(zip(limits.by_budget.x, limits.by_budget.y, strict=True)),
        by_rate=tuple(zip(limits.by_rate.x, limits.by_rate.y, strict=True)),
    )


def _part_curve(part: Part) -> PartCurve:
    curve = part.curve
    return PartCurve(curve.knee, curve.tail, curve.n_scores, part.weight)


def _sensors(rows: TrainingRows) -> tuple[Sensor, ...]:
    features, limits = rows.features, rows.feed_limits
    columns = (features.low, features.high, limits.smallest, limits.largest)
    return tuple(
        Sensor(
            name=name,
            unit=unit,
            low=low if math.isfinite(low) else None,
            high=high if math.isfinite(high) else None,
            training_range=(smallest, largest),
        )
        for name, unit, low, high, smallest, largest in zip(
            features.sensors, features.units, *(column.tolist() for column in columns), strict=True
        )
    )


def keras_files_of(parts: FittedParts) -> dict[str, bytes]:
    """Save the network, if there is one, for people to use without us."""
    network = parts.parts.network
    if network is None:
        return {}
    # TensorFlow is there: it has trained the network.
    from trainer.keras_models import keras_files  # noqa: PLC0415

    return keras_files(network, parts.parts.space)


def provenance_of(
    recording: Recording, rows: TrainingRows, config: TrainingConfig, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """Say where the bundle comes from; it does not count for its id."""
    packages = ["stream-detector", "numpy", "onnx", "onnxruntime", "lightgbm"]
    if config.network.kind != "linear":
        packages += ["tensorflow", "keras"]
    return {
        "machine": recording.machine,
        "data_sha256": _data_digest(recording),
        "rows": recording.n_rows,
        "training_rows": len(rows.windows),
        "left_out": rows.left_out,
        "span": [f"{time}Z" for time in (recording.times.min(), recording.times.max())],
        "config": msgspec.to_builtins(config),
        "trained_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "versions": {"python": platform.python_version(), **{p: version(p) for p in packages}},
        "seconds": dict(seconds),
    }


def _data_digest(recording: Recording) -> str:
    """Hash all of a recording that can tell in a model: names and labels as well as values."""
    label_kind = None if recording.labels is None else recording.label_kind
    texts = (recording.sensors, recording.units, recording.modes, label_kind)
    digest = hashlib.sha256(msgspec.json.encode(texts))
    arrays = (recording.low, recording.high, recording.times, recording.values, recording.labels)
    for array in (*arrays, recording.excluded):
        if array is not None:
            digest.update(array.tobytes())
    return digest.hexdigest()
