"""Those who are told of alerts: where they are, and what messages to them are signed with."""

import base64
import binascii
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

if TYPE_CHECKING:
    from stream_detector.connections.settings import Settings

_PREFIX: Final = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def are_named(settings: "Settings") -> bool:
    """Tell whether anybody is told of alerts."""
    return settings.alertmanager_url is not None or settings.webhook_url is not None


def disagreements(settings: "Settings") -> Iterator[str]:
    """Say what does not go together, or is of no use; never with a secret in it."""
    for name, url in (
        ("DETECTOR_ALERTMANAGER_URL", settings.alertmanager_url),
        ("DETECTOR_WEBHOOK_URL", settings.webhook_url),
    ):
        if url is not None and not _is_url(url.get_secret_value()):
            yield f"{name} is no address like https://host:port/path"
    secret = settings.webhook_secret
    if (settings.webhook_url is None) != (secret is None):
        yield (
            "DETECTOR_WEBHOOK_URL and DETECTOR_WEBHOOK_SECRET go together: a message that is not "
            "signed could come from anybody"
        )
    if secret is not None and _decoded(secret) is None:
        yield (
            f"DETECTOR_WEBHOOK_SECRET is no base64 of {_SHORTEST} to {_LONGEST} bytes; make one "
            "with `openssl rand -base64 32`"
        )


def signing_key(secret: SecretStr) -> bytes:
    """Give the key that stands in a secret of the settings."""
    key = _decoded(secret)
    if key is None:
        raise ValueError("the settings let a wrong secret pass")
    return key


def _decoded(secret: SecretStr) -> bytes | None:
    try:
        key = base64.b64decode(secret.get_secret_value().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if _SHORTEST <= len(key) <= _LONGEST else None


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
