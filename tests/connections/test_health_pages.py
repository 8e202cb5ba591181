"""The pages of a program's health, where their port is not to be had."""

import socket

import pytest

from stream_detector.connections.health_pages import HealthPages
from stream_detector.errors import ServiceError


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1"])
def test_a_port_that_is_not_to_be_had_is_named_before_the_program_starts(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"^{host}:{port} cannot .* DETECTOR_HEALTH_PORT"):
            HealthPages(host, port, facts=dict, is_ready=lambda: True, collectors=())
