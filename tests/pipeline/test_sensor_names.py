r"""Sensors may be called what a plant calls them: ``\\PISRV1\PM3.FLOW``, ``Pipe 4" flow``."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import read_bundle
from stream_detector.detection.features import FeatureSpec
from stream_detector.errors import ReadingError
from stream_detector.pipeline.readings import ReadingDecoder, Record
from stream_detector.replay.records import records
from tests.pipeline.station import Station
from tests.small_models import SENSORS, normal_recording, write_small_bundle

NAMES = (r"\\PISRV1\PM3.FLOW", 'Pipe 4" flow', "ba\u0308r $x_1$ {<&'", "two\nlines", r"\u0041")
NOW = datetime(2026, 11, 22, 3, 10, tzinfo=UTC)


def record(values: str) -> Record:
    text = f'{{"machine": "pm3", "time": "2026-11-22T03:10:00Z", "values": {values}}}'
    return Record("sensor.readings", 0, 0, NOW, None, text.encode())


def decoder(names: tuple[str, ...] = NAMES) -> ReadingDecoder:
    return ReadingDecoder(FeatureSpec.without_limits(names), max_clock_skew=timedelta(minutes=5))


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_sensor_is_found_by_any_name(ascii_only: bool) -> None:  # noqa: FBT001
    values = dict(zip(NAMES, (1.0, 2.0, 3.0, None, 5.0), strict=True))

    reading = decoder().decode(record(json.dumps(values, ensure_ascii=ascii_only)))

    assert reading.values == (1.0, 2.0, 3.0, None, 5.0)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ('4" flow', r'"4\u0022 flow"'),
        (r"\\PI\a/b", r'"\u005c\u005CPI\\a\/b"'),
        ("flow", r'"\u0066low"'),
        ("Durchfluß €", r'"Durchflu\u00df \u20AC"'),
    ],
)
def test_a_name_is_the_same_however_it_is_escaped(name: str, written: str) -> None:
    found = decoder((name, "other"))

    assert found.decode(record(f'{{{written}: 1.5, "other": 2}}')).values == (1.5, 2.0)
    assert not found.oddities.unknown_sensors


def test_what_is_wrong_with_a_reading_is_the_same_whatever_its_sensors_are_called() -> None:
    odd, plain = decoder(('4" flow', "a")), decoder(("flow", "a"))

    for text in (
        '{"a": "1"}',
        '{"a": true}',
        '{"a": NaN, "b": 1}',
        '{"a": true, "b": NaN}',
        "{}",
        "null",
        '{"a": 1',
    ):
        told: list[object] = []
        for one in (odd, plain):
            try:
                told.append((one.decode(record(text)).values, one.oddities.unknown_sensors))
            except ReadingError as error:
                told.append((error.code, error.reason))
        assert told[0] == told[1], text


def test_alerts_name_such_sensors_and_are_the_same_but_for_that(tmp_path: Path) -> None:
    plain = normal_recording(1000)
    named = dataclasses.replace(plain, sensors=NAMES, units=(None,) * 5)
    plain = dataclasses.replace(plain, units=named.units)
    sent = {}
    for recording in (plain, named):
        folder = tmp_path / recording.sensors[0].strip("\\")
        write_small_bundle(folder, recording)
        faulty = recording.values[:30].copy()
        faulty[20:, 1] += 5.0
        station = Station(read_bundle(folder))
        rows = dataclasses.replace(recording.slice(0, 30), values=faulty)
        sent[recording.sensors] = station.take(list(records(rows, Rules())))

    (alert,), (expected,) = sent[NAMES].alerts[:1], sent[SENSORS].alerts[:1]
    called = dict(zip(SENSORS, NAMES, strict=True))
    contributors = [one | {"sensor": called[one["sensor"]]} for one in expected["contributors"]]
    assert contributors[0]["sensor"] == 'Pipe 4" flow'
    assert alert["contributors"] == contributors
    assert [one["score"] for one in sent[NAMES].scores] == [
        one["score"] for one in sent[SENSORS].scores
    ]
