"""Who we are to an OPC UA server, whom we trust, and what ends the bridge."""

import asyncio
import hashlib
import ssl
from pathlib import Path

import pytest
from pydantic import SecretStr

from stream_detector.bridges.configuration import OpcUaTable
from stream_detector.bridges.journal.journal import Journal
from stream_detector.bridges.opcua.source import OpcUaSource
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import RefusedError, SettingsError
from tests.bridges.healths import mill
from tests.bridges.opcua.machine import SPEED, Certificate, issue, machine
from tests.bridges.opcua.test_source import ALL, bridge, table, until
from tests.end_to_end.server import free_port

pytestmark = pytest.mark.slow


async def refused(folder: Path, settings: OpcUaTable, access: SourceSettings) -> None:
    with Journal(folder / "journal", max_bytes=10_000_000) as journal:
        async with asyncio.timeout(30):
            await OpcUaSource(settings, access, ALL, journal, mill()).run(asyncio.Event())


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Certificate]:
    folder = tmp_path_factory.mktemp("certificates")
    return {name: issue(folder, name) for name in ("server", "bridge", "other")}


def access(
    certificates: dict[str, Certificate],
    secret: str = "hunter2",  # noqa: S107
) -> SourceSettings:
    return SourceSettings(
        opcua_username="bridge",
        opcua_password=SecretStr(secret),
        opcua_certificate_file=certificates["bridge"].file,
        opcua_key_file=certificates["bridge"].key,
        opcua_server_certificate_file=certificates["server"].file,
    )


@pytest.mark.parametrize("security", ["sign", "sign-and-encrypt"])
def test_it_speaks_basic256sha256_with_user_and_password(
    tmp_path: Path, certificates: dict[str, Certificate], security: str
) -> None:
    async def story() -> None:
        port = free_port()
        settings = table(port, security=security)
        async with (
            machine(port, certificate=certificates["server"], with_user=True) as pm3,
            bridge(tmp_path, settings, access(certificates)) as written,
        ):
            await until(lambda: written.values(SPEED) == [800.0], "first value")
            await pm3.says(SPEED, 812.5)
            await until(lambda: written.values(SPEED) == [800.0, 812.5], "change")

    asyncio.run(story())


def why_refused(
    folder: Path, access: SourceSettings, security: str, certificate: Certificate | None
) -> str:
    async def story() -> None:
        port = free_port()
        async with machine(port, certificate=certificate, with_user=True):
            await refused(folder, table(port, security=security), access)

    with pytest.raises(RefusedError) as why:
        asyncio.run(story())
    return str(why.value)


def test_a_wrong_password_ends_the_bridge(
    tmp_path: Path, certificates: dict[str, Certificate]
) -> None:
    ours = access(certificates, "wrong")
    why = why_refused(tmp_path, ours, "sign-and-encrypt", certificates["server"])
    assert "refuses us" in why
    assert "wrong" not in why


def test_certificates_that_are_missing_or_none_are_named(
    tmp_path: Path, certificates: dict[str, Certificate]
) -> None:
    settings = table(1, security="sign")
    with pytest.raises(SettingsError, match="DETECTOR_OPCUA_CERTIFICATE_FILE"):
        asyncio.run(refused(tmp_path, settings, SourceSettings()))
    key_for_certificate = access(certificates).model_copy(
        update={"opcua_certificate_file": certificates["bridge"].key}
    )
    with pytest.raises(SettingsError, match="application URI"):
        asyncio.run(refused(tmp_path, settings, key_for_certificate))
    other_key = access(certificates).model_copy(
        update={"opcua_key_file": certificates["other"].key}
    )
    with pytest.raises(SettingsError, match="does not belong to the certificate"):
        asyncio.run(refused(tmp_path, settings, other_key))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_detector.bridges.opcua.client._TIMEOUT_SECONDS", 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("security", ["sign", "sign-and-encrypt"])
def test_a_server_with_another_certificate_ends_the_bridge(
    tmp_path: Path, certificates: dict[str, Certificate], security: str
) -> None:
    why = why_refused(tmp_path, access(certificates), security, certificates["other"])
    shown, ours = (_sha256(certificates[name]) for name in ("other", "server"))
    assert "another certificate than DETECTOR_OPCUA_SERVER_CERTIFICATE_FILE" in why
    assert f"(sha256 {shown} instead of {ours})" in why


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("security", "server", "told"),
    [
        (
            *("none", "server"),
            "opcua.security = 'none'; it offers 'sign' with Basic256Sha256, "
            "'sign-and-encrypt' with Basic256Sha256",
        ),
        ("sign", None, "opcua.security = 'sign' with Basic256Sha256; it offers 'none'"),
    ],
)
def test_a_server_without_our_security_ends_the_bridge(
    tmp_path: Path,
    certificates: dict[str, Certificate],
    security: str,
    server: str | None,
    told: str,
) -> None:
    certificate = certificates[server] if server else None
    why = why_refused(tmp_path, access(certificates), security, certificate)
    assert why.endswith(f"does not allow {told}")


def _sha256(certificate: Certificate) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.file.read_text())).hexdigest()
