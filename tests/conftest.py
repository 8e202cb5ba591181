"""What all tests share: the small model, fitted once, a browser, the settings of hypothesis."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from stream_detector.connections.environment import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from stream_detector.bundle.directory import Bundle
    from tests.browser import OpenPage

# The settings of a plant in the shell, as README has them exported, are not those of the tests.
for name in [name for name in os.environ if name.startswith(PREFIX)]:
    del os.environ[name]

# On shared cores the time of one example says nothing.
settings.register_profile("shared-cores", deadline=None)
settings.load_profile("shared-cores")


@pytest.fixture(scope="session")
def small_bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a bundle of :mod:`tests.small_models`; not to be changed."""
    from tests.small_models import write_small_bundle

    folder = tmp_path_factory.mktemp("small") / "bundle"
    write_small_bundle(folder)
    return folder


@pytest.fixture(scope="session")
def small_bundle(small_bundle_folder: Path) -> "Bundle":
    """The same, read."""
    from stream_detector.bundle.directory import read_bundle

    return read_bundle(small_bundle_folder)


@pytest.fixture(scope="session")
def headed_bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a bundle of :mod:`tests.small_head`; not to be changed."""
    from tests.small_head import write_headed_bundle

    folder = tmp_path_factory.mktemp("headed") / "bundle"
    write_headed_bundle(folder)
    return folder


@pytest.fixture(scope="session")
def headed_bundle(headed_bundle_folder: Path) -> "Bundle":
    """The same, read."""
    from stream_detector.bundle.directory import read_bundle

    return read_bundle(headed_bundle_folder)


@pytest.fixture(scope="module")
def chromium() -> "Iterator[Browser]":
    """A browser for the tests of a file: while it runs, its own event loop is the thread's."""
    from tests.browser import running_chromium

    with running_chromium() as running:
        yield running


@pytest.fixture
def open_page(chromium: "Browser") -> "Iterator[OpenPage]":
    """A function that opens a page in a browser of its own."""
    from tests.browser import pages_of

    with pages_of(chromium) as open_one:
        yield open_one
