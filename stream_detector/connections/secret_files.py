"""Secrets that stand in files, as Docker and Kubernetes mount them."""

from collections.abc import Collection, Mapping
from pathlib import Path

from stream_detector.connections.environment import PREFIX
from stream_detector.errors import SettingsError

_SUFFIX = "_file"


def with_secrets_from_files(given: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    """Replace each ``<secret>_file`` by the secret in that file, without its last line end.

    Parameters
    ----------
    given : mapping of setting to text
    secrets : collection of str
        The settings that may stand in a file.

    Raises
    ------
    SettingsError
        If a secret is given in both ways, or its file cannot be read or is empty.
    """
    found = dict(given)
    for name in secrets:
        path = found.pop(name + _SUFFIX, None)
        if path is None:
            continue
        variable = PREFIX + name.upper()
        if name in found:
            raise SettingsError(f"{variable} and {variable}_FILE are both set; give one of them")
        found[name] = _read(Path(path), f"{variable}_FILE")
    return found


def _read(path: Path, variable: str) -> str:
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SettingsError(
            f"{variable}: {str(path)!r} cannot be read: {error.strerror}; name the secret's file"
        ) from error
    except UnicodeDecodeError:
        # Without the reason: it shows a byte of the secret.
        raise SettingsError(f"{variable}: {str(path)!r} is no text in UTF-8") from None
    if not secret:
        raise SettingsError(f"{variable}: {str(path)!r} is empty; write the secret into it")
    return secret
