"""The rules file on disk."""

from pathlib import Path

from stream_detector.alerting.rules import Rules, default_rules, read_rules
from stream_detector.errors import SettingsError


def load_rules(path: Path | None, *, with_head: bool = False) -> Rules:
    """Read a rules file; without one there are the default rules.

    Parameters
    ----------
    path : Path or None
    with_head : bool
        Whether the model has a supervised head, for which there is a rule by default, too.

    Raises
    ------
    SettingsError
        If the file is missing or wrong.
    """
    if path is None:
        return default_rules(with_head=with_head)
    try:
        return read_rules(path.read_text(encoding="utf-8"))
    except SettingsError as error:
        raise SettingsError(f"{str(path)!r}: {error}") from error
    except OSError as error:
        raise SettingsError(
            f"rules file {str(path)!r}: {error.strerror}; correct its name"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"rules file {str(path)!r} is not UTF-8: {error}") from error
