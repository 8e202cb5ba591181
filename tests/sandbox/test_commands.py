"""The command line of the sandbox."""

import pytest
from click.testing import CliRunner

from stream_detector.sandbox.commands import demo


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--label-column", "y"], "need --csv"),
        (["--csv", __file__, "--seed", "3"], "not with --csv"),
        (["--csv", __file__, "--days", "3"], "not with --csv"),
        (["--speed", "0"], "x>0"),
        (["--model", "forest"], "'forest' is not one of"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(arguments: list[str], reason: str) -> None:
    result = CliRunner().invoke(demo, arguments)

    assert result.exit_code == 2
    assert reason in result.output
