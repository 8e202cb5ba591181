"""``stream-detector check`` explains a configuration that cannot work, a line for each fault."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import redis

from stream_detector.bundle.directory import read_bundle
from stream_detector.cli import main
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from stream_detector.sandbox.embedded_redis import EmbeddedRedis
from tests.small_models import fit_small_bundle, normal_recording
from tests.worker.test_checks import TOPICS

Check = Callable[[Mapping[str, str | None]], tuple[int, list[str]]]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    with EmbeddedKafka(TOPICS) as kafka, EmbeddedRedis() as redis:
        yield {"DETECTOR_BROKER": kafka.bootstrap, "DETECTOR_REDIS_URL": redis.url}


@pytest.fixture
def check(
    servers: dict[str, str],
    small_bundle_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Check:
    """Run the command where all is well but for these variables; what it ends with, and says."""
    monkeypatch.setattr(sys, "argv", ["stream-detector", "check"])
    monkeypatch.setattr("stream_detector.connections.kafka._METADATA_SECONDS", (0.1,))

    def run(changed: Mapping[str, str | None]) -> tuple[int, list[str]]:
        for name, value in {
            **servers,
            "DETECTOR_BUNDLE": str(small_bundle_folder),
            **changed,
        }.items():
            monkeypatch.setenv(name, value or "")
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return int(ended.value.code or 0), [*said.out.splitlines(), *said.err.splitlines()]

    return run


def test_where_all_is_well_it_says_what_it_found(check: Check, small_bundle_folder: Path) -> None:
    code, lines = check({"DETECTOR_BUNDLES": str(small_bundle_folder.parent)})

    assert code == 0
    assert [one[:5] for one in lines] == ["ok   "] * 6
    assert lines[-1] == f"ok    models: {small_bundle_folder.parent}: 1 model"


def test_what_others_put_into_a_name_stays_on_its_line(check: Check, tmp_path: Path) -> None:
    rules = tmp_path / "mill\x1b[2J\n.toml"
    rules.write_text('[[rules]]\nname = "odd"\n')

    _, lines = check({"DETECTOR_RULES": str(rules)})

    assert lines[-1] == f"ok    rules: {tmp_path}/mill\\x1b[2J\\n.toml: odd"


@pytest.mark.parametrize("place", ["memory://mill/later", "a folder"])
def test_a_place_without_a_model_yet_is_a_note(place: str, check: Check, tmp_path: Path) -> None:
    named = str(tmp_path) if place == "a folder" else place

    code, lines = check({"DETECTOR_BUNDLES": named})

    assert code == 0
    assert (
        lines[-1] == f"ok    models: {named}; note: no model is there yet, or it is another place"
    )


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"DETECTOR_BROKER": None}, "DETECTOR_BROKER: is not set, and has no default"),
        (
            {"DETECTOR_BROKR": "kafka:9092"},
            "unknown setting DETECTOR_BROKR; correct the name or remove it",
        ),
        (
            {"DETECTOR_MAX_BATCH": "many"},
            "wrong settings: DETECTOR_MAX_BATCH: Input should be a valid integer",
        ),
        (
            {"DETECTOR_BROKER": "kafka"},
            "wrong settings: DETECTOR_BROKER: 'kafka' is no host:port",
        ),
        (
            {"DETECTOR_KAFKA_SASL_MECHANISM": "PLAIN"},
            "DETECTOR_KAFKA_SECURITY_PROTOCOL is PLAINTEXT; SASL_SSL has it",
        ),
        (
            {"DETECTOR_REDIS_PASSWORD_FILE": "/nowhere/password"},
            "'/nowhere/password' cannot be read: No such file or directory; name the secret's file",
        ),
        (
            {"DETECTOR_KAFKA_SECURITY_PROTOCOL": "SSL", "DETECTOR_KAFKA_CA_FILE": "/nowhere/ca"},
            "/nowhere/ca",
        ),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_nothing_else_looked_at(
    changed: dict[str, str | None], says: str, check: Check
) -> None:
    code, (line,) = check(changed)

    assert code == 1
    assert line.startswith("stream-detector: ")
    assert says in line


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (
            {"DETECTOR_BROKER": "127.0.0.1:1"},
            r"broker: no Kafka broker answers at 127\.0\.0\.1:1: .*; start it, or correct DETECT",
        ),
        (
            {"DETECTOR_ALERTS_TOPIC": "nobody.made.it"},
            "topics: .* has no topic nobody.made.it; make them with `stream-detector topics creat",
        ),
        (
            {"DETECTOR_REDIS_URL": "redis://127.0.0.1:1/0"},
            r"redis: .*127\.0\.0\.1:1",
        ),
        ({"DETECTOR_BUNDLE": None}, "bundle: DETECTOR_BUNDLE is not set; give the folder"),
        ({"DETECTOR_BUNDLE": "/nowhere"}, "bundle: no bundle at '/nowhere': No such file"),
        ({"DETECTOR_RULES": "/nowhere/rules.toml"}, "rules: .*'/nowhere/rules.toml'.*No such file"),
        (
            {"DETECTOR_BUNDLES": "/nowhere"},
            "models: there is no folder '/nowhere'; correct DETECTOR",
        ),
        ({"DETECTOR_BUNDLES": "s4://mill/models"}, "models: DETECTOR_BUNDLES is 's4://mill/model"),
    ],
)
def test_what_is_missing_is_one_fault_and_all_else_is_looked_at(
    changed: dict[str, str | None], fault: str, check: Check
) -> None:
    code, lines = check(changed)

    faults = [line for line in lines if not line.startswith("ok   ")]
    assert code == 1
    assert len(lines) >= 5
    # Without a broker there are no topics either.
    assert len(faults) == (2 if "DETECTOR_BROKER" in changed else 1)
    assert re.match(f"FAULT {fault}", faults[0])


def test_rules_and_models_that_cannot_be_read_are_named(
    check: Check, small_bundle_folder: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[[rules]\n")
    shutil.copytree(small_bundle_folder, tmp_path / "models/2026-11")
    (tmp_path / "models/2026-11/manifest.json").write_text("{}")

    code, lines = check(
        {"DETECTOR_RULES": str(rules), "DETECTOR_BUNDLES": str(tmp_path / "models")}
    )

    assert code == 1
    assert re.match(f"FAULT rules: '{rules}': .*correct it", lines[-2])
    assert re.match(f"FAULT models: 2026-11 in '{tmp_path}/models': ", lines[-1])


def test_wanted_models_that_workers_refuse_are_a_fault(
    check: Check, servers: dict[str, str], small_bundle_folder: Path, tmp_path: Path
) -> None:
    other = fit_small_bundle(tmp_path / "other", normal_recording(seed=8)).id
    own = read_bundle(small_bundle_folder).id
    place = {"DETECTOR_BUNDLES": str(tmp_path), "DETECTOR_GROUP": "of-wanted-models"}
    with redis.Redis.from_url(servers["DETECTOR_REDIS_URL"]) as client:

        def want(machine: str, entry: str) -> tuple[int, str]:
            client.hset("detector:bundle:of-wanted-models", machine, entry)
            code, lines = check(place)
            return code, lines[-1]

        assert want("pm3", f'{{"active": "{own}", "candidate": "{other}"}}') == (
            0,
            f"ok    models: {tmp_path}: 1 model",
        )
        (tmp_path / "other/model.onnx").write_bytes(b"half of i")
        code, line = want("*", "{}")
        assert code == 1
        assert re.match(rf"FAULT models: 'pm3' is to have {other}: .*/other/model\.onnx", line)
        shutil.rmtree(tmp_path / "other")
        assert want("*", "{}") == (
            1,
            f"FAULT models: 'pm3' is to have {other}: there is no bundle {other} in '{tmp_path}'; "
            "copy its folder there",
        )
        assert want("pm3", "{]") == (
            1,
            "FAULT models: unreadable choice of a model for 'pm3'; choose it again with "
            "`stream-detector model activate`",
        )


def test_traces_whose_packages_are_missing_are_a_fault(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = {"DETECTOR_TRACES_URL": "http://127.0.0.1:1/v1/traces"}
    assert check(traced)[1][-1] == "ok    traces: to http://127.0.0.1:1/v1/traces"
    monkeypatch.setitem(sys.modules, "stream_detector.worker.otlp", None)

    code, lines = check(traced)

    assert code == 1
    assert re.match(r"FAULT traces: DETECTOR_TRACES_URL needs .*detector\[traces\]'$", lines[-1])
