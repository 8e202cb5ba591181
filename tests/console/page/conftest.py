"""A plant for all tests of the page, and a picture of what one saw that failed."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser import OpenPage, picture
from tests.console.doors import write_users
from tests.console.page.live import LivePlant

_plants: list[LivePlant] = []


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlant]:
    """A plant whose alert book is kept, without a console so far."""
    with LivePlant(tmp_path_factory.mktemp("plant")) as running:
        _plants.append(running)
        yield running


@pytest.fixture(scope="session")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A users file with an operator, anna, and a viewer, vera."""
    return write_users(tmp_path_factory.mktemp("users"))


@pytest.fixture(scope="session")
def address(plant: LivePlant, users: Path) -> Iterator[str]:
    """Where the console of the plant is, which asks people to sign in."""
    with plant.console("--users", users, "--time-zone", "Europe/Helsinki") as running:
        yield running


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for one in _plants:
            report.sections.append(("logs of the plant", one.log_tail()))
        found = item.funcargs.get("page")
        if isinstance(found, Page) and not found.is_closed():
            picture(found, f"failed-{item.name}")
    return report
