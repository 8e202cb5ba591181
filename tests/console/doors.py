"""The console's door, with a small house behind it: all that is tested without NiceGUI."""

from functools import cache
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from stream_detector.console.gate import Gate
from stream_detector.console.place import Place, place
from stream_detector.console.sessions import Person, Sessions
from stream_detector.console.sign_in import SignIn
from stream_detector.console.throttle import Throttle
from stream_detector.console.users import Role, UsersFile, hash_password

ORIGIN = "https://alerts.example.com"
PASSWORD = "correct horse battery"  # noqa: S105 - of the tests
LOCAL = Person("root", Role.ENGINEER)
HTML = {"accept": "text/html"}


def write_users(folder: Path) -> Path:
    """A users file with an operator, anna, and a viewer, vera."""
    path = folder / "users.txt"
    path.write_text(f"anna:operator:{_hash()}\nvera:viewer:{_hash()}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@cache
def _hash() -> str:
    """Hashed once for all tests: it takes its time on purpose."""
    return hash_password(PASSWORD)


def make_sessions(users: Path, *, lifetime_seconds: float = 3600.0) -> Sessions:
    return Sessions(UsersFile(users), lifetime_seconds=lifetime_seconds)


def make_app(sessions: Sessions | None, where: Place | None = None) -> Gate:
    """The door; behind it ``/hello`` says who is there, and ``/socket`` echoes."""

    async def hello(request: Request) -> PlainTextResponse:
        prefix = request.headers.get("x-forwarded-prefix", "no prefix")
        return PlainTextResponse(f"{request.scope['person'].name}, {prefix}")

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.scope["person"].name)
        await websocket.close()

    inner = Starlette(
        routes=[
            *SignIn(sessions, Throttle()).routes(),
            Route("/hello", hello, methods=["GET", "POST"]),
            WebSocketRoute("/socket", socket),
        ]
    )
    behind = where or place("127.0.0.1", 8321, url=ORIGIN, has_users=True)
    return Gate(inner, place=behind, sessions=sessions, local=LOCAL)


def client(app: Gate, *, origin: str = ORIGIN, address: str = "192.0.2.7") -> httpx.AsyncClient:
    """A browser at an address that has opened the page."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, client=(address, 1)),
        base_url=origin,
        headers={"origin": origin},
    )


async def sign_in(
    browser: httpx.AsyncClient, name: str = "anna", secret: str = PASSWORD, wanted: str = "/hello"
) -> httpx.Response:
    form = {"name": name, "password": secret, "next": wanted}
    return await browser.post("/sign-in", data=form)
