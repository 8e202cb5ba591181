"""A real Kafka that wants to know who we are: TLS, client certificates, SASL and ACLs.

The listener PLAINTEXT of :class:`RealKafka` stays, and may do everything: it is how a test makes
topics and reads what came out.
"""

from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import (
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.end_to_end.real_kafka import RealKafka
from tests.end_to_end.server import free_port
from tests.made_ca import MadeAuthority

PASSWORD = "Tr0ub4dor-3"  # noqa: S105
USERS = ("worker", "guest", "leaver")

_PROPERTIES = """\
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
listener.name.ssl.ssl.client.auth=required
listener.name.ssl.ssl.principal.mapping.rules=RULE:^.*CN=([^,]*).*$/$1/
listener.name.sasl_ssl.sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN,OAUTHBEARER
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required {plain_users};
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
unsecuredLoginStringClaim_sub="broker";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


class SecuredKafka(RealKafka):
    """Reached at `bootstrap` as always, at `tls` with a certificate, at `sasl` by name.

    Its users have one password; the CA's other certificates are users too.
    """

    def __init__(self, folder: Path, authority: MadeAuthority) -> None:
        folder.mkdir(exist_ok=True)
        certificate, key = authority.issue("broker")
        keystore = folder / "broker.keystore.pem"
        keystore.write_text(key.read_text() + certificate.read_text())
        ports = {"SSL": free_port(), "SASL_SSL": free_port()}
        self.tls, self.sasl = (f"127.0.0.1:{port}" for port in ports.values())
        super().__init__(
            folder,
            listeners=ports,
            properties=_PROPERTIES.format(
                keystore=keystore,
                truststore=authority.certificate,
                plain_users=" ".join(f'user_{name}="{PASSWORD}"' for name in USERS),
            ),
            scram=[
                f"{kind}=[name={name},password={PASSWORD}]"
                for kind in ("SCRAM-SHA-512", "SCRAM-SHA-256")
                for name in USERS
            ],
        )
        self._users = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def allow(self, user: str, *rights: str) -> None:
        """Let a user do what is written like ``read topic readings``."""
        for made in self._users.create_acls([_binding(user, one) for one in rights]).values():
            made.result(30)

    def forbid(self, user: str, *rights: str) -> None:
        """Take such rights back."""
        filters = [_filter(user, one) for one in rights]
        for deleted in self._users.delete_acls(filters).values():
            assert deleted.result(30), "there was no such right"

    def change_password(self, user: str, password: str) -> None:
        """Change it for SCRAM-SHA-512; connections that are open stay so."""
        kind = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        wanted = UserScramCredentialUpsertion(user, kind, password.encode())
        for changed in self._users.alter_user_scram_credentials([wanted]).values():
            changed.result(30)


def _binding(user: str, right: str) -> AclBinding:
    return AclBinding(*_described(user, right))


def _filter(user: str, right: str) -> AclBindingFilter:
    return AclBindingFilter(*_described(user, right))


def _described(user: str, right: str) -> tuple[Any, ...]:
    operation, kind, name = right.split(" ")
    return (
        ResourceType[kind.upper()],
        name,
        ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation[operation.upper()],
        AclPermissionType.ALLOW,
    )
