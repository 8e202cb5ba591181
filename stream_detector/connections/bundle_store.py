"""Where bundles stand that models can be changed to: a folder, or a store with files at a URL."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from stream_detector.bundle.directory import MANIFEST, Bundle, read_bundle
from stream_detector.bundle.manifest import Manifest, decode_manifest
from stream_detector.connections.settings import Settings
from stream_detector.errors import BundleError, ServiceError, SettingsError

_ANSWER_SECONDS: Final = 10
"""How long a store that speaks S3 may say nothing. It is asked up to three times (or as often as
``AWS_MAX_ATTEMPTS`` says), so one that hangs is a fault after half a minute."""


class BundleStore:
    """The bundles under ``DETECTOR_BUNDLES``, each in a folder of any name.

    What a store at a URL has is copied into a temporary folder and checked there, as
    every bundle is, file by file against the checksums of its manifest.

    Parameters
    ----------
    place : str
        A folder, or what fsspec knows: ``s3://bucket/models`` needs the package s3fs.

    Raises
    ------
    SettingsError
        If it is no place, or its package is missing.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        options = _options(place)
        try:
            self._files, root = url_to_fs(place, **options)
        except (ImportError, ValueError) as error:
            raise SettingsError(f"DETECTOR_BUNDLES is {place!r}: {error}") from error
        if options:
            self._files.retries = 1  # s3fs would do all of this five times
        self._root = PurePosixPath(root)

    def check_is_there(self) -> None:
        """Check that there is such a folder, or at a URL such a bucket.

        A store at a URL has no folder before its first model.

        Raises
        ------
        BundleError
            If there is none.
        ServiceError
            If the store does not answer.
        """
        is_local = isinstance(self._files, LocalFileSystem)
        needed = str(self._root) if is_local else self._root.parts[0]
        with self._faults():
            is_there = self._files.isdir(str(self._root)) or self._may_be_there(needed)
        if not is_there:
            what = f"folder {self._place!r}" if is_local else f"bucket {needed!r}"
            raise BundleError(
                f"there is no {what}; correct DETECTOR_BUNDLES, or copy the first model there"
            )

    def manifests(self) -> dict[str, Manifest | BundleError]:
        """Give the manifest of each bundle by the name of its folder, or why it cannot be read.

        Raises
        ------
        ServiceError
            If the store does not answer.
        """
        found: dict[str, Manifest | BundleError] = {}
        with self._faults():
            if not self._files.isdir(str(self._root)):
                return {}
            self._files.invalidate_cache()
            for path in sorted(self._files.ls(str(self._root), detail=False)):
                file = str(PurePosixPath(path) / MANIFEST)
                if not self._files.exists(file):
                    continue
                name = PurePosixPath(path).name
                try:
                    found[name] = decode_manifest(self._files.cat_file(file))
                except BundleError as error:
                    found[name] = error
        return found

    def ids(self) -> set[str]:
        """Give the ids of the bundles that can be read, as far as their manifests say.

        Raises
        ------
        ServiceError
            If the store does not answer.
        """
        return {one.id for one in self.manifests().values() if isinstance(one, Manifest)}

    def read(self, bundle_id: str) -> Bundle:
        """Read a bundle, checking every file.

        Raises
        ------
        BundleError
            If it is not there, or is not as it was written.
        ServiceError
            If the store does not answer.
        """
        fault: BundleError | None = None
        for name, found in self.manifests().items():
            if isinstance(found, Manifest) and found.id == bundle_id:
                try:
                    return self._read(name)
                except BundleError as error:
                    fault = error  # the same one may stand, whole, in another folder
        raise fault or BundleError(
            f"there is no bundle {bundle_id} in {self._place!r}; copy its folder there"
        )

    def _read(self, name: str) -> Bundle:
        """Copy the folder of this name, and read what was copied."""
        with tempfile.TemporaryDirectory(prefix="stream-detector-bundle-") as copy:
            folder = Path(copy) / name
            with self._faults():
                self._files.get(str(self._root / name), str(folder), recursive=True)
            try:
                # What is read holds no file open, so the copy can go.
                return read_bundle(folder)
            except BundleError as error:
                # The copy is gone when somebody reads of it: say where it came from.
                said = str(error).replace(copy, self._place.rstrip("/"))
                raise BundleError(said) from error

    def add(self, folder: Path, bundle_id: str) -> str:
        """Copy a bundle into the store, under its id; give where it stands then.

        Raises
        ------
        ServiceError
            If the store does not take it.
        """
        place = self._root / bundle_id
        with self._faults():
            self._files.makedirs(str(place), exist_ok=True)
            # The manifest last: without one, a folder is no bundle to those who look meanwhile.
            for file in sorted(folder.iterdir(), key=lambda one: one.name == MANIFEST):
                self._files.put_file(str(file), str(place / file.name))
        return str(place)

    def _may_be_there(self, needed: str) -> bool:
        try:
            return bool(self._files.isdir(needed))
        except PermissionError:
            return True  # whoever may look into a part of a bucket need not see all of it

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn what a store of any kind raises into one line."""
        try:
            yield
        # Nothing but the store is asked here, and each kind has classes of its own for what is
        # wrong with it: those of S3, for one that is away or wants a key, are no OSError.
        except Exception as error:
            raise ServiceError(
                f"the bundles in {self._place!r} cannot be read or written: {error}; correct "
                "DETECTOR_BUNDLES, or what may be done there"
            ) from error


def _options(place: str) -> dict[str, Any]:
    """Give how a store is to be asked that would otherwise hang for minutes."""
    if not place.startswith(("s3://", "s3a://")):
        return {}
    return {
        "config_kwargs": {
            "connect_timeout": _ANSWER_SECONDS,
            "read_timeout": _ANSWER_SECONDS,
            "retries": {"mode": "standard"},
        }
    }


def bundle_store(settings: Settings) -> BundleStore | None:
    """Open the place of the bundles; None where the settings name none.

    Raises
    ------
    SettingsError
        If it is no place, or its package is missing.
    """
    return None if settings.bundles is None else BundleStore(settings.bundles)


def required_bundle_store(settings: Settings) -> BundleStore:
    """Open the place of the bundles.

    Raises
    ------
    SettingsError
        If the settings name none, or it is no place, or its package is missing.
    """
    store = bundle_store(settings)
    if store is None:
        raise SettingsError("DETECTOR_BUNDLES is not set; name the folder that the models stand in")
    return store
