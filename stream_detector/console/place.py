"""Where the page is served, and under what address people reach it."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from stream_detector.errors import SettingsError


@dataclass(frozen=True)
class Place:
    """Where the page is, checked by :func:`place`.

    Parameters
    ----------
    host, port
        What it listens on.
    origins : frozenset of str
        Under which browsers reach it, ``scheme://host:port``. A request for any other host and
        a command from any other page are refused.
    """

    host: str
    port: int
    origins: frozenset[str]

    @property
    def address(self) -> str:
        """The one to tell people."""
        return min(self.origins, key=lambda origin: ("https" not in origin, "127.0" not in origin))

    @property
    def hosts(self) -> frozenset[str]:
        """What browsers may write into ``Host``."""
        return frozenset(origin.partition("://")[2] for origin in self.origins)


def place(host: str, port: int, *, url: str | None, has_users: bool) -> Place:
    """Say where the page is.

    Parameters
    ----------
    host, port
        What to listen on.
    url : str or None
        The address that people type; None where that is this machine itself.
    has_users : bool
        People sign in.

    Raises
    ------
    SettingsError
        If others than this machine could reach it without signing in, or unencrypted.

    Examples
    --------
    >>> sorted(place("127.0.0.1", 8080, url=None, has_users=False).hosts)
    ['127.0.0.1:8080', '[::1]:8080', 'localhost:8080']
    """
    local = is_loopback(host)
    if not local and not has_users:
        raise SettingsError(
            f"--host {host} can be reached from other machines, where anybody could give commands; "
            "name who may with --users, or leave --host at 127.0.0.1"
        )
    if url is not None and not has_users:
        raise SettingsError("--url lets others reach the page; name who may with --users")
    if not local and url is None:
        raise SettingsError(
            f"with --host {host}, give the address that people type as --url "
            "https://alerts.example.com: a command from any other page is refused"
        )
    names = ("127.0.0.1", "localhost", "[::1]") if local else ()
    origins = {origin for name in names for origin in _spellings("http", name, port)}
    if url is not None:
        origins |= _origins(url)
    return Place(host, port, frozenset(origins))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origins(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        name, port = None, None
    if (
        not name
        or parts.scheme != "https"
        or parts.path.strip("/")
        or parts.query
        or parts.username
    ):
        raise SettingsError(
            f"--url is {url!r}, expected https://host or https://host:port with nothing behind: "
            "passwords and session cookies go over TLS only, and the page is served at the root"
        )
    return _spellings("https", f"[{name}]" if ":" in name else name, port or 443)


def _spellings(scheme: str, name: str, port: int) -> set[str]:
    """Browsers leave out the usual port."""
    usual = {"http": 80, "https": 443}[scheme]
    with_port = f"{scheme}://{name}:{port}"
    return {with_port, f"{scheme}://{name}"} if port == usual else {with_port}
