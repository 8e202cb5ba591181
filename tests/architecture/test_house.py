"""The rules of the house that import-linter cannot see."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.requirements import require_command

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ["stream_detector", "trainer"]

MAX_LINES = 300
EMPTY_NAMES = {"utils", "helpers", "common", "base", "manager", "misc"}

# The worker runs beside the plant, on a small machine: what only training needs stays away from it.
TRAINING_ONLY = [
    "tensorflow",
    "keras",
    "pandas",
    "lightgbm",
    "pyarrow",
    "matplotlib",
    "sklearn",
    "scipy",
]

CONSOLE_ONLY = ["nicegui", "fastapi", "uvicorn", "argon2"]

OPTIONAL = ["opentelemetry.exporter", "s3fs"]
"""Redis's client takes OpenTelemetry's SDK along where it finds it."""

PACKAGE_REGISTRY = re.compile(
    r"\b(pypi|pythonhosted|npmjs|crates|anaconda)\.(org|com|io)\b"
    r"|\brepo1?\.maven|\bproxy\.golang|\b(deb|security)\.debian",
    re.IGNORECASE,
)


def modules(*folders: str) -> Iterator[Path]:
    """Paths of the Python files in these folders, relative to the repository."""
    for folder in folders:
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            yield path.relative_to(REPOSITORY)


DOOR = Path("stream_detector")
ROOMS = sorted({path.parent for path in modules(*PACKAGES) if path.name == "__init__.py"} - {DOOR})


def offenders(paths: Iterator[Path], offends: Callable[[str], object]) -> list[str]:
    """Those of the files whose text offends."""
    return [str(path) for path in paths if offends((REPOSITORY / path).read_text(errors="replace"))]


def test_no_module_is_longer_than_300_lines() -> None:
    too_long = offenders(
        modules(*PACKAGES, "tests"), lambda text: len(text.splitlines()) > MAX_LINES
    )

    assert too_long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    nameless = [
        str(path) for path in modules(*PACKAGES, "tests") if EMPTY_NAMES & {path.stem, *path.parts}
    ]

    assert nameless == []


def test_every_public_module_has_a_docstring() -> None:
    silent = offenders(
        (path for path in modules(*PACKAGES) if not re.match("_[^_]", path.name)),
        lambda text: not ast.get_docstring(ast.parse(text)),
    )

    assert silent == []


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_the_docstring_of_a_room_is_its_map(room: Path) -> None:
    """It names every module and folder, and none that is not there, but for other rooms."""
    named = set(re.findall(r"``(\w+)``", docstring(room)))

    assert sorted(parts(room) - named) == []
    assert sorted(named - parts(room) - parts(DOOR) - set(PACKAGES)) == []


def test_the_docstring_at_the_door_is_the_map_of_the_rooms() -> None:
    assert sorted(parts(DOOR) - set(re.findall(r"\w+", docstring(DOOR)))) == []


def docstring(room: Path) -> str:
    return ast.get_docstring(ast.parse((REPOSITORY / room / "__init__.py").read_text())) or ""


def parts(room: Path) -> set[str]:
    """Names of a room's modules and folders."""
    found = (REPOSITORY / room).glob("[!_]*")
    return {path.stem for path in found if path.is_dir() or path.suffix == ".py"}


def test_nothing_is_left_to_be_done() -> None:
    # Written so that this file does not find itself.
    unfinished = offenders(
        modules(*PACKAGES, "tests"), re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b").search
    )

    assert unfinished == []


def test_no_committed_file_holds_the_address_of_a_package_registry() -> None:
    """Whoever installs this says where from: a mirror, a proxy, the public one."""
    naming = offenders(committed_files(), PACKAGE_REGISTRY.search)

    assert naming == []


def test_no_committed_file_holds_a_merge_that_was_not_ended() -> None:
    conflicted = offenders(committed_files(), re.compile(r"^(<{7} .*|={7}|>{7} .*)$", re.M).search)

    assert conflicted == []


def committed_files() -> Iterator[Path]:
    """Every text file that git has or would take."""
    require_command("git")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = REPOSITORY / name
        if path.is_file() and b"\0" not in path.read_bytes()[:8000]:
            yield Path(name)


def test_the_worker_loads_nothing_that_only_others_or_an_option_need() -> None:
    program = (
        "import sys\n"
        "import stream_detector.worker.app\n"
        f"print(*sorted(set({TRAINING_ONLY + CONSOLE_ONLY + OPTIONAL}) & sys.modules.keys()))"
    )

    run = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
