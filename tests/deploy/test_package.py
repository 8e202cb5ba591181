"""The package as somebody installs it: the worker alone, and no more than it needs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

TOO_MUCH = {"tensorflow", "pandas", "scipy", "pyarrow", "matplotlib", "lightgbm", "nicegui"}
MAX_MB = 350


def run(*command: str | Path, cwd: Path = REPOSITORY) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def constraints(lock: str) -> str:
    """The locked versions without their hashes and extras, as the Dockerfile takes them."""
    lines = (re.sub(r" *\\$", "", line) for line in lock.splitlines())
    kept = (line for line in lines if not line.strip().startswith("--hash"))
    return "\n".join(re.sub(r"^([A-Za-z0-9._-]+)\[[^]]*\]", r"\1", line) for line in kept)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_wheel_brings_the_worker_alone(tmp_path: Path) -> None:
    """Wheel and sdist are built here; what the wheel needs comes from where pip is told."""
    run(sys.executable, "-m", "hatchling", "build", "-d", tmp_path / "dist")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert len(list((tmp_path / "dist").glob("*.tar.gz"))) == 1
    locked = tmp_path / "constraints.txt"
    locked.write_text(constraints((REPOSITORY / "requirements.lock").read_text()))

    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "-c", locked, wheel)

    (installed,) = (tmp_path / "venv/lib").glob("python*/site-packages")
    names = {one.name.partition("-")[0].lower() for one in installed.glob("*.dist-info")}
    assert not TOO_MUCH & names
    size = sum(one.stat().st_size for one in installed.rglob("*") if one.is_file())
    assert size < MAX_MB * 1e6
    assert (installed / "stream_detector/py.typed").is_file()
    command = tmp_path / "venv/bin/stream-detector"
    assert re.search(r"\d+\.\d+\.\d+", run(command, "--version", cwd=tmp_path))
    completion = run("env", "_STREAM_DETECTOR_COMPLETE=bash_source", command, cwd=tmp_path)
    assert "complete -o nosort" in completion
