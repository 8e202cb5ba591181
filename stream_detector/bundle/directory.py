"""The folder of a bundle: written whole or not at all, read whole or refused by name."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream_detector.bundle.folder import check_writable, write_folder
from stream_detector.bundle.graph import OnnxGraph
from stream_detector.bundle.manifest import (
    SCORING_FILES,
    Manifest,
    PartCurve,
    bundle_id,
    decode_manifest,
)
from stream_detector.detection.conditioning import Conditioning
from stream_detector.detection.detector import Model
from stream_detector.detection.features import FeatureSpec
from stream_detector.detection.feed_health import FeedLimits
from stream_detector.detection.scoring import Calibration, Part, PlainScore, SurpriseCurve
from stream_detector.detection.threshold import Curve, Limits
from stream_detector.errors import BundleError, BundleFileError

MANIFEST = "manifest.json"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained model, ready to score.

    Parameters
    ----------
    id : str
        Hash of what decides its scores.
    manifest : Manifest
    model : Model
    """

    id: str
    manifest: Manifest
    model: Model


def write_bundle(
    folder: Path,
    manifest: Manifest,
    *,
    parameters: Mapping[str, NDArray[Any]],
    files: Mapping[str, bytes],
) -> str:
    """Write a bundle and give its id.

    The folder appears complete or not at all; a bundle that was there is replaced.

    Parameters
    ----------
    folder : Path
    manifest : Manifest
        Its id and checksums are filled in here.
    parameters : mapping of name to array
        For ``parameters.npz``.
    files : mapping of name to content
        ``model.onnx`` and whatever else belongs to the model.

    Raises
    ------
    BundleError
        If the folder holds something that is not a bundle, or cannot be written.
    """
    check_place(folder)
    buffer = io.BytesIO()
    np.savez(buffer, **parameters)  # type: ignore[arg-type]
    content = {**files, "parameters.npz": buffer.getvalue()}
    checksums = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(content.items())}
    manifest = msgspec.structs.replace(
        manifest, id=bundle_id(manifest, files, parameters), files=checksums
    )
    encoded = msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"))
    try:
        write_folder(folder, {**content, MANIFEST: encoded})
    except OSError as error:
        raise _cannot_be_written(folder, error) from error
    return manifest.id


def check_place(folder: Path) -> None:
    """Check that a bundle may be written here: long work asks before it begins.

    Raises
    ------
    BundleError
        If there is something else than a bundle or an empty folder, or nothing can be
        written here.
    """
    try:
        check_writable(folder)
        # Other programs have a manifest.json too.
        ours = (folder / MANIFEST).is_file() and (folder / "parameters.npz").is_file()
        theirs = folder.exists() and not (folder.is_dir() and (ours or not any(folder.iterdir())))
    except OSError as error:
        raise _cannot_be_written(folder, error) from error
    if theirs:
        raise BundleError(f"{str(folder)!r} exists and is no bundle; name another folder")


def _cannot_be_written(folder: Path, error: OSError) -> BundleError:
    return BundleError(
        f"{str(folder)!r} cannot be written: {error.strerror or error}; mend that or name "
        "another folder"
    )


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle, checking every file.

    Raises
    ------
    BundleFileError
        If a file is missing or is not the one that was written.
    BundleError
        If the manifest was changed, or the folder is no bundle, of another format, or does
        not fit together.
    """
    manifest = _read_manifest(folder / MANIFEST)
    content = {}
    for name, expected in manifest.files.items():
        path = folder / name
        data = path.read_bytes() if path.is_file() else None
        found = None if data is None else hashlib.sha256(data).hexdigest()
        if data is None or found != expected:
            raise BundleFileError(path, expected=expected, found=found)
        if name in SCORING_FILES:
            content[name] = data
    for name in ("model.onnx", "parameters.npz"):
        if name not in content:
            raise BundleError(f"{str(folder / MANIFEST)!r} lists no {name}; fit the bundle anew")
    try:
        with np.load(io.BytesIO(content["parameters.npz"]), allow_pickle=False) as arrays:
            parameters = dict(arrays)
        _check_id(folder / MANIFEST, manifest.id, bundle_id(manifest, content, parameters))
        model = _assemble(manifest, parameters, content["model.onnx"])
    except (ArithmeticError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BundleError(
            f"the parameters in {str(folder)!r} do not fit its manifest: {error}; fit it anew"
        ) from error
    return Bundle(manifest.id, manifest, model)


def _read_manifest(path: Path) -> Manifest:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"no bundle at {str(path.parent)!r}: {error.strerror or error}; give the folder that "
            "`python -m trainer fit --out` wrote"
        ) from error
    try:
        return decode_manifest(data)
    except BundleError as error:
        raise BundleError(f"{str(path)!r} {error}") from error


def _check_id(path: Path, said: str, found: str) -> None:
    """Refuse a manifest that was changed: every number in it may decide scores or thresholds."""
    if said != found:
        raise BundleError(
            f"{str(path)!r} is not the one that was written: it says that this is bundle "
            f"{said or '(none)'}, but what is here is {found}; copy it again or fit it anew"
        )


def _assemble(manifest: Manifest, parameters: dict[str, NDArray[Any]], graph: bytes) -> Model:
    sensors = manifest.sensors
    n_sensors = len(sensors)
    _check_arrays(parameters, n_sensors, () if manifest.parts is None else _QUANTILES)

    def part(name: str, curve: PartCurve) -> Part:
        quantiles = tuple(parameters[f"quantiles_{name}"].tolist())
        return Part(SurpriseCurve(quantiles, curve.knee, curve.tail, curve.n_scores), curve.weight)

    parts = manifest.parts
    return Model(
        features=FeatureSpec(
            sensors=tuple(one.name for one in sensors),
            units=tuple(one.unit for one in sensors),
            low=np.array([-np.inf if one.low is None else one.low for one in sensors]),
            high=np.array([np.inf if one.high is None else one.high for one in sensors]),
            modes=manifest.modes,
        ),
        conditioning=Conditioning(
            **{name: parameters[name] for name in CONDITIONING_ARRAYS},
            window_size=manifest.window_size,
        ),
        calibration=PlainScore()
        if parts is None
        else Calibration(
            level=part("level", parts.level),
            sustained=part("sustained", parts.sustained),
            deviation=part("deviation", parts.deviation),
        ),
        limits=_limits(manifest),
        feed_limits=FeedLimits(
            stuck_after=parameters["stuck_after"],
            frozen_after=manifest.frozen_after,
            silence_after=timedelta(seconds=manifest.silence_after_seconds),
        ),
        max_gap=timedelta(seconds=manifest.max_gap_seconds),
        graph=OnnxGraph(graph, window_size=manifest.window_size, n_sensors=n_sensors),
    )


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


def _check_arrays(
    parameters: Mapping[str, NDArray[Any]], n_sensors: int, quantiles: tuple[str, ...]
) -> None:
    """Refuse arrays of another shape or type, and numbers that would spoil scores unseen.

    Raises
    ------
    KeyError
        If an array is missing.
    ValueError
        If one is not as it should be; the message names it.
    """
    p = n_sensors
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


def _limits(manifest: Manifest) -> Limits:
    by_budget, by_rate = _curve(manifest.limits.by_budget), _curve(manifest.limits.by_rate)
    # A plain score has its own scale: measured from one reading in ten to one in a hundred.
    unit = 1.0 if manifest.parts is not None else by_rate(0.01) - by_rate(0.1)
    return Limits(by_budget, by_rate, readings_per_day=86400 / manifest.cadence_seconds, unit=unit)


def _curve(points: tuple[tuple[float, float], ...]) -> Curve:
    return Curve(x=tuple(x for x, _ in points), y=tuple(y for _, y in points))
