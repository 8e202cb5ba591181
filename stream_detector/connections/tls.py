"""The files that TLS needs: whom we trust, and who we are."""

import ssl
from pathlib import Path
from typing import NamedTuple, NoReturn

from stream_detector.connections.environment import PREFIX
from stream_detector.errors import SettingsError


class TlsFiles(NamedTuple):
    """PEM files of one service, as the settings name them."""

    service: str
    """As it stands in the names of the settings, e.g. ``KAFKA``."""
    ca: Path | None
    """Whose certificates we trust; None are those that this machine trusts."""
    certificate: Path | None
    """Ours, for a service that asks for it."""
    key: Path | None
    """Its private key, not encrypted."""

    def context(self) -> ssl.SSLContext:
        """Give what Python's clients need; certificate and host name are checked.

        Raises
        ------
        SettingsError
            If a file is missing or is none of these.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca and str(self.ca))
        except OSError as error:  # those of TLS are some of them
            raise self._refused("CA_FILE", self.ca, error) from error

        def refuse() -> NoReturn:
            # Without this, OpenSSL asks for the password on the terminal.
            raise SettingsError(
                f"{PREFIX}{self.service}_KEY_FILE: {str(self.key)!r} is encrypted; give one that "
                "is not, and that only we may read"
            )

        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.key, password=refuse)
            except OSError as error:
                both = f"CERTIFICATE_FILE with {PREFIX}{self.service}_KEY_FILE"
                raise self._refused(both, self.certificate, error) from error
        return context

    def _refused(self, setting: str, path: Path | None, error: OSError) -> SettingsError:
        wrong = "no PEM file with what is expected" if isinstance(error, ssl.SSLError) else None
        return SettingsError(
            f"{PREFIX}{self.service}_{setting}: {str(path)!r} cannot be used: "
            f"{wrong or error.strerror}; name the right PEM file"
        )
