"""Every error of ours, grouped by what the caller can do about it.

Errors of the clients (Kafka, Redis) pass through as they are: the caller retries
them. A ``ValueError`` is a bug of ours and ends the process. Here is also how messages
write names and numbers.
"""

from collections.abc import Sequence
from pathlib import PurePath

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises where bytes are not what they should be; the last where they nest deeply."""

_NAMES_LISTED = 20


def listed(names: Sequence[str]) -> str:
    """Write names into a message: the first twenty, and how many more there are.

    Examples
    --------
    >>> listed(["x1", "x2"])
    "'x1', 'x2'"
    """
    first, n_more = [repr(name) for name in names[:_NAMES_LISTED]], len(names) - _NAMES_LISTED
    return ", ".join(first if n_more <= 0 else [*first, f"{n_more} more"])


def counted(n: int, noun: str) -> str:
    """Write a number of things into a message.

    Examples
    --------
    >>> counted(1, "broker"), counted(3, "partition")
    ('1 broker', '3 partitions')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


class StreamDetectorError(Exception):
    """Root of all errors of this project; the message says what to do."""


class CodedError(StreamDetectorError):
    """Something is refused, and programs are told why by a code.

    Parameters
    ----------
    code : str
        Stable reason code, e.g. ``"not-json"``; programs match on it.
    reason : str
        The same for people: what was found and what was expected.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class ReadingError(CodedError):
    """A message cannot be used as a reading: it goes to the dead letters."""


class RowError(CodedError):
    """A message of a plant cannot be used as tag rows: it goes to the dead letters."""


class CommandError(CodedError):
    """A command cannot be carried out: it is answered with the reason."""


class AlertError(StreamDetectorError):
    """A message of the alerts topic is not what it says: the alert book passes it over."""


class RecordingError(StreamDetectorError):
    """A recording (CSV, Parquet) cannot be read as told: correct the file or the options."""


class TrainingError(StreamDetectorError):
    """The history cannot give a model that could be trusted: bring more or cleaner rows."""


class SettingsError(StreamDetectorError):
    """A setting, rules file or threshold is wrong: correct it and start again."""


class ServiceError(StreamDetectorError):
    """The broker, a topic or Redis is missing or refuses us: mend it and start again."""


class RefusedError(ServiceError):
    """A service is there, but refuses us: correct who we say we are, or our rights."""


class RegistryAwayError(ServiceError):
    """The schema registry does not answer: whoever decodes waits, and decodes the same again."""


class JournalError(StreamDetectorError):
    """The journal on disk is not ours, or the disk does not take it: see to it, and try again."""


class BundleError(StreamDetectorError):
    """A trained model cannot be used: copy it again or fit it anew."""


class BundleFileError(BundleError):
    """A file of a bundle is missing or is not the one that was written.

    Parameters
    ----------
    path : PurePath
        The file.
    expected : str
        Checksum the manifest gives.
    found : str or None
        Checksum of the file as it is; None when there is no file.
    """

    def __init__(self, path: PurePath, *, expected: str, found: str | None) -> None:
        super().__init__(
            f"bundle file {str(path)!r} has checksum {found or 'none (the file is missing)'}, "
            f"its manifest says {expected}; copy the bundle again or fit it anew"
        )
        self.path = path
