"""Requests of others, of other pages and of nobody do not get in."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from stream_detector.console.gate import COOKIE
from stream_detector.console.place import place
from tests.console.doors import (
    HTML,
    ORIGIN,
    PASSWORD,
    client,
    make_app,
    make_sessions,
    sign_in,
    write_users,
)

T = TypeVar("T")

WRONG = "not this one"


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return write_users(tmp_path)


def test_who_signs_in_gets_in_and_who_signs_out_does_not(users: Path) -> None:
    async def story() -> None:
        async with client(make_app(make_sessions(users))) as browser:
            before = await browser.get("/hello?machine=pm3", headers=HTML)
            done = await sign_in(browser)
            inside = await browser.get("/hello")
            token = browser.cookies[COOKIE]
            out = await browser.post("/sign-out")
            browser.cookies.set(COOKIE, token, domain="alerts.example.com")
            after = await browser.get("/hello")

        assert (before.status_code, before.headers["location"]) == (
            303,
            "/sign-in?next=%2Fhello%3Fmachine%3Dpm3",
        )
        assert (done.status_code, done.headers["location"]) == (303, "/hello")
        assert inside.text == "anna, no prefix"
        assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
        assert (after.status_code, after.text) == (401, "Sign in first: the session is over.\n")

    run(story())


def test_the_cookie_is_for_us_alone(users: Path) -> None:
    async def story() -> str:
        async with client(make_app(make_sessions(users, lifetime_seconds=600.0))) as browser:
            return (await sign_in(browser)).headers["set-cookie"]

    name, *attributes = run(story()).split("; ")

    assert name.startswith("__Host-")
    assert set(attributes) == {"HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax", "Secure"}


def test_a_session_that_is_over_is_answered_with_that(users: Path) -> None:
    async def story() -> int:
        async with client(make_app(make_sessions(users, lifetime_seconds=0.0))) as browser:
            await sign_in(browser)
            return (await browser.get("/hello")).status_code

    assert run(story()) == 401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://alerts.example.com", None]
)
def test_a_command_of_another_page_is_refused(users: Path, origin: str | None) -> None:
    async def story() -> tuple[int, str]:
        async with client(make_app(make_sessions(users))) as browser:
            await sign_in(browser)
            headers = {} if origin is None else {"origin": origin}
            del browser.headers["origin"]
            answer = await browser.post("/hello", headers=headers)
            return answer.status_code, answer.text

    assert run(story()) == (
        403,
        f"Refused: this was sent by {origin or 'no page'}, not by a page of this site.\n",
    )


@pytest.mark.parametrize("host", ["evil.example", "alerts.example.com.evil.example", ""])
def test_a_name_that_somebody_points_at_us_is_refused(users: Path, host: str) -> None:
    async def story() -> int:
        async with client(make_app(make_sessions(users))) as browser:
            return (await browser.get("/sign-in", headers={"host": host})).status_code

    assert run(story()) == 421


def test_without_users_this_machine_is_trusted_but_no_other_page_and_no_other_name() -> None:
    async def story() -> list[tuple[int, str]]:
        app = make_app(None, place("127.0.0.1", 8321, url=None, has_users=False))
        answers = []
        async with client(app, origin="http://localhost:8321") as browser:
            answers.append(await browser.post("/hello"))
            answers.append(await browser.post("/hello", headers={"origin": "http://localhost:80"}))
            answers.append(await browser.get("/hello", headers={"host": "rebound.example:8321"}))
        return [(one.status_code, one.text[:15]) for one in answers]

    assert run(story()) == [
        (200, "root, no prefix"),
        (403, "Refused: this w"),
        (421, "This page is no"),
    ]


async def knock(app: Any, headers: dict[str, str]) -> list[dict[str, Any]]:
    """Open a websocket, and give what is sent."""
    scope = {
        "type": "websocket",
        "path": "/socket",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": [],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def test_a_websocket_needs_a_session_and_a_page_of_ours(users: Path) -> None:
    async def story() -> dict[str, str]:
        sessions = make_sessions(users)
        app = make_app(sessions)
        user = sessions.check("anna", PASSWORD)
        assert user is not None
        async with client(app) as browser:
            await sign_in(browser)
            cookie = {"cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
        host, ours = {"host": "alerts.example.com"}, {"origin": ORIGIN}
        asked = {
            "ours": {**host, **cookie, **ours},
            "no session": {**host, **ours},
            "no page": {**host, **cookie},
            "another page": {**host, **cookie, "origin": "https://evil.example"},
        }
        return {name: (await knock(app, headers))[0]["type"] for name, headers in asked.items()}

    assert run(story()) == {
        "ours": "websocket.accept",
        "no session": "websocket.close",
        "no page": "websocket.close",
        "another page": "websocket.close",
    }


def test_every_answer_forbids_what_is_from_elsewhere(users: Path) -> None:
    async def story() -> list[str]:
        async with client(make_app(make_sessions(users))) as browser:
            asked = [
                browser.get("/sign-in"),
                browser.get("/hello"),
                browser.post("/sign-in", data={}),
            ]
            return [(await one).headers["content-security-policy"] for one in asked]

    for policy in run(story()):
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy


def test_a_prefix_that_a_request_brings_is_not_believed(users: Path) -> None:
    async def story() -> str:
        async with client(make_app(make_sessions(users))) as browser:
            await sign_in(browser)
            return (await browser.get("/hello", headers={"x-forwarded-prefix": "/evil"})).text

    assert run(story()) == "anna, no prefix"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "/sign-in", "/\t/x"],
)
def test_after_signing_in_nobody_is_sent_elsewhere(users: Path, wanted: str) -> None:
    async def story() -> list[str]:
        async with client(make_app(make_sessions(users))) as browser:
            done = await sign_in(browser, wanted=wanted)
            again = await browser.get("/sign-in", params={"next": wanted})
            return [done.headers["location"], again.headers["location"]]

    assert run(story()) == ["/", "/"]


def test_markup_in_the_address_is_shown_as_text(users: Path) -> None:
    async def story() -> str:
        async with client(make_app(make_sessions(users))) as browser:
            return (
                await browser.get("/sign-in", params={"next": '/"><script>alert(1)</script>'})
            ).text

    page = run(story())

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_wrong_passwords_are_slowed_down_and_right_ones_then_too(users: Path) -> None:
    async def story() -> tuple[list[int], int, str, int]:
        app = make_app(make_sessions(users))
        async with client(app) as browser, client(app, address="192.0.2.8") as other:
            wrong = [(await sign_in(browser, secret=WRONG)).status_code for _ in range(4)]
            right = await sign_in(browser)
            # Somebody else at another desk is not held up by that.
            elsewhere = await sign_in(other, name="vera")
            return wrong, right.status_code, right.headers["retry-after"], elsewhere.status_code

    assert run(story()) == ([401, 401, 401, 429], 429, "1", 303)


def test_tries_at_the_same_moment_do_not_get_past_the_wait(users: Path) -> None:
    async def story() -> list[int]:
        async with client(make_app(make_sessions(users))) as browser:
            tries = (sign_in(browser, secret=WRONG) for _ in range(10))
            return sorted(one.status_code for one in await asyncio.gather(*tries))

    assert run(story()) == [401] * 3 + [429] * 7


def test_what_is_no_form_of_ours_is_refused(users: Path) -> None:
    async def story() -> list[int]:
        async with client(make_app(make_sessions(users))) as browser:
            answers = [
                await browser.post("/sign-in", content=b"x" * 10_001),
                await browser.post("/sign-in", content=b"\xff\xfe"),
                await browser.post("/sign-in", content=b"&&=&"),
            ]
            return [one.status_code for one in answers]

    assert run(story()) == [413, 400, 401]
