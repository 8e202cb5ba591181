"""What is shown where there is no page, or where one has failed: plain HTML, as the sign-in."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from stream_detector.console.rendering import render


async def _missing(request: Request, _: Exception) -> Response:
    return _page(f"There is no page {request.url.path}.", status=404)


async def _failed(_: Request, __: Exception) -> Response:
    # The error goes on to the server, which logs it.
    return _page("This page has failed, and the log of the console says why.", status=500)


HANDLERS: Final[Mapping[int | type[Exception], Callable[..., Awaitable[Response]]]] = {
    404: _missing,
    Exception: _failed,
}
"""By status or kind of error."""


def _page(text: str, *, status: int) -> Response:
    return HTMLResponse(render("no_page.html", text=text), status_code=status)
