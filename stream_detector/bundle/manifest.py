"""What a bundle says of itself (``manifest.json``)."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream_detector.detection.threshold import HIGHEST_PER_DAY, Budget, Fixed, Threshold
from stream_detector.errors import UNREADABLE, BundleError

FORMAT = 1
"""Version of the folder's format; another one is refused."""

GRAPHS = ("model.onnx", "head.onnx")

SCORING_FILES = (*GRAPHS, "parameters.npz")
"""Files that decide scores; the others are only checked."""

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Size = Annotated[int, msgspec.Meta(ge=1)]
_Positive = Annotated[float, msgspec.Meta(gt=0)]
_PerDay = Annotated[float, msgspec.Meta(gt=0, le=HIGHEST_PER_DAY)]
_NotNegative = Annotated[float, msgspec.Meta(ge=0)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Curve = Annotated[tuple[tuple[_Positive, _NotNegative], ...], msgspec.Meta(min_length=1)]

_FileName = Annotated[str, msgspec.Meta(pattern="^[^/]+$")]
"""Of a file in the folder itself: a manifest must not lead elsewhere."""

_Id = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]

_Checksum = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]

_Name = Annotated[str, msgspec.Meta(max_length=200)]
"""Of a sensor: a reading with a longer one is refused."""


class Sensor(msgspec.Struct, frozen=True):
    """One sensor of the model."""

    name: _Name
    unit: str | None = None
    low: float | None = None
    """Physical limit; a value below is a fault of the sensor. None is no limit."""
    high: float | None = None
    training_range: tuple[float, float] | None = None
    """Smallest and largest value within the limits in the normal training rows; None is unknown.

    A machine at rest is told from broken sensors by it.
    """


class PartCurve(msgspec.Struct, frozen=True):
    """How surprising one part score is; its quantiles are in ``parameters.npz``."""

    knee: _Positive
    tail: _Positive
    n_scores: _Size
    weight: Annotated[float, msgspec.Meta(gt=0, le=1)]


class Parts(msgspec.Struct, frozen=True):
    """The three parts of the score."""

    level: PartCurve
    sustained: PartCurve
    deviation: PartCurve


class LimitCurves(msgspec.Struct, frozen=True):
    """Thresholds measured on cross-fitted scores, as points (x, score)."""

    by_budget: _Curve
    by_rate: _Curve


class Validation(msgspec.Struct, frozen=True):
    """What the default threshold did on the rows kept back, through the live code."""

    rows: _Count
    """Scored rows."""
    days: _NotNegative
    """Their number at the model's cadence."""
    asked_per_day: _NotNegative
    per_day: _NotNegative
    """False alerts raised a day; without labels all, for any of them may be one."""
    recall: _Share | None = None
    """Share of outcomes warned of within the horizon; None without labels."""
    recall_by_chance: _Share | None = None
    """What as many random alarms would have warned of."""
    n_outcomes: _Count = 0


class HeadManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of its supervised head, whose graph is ``head.onnx``."""

    curve: PartCurve
    """How surprising its odds are; the quantiles are in ``parameters.npz``."""
    limits: LimitCurves
    default_budget_per_day: _PerDay
    on_delay: tuple[_Size, _Size]
    """Count and of: the on-delay that the budget curve was measured with."""
    n_outcomes: _Size
    """Labelled outcomes it was fitted on."""
    label_seconds: _Positive
    """Readings at most so long before an outcome were what it was taught to find."""
    validation: Validation | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All of a bundle that is not an array or a graph."""

    format: int = FORMAT
    id: _Id = ""
    """Of the bundle (:func:`bundle_id`), filled in as it is written: a manifest that was changed
    since does not fit it."""
    sensors: Annotated[tuple[Sensor, ...], msgspec.Meta(min_length=1)]
    modes: tuple[_Name, ...] = ()
    """Modes of the machine that the model is told apart; the last sensors are theirs."""
    window_size: _Size
    cadence_seconds: _Positive
    max_gap_seconds: _Positive
    silence_after_seconds: _Positive
    frozen_after: _Size
    parts: Parts | None
    """None of a plain model: its score is the level, a mean squared residual, as it is."""
    limits: LimitCurves
    default_budget_per_day: _PerDay
    default_fixed: _Positive | None = None
    """A score that is the threshold instead, where nobody set another."""
    on_delay: tuple[_Size, _Size]
    """Count and of: the on-delay that the budget curve was measured with."""
    network: dict[str, Any]
    """Kind and sizes of the level part's network."""
    head: HeadManifest | None = None
    """None where there were too few labelled outcomes."""
    validation: Validation | None = None
    files: dict[_FileName, _Checksum] = {}
    """SHA-256 of every other file of the folder, filled in as it is written."""
    provenance: dict[str, Any] = {}
    """Data, spans, seeds, versions, dates and durations: for people, not part of the id."""

    @property
    def default_threshold(self) -> Threshold:
        """The threshold where nobody set another."""
        if self.default_fixed is None:
            return Budget(self.default_budget_per_day)
        return Fixed(self.default_fixed)


def decode_manifest(data: bytes) -> Manifest:
    """Read a manifest.

    Raises
    ------
    BundleError
        If it is of another format, or none at all; the message goes on after the file's name.
    """
    try:
        found = msgspec.json.decode(data, type=dict[str, Any]).get("format")
        if found != FORMAT:
            raise BundleError(
                f"has format {found!r}, this version reads {FORMAT}; fit the bundle anew"
            )
        return msgspec.json.decode(data, type=Manifest)
    except UNREADABLE as error:
        raise BundleError(f"is no manifest: {error}; copy it again") from error


def bundle_id(
    manifest: Manifest, files: Mapping[str, bytes], parameters: Mapping[str, NDArray[Any]]
) -> str:
    """Name a bundle by what decides its scores: sixteen hexadecimal digits.

    Dates, durations and reports do not count, so the same training gives the same id. Of
    ``files`` only the graphs do.
    """
    digest = hashlib.sha256()
    scoring = msgspec.structs.replace(manifest, id="", files={}, provenance={})
    digest.update(msgspec.json.encode(scoring, order="deterministic"))
    for name in sorted(files.keys() & set(GRAPHS)):
        digest.update(name.encode())
        digest.update(hashlib.sha256(files[name]).digest())
    for name, array in sorted(parameters.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
