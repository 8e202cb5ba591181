"""Readings as codes and codes as readings: each half of a network by itself."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stream_detector.alerting.rules import Rules
from stream_detector.bundle.directory import Bundle
from stream_detector.detection.intake import Intake
from stream_detector.detection.state import DetectorState
from stream_detector.errors import BundleError, RecordingError
from stream_detector.pipeline.readings import ReadingDecoder
from stream_detector.replay.recording import Recording
from stream_detector.replay.records import records

_ROWS_PER_CHUNK = 1024
"""Readings encoded, or codes decoded, at once: it bounds memory."""


class Codes(NamedTuple):
    """The codes of a recording's rows.

    Parameters
    ----------
    rows : integer array, shape (n,)
        Their numbers in the recording. Rows that would not be scored live have no code.
    codes : float32 array, shape (n, k)
    """

    rows: NDArray[np.intp]
    codes: NDArray[np.float32]


def encode(folder: Path, bundle: Bundle, recording: Recording, *, rules: Rules) -> Codes:
    """Encode the rows of a recording as the bundle's network sees them live.

    Parameters
    ----------
    folder : Path
    bundle : Bundle
        What was read from it.
    recording : Recording
    rules : Rules
        They say what ends a run.

    Raises
    ------
    BundleError
        If the bundle has no network.
    RecordingError
        If no row can be encoded.
    """
    encoder = _half(folder, bundle, "encoder.keras")
    model = bundle.model
    intake = Intake(
        model.features,
        model.conditioning,
        model.feed_limits,
        max_gap=model.max_gap,
        run_ending_events=frozenset(rules.run_ending_events),
    )
    decoder = ReadingDecoder(model.features, max_clock_skew=timedelta(0))
    state = DetectorState(
        n_sensors=model.features.n_sensors, window_size=model.conditioning.window_size
    )
    rows: list[int] = []
    codes: list[NDArray[np.float32]] = []
    source = records(recording, rules)
    while chunk := list(itertools.islice(source, _ROWS_PER_CHUNK)):
        readings = [decoder.decode(record) for record in chunk]
        _, taken_in = intake.take(readings, [state] * len(readings))
        if taken_in.indices:
            rows += [chunk[i].offset for i in taken_in.indices]
            codes.append(encoder(taken_in.windows).numpy())
    if not codes:
        raise RecordingError("no row can be encoded: each lacks half of the model's sensors")
    return Codes(np.array(rows), np.concatenate(codes))


def decode(folder: Path, bundle: Bundle, codes: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Give the newest reading of what codes stand for.

    Parameters
    ----------
    folder : Path
    bundle : Bundle
        What was read from it.
    codes : float array, shape (n, k)

    Returns
    -------
    float64 array, shape (n, p)
        In the sensors' units and the model's order.

    Raises
    ------
    BundleError
        If the bundle has no network, or its code another size.
    """
    decoder = _half(folder, bundle, "decoder.keras")
    n_units = bundle.manifest.network["code"]
    if codes.shape[1] != n_units:
        raise BundleError(
            f"the code of the model in {str(folder)!r} has {n_units} units, not "
            f"{codes.shape[1]}; decode by the model that encoded"
        )
    values = np.asarray(codes, np.float32)
    starts = range(0, len(values), _ROWS_PER_CHUNK)
    chunks = [decoder(values[start : start + _ROWS_PER_CHUNK]).numpy()[:, -1] for start in starts]
    return bundle.model.conditioning.in_units(np.concatenate(chunks))


def given_back(
    folder: Path, bundle: Bundle, recording: Recording, found: Codes
) -> "pd.Series[Any]":
    """Measure how much of each sensor the codes of a recording give back.

    Parameters
    ----------
    folder : Path
    bundle : Bundle
        What was read from it.
    recording : Recording
    found : Codes
        Of its rows.

    Returns
    -------
    float64 series by sensor, lowest first
        R² over the encoded rows that have the sensor: 1 is all of its variance, 0 no more than
        its mean, and less is worse than that. Sensors that never change have none.
    """
    sensors = list(bundle.model.features.measured)
    recorded = pd.DataFrame(recording.values[found.rows], columns=list(recording.sensors))
    recorded = recorded.reindex(columns=sensors)
    decoded = decode(folder, bundle, found.codes)[:, : len(sensors)]
    lost = ((recorded - decoded) ** 2).sum()
    whole = ((recorded - recorded.mean()) ** 2).sum()
    return (1 - lost / whole)[recorded.max() > recorded.min()].sort_values()


def _half(folder: Path, bundle: Bundle, name: str) -> Any:
    """Load half of a network, whose checksum was just compared."""
    if name not in bundle.manifest.files:
        raise BundleError(
            f"the model in {str(folder)!r} is {bundle.manifest.network['kind']}: it has no network "
            "and no code; fit one with --model dense"
        )
    # It takes seconds to load: only where there is something to do.
    from trainer.quiet_tensorflow import keras  # noqa: PLC0415

    return keras.models.load_model(folder / name)
