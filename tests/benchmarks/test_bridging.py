"""What is measured of the aligner is what it does: readings come of it, and memory is bounded."""

import json
from pathlib import Path

from click.testing import CliRunner

from tests.benchmarks.bridging import QUICK, cpu_us_per_tag, main, memory_mb


def test_each_figure_is_measured() -> None:
    aligning_us, encoding_us = cpu_us_per_tag(QUICK)

    assert aligning_us > 0
    assert encoding_us > 0


def test_endless_names_of_nobody_take_no_memory() -> None:
    _, more_mb = memory_mb(QUICK)

    assert more_mb < 1


def test_the_table_is_printed_and_written(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--quick", "--out", str(tmp_path / "bench.json")])

    assert done.exit_code == 0, done.output
    assert "CPU us per tag in the aligner" in done.output
    assert len(json.loads((tmp_path / "bench.json").read_text())["figures"]) == 4
