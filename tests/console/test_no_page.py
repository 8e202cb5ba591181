"""What somebody sees where there is no page, and where one has failed."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stream_detector.console.no_page import HANDLERS


async def _fail(_: Request) -> Response:
    raise KeyError("pm3")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/alertz<b>", 404, "There is no page /alertz&lt;b&gt;."),
        ("/broken", 500, "This page has failed, and the log of the console says why."),
    ],
)
def test_what_went_wrong_is_said_on_a_page_of_ours(path: str, status: int, said: str) -> None:
    app = Starlette(routes=[Route("/broken", _fail)], exception_handlers=dict(HANDLERS))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as browser:
            return await browser.get(path)

    answer = asyncio.run(ask())

    assert answer.status_code == status
    assert said in answer.text
    assert '<a href="/">Overview</a>' in answer.text
    assert "pm3" not in answer.text
