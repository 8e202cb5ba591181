"""A bundle is read whole, or refused by the name of what is wrong."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.detection.scoring import Calibration
from stream_detector.detection.threshold import Budget, Rate
from stream_detector.errors import BundleError, BundleFileError
from tests.bundle.parts import BundleParts, put_in
from tests.small_models import CADENCE, MOISTURE_LIMITS, SENSORS, UNITS


@pytest.fixture
def folder(small_bundle_folder: Path, tmp_path: Path) -> Path:
    """A bundle of one's own, to be spoiled."""
    return Path(shutil.copytree(small_bundle_folder, tmp_path / "bundle"))


def change_manifest(folder: Path, **changes: object) -> None:
    """Write something else into the manifest."""
    path = folder / "manifest.json"
    manifest = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**manifest, **changes}))


def test_a_bundle_says_what_it_was_trained_on(small_bundle: Bundle) -> None:
    model = small_bundle.model

    assert model.features.sensors == SENSORS
    assert model.features.units == UNITS
    assert (model.features.low[-1], model.features.high[-1]) == MOISTURE_LIMITS
    assert model.features.low[:-1].tolist() == [-np.inf] * 4
    assert model.max_gap == 1.5 * CADENCE
    assert model.feed_limits.silence_after == 10 * CADENCE
    assert model.limits.readings_per_day == 720
    assert model.conditioning.window_size == 5


def test_what_is_read_is_what_was_written(folder: Path, small_bundle: Bundle) -> None:
    parts = BundleParts.of(folder)
    model = small_bundle.model

    np.testing.assert_array_equal(model.conditioning.precision, parts.parameters["precision"])
    limits = model.feed_limits
    np.testing.assert_array_equal(limits.stuck_after, parts.parameters["stuck_after"])
    ranges = [sensor.training_range for sensor in parts.manifest.sensors]
    assert list(zip(limits.smallest, limits.largest, strict=True)) == ranges
    assert isinstance(model.calibration, Calibration)
    assert parts.manifest.parts is not None
    curve = model.calibration.deviation.curve
    assert list(curve.quantiles) == parts.parameters["quantiles_deviation"].tolist()
    assert curve.knee == parts.manifest.parts.deviation.knee
    for per_day, score in parts.manifest.limits.by_budget:
        assert model.limits.limit(Budget(per_day)) == score
    for share, score in parts.manifest.limits.by_rate:
        assert model.limits.limit(Rate(share)) == score


@pytest.mark.parametrize("name", ["model.onnx", "parameters.npz"])
def test_a_changed_byte_is_found(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)

    with pytest.raises(BundleFileError, match=f"{name}' has checksum .*; copy the bundle again"):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["model.onnx", "parameters.npz"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(BundleFileError, match=rf"{name}' has checksum none \(the file is missing"):
        read_bundle(folder)


def test_a_file_that_only_people_read_is_checked_too(folder: Path, tmp_path: Path) -> None:
    parts = BundleParts.of(folder).with_files({"report.html": b"<p>Well done.</p>"})
    parts.write(tmp_path / "with-report")
    (tmp_path / "with-report" / "report.html").write_bytes(b"<p>Badly done.</p>")

    with pytest.raises(BundleFileError, match=r"report\.html"):
        read_bundle(tmp_path / "with-report")


@pytest.mark.parametrize("what", ["nothing", "a file", "an empty folder"])
def test_what_is_no_bundle_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "bundle"
    if what == "a file":
        path.write_bytes(b"")
    elif what == "an empty folder":
        path.mkdir()

    with pytest.raises(BundleError, match=r"no bundle at .*give the folder"):
        read_bundle(path)


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        (b"", "is no manifest"),
        (b"{", "is no manifest"),
        (b"[" * 100_000, "is no manifest"),
        (b"[1]", "is no manifest"),
        (b"\xff\xfe{}", "is no manifest"),
        (b"{}", "has format None, this version reads 1"),
        (b'{"format": 2}', "has format 2, this version reads 1"),
        (b'{"format": 1}', "is no manifest: .*missing required field"),
    ],
)
def test_a_manifest_that_is_none_is_refused(folder: Path, manifest: bytes, says: str) -> None:
    (folder / "manifest.json").write_bytes(manifest)

    with pytest.raises(BundleError, match=says):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["model.onnx", "parameters.npz"])
def test_a_manifest_must_list_what_decides_scores(folder: Path, name: str) -> None:
    path = folder / "manifest.json"
    manifest = msgspec.json.decode(path.read_bytes())
    del manifest["files"][name]
    path.write_bytes(msgspec.json.encode(manifest))

    with pytest.raises(BundleError, match=f"lists no {name}"):
        read_bundle(folder)


@pytest.mark.parametrize("n_bytes", [0, 3, 100, 5000, -1])
def test_arrays_that_end_too_early_are_refused(folder: Path, n_bytes: int) -> None:
    put_in(folder, "parameters.npz", (folder / "parameters.npz").read_bytes()[:n_bytes])

    with pytest.raises(BundleError, match=r"the parameters in .* do not fit its manifest"):
        read_bundle(folder)


def test_arrays_that_are_code_are_refused(folder: Path, tmp_path: Path) -> None:
    parts = BundleParts.of(folder)
    objects = np.empty(len(SENSORS), object)

    parts.with_parameters(center=objects).write(tmp_path / "pickled")

    with pytest.raises(BundleError, match="allow_pickle=False"):
        read_bundle(tmp_path / "pickled")


VECTORS = (
    *("center", "spread", "deviation_center", "deviation_spread"),
    *("row_mean", "deviation_mean", "stuck_after"),
)
MATRICES = ("precision", "deviation_precision")
QUANTILES = ("quantiles_level", "quantiles_sustained", "quantiles_deviation")


def test_there_is_no_array_but_those_below(folder: Path) -> None:
    assert BundleParts.of(folder).parameters.keys() == {*VECTORS, *MATRICES, *QUANTILES}


@pytest.mark.parametrize(
    ("name", "array", "shapes"),
    [
        *((name, np.ones(1), r"\(1,\), not \(5,\)") for name in VECTORS),
        *((name, np.ones(5), r"\(5,\), not \(5, 5\)") for name in MATRICES),
        *((name, np.ones(()), r"\(\), not \(1,\)") for name in QUANTILES),
        *((name, np.ones(0), r"\(0,\), not \(1,\)") for name in QUANTILES),
    ],
)
def test_an_array_of_another_shape_is_named(
    folder: Path, tmp_path: Path, name: str, array: NDArray[np.float64], shapes: str
) -> None:
    BundleParts.of(folder).with_parameters(**{name: array}).write(tmp_path / "odd")

    with pytest.raises(BundleError, match=f"{name} has shape {shapes}"):
        read_bundle(tmp_path / "odd")


@pytest.mark.parametrize(
    ("name", "array", "says"),
    [
        ("center", np.array(["a"] * 5), "has type <U1, not float64"),
        ("center", np.ones(5, np.float32), "has type float32, not float64"),
        ("quantiles_level", np.ones(9, int), "has type int64, not float64"),
        ("precision", np.full((5, 5), np.nan), "holds a number that is not finite"),
        ("row_mean", np.full(5, np.inf), "holds a number that is not finite"),
        ("stuck_after", np.full(5, -np.inf), "holds a number that is not finite"),
        ("stuck_after", np.full(5, np.nan), "holds a number that is not finite"),
        ("spread", np.zeros(5), "holds 0.0, but must be above zero"),
        ("deviation_spread", -np.ones(5), "holds -1.0, but must be above zero"),
        ("quantiles_deviation", np.array([1.0, 3.0, 2.0]), "does not ascend"),
    ],
)
def test_an_array_that_would_spoil_scores_unseen_is_named(
    folder: Path, tmp_path: Path, name: str, array: NDArray[Any], says: str
) -> None:
    BundleParts.of(folder).with_parameters(**{name: array}).write(tmp_path / "odd")

    with pytest.raises(BundleError, match=f"{name} {says}"):
        read_bundle(tmp_path / "odd")


def test_a_missing_array_is_named(folder: Path, tmp_path: Path) -> None:
    parts = BundleParts.of(folder)
    del parts.parameters["quantiles_level"]
    parts.write(tmp_path / "odd")

    with pytest.raises(BundleError, match="quantiles_level"):
        read_bundle(tmp_path / "odd")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cadence_seconds", 0.0),
        ("cadence_seconds", -5.0),
        ("max_gap_seconds", 0.0),
        ("silence_after_seconds", -1.0),
        ("frozen_after", 0),
        ("window_size", 0),
        ("default_budget_per_day", 0.0),
        ("sensors", []),
        ("on_delay", [0, 1]),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_name(folder: Path, name: str, value: object) -> None:
    change_manifest(folder, **{name: value})

    with pytest.raises(BundleError, match=rf"is no manifest: .*`\$\.{name}"):
        read_bundle(folder)


@pytest.mark.parametrize("place", ["../{0}", "{1}/{0}", "more/{0}"])
def test_a_manifest_does_not_lead_out_of_its_folder(
    folder: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "other").write_bytes(b"right")
    files = BundleParts.of(folder).manifest.files

    name = place.format("other", tmp_path)
    change_manifest(folder, files={**files, name: hashlib.sha256(b"right").hexdigest()})

    with pytest.raises(BundleError, match=r"is no manifest: .*`key` in `\$\.files`"):
        read_bundle(folder)


def test_a_manifest_of_other_sensors_does_not_fit(folder: Path, tmp_path: Path) -> None:
    parts = BundleParts.of(folder)
    parts.with_manifest(sensors=parts.manifest.sensors[:-1]).write(tmp_path / "odd")

    with pytest.raises(BundleError, match=r"center has shape \(5,\), not \(4,\)"):
        read_bundle(tmp_path / "odd")


@pytest.mark.parametrize(
    "changes",
    [
        {"cadence_seconds": 320.0},  # it decides how fast the controller takes back
        {"default_budget_per_day": 60.0},
        {"id": "0123456789abcdef"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_manifest_that_was_changed_is_refused_by_name(
    folder: Path, small_bundle: Bundle, changes: dict[str, object]
) -> None:
    change_manifest(folder, **changes)

    with pytest.raises(BundleError, match=r"manifest\.json' is not the one that was written: it"):
        read_bundle(folder)
    assert small_bundle.manifest.id == small_bundle.id


def test_a_manifest_without_an_id_is_refused(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = msgspec.json.decode(path.read_bytes())
    del manifest["id"]
    path.write_bytes(msgspec.json.encode(manifest))

    with pytest.raises(BundleError, match=r"it says that this is bundle \(none\), but what is"):
        read_bundle(folder)


def test_what_the_manifest_tells_people_may_be_written_otherwise(
    folder: Path, small_bundle: Bundle
) -> None:
    change_manifest(folder, provenance={"machine": "pm3", "note": "the old felt"})

    assert read_bundle(folder).id == small_bundle.id
