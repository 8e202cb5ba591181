"""Names that a reading may carry."""

import unicodedata

from stream_detector.errors import SettingsError

MAX_NAME = 200
"""Characters of a name: of a machine, a sensor, a mode, an event."""


def machine_name(text: str) -> str:
    """Read the name of a machine as people type it.

    Raises
    ------
    SettingsError
        If readings could not carry it, or it does not go on one line.

    Examples
    --------
    >>> machine_name("Papiermaschine 3")
    'Papiermaschine 3'
    """
    on_one_line = not any(unicodedata.category(one) in {"Cc", "Cs"} for one in text)
    if not (1 <= len(text) <= MAX_NAME and on_one_line):
        raise SettingsError(
            f"machine is {text[:MAX_NAME]!r}, expected a name of 1 to {MAX_NAME} characters on "
            "one line"
        )
    return text
