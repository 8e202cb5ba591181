"""An OPC UA server on loopback with a simulated machine behind it, and certificates for it.

``python -m tests.bridges.opcua.machine PORT FIRST`` serves a machine whose speed is FIRST, and then
rises by 1 five times a second, until it is stopped.
"""

import asyncio
import itertools
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.common.node import Node
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager

SPEED, DRAW, GRADE = "ns=2;s=PM3.Speed", "ns=2;s=PM3.Draw", "ns=2;s=PM3.Grade"


@dataclass(frozen=True)
class Certificate:
    file: Path
    key: Path


def issue(folder: Path, name: str) -> Certificate:
    """Make a certificate that says who the application is, as OPC UA wants it."""
    file, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", key, "-out", file, "-subj", f"/CN={name}"),
            *("-addext", f"subjectAltName=URI:urn:stream-detector:{name},IP:127.0.0.1"),
            *(
                "-addext",
                "keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment",
            ),
            *("-addext", "extendedKeyUsage=clientAuth,serverAuth"),
        ],
        check=True,
        capture_output=True,
    )
    return Certificate(file, key)


class OneUser(UserManager):
    """Lets in one user, by name and password."""

    def get_user(
        self,
        iserver: Any,  # noqa: ARG002
        username: Any = None,
        password: Any = None,
        certificate: Any = None,  # noqa: ARG002
    ) -> User | None:
        known = (username, password) == ("bridge", "hunter2")
        return User(role=UserRole.User, name="bridge") if known else None


class Machine:
    """The nodes of a paper machine."""

    def __init__(self, nodes: dict[str, Node]) -> None:
        self._nodes = nodes

    async def says(
        self, tag: str, value: object, *, status: int = 0, at: datetime | None = None
    ) -> None:
        kind = ua.VariantType.String if isinstance(value, str) else ua.VariantType.Double
        said = ua.DataValue(
            ua.Variant(value, kind),
            StatusCode=ua.StatusCode(ua.UInt32(status)),
            SourceTimestamp=_time(at or datetime.now(UTC)),
            ServerTimestamp=_time(datetime.now(UTC)),
        )
        await self._nodes[tag].write_value(said)


@asynccontextmanager
async def machine(
    port: int,
    *,
    certificate: Certificate | None = None,
    with_user: bool = False,
    speed: float = 800.0,
) -> AsyncIterator[Machine]:
    server = Server(user_manager=OneUser() if with_user else None)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    if certificate is None:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    else:
        await server.set_application_uri("urn:stream-detector:server")
        server.set_security_policy(
            [
                ua.SecurityPolicyType.Basic256Sha256_Sign,
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
            ]
        )
        await server.load_certificate(str(certificate.file))
        await server.load_private_key(str(certificate.key))
    await server.register_namespace("urn:mill")
    folder = await server.nodes.objects.add_folder(2, "PM3")
    nodes = {}
    for tag, first in ((SPEED, speed), (DRAW, 2.0), (GRADE, "G42")):
        node = await folder.add_variable(ua.NodeId.from_string(tag), tag.rpartition(".")[2], first)
        nodes[tag] = node
    async with server:
        yield Machine(nodes)


def _time(at: datetime) -> ua.DateTime:
    return ua.DateTime.fromtimestamp(at.timestamp(), UTC)


async def _rise(port: int, first: int) -> None:
    async with machine(port, speed=float(first)) as pm3:
        print("ready", flush=True)  # noqa: T201
        for speed in itertools.count(first + 1):
            await asyncio.sleep(0.2)
            await pm3.says(SPEED, float(speed))


if __name__ == "__main__":
    asyncio.run(_rise(int(sys.argv[1]), int(sys.argv[2])))
