"""A recording as messages: the same bytes whether they are replayed or published."""

from collections.abc import Iterator

from stream_detector.alerting.rules import Rules
from stream_detector.errors import SettingsError
from stream_detector.pipeline.readings import ReadingMessage, Record, encode_reading
from stream_detector.replay.recording import Recording


def labelled_event(recording: Recording, rules: Rules) -> str | None:
    """Name the process event that a label stands for: the outcome of the first rule.

    None where labels mark no events.

    Raises
    ------
    SettingsError
        If the rule names no outcome, or one that does not end a run.
    """
    if recording.labels is None or recording.label_kind != "event":
        return None
    rule = rules.rules[0]
    if rule.outcome is None:
        raise SettingsError(
            f"rule {rule.name!r} names no outcome, so nothing says what a label stands for; give "
            "the rule its outcome, or say --label-kind rows where labels mark anomalous rows"
        )
    if rule.outcome not in rules.run_ending_events:
        raise SettingsError(
            f"rule {rule.name!r} warns of {rule.outcome!r}, which ends no run, but a label does; "
            f"add {rule.outcome!r} to run_ending_events in the rules file"
        )
    return rule.outcome


def records(
    recording: Recording, rules: Rules, *, topic: str = "sensor.readings"
) -> Iterator[Record]:
    """Give the rows of a recording as records of one partition; a row's offset is its number.

    Kafka's time of a record is the reading's own: a recording's clock is never wrong. Labels
    become the event that the rules warn of.

    Raises
    ------
    SettingsError
        At once, if the rules do not say which event that is: see :func:`labelled_event`.
    """
    return _records(recording, labelled_event(recording, rules), topic)


def _records(recording: Recording, event: str | None, topic: str) -> Iterator[Record]:
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
            event=event if labelled else None,
        )
        yield Record(topic, 0, row, message.time, key, encode_reading(message))
