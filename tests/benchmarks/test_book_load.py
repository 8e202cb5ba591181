"""The alert book bears what it has to, and ``make load`` tells."""

import re

import pytest
from click.testing import CliRunner

from tests.benchmarks.book import main
from tests.requirements import require_java_and_maven

pytestmark = pytest.mark.kafka


def test_the_load_runs_and_tells_how_long_a_command_takes() -> None:
    require_java_and_maven()

    run = CliRunner().invoke(main, ["--seconds", "3"], catch_exceptions=False)

    assert run.exit_code == 0
    assert "1000 alerts" in run.output
    # The promise is 1 s; a test machine may be busy with much else.
    found = re.search(r"a command is seen after: median (\S+) s", run.output)
    assert found
    assert float(found[1]) < 5.0
    assert "its memory: " in run.output
