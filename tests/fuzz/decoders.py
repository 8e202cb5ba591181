"""Every decoder of what comes from outside, with what must hold of each of its answers."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from stream_detector.alerting.commands import RefusalCode, decode_command, decode_sender
from stream_detector.alerting.rules import read_rules
from stream_detector.bundle.manifest import decode_manifest
from stream_detector.detection.features import FeatureSpec
from stream_detector.errors import BundleError, CommandError, ReadingError, SettingsError
from stream_detector.pipeline.names import MAX_NAME, machine_in
from stream_detector.pipeline.oddities import MAX_UNKNOWN_NAMES
from stream_detector.pipeline.readings import ReadingDecoder, Record
from stream_detector.pipeline.thresholds import decode_setting
from stream_detector.worker.snapshots import Marker, PartitionSnapshots, Snapshot, encode
from tests.fuzz.decoder import Decoder
from tests.fuzz.plant_messages import plant_messages

_EXAMPLES = Path(__file__).resolve().parents[2] / "schemas/examples"
_AT = datetime(2026, 11, 22, 3, 10, tzinfo=UTC)
_BUNDLE = "3f9a61c04be2d718"

_NOT_FINITE = (
    b'{"machine": "pm3", "time": "2026-11-22T03:10:00Z", "values": {"speed": NaN, "x": -1e9}}'
)

_RULES = b"""\
site = "mill-a"
run_ending_events = ["break"]

[[rules]]
name = "sheet-break"
outcome = "break"
horizon_seconds = 240
class = "alarm"
priority = "high"
response = '''Check
the draw'''
on_delay = { count = 3, of = 5 }

[[rules]]
name = "odd"
clear_share = 0.8
off_delay = 5
cooldown_seconds = 1_800.0
suppressed_modes = ["start-up", "wash-up"] # of all machines
"""


def decoders() -> dict[str, Decoder]:
    """Make them anew, by name."""
    return {
        "readings": Decoder([*_examples("reading"), _NOT_FINITE], _readings()),
        "commands": Decoder(_examples("command"), _command),
        "thresholds": Decoder(_examples("threshold"), _threshold),
        "rules": Decoder([_RULES, *_RULES.split(b"\n\n")], _rules),
        "manifest": Decoder(_examples("manifest"), _manifest),
        "snapshots": Decoder(_snapshot_seeds(), _snapshots),
        **plant_messages(),
    }


def _examples(kind: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((_EXAMPLES / kind / "valid").iterdir())]


def _readings() -> Callable[[bytes], str | None]:
    codes = set(
        json.loads((_EXAMPLES.parent / "dead-letter.v1.json").read_bytes())["properties"][
            "reason_code"
        ]["examples"]
    )
    sensors = FeatureSpec.without_limits(("speed", "draw_1", "moisture"))
    decoder = ReadingDecoder(sensors, max_clock_skew=timedelta(minutes=5))

    def refusal(code: str, reason: str) -> str:
        assert code in codes
        assert reason
        return code

    def take(data: bytes) -> str | None:
        try:
            reading = decoder.decode(Record("sensor.readings", 0, 0, _AT, None, data))
        except ReadingError as refused:
            return refusal(refused.code, refused.reason)
        assert reading.time.tzinfo is UTC
        # It is decoded for the model of its machine, which is found first.
        assert machine_in(data) == reading.machine
        assert 0 < len(reading.machine) <= MAX_NAME
        msgspec.json.encode((reading.machine, reading.mode, reading.event))
        assert all(one is None or math.isfinite(one) for one in reading.values or ())
        assert len(decoder.oddities.unknown_sensors) <= MAX_UNKNOWN_NAMES + 1
        return None

    return take


def _command(data: bytes) -> str | None:
    # What is answered has to be something that can be written.
    msgspec.json.encode(decode_sender(data))
    try:
        command = decode_command(data)
    except CommandError as refused:
        return _refused_command(refused)
    assert command.at.tzinfo is UTC
    assert len(command.key) <= 2 * MAX_NAME
    assert len(msgspec.json.encode(command)) < 12_000
    return None


def _refused_command(refused: CommandError) -> str:
    assert refused.code == RefusalCode.MALFORMED
    assert 0 < len(msgspec.json.encode(refused.reason)) < 2000
    return refused.code


def _threshold(data: bytes) -> str | None:
    try:
        setting = decode_setting(data)
    except SettingsError as refused:
        return _code(refused)
    assert setting.source()
    msgspec.json.encode(setting)
    return None


def _rules(data: bytes) -> str | None:
    try:
        rules = read_rules(data.decode(errors="replace"))
    except SettingsError as refused:
        return _code(refused)
    assert len(rules.digest) == 12
    return None


def _manifest(data: bytes) -> str | None:
    try:
        manifest = decode_manifest(data)
    except BundleError as refused:
        return _code(refused)
    assert manifest.sensors
    msgspec.json.encode(manifest)
    return None


def _snapshot_seeds() -> list[bytes]:
    state = {
        "detector": {
            "last_time": 1_000,
            "last_row": b"\x00" * 24,
            "stuck": [True],
            "levels": [0.5],
        },
        "lives": {"sheet-break": {"open": None}},
        "threshold": {"kind": "budget", "per_day": 6.0},
    }
    return [
        encode(Snapshot(bundle=_BUNDLE, next_offset=40, state=state)),
        encode(Marker(next_offset=90, machines={"pm3": 40, "pm4": 2**40})),
    ]


def _snapshots(data: bytes) -> str | None:
    for key in (b"pm3", b""):
        found = PartitionSnapshots(_BUNDLE.__eq__, readings_id="")
        found.take(key, data)
        assert found.start is None or found.start >= 0
        if found.n_unusable == 0:
            return None
    return "unusable"


def _code(refused: Exception) -> str:
    """These have no code: what is wrong is told to whoever starts us."""
    assert str(refused)
    return type(refused).__name__
