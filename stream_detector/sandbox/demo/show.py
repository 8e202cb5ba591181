"""``stream-detector demo``: the whole product on one machine, from a history to alerts.

The trainer and the worker are those of production, as processes of their own; Kafka and
Redis are embedded; the machine is a recording, sent faster than it was made. When one
program ends, all end, and nothing is left behind.
"""

import io
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from rich.console import Console

from stream_detector.alerting.rules import SHEET_BREAK, Rules
from stream_detector.command_line import Stopped, signals_stop
from stream_detector.connections.environment import PREFIX
from stream_detector.connections.settings import Settings, read_settings
from stream_detector.connections.topics import topics
from stream_detector.errors import ServiceError
from stream_detector.replay.records import records
from stream_detector.sandbox.demo.crew import Crew
from stream_detector.sandbox.demo.feed import Feed, KafkaSender, Pace, due_seconds
from stream_detector.sandbox.demo.labels import read_labels
from stream_detector.sandbox.demo.mqtt_plant import MqttSender, start_plant
from stream_detector.sandbox.demo.outputs import Outputs
from stream_detector.sandbox.demo.recording import DemoRecording
from stream_detector.sandbox.demo.scorecard import scorecard_lines
from stream_detector.sandbox.demo.screen import Screen
from stream_detector.sandbox.demo.story import Story
from stream_detector.sandbox.demo.training import fit_arguments
from stream_detector.sandbox.demo.words import span
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.sandbox.embedded_redis import EmbeddedRedis

_PARTITIONS: Final = 4
_STREAM_SECONDS: Final = 100.0
_ANY_TIME_SECONDS: Final = 3e9  # a recording may be of any time; its clock is never wrong


@dataclass(frozen=True)
class Plan:
    """What was asked for.

    Parameters
    ----------
    load : callable
        Gives the recording; may put files into the folder it is given.
    model : str
        Kind of network.
    budget_per_day : float
        False alerts a day to hold to.
    speed : float or None
        Times faster than recorded; None makes it last 100 seconds.
    keep : Path or None
        Where the recording and the model stay; None keeps nothing.
    feed : str
        How readings come to Kafka: themselves, or tag by tag over ``mqtt`` and a bridge.
    """

    load: Callable[[Path], DemoRecording]
    model: str
    budget_per_day: float
    speed: float | None
    keep: Path | None
    feed: Literal["kafka", "mqtt"]


def run(plan: Plan) -> None:
    """Run the demo from beginning to end.

    Raises
    ------
    StreamDetectorError
        If the recording cannot be read, or a program ends that should not.
    Stopped
        On Ctrl-C, SIGTERM or SIGHUP.
    """
    # The settings of a real plant in the shell must not lead the demo's worker there.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every output knows the unit m²
    try:
        with signals_stop(), tempfile.TemporaryDirectory(prefix="stream-detector-demo-") as folder:
            _Demo(plan, Path(folder)).run()
    except Stopped as stopped:
        sys.stderr.write(f"\nstopped by {stopped.reason}, and with it every program of the demo\n")
        raise


class _Demo:
    """The demo, phase after phase.

    Parameters
    ----------
    plan : Plan
    folder : Path
        For logs, and for all that is not to be kept.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._began = time.monotonic()
        self._first_score_seconds = 0.0
        self._mqtt_port: int | None = None
        self._plan = plan
        self._folder = folder
        self._kept = plan.keep or folder
        self._model = self._kept / "model"
        self._screen = Screen(Console())

    def run(self) -> None:
        self._screen.say(
            "stream-detector demo: learn what is normal for a machine, then watch it live."
        )
        data = self._history()
        with Crew(self._folder) as crew:
            try:
                story = self._play(data, crew)
            except ServiceError:
                crew.check()  # that a program ended says more than what another one misses
                raise
        self._judge(data, story)

    def _history(self) -> DemoRecording:
        data = self._plan.load(self._kept)
        recording, labels = data.recording, read_labels(data.recording)
        self._screen.announce(
            1,
            f"History: {data.title}",
            *(f"note: {note}" for note in recording.notes),
            f"{recording.n_rows} readings of {len(recording.sensors)} sensors, one every "
            f"{span(data.cadence)}; {labels}",
            f"the first {data.history.n_rows} to learn from; the last {data.streamed.n_rows} to "
            "stream, kept back from training",
        )
        return data

    def _play(self, data: DemoRecording, crew: Crew) -> Story:
        environment = self._services(data, crew)
        self._train(data, crew)
        pace = self._start_worker(data, crew, environment)
        return self._stream(data, crew, pace, read_settings(environment))

    def _services(self, data: DemoRecording, crew: Crew) -> dict[str, str]:
        """Start what a plant has already, and give the settings to work with it."""
        ours = topics(Settings.model_construct(broker=""))
        kafka = crew.enter(EmbeddedKafka({one.name: one.partitions(_PARTITIONS) for one in ours}))
        redis = crew.enter(EmbeddedRedis())
        environment = {
            "DETECTOR_BROKER": f"kafka://{kafka.bootstrap}",
            "DETECTOR_REDIS_URL": redis.url,
            "DETECTOR_BUNDLE": str(self._model),
            "DETECTOR_FETCH_WAIT_MS": "10",
            "DETECTOR_MAX_CLOCK_SKEW_SECONDS": str(_ANY_TIME_SECONDS),
        }
        lines = [f"Kafka at {kafka.bootstrap}", f"Redis at {redis.url}"]
        if self._plan.feed == "mqtt":
            self._mqtt_port = start_plant(crew, self._folder, data, environment).port
            lines += [f"mosquitto at 127.0.0.1:{self._mqtt_port}", "$ stream-detector bridge mqtt"]
        self._screen.announce(
            2,
            "Services: embedded here, in memory and gone at the end; a plant has its own",
            *lines,
        )
        return environment

    def _train(self, data: DemoRecording, crew: Crew) -> None:
        began = time.monotonic()
        arguments = fit_arguments(
            data,
            out=self._model,
            model=self._plan.model,
            budget_per_day=self._plan.budget_per_day,
        )
        self._screen.announce(
            3,
            "Training: the real trainer, on the history",
            f"$ python -m trainer {shlex.join(arguments)}",
        )
        trainer = crew.start("trainer", [sys.executable, "-m", "trainer", *arguments])
        with self._screen.progress() as tell:
            crew.wait_for(
                trainer, lambda: tell(crew.last_words(trainer) or "loading its libraries ...")
            )
        self._screen.say(f"    done in {time.monotonic() - began:.0f} s")

    def _start_worker(self, data: DemoRecording, crew: Crew, environment: dict[str, str]) -> Pace:
        due = due_seconds(data.streamed.times, cadence=data.cadence)
        speed = self._plan.speed or max(round(due[-1] / _STREAM_SECONDS), 1)
        budget = f"{self._plan.budget_per_day:g} false alerts a day"
        lasting = span(timedelta(seconds=max(round(due[-1] / speed), 1)))
        crew.start("worker", [sys.executable, "-m", "stream_detector", "worker"], environment)
        page = open_page(crew, environment)
        self._screen.announce(
            4,
            f"Live: {data.title}, scored by the real worker",
            "$ stream-detector worker",
            *page,
            f"{speed:,.10g} times faster than recorded, standstills shortened: {lasting} or more",
            "score      how unusual a reading is; above the threshold it raises an alert",
            f"threshold  moves by itself, to hold to {budget}",
            "(29 %)     a sensor's share of the score, which also looks back at earlier readings",
        )
        return Pace(due / speed)

    def _stream(self, data: DemoRecording, crew: Crew, pace: Pace, settings: Settings) -> Story:
        """Send what is due, and follow what comes of it, until all was sent and judged."""
        story = Story(data.streamed, cadence=data.cadence)
        sender = KafkaSender(settings) if self._mqtt_port is None else MqttSender(self._mqtt_port)
        with (
            closing(Outputs(settings)) as outputs,
            closing(Feed(records(data.streamed, Rules()), pace, sender)) as feed,
            closing(self._screen.view(title=data.title)) as view,
        ):
            began: float | None = None
            while not (pace.is_over and outputs.is_read()):
                crew.check()
                feed.send_due(0.0 if began is None else time.monotonic() - began)
                for told in outputs.poll():
                    story.take(told)
                pace.judged(outputs.n_judged())
                if began is None and (story.points or pace.n_judged):
                    # The machine waits with its second reading until the worker is there.
                    began = time.monotonic()
                    self._first_score_seconds = began - self._began
                view.show(story)
            story.finish()
            view.show(story)
        return story

    def _judge(self, data: DemoRecording, story: Story) -> None:
        self._screen.announce(
            5,
            f"Scorecard: {data.title}, {span(story.end - story.start)}, of which "
            f"{span(story.running)} running",
            *scorecard_lines(
                story,
                horizon=SHEET_BREAK.horizon,
                budget_per_day=self._plan.budget_per_day,
            ),
        )
        if story.points:
            self._screen.say(
                f"\nThe first live score came {self._first_score_seconds:.0f} s after the start."
            )
        if self._plan.keep is None:
            self._screen.say(
                "The model and the report of its training go now; --keep DIR keeps them."
            )
        else:
            self._screen.say(f"The report of the training: {self._model / 'report.html'}")


def open_page(crew: Crew, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Start the operators' page, if its packages are there, and give the lines that say where."""
    if find_spec("nicegui") is None:
        return ("the operators' page is not shown: pip install 'stream-detector[console]'",)
    command = [sys.executable, "-m", "stream_detector", "console", "--port", "0"]
    console = crew.start("console", command, environment)
    address = crew.line_with("the operators' page is at", console)
    return "$ stream-detector console", f"{address}, until the demo ends"
