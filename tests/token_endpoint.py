"""An identity provider in a thread: gives tokens that Kafka takes unsigned, in tests alone."""

import base64
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, quote_plus

from tests.end_to_end.server import free_port


def token_for(user: str, *, seconds: int = 3600) -> str:
    """Make a token as Kafka's ``OAuthBearerUnsecured…`` classes take it."""
    now = int(time.time())
    parts = ({"alg": "none"}, {"sub": user, "iat": now, "exp": now + seconds})
    return ".".join(_base64(json.dumps(part).encode()) for part in parts) + "."


class TokenEndpoint:
    """Runs inside ``with``, reached at `url`; one client gets tokens there, others a 401."""

    def __init__(
        self,
        user: str,
        secret: str,
        *,
        certificate: Path,
        key: Path,
        seconds: float = 3600,
        redirect: str | None = None,
        answer: str | None = None,
    ) -> None:
        self.scopes: list[str] = []
        """Asked for, one per token given."""
        expected = "Basic " + base64.b64encode(f"{user}:{quote_plus(secret)}".encode()).decode()
        scopes = self.scopes

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                if redirect is not None:
                    self.send_response(307)
                    self.send_header("Location", redirect)
                    self.end_headers()
                    return
                known = self.headers["Authorization"] == expected
                granted = known and form["grant_type"] == "client_credentials"
                self.send_response(200 if granted else 401)
                self.end_headers()
                if granted:
                    scopes.append(form.get("scope", ""))
                    token = {"access_token": token_for(user), "expires_in": seconds}
                    self.wfile.write((answer or json.dumps(token)).encode())

            def log_message(self, *_: object) -> None:
                pass

        port = free_port()
        self.url = f"https://127.0.0.1:{port}/token"
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
