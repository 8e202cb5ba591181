"""Who a bridge is to its source: beside the settings of all programs, for it alone needs them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from stream_detector.connections.environment import validated, variables
from stream_detector.connections.secret_files import with_secrets_from_files
from stream_detector.connections.tls import TlsFiles

SOURCE_SECRETS: Final = ("mqtt_password", "registry_password", "opcua_password")
"""Each may stand in a file instead, which ``DETECTOR_<NAME>_FILE`` names."""


class SourceSettings(BaseModel):
    """Names, secrets and files; :func:`read_source_settings` reads each from its variable."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    mqtt_username: Annotated[str, Field(min_length=1)] | None = None
    """Our name for the MQTT broker."""

    mqtt_password: SecretStr | None = None
    """Our password."""

    mqtt_ca_file: Path | None = None
    """As ``kafka_ca_file``, for the MQTT broker."""

    mqtt_certificate_file: Path | None = None
    """Our certificate for the MQTT broker (PEM)."""

    mqtt_key_file: Path | None = None
    """Its private key (PEM, not encrypted)."""

    registry_username: Annotated[str, Field(min_length=1)] | None = None
    """Our name for the schema registry."""

    registry_password: SecretStr | None = None
    """Our password."""

    registry_ca_file: Path | None = None
    """As ``kafka_ca_file``, for the schema registry."""

    opcua_username: Annotated[str, Field(min_length=1)] | None = None
    """Our name for the OPC UA server."""

    opcua_password: SecretStr | None = None
    """Our password."""

    opcua_certificate_file: Path | None = None
    """Our certificate for the OPC UA server (PEM or DER), with our application URI in it."""

    opcua_key_file: Path | None = None
    """Its private key (PEM, not encrypted)."""

    opcua_server_certificate_file: Path | None = None
    """The server's own certificate: none else is trusted."""

    @model_validator(mode="after")
    def _check_what_goes_together(self) -> Self:
        if self.mqtt_password is not None and self.mqtt_username is None:
            raise ValueError("DETECTOR_MQTT_PASSWORD needs DETECTOR_MQTT_USERNAME")
        if self.registry_password is not None and self.registry_username is None:
            raise ValueError("DETECTOR_REGISTRY_PASSWORD needs DETECTOR_REGISTRY_USERNAME")
        if self.opcua_password is not None and self.opcua_username is None:
            raise ValueError("DETECTOR_OPCUA_PASSWORD needs DETECTOR_OPCUA_USERNAME")
        if (self.mqtt_certificate_file is None) != (self.mqtt_key_file is None):
            raise ValueError(
                "DETECTOR_MQTT_CERTIFICATE_FILE and DETECTOR_MQTT_KEY_FILE go together; give both"
            )
        return self

    @property
    def mqtt_tls(self) -> TlsFiles:
        """Files for TLS with the MQTT broker."""
        return TlsFiles("MQTT", self.mqtt_ca_file, self.mqtt_certificate_file, self.mqtt_key_file)


SOURCE_VARIABLES: Final = frozenset(
    {*SourceSettings.model_fields, *(f"{name}_file" for name in SOURCE_SECRETS)}
)
"""What the variables are called, in lower case and without their prefix."""


def read_source_settings(environment: Mapping[str, str] | None = None) -> SourceSettings:
    """Read the settings from the environment; a variable with nothing in it is not set.

    Misspelt ones are refused by :func:`~stream_detector.connections.settings.read_settings`.

    Raises
    ------
    SettingsError
        If one is wrong, or the file of a secret cannot be read.
    """
    found = {
        name: value for name, value in variables(environment).items() if name in SOURCE_VARIABLES
    }
    return validated(SourceSettings, with_secrets_from_files(found, SOURCE_SECRETS))
