"""Where bundles stand that models can be changed to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from stream_detector.bundle.directory import Bundle
from stream_detector.connections.bundle_store import BundleStore
from stream_detector.errors import BundleError, ServiceError, SettingsError

ELSEWHERE = "memory://mill/models"


@pytest.fixture(params=["folder", "url"])
def place(
    request: pytest.FixtureRequest, small_bundle_folder: Path, tmp_path: Path
) -> Iterator[str]:
    """A folder, or a store that is none, with a model under a name of its own."""
    if request.param == "folder":
        shutil.copytree(small_bundle_folder, tmp_path / "2026-11")
        (tmp_path / "notes.txt").write_text("not a model")
        (tmp_path / "lost+found").mkdir()
        yield str(tmp_path)
        return
    files = fsspec.filesystem("memory")
    files.put(str(small_bundle_folder), "/mill/models/2026-11", recursive=True)
    files.pipe_file("/mill/models/notes.txt", b"not a model")
    yield ELSEWHERE
    files.rm("/mill", recursive=True)


def test_a_bundle_is_read_by_its_id_whatever_its_folder_is_called(
    place: str, small_bundle: Bundle
) -> None:
    store = BundleStore(place)

    store.check_is_there()
    assert list(store.manifests()) == ["2026-11"]
    assert store.ids() == {small_bundle.id}
    assert store.read(small_bundle.id).manifest == small_bundle.manifest


def test_a_bundle_that_is_not_there_is_named(place: str) -> None:
    with pytest.raises(BundleError, match=r"there is no bundle 0123456789abcdef in .*copy its"):
        BundleStore(place).read("0123456789abcdef")


def test_a_file_that_was_changed_is_refused(place: str, small_bundle: Bundle) -> None:
    files, root = fsspec.core.url_to_fs(place)
    files.pipe_file(f"{root}/2026-11/model.onnx", b"something else")

    with pytest.raises(BundleError, match=f"file '{place}/2026-11/model.onnx' has checksum"):
        BundleStore(place).read(small_bundle.id)


def test_of_two_copies_of_a_bundle_the_one_that_is_whole_is_read(
    place: str, small_bundle: Bundle
) -> None:
    files, root = fsspec.core.url_to_fs(place)
    files.copy(f"{root}/2026-11", f"{root}/2026-12", recursive=True)
    files.pipe_file(f"{root}/2026-11/model.onnx", b"something else")

    assert BundleStore(place).read(small_bundle.id).id == small_bundle.id


def test_a_manifest_that_is_none_hides_no_other(place: str, small_bundle: Bundle) -> None:
    files, root = fsspec.core.url_to_fs(place)
    files.makedirs(f"{root}/broken", exist_ok=True)
    files.pipe_file(f"{root}/broken/manifest.json", b"{]")
    store = BundleStore(place)

    assert isinstance(store.manifests()["broken"], BundleError)
    assert store.ids() == {small_bundle.id}


def test_a_place_that_is_not_there_yet_has_no_models(tmp_path: Path) -> None:
    store = BundleStore(str(tmp_path / "later"))

    assert store.manifests() == {}
    with pytest.raises(BundleError, match=f"there is no folder '{tmp_path}/later'; correct DETECT"):
        store.check_is_there()


def test_a_store_at_a_url_may_have_no_folder_yet() -> None:
    store = BundleStore("memory://mill/later")

    assert store.manifests() == {}
    store.check_is_there()


def test_a_place_nobody_knows_how_to_read_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="DETECTOR_BUNDLES is 'tape://mill'"):
        BundleStore("tape://mill")


def test_a_place_that_may_not_be_read_is_a_fault_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BundleStore(str(tmp_path))
    files = fsspec.filesystem("file")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(files), "ls", refuse)
    with pytest.raises(ServiceError, match=r"read or written: .*correct\s+DETECTOR_BUNDLES"):
        store.ids()


def test_a_bundle_that_is_added_stands_under_its_id(
    place: str, small_bundle: Bundle, small_bundle_folder: Path
) -> None:
    store = BundleStore(place)

    store.add(small_bundle_folder, small_bundle.id)
    store.add(small_bundle_folder, small_bundle.id)

    assert set(store.manifests()) == {"2026-11", small_bundle.id}
    assert store.read(small_bundle.id).id == small_bundle.id
