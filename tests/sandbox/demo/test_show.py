"""The demo as people run it, with all its programs; here it is only shorter and faster."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from stream_detector.bundle.manifest import Manifest
from stream_detector.errors import ServiceError
from stream_detector.sandbox.demo.crew import Crew
from stream_detector.sandbox.demo.show import open_page
from stream_detector.sandbox.embedded_mosquitto import EmbeddedMosquitto
from tests.requirements import require_command
from tests.waiting import wait_until

# On an idle machine of two cores the longest takes half a minute.
LIMIT_SECONDS = 300.0
pytestmark = pytest.mark.timeout(2 * LIMIT_SECONDS)

SLOWLY = ("--speed", "500")
AT_ONCE = ("--speed", "1e9")


class Demo:
    """A running demo; its temporary files are in a folder of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.temporary, self._output = folder / "t", folder / "output"
        self.temporary.mkdir()
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stream_detector", "demo", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                # The settings of a plant, which are none of the demo's business.
                env={
                    **os.environ,
                    "TMPDIR": str(self.temporary),
                    "DETECTOR_BROKER": "kafka://plant:9092",
                    "DETECTOR_PUBLISHED_SCORES": "none",
                },
            )
        self.children: dict[int, str] = {}

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_for(self, text: str) -> None:
        def has_come() -> bool:
            self.children |= children_of(self.process.pid)
            return text in self.output or self.process.poll() is not None

        wait_until(has_come, f"{text!r} in the output", limit_seconds=LIMIT_SECONDS)
        assert text in self.output, self.output

    def child(self, name: str) -> int:
        """Give the id of the child with this in its command line, once there is one."""
        found: list[int] = []

        def has_come() -> bool:
            self.children |= children_of(self.process.pid)
            found.extend(pid for pid, command in self.children.items() if name in command)
            return bool(found)

        wait_until(has_come, f"a child {name!r}", limit_seconds=LIMIT_SECONDS)
        return found[0]

    def programs(self) -> set[str]:
        """Give what was found in the command lines of the children."""
        known = (
            "trainer",
            "worker",
            "console",
            "mock_cluster",
            "redis.sock",
            "mosquitto",
            "bridge mqtt",
        )
        return {name for name in known if any(name in line for line in self.children.values())}

    def end(self) -> int:
        return self.process.wait(LIMIT_SECONDS)

    def assert_nothing_is_left(self) -> None:
        assert not {pid for pid in self.children if Path(f"/proc/{pid}").exists()}
        assert list(self.temporary.iterdir()) == []


def children_of(parent: int) -> dict[int, str]:
    """Process id -> command line of the children of a process."""
    children = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            stat, command = (process / "stat").read_text(), (process / "cmdline").read_bytes()
        except OSError:
            continue  # it has just ended
        # After the name in brackets: the state, then the parent. Who has ended has no command.
        if command and int(stat.rpartition(")")[2].split()[1]) == parent:
            children[int(process.name)] = command.replace(b"\0", b" ").decode()
    return children


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[Demo]:
    running = Demo(folder, *arguments)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        sys.stdout.write(running.output)  # pytest shows it with a failure


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("d")  # the path of a socket has to be short


def test_without_the_packages_of_the_page_the_demo_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_detector.sandbox.demo.show.find_spec", lambda _: None)
    with Crew(tmp_path) as crew:
        (said,) = open_page(crew, {})

    assert said.endswith("pip install 'stream-detector[console]'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tensorflow
def test_the_demo_tells_a_story_from_history_to_scorecard_and_leaves_nothing(folder: Path) -> None:
    with demo(folder, "--days", "4", "--keep", "kept", *AT_ONCE) as running:
        running.wait_for("5/5")

        assert running.end() == 0, running.output

    text = running.output
    for phase in ("1/5 History", "2/5 Services", "3/5 Training", "4/5 Live", "5/5 Scorecard"):
        assert phase in text
    for phase in ("History", "Live", "Scorecard"):
        assert re.search(rf"{phase}: .*SIMULATED", text), f"{phase} does not say SIMULATED"
    assert "fitting a dense model" in text
    assert re.search(r"score +\d+\.\d\d, threshold \d+\.\d\d: normal", text)
    assert re.search(r"ALERT +score .* expected .* \(\d+ %\)", text)
    assert re.search(r"cleared +after", text)
    assert re.search(r"BREAK +(without|\d)", text)
    assert re.search(
        r"the operators' page is at http://127\.0\.0\.1:\d+, until the demo ends\n", text
    )
    assert re.search(r"The first live score came \d+ s after the start", text)
    assert_foretold_by_replay(folder / "kept/model", text)
    assert {"trainer", "worker", "console", "mock_cluster", "redis.sock"} == running.programs()
    running.assert_nothing_is_left()


@pytest.mark.tensorflow
def test_the_same_story_comes_through_mqtt_and_a_bridge(folder: Path) -> None:
    require_command("mosquitto")
    options = ("--days", "4", "--keep", "kept", "--feed", "mqtt")
    with demo(folder, *options, *AT_ONCE) as running:
        running.wait_for("5/5")

        assert running.end() == 0, running.output

    assert_foretold_by_replay(folder / "kept/model", running.output)
    assert {"mosquitto", "bridge mqtt"} < running.programs()
    running.assert_nothing_is_left()


def test_without_mosquitto_the_demo_ends_with_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "stream_detector.sandbox.embedded_mosquitto.shutil.which", lambda *_, **__: None
    )

    with pytest.raises(ServiceError, match=r"no mosquitto.*apt-get install mosquitto"):
        EmbeddedMosquitto(folder)


def assert_foretold_by_replay(model: Path, text: str) -> None:
    """The worker says of the streamed rows what the trainer's replay of them had said."""
    manifest = msgspec.json.decode((model / "manifest.json").read_bytes(), type=Manifest)
    foretold = manifest.validation
    assert foretold is not None
    assert f"Breaks           {foretold.n_outcomes}\n" in text
    assert f"Warned of        {foretold.n_outcomes * (foretold.recall or 0.0):.0f} " in text
    assert f"Nuisance alerts  {foretold.per_day:.1f} a day, asked for: 6 " in text
    assert "The report of the training: kept/model/report.html" in text
    assert (model / "report.html").exists()


def simulated_recording(file: Path, *, days: float) -> Path:
    command = ["simulate", "--days", str(days), "--seed", "5", "--csv", str(file)]
    subprocess.run([sys.executable, "-m", "stream_detector", *command], check=True)
    return file


@pytest.mark.slow
def test_a_recording_of_ones_own_is_shown_in_the_same_way(folder: Path) -> None:
    recording = simulated_recording(folder / "pm3.csv", days=4)
    options = ("--label-column", "break", "--mode-column", "grade", "--exclude", "stock_flow")

    with demo(folder, "--csv", str(recording), "--model", "linear", *options, *AT_ONCE) as running:
        running.wait_for("5/5")

        assert running.end() == 0, running.output

    assert "1/5 History: pm3, from pm3.csv" in running.output
    assert "readings of 52 sensors" in running.output
    assert "BREAK" in running.output
    assert "5/5 Scorecard: pm3, from pm3.csv" in running.output
    assert "SIMULATED" not in running.output
    running.assert_nothing_is_left()


@pytest.mark.slow
def test_a_history_that_is_too_short_is_told_in_the_words_of_the_trainer(folder: Path) -> None:
    recording = simulated_recording(folder / "pm3.csv", days=0.3)

    with demo(folder, "--csv", str(recording), "--model", "linear") as running:
        running.wait_for("trainer ended with exit code 1")

        assert running.end() == 1

    assert "bring more history" in running.output
    running.assert_nothing_is_left()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "phase", "program"),
    [
        ("worker", "score  ", "stream_detector worker"),
        ("kafka", "score  ", "mock_cluster"),
        ("redis", "3/5", "redis.sock"),
    ],
)
def test_the_death_of_a_program_ends_all_and_is_explained(
    folder: Path, name: str, phase: str, program: str
) -> None:
    with demo(folder, "--model", "linear", "--days", "2", *SLOWLY) as running:
        running.wait_for(phase)

        os.kill(running.child(program), signal.SIGKILL)

        assert running.end() == 1
    assert f"stream-detector: {name} ended with signal 9 (SIGKILL), so everything" in running.output
    assert "Traceback" not in running.output
    running.assert_nothing_is_left()


@pytest.mark.slow
def test_ctrl_c_in_the_middle_ends_everything(folder: Path) -> None:
    with demo(folder, "--model", "linear", "--days", "2", *SLOWLY) as running:
        running.wait_for(", threshold ")

        running.process.send_signal(signal.SIGINT)

        assert running.end() == 130
    assert running.output.endswith("stopped by Ctrl-C, and with it every program of the demo\n")
    running.assert_nothing_is_left()
