"""What a worker tells of itself at ``/healthz``."""

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.waiting import wait_until


def wait_for_health(port: str, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Wait until what is told fulfils the condition; everything told is answered with 200."""
    told: dict[str, Any] = {}

    def fulfilled() -> object:
        nonlocal told
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                told = json.load(answer)
        except HTTPError as error:
            raise AssertionError(f"{error.code}: {error.read()!r}") from error
        except OSError:
            return False
        return condition(told)

    wait_until(fulfilled, f"last it told {told}", limit_seconds=40)
    return told
