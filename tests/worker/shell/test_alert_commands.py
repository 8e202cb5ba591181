"""What operators may ask of ``stream-detector alerts``, and what they are told."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from stream_detector.errors import ServiceError, SettingsError
from stream_detector.worker.shell import alert_commands
from stream_detector.worker.shell.alert_commands import alerts, parse_target
from tests.alerting.told import alert, alert_id
from tests.contract.schemas import faults
from tests.waiting import wait_until
from tests.worker.keeping import Plant, book_in_a_thread, embedded_kafka

RULES = '[[rules]]\nname = "sheet-break"\n[[rules]]\nname = "odd"\n'


@pytest.fixture(autouse=True)
def log_beside_the_output(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As the commands do, but not for good: loggers of ours keep how they were first set up."""
    monkeypatch.setattr(alert_commands, "configure_logging", lambda _settings: None)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("text", ["pm3", "pm3/", "/sheet-break", ""])
def test_what_names_no_rule_of_a_machine_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"expected e\.g\. pm3/sheet-break"):
        parse_target(text)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ack"], "Missing argument 'ALERT_ID...'"),
        (["shelve", "pm3/odd", "--comment", "felt"], "Missing option '--for'"),
        (["shelve", "pm3/odd", "--for", "2h"], "Missing option '--comment'"),
        (["shelve", "pm3/odd", "--for", "2", "--comment", "felt"], "'2' is no span of time"),
        (["out-of-service", "pm3/odd", "--comment", " "], "out-of-service needs a comment"),
        (["shelve", "pm3", "--for", "2h", "--comment", "felt"], "names no rule of a machine"),
        (["label", "good", "id"], "'good' is not one of 'useful', 'late', 'nuisance', 'unclear'"),
        (["comment", "id", "--comment", "x" * 1001], "Expected `str` of length <= 1000"),
        (["ack", "id", "--by", ""], "Expected `str` of length >= 1"),
        (["list", "--state", "fine"], "'fine' is not one of 'normal', 'unacknowledged'"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    monkeypatch.setenv("DETECTOR_BROKER", "127.0.0.1:1")

    refused = CliRunner().invoke(alerts, words, terminal_width=300)

    assert refused.exit_code == 2
    assert told in refused.output


class Desk:
    """Somebody at a terminal."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(alerts, words, catch_exceptions=False)

    def tell(self, *told: bytes) -> None:
        """Wait until the book knows what the alerts say last."""
        self.plant.tell(*told)
        last = json.loads(told[-1])

        def is_known() -> bool:
            states = map(json.loads, self("list", "--all", "--json").stdout.splitlines())
            return any(state["alert"] == last for state in states)

        wait_until(is_known, "the book knows", limit_seconds=20)


@pytest.fixture(scope="module")
def plant() -> Iterator[Plant]:
    with embedded_kafka() as kafka:
        yield Plant(kafka.bootstrap)


@pytest.fixture
def desk(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("DETECTOR_BROKER", plant.broker)
    monkeypatch.setenv("DETECTOR_FETCH_WAIT_MS", "10")
    with book_in_a_thread(plant):
        yield Desk(plant)


def test_alerts_are_listed_with_what_operators_did(desk: Desk) -> None:
    desk.tell(
        alert("raised", 0, seq=1, raised=0, priority="high"),
        alert("raised", 0, seq=1, raised=0, machine="pm4"),
        alert("raised", 0, seq=1, raised=0, machine="pm5"),
        alert("cleared", 2, seq=2, raised=0, machine="pm5", reason="outcome"),
    )

    done = desk("ack", alert_id(0), alert_id(0, machine="pm5"), "--by", "anna", "--comment", "seen")
    assert done.stdout.splitlines() == [
        f"done: acknowledge {alert_id(0)}",
        f"done: acknowledge {alert_id(0, machine='pm5')}",
    ]
    assert done.exit_code == 0
    shelved = desk("shelve", "pm3/odd", "pm3/sheet-break", "--for", "2h", "--comment", "felt\nmade")
    assert shelved.exit_code == 0
    assert shelved.stdout.splitlines() == [
        "done: shelve pm3/odd ('odd' of the machine 'pm3' has had no alert so far: check the name)",
        "done: shelve pm3/sheet-break",
    ]

    listed = desk("list").stdout
    assert re.sub(r"20\d\d-(?!11-22)\S+Z", "TIME", listed).splitlines() == [
        f"pm4/sheet-break  unacknowledged  medium  {alert_id(0, machine='pm4')}",
        f"pm3/sheet-break  shelved  high  {alert_id(0)}",
        "    acknowledged by anna at TIME: seen",
        rf"    shelved until TIME by {_me(listed)} at TIME: felt\nmade",
        "pm3/odd  shelved",
        rf"    shelved until TIME by {_me(listed)} at TIME: felt\nmade",
    ]


def _me(listed: str) -> str:
    """Who runs the tests."""
    found = re.search(r"until \S+ by (\S+) at", listed)
    assert found
    return found[1]


def test_a_list_is_filtered(desk: Desk) -> None:
    desk.tell(*(alert("raised", 0, seq=1, raised=0, machine=f"m{n}") for n in range(3)))
    desk.tell(alert("raised", 0, seq=1, raised=0, machine="m1", rule="odd", priority="low"))
    desk("ack", alert_id(0, machine="m2"))

    def keys(*words: str) -> list[str]:
        lines = desk("list", "--json", *words).stdout.splitlines()
        found = [json.loads(line) for line in lines]
        assert [fault for one in found for fault in faults(one, "alert-state.v1.json")] == []
        return [f"{one['machine']}/{one['rule']}" for one in found if one["machine"][0] == "m"]

    assert keys() == ["m0/sheet-break", "m1/sheet-break", "m1/odd", "m2/sheet-break"]
    assert keys("--machine", "m1") == ["m1/sheet-break", "m1/odd"]
    assert keys("--machine", "m1", "--priority", "low") == ["m1/odd"]
    assert keys("--rule", "odd") == ["m1/odd"]
    assert keys("--state", "acknowledged") == ["m2/sheet-break"]


def test_a_refusal_is_told_with_its_reason_and_ends_with_1(desk: Desk) -> None:
    refused = desk("ack", "pm3.nothing")
    too_long = desk("shelve", "pm3/odd", "--for", "13h", "--comment", "felt")

    assert refused.exit_code == too_long.exit_code == 1
    assert refused.stdout == (
        "refused: acknowledge pm3.nothing: no alert is called 'pm3.nothing', or it was too long "
        "ago\n"
    )
    assert "at most 12 hours go: take the rule out of service instead" in too_long.stdout


def test_everything_can_be_taken_back(desk: Desk) -> None:
    desk.tell(alert("raised", 0, seq=1, raised=0, machine="pm8"))
    ours = alert_id(0, machine="pm8")

    told = [
        desk("out-of-service", "pm8/sheet-break", "--comment", "rebuilt"),
        desk("in-service", "pm8/sheet-break"),
        desk("shelve", "pm8/sheet-break", "--for", "30m", "--comment", "felt"),
        desk("unshelve", "pm8/sheet-break", "--comment", "sooner than thought"),
        desk("label", "nuisance", ours),
        desk("label", "unclear", ours),
        desk("comment", ours, "--comment", "<b>hm</b>"),
    ]

    assert [one.exit_code for one in told] == [0] * 7
    (state,) = desk("list", "--machine", "pm8", "--json").stdout.splitlines()
    history = [(one["what"], one["comment"]) for one in json.loads(state)["history"]]
    assert history == [
        ("raised", None),
        ("out-of-service", "rebuilt"),
        ("in-service", None),
        ("shelved", "felt"),
        ("unshelved", "sooner than thought"),
        ("labelled", None),
        ("labelled", None),
        ("commented", "<b>hm</b>"),
    ]


def test_a_command_for_another_site_is_refused(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(f'site = "mill-b"\n{RULES}')
    monkeypatch.setenv("DETECTOR_RULES", str(rules))

    refused = desk("ack", "pm3.nothing")

    assert refused.exit_code == 1
    assert refused.stdout.endswith(": it is for 'mill-b', this is 'mill-a'\n")


def test_without_topics_nothing_is_sent_and_that_is_told(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECTOR_BROKER", plant.broker)
    monkeypatch.setenv("DETECTOR_COMMANDS_TOPIC", "nobody.made.it")

    with pytest.raises(ServiceError, match=r"has no topic nobody\.made\.it; make them with"):
        CliRunner().invoke(alerts, ["ack", "pm3.nothing"], catch_exceptions=False)
