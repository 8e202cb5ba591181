"""The programs of the demo run together or not at all."""

from pathlib import Path

import pytest

from stream_detector.errors import ServiceError
from stream_detector.sandbox.child import first_to_end
from stream_detector.sandbox.demo.crew import Crew

SLEEP = ["sleep", "600"]
LIMIT_SECONDS = 20.0


def test_who_has_done_its_work_is_waited_for_and_then_forgotten(tmp_path: Path) -> None:
    with Crew(tmp_path) as crew:
        crew.start("sleeper", SLEEP)
        worker = crew.start("brief", ["echo", "done"])

        crew.wait_for(worker)
        crew.check()

        assert crew.last_words(worker) == "done"


def test_while_one_is_waited_for_something_else_can_be_done(tmp_path: Path) -> None:
    seen: list[str] = []
    script = 'echo begun; while [ ! -e "$GO" ]; do sleep 0.05; done; echo done'
    with Crew(tmp_path) as crew:
        child = crew.start("slow", ["sh", "-c", script], {"GO": str(tmp_path / "go")})

        def tick() -> None:
            seen.append(crew.last_words(child))
            if "begun" in seen:
                (tmp_path / "go").touch()

        crew.wait_for(child, tick)

    assert "begun" in seen


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("echo first; echo no disk >&2; exit 3", r"exit code 3, .* log:\n  first\n  no disk$"),
        ("exit 0", "exit code 0, .*; it left no log$"),
        ("kill -9 $$", r"signal 9 \(SIGKILL\), .*; it left no log$"),
    ],
)
def test_who_ends_is_named_with_the_reason_and_its_last_words(
    tmp_path: Path, script: str, how: str
) -> None:
    with Crew(tmp_path) as crew:
        crew.start("sleeper", SLEEP)
        worker = crew.start("worker", ["sh", "-c", script])
        first_to_end([worker], limit_seconds=LIMIT_SECONDS)

        with pytest.raises(ServiceError, match=f"(?s)^worker ended with {how}"):
            crew.check()


def test_who_ends_while_another_is_waited_for_is_named(tmp_path: Path) -> None:
    with Crew(tmp_path) as crew:
        crew.start("kafka", ["sh", "-c", "exit 1"])
        trainer = crew.start("trainer", SLEEP)

        with pytest.raises(ServiceError, match="kafka ended with exit code 1"):
            crew.wait_for(trainer)


def test_all_end_with_the_block_the_latest_first(tmp_path: Path) -> None:
    # Each writes its name when it is told to end.
    script = 'trap "echo $NAME >> ends; exit" TERM; touch $NAME; while :; do sleep 0.05; done'
    with Crew(tmp_path) as crew:
        children = [
            crew.start(name, ["sh", "-c", f"cd {tmp_path}; {script}"], {"NAME": name})
            for name in ("first", "second")
        ]
        while not ((tmp_path / "first").exists() and (tmp_path / "second").exists()):
            assert first_to_end(children, limit_seconds=0.05) is None

    assert (tmp_path / "ends").read_text() == "second\nfirst\n"


def test_after_a_fault_nobody_is_waited_for_long(tmp_path: Path) -> None:
    # Told to end, it has 5 seconds of work left: within the usual patience, but not after a fault.
    script = 'trap "sleep 5; touch done; exit" TERM; touch ready; while :; do sleep 0.05; done'

    def run() -> None:
        with Crew(tmp_path) as crew:
            slow = crew.start("slow", ["sh", "-c", f"cd {tmp_path}; {script}"])
            while not (tmp_path / "ready").exists():
                assert first_to_end([slow], limit_seconds=0.05) is None
            crew.wait_for(crew.start("kafka", ["sh", "-c", "exit 1"]))

    with pytest.raises(ServiceError, match="kafka ended with exit code 1"):
        run()
    assert not (tmp_path / "done").exists()


def test_a_line_that_a_program_prints_is_waited_for(tmp_path: Path) -> None:
    with Crew(tmp_path) as crew:
        program = crew.start(
            "program", ["sh", "-c", "echo first; sleep 0.3; echo at last; sleep 9"]
        )

        assert crew.line_with("last", program) == "at last"


def test_a_line_that_does_not_come_before_the_end_is_told(tmp_path: Path) -> None:
    with Crew(tmp_path) as crew, pytest.raises(ServiceError, match=r"exit code 3.*\n  no disk"):
        crew.line_with("last", crew.start("failing", ["sh", "-c", "echo no disk; exit 3"]))
