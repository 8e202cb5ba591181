"""A real browser for tests: Debian's Chromium, and pictures of what was on its pages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.console.doors import PASSWORD
from tests.requirements import require_command

SCREENSHOTS = Path(__file__).parents[1] / "build" / "screenshots"
"""Kept after a run, to be looked at by whoever changes a page."""

_LIMIT_MS = 30_000

OpenPage = Callable[[], Page]
"""Opens a page in a browser of its own."""


@contextmanager
def running_chromium() -> Iterator[Browser]:
    path = require_command("chromium", "chromium-browser", "google-chrome")
    expect.set_options(timeout=_LIMIT_MS)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=path,
            headless=True,
            args=["--no-sandbox", "--disable-background-networking"],
        )


@contextmanager
def pages_of(chromium: Browser) -> Iterator[OpenPage]:
    """Pages that have no fault, and ask nobody but this machine for anything."""
    asked: list[str] = []
    faults: list[str] = []
    contexts = []

    def open_page() -> Page:
        context = chromium.new_context(viewport={"width": 1920, "height": 1080})
        contexts.append(context)
        context.set_default_timeout(_LIMIT_MS)
        context.on("request", lambda request: asked.append(request.url))
        context.on("weberror", lambda error: faults.append(str(error.error)))
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    elsewhere = [one for one in asked if not one.startswith(("http://127.0.0.1:", "data:"))]
    assert elsewhere == []
    assert faults == []


def sign_in(page: Page, address: str, name: str = "anna", path: str = "/") -> None:
    page.goto(f"{address}{path}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("#clock").wait_for()


def picture(page: Page, name: str) -> None:
    """Keep what is on the page, to be looked at by whoever changes it."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
