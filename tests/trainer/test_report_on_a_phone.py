"""The report in a real browser that is as narrow as a phone."""

from typing import TYPE_CHECKING

import pytest

from tests.trainer.made_findings import made_findings, paper_like, with_head
from trainer.report import report_html

if TYPE_CHECKING:
    from tests.browser import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CUT_WITHOUT_A_HINT = """
() => [...document.querySelectorAll(".scroll")]
  .filter((box) => box.scrollWidth > box.clientWidth)
  .filter((box) => !box.parentElement.querySelector(".narrow"))
  .map((box) => box.getAttribute("aria-label"))
"""


def test_nothing_is_cut_without_a_hint_to_scroll(open_page: "OpenPage") -> None:
    page = open_page()
    page.set_viewport_size({"width": 390, "height": 844})

    page.set_content(report_html(with_head(made_findings(paper_like()))).decode())

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(CUT_WITHOUT_A_HINT) == []
