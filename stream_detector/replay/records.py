"""A recording as messages: the same bytes whether they are replayed or published."""

from collections.abc import Iterator

from stream_detector.pipeline.readings import ReadingMessage, Record, encode_reading
from stream_detector.replay.recording import Recording

OUTCOME = "break"
"""The process event that a label of kind ``event`` stands for."""


def records(recording: Recording, *, topic: str = "sensor.readings") -> Iterator[Record]:
    """Give the rows of a recording as records of one partition; a row's offset is its number.

    Kafka's time of a record is the reading's own: a recording's clock is never wrong.
    """
    key = recording.machine.encode()
    for row, values in enumerate(recording.values.tolist()):
        labelled = recording.labels is not None and bool(recording.labels[row])
        message = ReadingMessage(
            machine=recording.machine,
            time=recording.time(row),
            values={
                # Not a number is not JSON: a missing value is null.
                sensor: value if value == value else None  # noqa: PLR0124
                for sensor, value in zip(recording.sensors, values, strict=True)
            },
            mode=recording.modes[row] if recording.modes is not None else None,
            event=OUTCOME if labelled and recording.label_kind == "event" else None,
        )
        yield Record(topic, 0, row, message.time, key, encode_reading(message))
