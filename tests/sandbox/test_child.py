"""Children that end when told to, and cannot be left behind."""

import os
import select
import signal
import subprocess
import sys
import threading
from subprocess import PIPE

import pytest

from stream_detector.sandbox import launcher
from stream_detector.sandbox.child import ChildProcess, first_to_end

LIMIT_SECONDS = 20.0
DEAF = 'trap "" TERM; sleep 600 & echo $!; wait'


def has_ended(pid: int) -> bool:
    """Wait for the end of any process; one that nobody has reaped yet has ended, too."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    ended = bool(waiting.poll(LIMIT_SECONDS * 1000))
    os.close(handle)
    return ended


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(
            "from stream_detector.sandbox.child import ChildProcess as C\n"
            "child = C('sleeper', ['sleep', '600'])",
            id="any program",
        ),
        pytest.param(
            "from stream_detector.sandbox.embedded_kafka import EmbeddedKafka\n"
            "child = EmbeddedKafka({'readings': 1}).process",
            id="kafka",
        ),
        pytest.param(
            "from stream_detector.sandbox.embedded_redis import EmbeddedRedis\n"
            "child = EmbeddedRedis().process",
            id="redis",
        ),
    ],
)
def test_a_child_dies_with_a_parent_that_is_killed(
    start: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    code = f"{start}\nprint(child.pid, flush=True)\nimport signal; signal.pause()"
    # Who is killed leaves its temporary folder behind. The path of a socket has to be short.
    env = {**os.environ, "TMPDIR": str(tmp_path_factory.mktemp("t"))}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdout=PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)  # raises if it is not there

        parent.kill()

    assert has_ended(child)


def test_a_child_that_ignores_term_is_killed_with_its_own_children() -> None:
    with ChildProcess("deaf", ["sh", "-c", DEAF], stdout=PIPE) as child:
        grandchild = int(child.first_line(limit_seconds=LIMIT_SECONDS))

        child.stop(limit_seconds=0.1)

        assert child.status == -signal.SIGKILL
    assert has_ended(grandchild)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param('(trap "" TERM; exec sleep 600) & echo $!; wait', id="obeys"),
        pytest.param("sleep 600 & echo $!", id="ended by itself"),
    ],
)
def test_no_child_of_a_child_is_left_when_its_parent_is_gone(script: str) -> None:
    with ChildProcess("parent", ["sh", "-c", script], stdout=PIPE) as child:
        grandchild = int(child.first_line(limit_seconds=LIMIT_SECONDS))
        if not script.endswith("wait"):
            assert has_ended(child.pid)

    assert has_ended(grandchild)


@pytest.mark.parametrize(("script", "status"), [("exit 3", 3), ("kill -KILL $$", -9)])
def test_a_child_that_ended_has_one_status_before_it_is_stopped_and_after(
    script: str, status: int
) -> None:
    with ChildProcess("brief", ["sh", "-c", script]) as child:
        first_to_end([child], limit_seconds=LIMIT_SECONDS)

        assert [child.status, child.status] == [status, status]
    assert child.status == status


def test_an_exception_in_the_block_ends_the_child() -> None:
    with pytest.raises(KeyboardInterrupt), ChildProcess("sleeper", ["sleep", "600"]) as child:
        raise KeyboardInterrupt

    assert child.status is not None


def test_ctrl_c_on_the_terminal_does_not_reach_a_child() -> None:
    with ChildProcess("sleeper", ["sleep", "600"]) as child:
        assert os.getpgid(child.pid) != os.getpgid(0)


def test_the_first_child_to_end_is_named() -> None:
    with (
        ChildProcess("sleeper", ["sleep", "600"]) as sleeper,
        ChildProcess("failing", ["sh", "-c", "exit 3"]) as failing,
    ):
        first = first_to_end([sleeper, failing], limit_seconds=LIMIT_SECONDS)

        assert first is failing
        assert failing.status == 3


def test_a_child_that_ended_before_is_named_at_once() -> None:
    with (
        ChildProcess("sleeper", ["sleep", "600"]) as sleeper,
        ChildProcess("stopped", ["sleep", "600"]) as stopped,
    ):
        stopped.stop()

        assert first_to_end([sleeper, stopped]) is stopped


def test_nobody_is_named_while_all_run() -> None:
    with ChildProcess("sleeper", ["sleep", "600"]) as sleeper:
        assert first_to_end([sleeper], limit_seconds=0.05) is None


def test_the_given_variables_are_added_to_our_own() -> None:
    show = ["sh", "-c", 'echo "$COLOUR $HOME"']
    with ChildProcess("show", show, env={"COLOUR": "red"}, stdout=PIPE) as child:
        line = child.first_line(limit_seconds=LIMIT_SECONDS)

    assert line == f"red {os.environ['HOME']}"


def test_no_line_is_awaited_from_a_program_that_ended() -> None:
    with ChildProcess("silent", ["true"], stdout=PIPE) as child:
        assert child.first_line(limit_seconds=LIMIT_SECONDS) == ""


def test_a_child_without_a_pipe_has_no_first_line() -> None:
    with (
        ChildProcess("sleeper", ["sleep", "600"]) as child,
        pytest.raises(ValueError, match="'sleeper' is no pipe"),
    ):
        child.first_line(limit_seconds=0)


def launch(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-IS", launcher.__file__, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )


def test_the_launcher_says_which_program_is_missing() -> None:
    ended = launch(str(os.getpid()), "no-such-program", "--option")

    assert ended.stderr == "no-such-program: cannot be started: No such file or directory\n"
    assert ended.returncode == 1


def test_the_launcher_starts_nothing_for_a_parent_that_is_gone() -> None:
    ended = launch("1", "echo", "alive")  # our parent is not the first process

    assert ended.stdout == ""
    assert "the process that wanted it is gone" in ended.stderr


def test_linux_ends_a_child_with_the_thread_that_started_it() -> None:
    # Not what one expects, and why the docstring warns of it.
    started: list[ChildProcess] = []

    def start() -> None:
        child = ChildProcess("sleeper", ["sh", "-c", "echo ready; exec sleep 600"], stdout=PIPE)
        child.first_line(limit_seconds=LIMIT_SECONDS)
        started.append(child)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    with started[0] as child:
        assert has_ended(child.pid)
