"""A bundle with a head: read whole as well, or refused by the name of what is wrong."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from stream_detector.bundle.directory import Bundle, read_bundle
from stream_detector.detection.threshold import Budget
from stream_detector.errors import BundleError, BundleFileError
from tests.bundle.parts import BundleParts
from tests.small_head import MANIFEST, TREES
from trainer.head_graph import PrincipalAxes, head_graph


@pytest.fixture
def folder(headed_bundle_folder: Path, tmp_path: Path) -> Path:
    """A bundle of one's own, to be spoiled."""
    return Path(shutil.copytree(headed_bundle_folder, tmp_path / "bundle"))


def graph_of(n_sensors: int) -> bytes:
    """A head of another machine."""
    axes = PrincipalAxes(np.zeros(n_sensors), np.ones((n_sensors, 1)), np.ones(1))
    return head_graph(axes, TREES)


def test_what_is_read_is_what_was_written(headed_bundle: Bundle) -> None:
    head = headed_bundle.model.head

    assert headed_bundle.manifest.head == MANIFEST
    assert head is not None
    assert head.curve.knee == MANIFEST.curve.knee
    assert head.limits.limit(Budget(1.0)) == 3.0
    assert head.budget_per_day == 1.0


def test_a_bundle_without_a_head_has_none(small_bundle: Bundle) -> None:
    assert small_bundle.manifest.head is None
    assert small_bundle.model.head is None


def test_a_head_makes_another_bundle(small_bundle: Bundle, headed_bundle: Bundle) -> None:
    assert headed_bundle.id != small_bundle.id


def test_another_head_makes_another_bundle(folder: Path, headed_bundle: Bundle) -> None:
    other = BundleParts.of(folder).with_files({"head.onnx": graph_of(5)})

    assert other.write(folder) != headed_bundle.id


def test_a_missing_head_is_named(folder: Path) -> None:
    (folder / "head.onnx").unlink()

    with pytest.raises(BundleFileError, match=r"head\.onnx' has checksum none"):
        read_bundle(folder)


def test_a_manifest_that_tells_of_a_head_must_list_it(
    folder: Path, small_bundle_folder: Path
) -> None:
    without = BundleParts.of(small_bundle_folder).with_manifest(head=MANIFEST)
    without.with_parameters(quantiles_head=np.array([1.0])).write(folder)

    with pytest.raises(BundleError, match=r"lists no head\.onnx; fit the bundle anew"):
        read_bundle(folder)


def test_a_head_of_another_machine_is_refused(folder: Path) -> None:
    BundleParts.of(folder).with_files({"head.onnx": graph_of(4)}).write(folder)

    with pytest.raises(BundleError, match=r"head\.onnx takes .*15, 2, 4.* expected .*15, 2, 5"):
        read_bundle(folder)


def test_what_is_no_graph_is_refused(folder: Path) -> None:
    BundleParts.of(folder).with_files({"head.onnx": b"trees"}).write(folder)

    with pytest.raises(BundleError, match=r"head\.onnx cannot be loaded"):
        read_bundle(folder)


def test_quantiles_of_the_head_must_ascend(folder: Path) -> None:
    BundleParts.of(folder).with_parameters(quantiles_head=np.array([2.0, 1.0])).write(folder)

    with pytest.raises(BundleError, match="quantiles_head does not ascend"):
        read_bundle(folder)


def test_what_only_people_read_of_a_head_counts_for_the_id_too(
    folder: Path, headed_bundle: Bundle
) -> None:
    # It goes out with every alert.
    head = msgspec.structs.replace(MANIFEST, validation=None)

    assert BundleParts.of(folder).with_manifest(head=head).write(folder) != headed_bundle.id
