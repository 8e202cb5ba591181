"""Where a bundle comes from."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from stream_detector.replay.recording import Recording
from tests.small_models import normal_recording, recording_of
from tests.trainer.histories import prepared
from trainer.assembly import provenance_of
from trainer.config import NetworkSettings, TrainingConfig

HISTORY = recording_of(normal_recording(400).values, outcomes=[100])
ROWS = prepared(HISTORY)


def provenance(recording: Recording, **network: Any) -> dict[str, Any]:
    return provenance_of(
        recording, ROWS, TrainingConfig(network=NetworkSettings(**network)), seconds={}
    )


def digest(recording: Recording) -> str:
    return str(provenance(recording)["data_sha256"])


def changed(array: np.ndarray[Any, Any], value: object) -> np.ndarray[Any, Any]:
    """A copy whose last element is another."""
    copy = array.copy()
    copy[-1] = value
    return copy


@pytest.mark.parametrize(
    "other",
    [
        {"values": changed(HISTORY.values, 0.0)},
        {"times": changed(HISTORY.times, np.datetime64("2027-01-01", "us"))},
        {"labels": None},
        {"labels": changed(np.zeros(400, bool), True)},  # noqa: FBT003
        {"label_kind": "rows"},
        {"sensors": HISTORY.sensors[::-1]},
        {"units": (None,) * 5},
        {"modes": ("grade-42",) * 400},
        {"low": changed(HISTORY.low, 1.0)},
        {"high": changed(HISTORY.high, 99.0)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_history_has_another_hash(other: dict[str, Any]) -> None:
    assert digest(HISTORY) == digest(dataclasses.replace(HISTORY))
    assert digest(HISTORY) != digest(dataclasses.replace(HISTORY, **other))


def test_the_machines_name_is_no_data() -> None:
    assert digest(HISTORY) == digest(dataclasses.replace(HISTORY, machine="pm4"))


@pytest.mark.parametrize(("kind", "named"), [("linear", False), ("dense", True), ("lstm", True)])
def test_tensorflow_is_named_where_it_took_part(kind: str, *, named: bool) -> None:
    versions = provenance(HISTORY, kind=kind)["versions"]

    assert {"python", "numpy", "onnx", "onnxruntime", "stream-detector"} <= versions.keys()
    assert ("tensorflow" in versions, "keras" in versions) == (named, named)
