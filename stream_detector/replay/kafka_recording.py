"""A machine's readings in Kafka's log as a recording, as if they stood in a file."""

from array import array
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from stream_detector.alerting.rules import Rules
from stream_detector.detection.features import FeatureSpec
from stream_detector.errors import ReadingError, RecordingError, counted
from stream_detector.pipeline.names import machine_in
from stream_detector.pipeline.pipeline import MAX_CLOCK_SKEW
from stream_detector.pipeline.readings import ReadingDecoder, Record
from stream_detector.replay.pace import notes_on_paces
from stream_detector.replay.recording import Recording

_NAN = float("nan")


def recording_of_log(
    log: Iterable[Record], machine: str, features: FeatureSpec, rules: Rules
) -> Recording:
    """Gather what a machine sent, in the order of the log.

    The outcome of the first rule is the label. A row of 60 sensors takes half a kilobyte.

    Parameters
    ----------
    log : iterable of Record
    machine : str
    features : FeatureSpec
        The sensors to read, without those of modes; others are left out.
    rules : Rules

    Raises
    ------
    RecordingError
        If there is no reading of the machine.
    """
    decoder = ReadingDecoder(features, max_clock_skew=MAX_CLOCK_SKEW)
    nothing = (_NAN,) * features.n_sensors
    outcome = rules.rules[0].outcome
    times: list[datetime] = []
    values, labels = array("d"), bytearray()
    modes: list[str | None] = []
    n_refused = 0
    for record in log:
        if machine_in(record.value) != machine:
            continue
        try:
            reading = decoder.decode(record)
        except ReadingError:
            n_refused += 1
            continue
        # Without its zone, as a recording keeps times: all are UTC.
        times.append(reading.time.astimezone(UTC).replace(tzinfo=None))
        values.extend(_NAN if one is None else one for one in reading.values or nothing)
        labels.append(outcome is not None and reading.event == outcome)
        modes.append(reading.mode)
    if not times:
        raise RecordingError(
            f"the log holds no reading of {machine!r} in that span; correct --machine, or begin "
            "earlier, if the topic keeps readings for so long"
        )
    instants = np.array(times, "datetime64[us]")
    notes = [f"{counted(n_refused, 'message')} left out that the worker refuses"] * bool(n_refused)
    return Recording(
        machine=machine,
        sensors=features.sensors,
        units=features.units,
        low=features.low,
        high=features.high,
        times=instants,
        values=np.frombuffer(values, np.float64).reshape(len(times), features.n_sensors),
        modes=tuple(modes) if any(one is not None for one in modes) else None,
        labels=None if outcome is None else np.frombuffer(labels, np.bool_),
        notes=(*notes, *notes_on_paces(instants)),
    )
