"""The folder of a bundle: written whole or not at all, read whole or refused by name."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream_detector.bundle.folder import check_writable, write_folder
from stream_detector.bundle.manifest import SCORING_FILES, Manifest, bundle_id, decode_manifest
from stream_detector.bundle.model import model_of
from stream_detector.detection.detector import Model
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
    needed = ("model.onnx", "parameters.npz", *(("head.onnx",) if manifest.head else ()))
    for name in needed:
        if name not in content:
            raise BundleError(f"{str(folder / MANIFEST)!r} lists no {name}; fit the bundle anew")
    try:
        with np.load(io.BytesIO(content["parameters.npz"]), allow_pickle=False) as arrays:
            parameters = dict(arrays)
        _check_id(folder / MANIFEST, manifest.id, bundle_id(manifest, content, parameters))
        model = model_of(manifest, parameters, content)
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
