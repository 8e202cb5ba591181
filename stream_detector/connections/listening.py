"""Taking a port, or saying in one line why not."""

import socket

from stream_detector.errors import ServiceError


def listen(host: str, port: int, *, remedy: str) -> socket.socket:
    """Take the port.

    Raises
    ------
    ServiceError
        If it is taken, or is not ours to take.
    """
    listening = None
    try:
        (family, kind, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        # Who comes before the pages are up waits instead of being turned away.
        listening.listen()
    except OSError as error:
        if listening is not None:
            listening.close()
        raise ServiceError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}; {remedy}"
        ) from error
    return listening
