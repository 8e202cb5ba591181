"""What to know before a model judges a recording."""

from stream_detector.bundle.manifest import Manifest
from stream_detector.pipeline.agreement import modes_note, pace_note, sensors_note
from stream_detector.replay.recording import Recording
from stream_detector.replay.times import usual_step


def notes_for(manifest: Manifest, recording: Recording) -> list[str]:
    """Say in what a recording differs from what a model was fitted on.

    Returns
    -------
    list of str
        Sentences for people; none where it does not.

    Raises
    ------
    BundleError
        If it has none of the model's sensors: it is of another machine.
    """
    notes = (
        sensors_note(manifest, recording.sensors),
        modes_note(manifest, recording.modes or (None,)),
        pace_note(manifest, usual_step(recording.times)),
    )
    return [note for note in notes if note is not None]
