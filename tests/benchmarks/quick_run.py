"""A benchmark run as quickly as it can be, to see that it runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_REPOSITORY = Path(__file__).resolve().parents[2]


def run_quickly(benchmark: str, out: Path) -> tuple[str, dict[str, Any]]:
    """Run a benchmark of this folder; give what it prints, and what it writes to a file."""
    run = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{benchmark}", "--quick", "--out", str(out)],
        cwd=_REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    results: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return run.stdout, results
