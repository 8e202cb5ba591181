"""A bundle is read whole, or refused by the name of what is wrong."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.detection.threshold import Budget, Rate
from stream_detector.errors import BundleError, BundleFileError
from tests.bundle.parts import BundleParts, put_in
from tests.small_models import CADENCE, MOISTURE_LIMITS, SENSORS, UNITS


@pytest.fixture
def folder(small_bundle_folder: Path, tmp_path: Path) -> Path:
    """A bundle of one's own, to be spoiled."""
    return Path(shutil.copytree(small_bundle_folder, tmp_path / "bundle"))


def test_a_bundle_says_what_it_was_trained_on(small_bundle: Bundle) -> None:
    model = small_bundle.model

    assert model.features.sensors == SENSORS
    assert model.features.units == UNITS
    assert (model.features.low[-1], model.features.high[-1]) == MOISTURE_LIMITS
    assert model.features.low[:-1].tolist() == [-np.inf] * 4
    assert model.max_gap == 1.5 * CADENCE
    assert model.feed_limits.silence_after == 10 * CADENCE
    assert model.limits.readings_per_day == 720
    assert model.conditioning.window_size == 4


def test_what_is_read_is_what_was_written(folder: Path, small_bundle: Bundle) -> None:
    parts = BundleParts.of(folder)
    model = small_bundle.model

    np.testing.assert_array_equal(model.conditioning.precision, parts.parameters["precision"])
    np.testing.assert_array_equal(model.feed_limits.stuck_after, parts.parameters["stuck_after"])
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


@pytest.mark.parametrize(
    "name",
    [
        "center",
        "spread",
        "deviation_center",
        "deviation_spread",
        "row_mean",
        "precision",
        "stuck_after",
    ],
)
def test_an_array_of_another_shape_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    BundleParts.of(folder).with_parameters(**{name: np.ones(1)}).write(tmp_path / "odd")

    with pytest.raises(BundleError, match=rf"{name} has shape \(1,\), not \(5"):
        read_bundle(tmp_path / "odd")


def test_a_missing_array_is_named(folder: Path, tmp_path: Path) -> None:
    parts = BundleParts.of(folder)
    del parts.parameters["quantiles_level"]
    parts.write(tmp_path / "odd")

    with pytest.raises(BundleError, match="quantiles_level"):
        read_bundle(tmp_path / "odd")


def test_a_cadence_of_zero_is_refused(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**manifest, "cadence_seconds": 0.0}))

    with pytest.raises(BundleError, match="division by zero"):
        read_bundle(folder)


def test_a_manifest_of_other_sensors_does_not_fit(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = msgspec.json.decode(path.read_bytes())
    manifest["sensors"].pop()
    path.write_bytes(msgspec.json.encode(manifest))

    with pytest.raises(BundleError, match=r"center has shape \(5,\), not \(4,\)"):
        read_bundle(folder)
