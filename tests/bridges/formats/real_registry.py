"""A real schema registry: Apicurio, which speaks Confluent's API; ready in about 6 s."""

import fcntl
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.end_to_end.server import Server, answers, free_port

# The last one that Java 17 runs.
_VERSION = "3.0.9"
_ARTIFACT = f"io.apicurio:apicurio-registry-app:{_VERSION}:tar.gz:all"
_PLACE = f"io/apicurio/apicurio-registry-app/{_VERSION}/apicurio-registry-app-{_VERSION}-all.tar.gz"


class RealRegistry:
    """Runs inside ``with``, reached at `url`; it keeps its schemas in memory."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
        jar = _unpacked() / f"apicurio-registry-app-{_VERSION}-runner.jar"
        lean = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        self._server = Server(
            ["java", *lean, "-jar", jar],
            log=folder / "registry.log",
            is_ready=lambda: answers(port, "/apis/ccompat/v7/subjects"),
            environment={"QUARKUS_HTTP_HOST": "127.0.0.1", "QUARKUS_HTTP_PORT": str(port)},
        )

    def __enter__(self) -> "RealRegistry":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        self._server.kill()


def _unpacked() -> Path:
    """Give the registry's folder; the first test run on a machine has Maven fill it."""
    told = os.environ.get("STREAM_DETECTOR_CACHE")
    cache = Path(told or "~/.cache/stream-detector").expanduser()
    folder = cache / f"apicurio-{_VERSION}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two test runs one fills the cache, the other waits
        if not folder.exists():
            # Not with a pom: Maven would ask for the parents of this one, which no mirror has.
            get = ["dependency:get", f"-Dartifact={_ARTIFACT}", "-Dtransitive=false"]
            subprocess.run(["mvn", "-q", "-B", *get], check=True, cwd=cache)
            unfinished = Path(tempfile.mkdtemp(dir=cache, prefix="unfinished-"))
            with tarfile.open(Path.home() / ".m2/repository" / _PLACE) as archive:
                archive.extractall(unfinished, filter="data")
            unfinished.rename(folder)
    return folder
