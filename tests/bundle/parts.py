"""A bundle taken apart, to be changed and put together again."""

import dataclasses
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream_detector.bundle.directory import write_bundle
from stream_detector.bundle.manifest import Manifest


@dataclass(frozen=True)
class BundleParts:
    """What ``write_bundle`` is given."""

    manifest: Manifest
    parameters: dict[str, NDArray[Any]]
    files: dict[str, bytes]

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Take a bundle apart."""
        data = (folder / "manifest.json").read_bytes()
        with np.load(io.BytesIO((folder / "parameters.npz").read_bytes())) as arrays:
            parameters = dict(arrays)
        return cls(
            msgspec.json.decode(data, type=Manifest),
            parameters,
            {path.name: path.read_bytes() for path in folder.glob("*.onnx")},
        )

    def with_manifest(self, **changes: Any) -> Self:
        manifest = msgspec.structs.replace(self.manifest, **changes)
        return dataclasses.replace(self, manifest=manifest)

    def with_parameters(self, **changes: NDArray[Any]) -> Self:
        return dataclasses.replace(self, parameters={**self.parameters, **changes})

    def with_files(self, files: dict[str, bytes]) -> Self:
        return dataclasses.replace(self, files={**self.files, **files})

    def write(self, folder: Path) -> str:
        """Write the bundle and give its id."""
        return write_bundle(folder, self.manifest, parameters=self.parameters, files=self.files)


def put_in(folder: Path, name: str, data: bytes) -> None:
    """Change a file of a bundle, and its checksum with it."""
    path = folder / "manifest.json"
    manifest = msgspec.json.decode(path.read_bytes())
    manifest["files"][name] = hashlib.sha256(data).hexdigest()
    path.write_bytes(msgspec.json.encode(manifest))
    (folder / name).write_bytes(data)
