"""A certificate authority for a test, and what it signs; made by the command openssl."""

import subprocess
from pathlib import Path

_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class MadeAuthority:
    """Its certificate is the file `certificate` in `folder`."""

    def __init__(self, folder: Path, name: str = "made") -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.certificate = folder / f"{name}-ca.pem"
        self._key = folder / f"{name}-ca.key"
        _openssl(
            *("req", "-x509", *_EC, "-keyout", self._key, "-out", self.certificate),
            *("-days", "2", "-subj", f"/CN={name} test CA"),
            # Python 3.13 takes no authority that does not say what its key is for.
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    def issue(self, name: str) -> tuple[Path, Path]:
        """Make a certificate of this name, for 127.0.0.1 alone, and its key."""
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        request, more = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        more.write_text(
            "subjectAltName = IP:127.0.0.1\n"
            "subjectKeyIdentifier = hash\n"
            "authorityKeyIdentifier = keyid\n"
        )
        _openssl("req", *_EC, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        _openssl(
            *("x509", "-req", "-in", request, "-out", certificate, "-days", "2"),
            *("-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial", "-extfile", more),
        )
        return certificate, key

    def encrypted(self, key: Path) -> Path:
        """Make a copy of a key that cannot be read without a password."""
        copy = key.with_suffix(".encrypted.key")
        _openssl("ec", "-in", key, "-out", copy, "-aes256", "-passout", "pass:hunter2")
        return copy


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
