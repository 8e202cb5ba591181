"""Making an OPC UA client of a configuration: who we are, whom we trust, and what refuses us."""

import hashlib
from pathlib import Path
from typing import Final

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.crypto.uacrypto import CertProperties, load_certificate, load_private_key
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError
from cryptography import x509

from stream_detector.bridges.configuration import OpcUaTable
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import RefusedError, SettingsError

_TIMEOUT_SECONDS: Final = 10

_PROBE_SECONDS: Final = 5
"""How often the server is asked whether it is there, and how long its answer may take: a busy one
is not away. A connection that is closed is noticed at once."""

_SESSION_MS: Final = 60_000
"""So long the session of a killed bridge counts among the few that a server may allow."""

_MODES: Final = {
    "none": ua.MessageSecurityMode.None_,
    "sign": ua.MessageSecurityMode.Sign,
    "sign-and-encrypt": ua.MessageSecurityMode.SignAndEncrypt,
}

_REFUSALS: Final = (
    *("BadUserAccessDenied", "BadIdentityTokenInvalid", "BadIdentityTokenRejected"),
    *("BadCertificateInvalid", "BadCertificateUntrusted", "BadCertificateUriInvalid"),
    *("BadCertificateTimeInvalid", "BadCertificateUseNotAllowed", "BadSecurityChecksFailed"),
    *("BadSecurityPolicyRejected", "BadSecurityModeRejected"),
)
_LASTING_REFUSALS: Final = frozenset(getattr(StatusCodes, name) for name in _REFUSALS)
"""What a server says to those it will not take next time either."""


async def make_client(table: OpcUaTable, access: SourceSettings) -> Client:
    """Make a client that is not connected yet.

    Raises
    ------
    SettingsError
        If a certificate or key is missing or cannot be used, or they do not belong together.
    """
    client = Client(table.url, timeout=_TIMEOUT_SECONDS, watchdog_intervall=_PROBE_SECONDS)
    client.session_timeout = _SESSION_MS
    client.name = client.description = "stream-detector"
    if access.opcua_username is not None:
        client.set_user(access.opcua_username)
        if access.opcua_password is not None:
            client.set_password(access.opcua_password.get_secret_value())
    if table.security == "none":
        return client
    certificate, key = access.opcua_certificate_file, access.opcua_key_file
    server = access.opcua_server_certificate_file
    if certificate is None or key is None or server is None:
        raise SettingsError(
            f"opcua.security is {table.security!r}: DETECTOR_OPCUA_CERTIFICATE_FILE, "
            "DETECTOR_OPCUA_KEY_FILE and DETECTOR_OPCUA_SERVER_CERTIFICATE_FILE have to be set"
        )
    client.application_uri = _application_uri(certificate)
    try:
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            _properties(certificate),
            _properties(key),
            server_certificate=_properties(server),
            mode=_MODES[table.security],
        )
        ours = await load_certificate(certificate, _properties(certificate).extension)
        private_key = await load_private_key(key, extension=_properties(key).extension)
    except (OSError, TypeError, ValueError) as error:
        raise SettingsError(
            f"the certificates for {table.url} cannot be used: {error}; DETECTOR_OPCUA_…_FILE name "
            "PEM or DER files, the key not encrypted"
        ) from error
    if private_key.public_key() != ours.public_key():
        raise SettingsError(
            f"DETECTOR_OPCUA_KEY_FILE: {str(key)!r} does not belong to the certificate "
            f"{str(certificate)!r}; name the key that it was made with"
        )
    return client


async def connect(client: Client, table: OpcUaTable) -> None:
    """Connect a client; find out why where the server may be there all the same.

    Raises
    ------
    RefusedError
        If the server will not take us next time either.
    OSError, UaError
        If it is away.
    """
    try:
        await client.connect()
    except (OSError, UaError) as error:
        # Who does not answer without security would not tell us more.
        may_tell = isinstance(error, UaError) or table.security != "none"
        if may_tell and (wrong := await _what_is_wrong(client, table)):
            raise RefusedError(f"the OPC UA server {table.url} {wrong}") from error
        if getattr(error, "code", None) in _LASTING_REFUSALS:
            raise RefusedError(
                f"the OPC UA server {table.url} refuses us: {error}; correct "
                "DETECTOR_OPCUA_USERNAME, its password, or the certificates"
            ) from error
        raise


def reason_of(error: Exception) -> str:
    """Say why nothing comes, also where the error itself has no word for it."""
    silence = "it does not answer" if isinstance(error, TimeoutError) else repr(error)
    return str(error) or silence


async def _what_is_wrong(client: Client, table: OpcUaTable) -> str | None:
    """Compare what we want with what the server offers to anybody.

    Who cannot read what we say, as we trust the certificate of another, mostly says nothing.
    """
    policy = client.security_policy
    try:
        asking = Client(table.url, timeout=_PROBE_SECONDS)
        shown = await asking.connect_and_get_server_endpoints()
    except (OSError, UaError):
        return None
    offers = [
        (_security(one.SecurityMode, one.SecurityPolicyUri), _first(one.ServerCertificate or b""))
        for one in shown
        if str(one.EndpointUrl).startswith(ua.OPC_TCP_SCHEME)
    ]
    wish, offered = _security(policy.Mode, policy.URI), sorted({security for security, _ in offers})
    if offered and wish not in offered:
        return f"does not allow opcua.security = {wish}; it offers {', '.join(offered)}"
    certificates = [one for security, one in offers if security == wish and one]
    trusted = policy.peer_certificate
    if trusted is None or not certificates or trusted in certificates:
        return None
    theirs, ours = (hashlib.sha256(one).hexdigest() for one in (certificates[0], trusted))
    return (
        "shows another certificate than DETECTOR_OPCUA_SERVER_CERTIFICATE_FILE "
        f"(sha256 {theirs} instead of {ours}): it was renewed, or this is another server"
    )


def _security(mode: ua.MessageSecurityMode, policy_uri: str) -> str:
    """Name a security as ``opcua.security`` does."""
    name = next((name for name, one in _MODES.items() if one == mode), "invalid")
    return repr(name) if name == "none" else f"{name!r} with {policy_uri.rpartition('#')[2]}"


def _first(chain: bytes) -> bytes:
    """Give the server's own of a chain of certificates: bytes 2 and 3 say how long it is."""
    return chain[: 4 + int.from_bytes(chain[2:4])]


def _properties(path: Path) -> CertProperties:
    """Tell asyncua what a file is by what is in it, not by its name."""
    return CertProperties(path, extension="pem" if b"-----" in path.read_bytes() else "der")


def _application_uri(path: Path) -> str:
    """Give who the certificate says we are: a server compares it with what we say."""
    try:
        data = path.read_bytes()
        load = (
            x509.load_pem_x509_certificate if b"-----" in data else x509.load_der_x509_certificate
        )
        names = load(data).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.UniformResourceIdentifier)[0]
    except OSError as error:
        raise SettingsError(
            f"DETECTOR_OPCUA_CERTIFICATE_FILE: {str(path)!r} cannot be read: {error.strerror}"
        ) from error
    except (ValueError, x509.ExtensionNotFound, IndexError) as error:
        raise SettingsError(
            f"DETECTOR_OPCUA_CERTIFICATE_FILE: {str(path)!r} is no certificate with an application "
            "URI: OPC UA wants one among its subject alternative names"
        ) from error
