"""What is shown while nobody knows how much there is."""

from io import StringIO

from rich.console import Console

from stream_detector.replay.progress import counting


def test_without_a_terminal_a_line_a_minute_says_how_many_have_come() -> None:
    written = StringIO()
    minutes = iter([0.0, 30.0, 61.0, 61.0, 90.0])

    passed = list(
        counting(range(3000), "scores read", Console(file=written), now=lambda: next(minutes))
    )

    assert passed == list(range(3000))
    assert written.getvalue() == "2000 scores read\n"


def test_on_a_terminal_everything_is_passed_on_and_nothing_is_left_standing() -> None:
    written = StringIO()
    console = Console(file=written, force_terminal=True, width=60)

    assert list(counting(iter("abc"), "scores read", console)) == ["a", "b", "c"]
