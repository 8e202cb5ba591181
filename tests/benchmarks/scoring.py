"""What a score costs: CPU µs per reading, from the bytes of a JSON message to the score.

``make bench`` runs this. It prints a table and writes it to ``build/bench.json``. The figures
depend on the machine, so nothing fails: goals are shown as met or not met.
"""

import json
import os
import sys
from pathlib import Path

ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
}
OUT = Path(__file__).resolve().parents[2] / "build" / "bench.json"


def main() -> None:
    """Measure, print the table and write the file."""
    # The libraries read these when they are loaded, so they are loaded after.
    os.environ |= ONE_THREAD
    from tests.benchmarks.measuring import Effort, measure
    from tests.benchmarks.results import Results
    from tests.benchmarks.table import table

    effort = Effort()
    results = Results(*measure(effort, tell=_tell), effort)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(results.as_json(), indent=2, ensure_ascii=False), encoding="utf-8")
    sys.stdout.write(f"{table(results)}\n\nin full in {OUT}\n")


def _tell(what: str) -> None:
    """Show on a terminal what is being done, on one line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}")


if __name__ == "__main__":
    main()
