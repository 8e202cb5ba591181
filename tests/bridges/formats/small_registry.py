"""A schema registry of a few lines, that answers what a test tells it to."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

Answer = tuple[int, object]


class SmallRegistry:
    """Serves schemas by id, given as (kind, text); `trouble` is answered instead where it is set.

    Attributes
    ----------
    asked : list of str
        The paths of all requests.
    """

    def __init__(self, schemas: Mapping[int, tuple[str, str]]) -> None:
        self.schemas = dict(schemas)
        self.trouble: Answer | None = None
        self.asked: list[str] = []
        self.authorization: str | None = None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.asked.append(self.path)
                owner.authorization = self.headers.get("Authorization")
                status, body = owner.answer(self.path)
                written = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(written)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(written)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> Answer:
        if self.trouble is not None:
            return self.trouble
        place = path.partition("?")[0]
        if place == "/schemas/types":
            return 200, ["AVRO", "JSON", "PROTOBUF"]
        found = self.schemas.get(int(place.rpartition("/")[2]))
        if found is None:
            return 404, {"error_code": 40403, "message": "Schema not found"}
        kind, text = found
        # As the registry does: what is Avro is not said to be.
        return 200, {"schema": text} | ({} if kind == "AVRO" else {"schemaType": kind})
