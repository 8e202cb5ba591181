"""The whole report, from findings of every kind; drawing takes a second each."""

import dataclasses
import functools
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.trainer.made_findings import (
    CADENCE,
    START,
    clock,
    linear,
    made_evaluation,
    made_findings,
    normal_scores,
    paper_like,
    with_a_return,
    with_head,
)
from trainer.report import report_html, report_json
from trainer.report.page import tiles

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
ROWS = normal_scores(300, seed=4)
KINDS = {
    "breaks": with_head(made_findings(paper_like())),
    "no hold-out, no network": linear(made_findings()),
    "nothing scored": dataclasses.replace(made_findings(), n_kept_back=3),
    "no labels": made_findings(made_evaluation(ROWS, alert_rows=((5, 9),), label_kind=None)),
    "nothing happened": made_findings(made_evaluation(ROWS)),
    "only outcomes": made_findings(made_evaluation(ROWS, outcome_rows=(0,))),
    "rows labelled": made_findings(
        made_evaluation(ROWS, anomalous_rows=(7, 8, 9), alert_rows=((8, None),))
    ),
    "all rows anomalous": made_findings(made_evaluation(ROWS[:4], anomalous_rows=(0, 1, 2, 3))),
    "one row": made_findings(made_evaluation(np.ones(1))),
    "scores of zero": made_findings(made_evaluation(np.zeros(5), anomalous_rows=(2,))),
}


@functools.cache
def page_of(kind: str) -> str:
    return report_html(KINDS[kind]).decode()


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(kind: str) -> str:
    return page_of(kind)


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def values(self, attribute: str) -> Iterator[str]:
        for _, attributes in self.found:
            if value := attributes.get(attribute):
                yield value


def test_the_page_asks_for_nothing_from_outside(page: str) -> None:
    elements = Elements(page)

    assert [url for url in elements.values("href") if url[0] != "#"] == ["data:,"]
    assert not {"script", "img", "iframe", "object"} & {tag for tag, _ in elements.found}
    assert not re.search(r"https?://|@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_every_part_of_a_figure_that_is_referred_to_is_there_once(page: str) -> None:
    ids = list(Elements(page).values("id"))
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', page))

    assert len(ids) == len(set(ids))
    assert used <= set(ids)


def test_the_page_can_be_read_without_seeing_it(page: str) -> None:
    elements = Elements(page).found
    headings = [int(tag[1]) for tag, _ in elements if re.fullmatch("h[1-6]", tag)]

    assert all(a["aria-label"] for _, a in elements if a.get("role") in {"img", "region"})
    assert all(a["scope"] in {"col", "row"} for tag, a in elements if tag == "th")
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert max(np.diff(headings)) <= 1
    assert page.count("<svg") == sum(a.get("role") == "img" for _, a in elements)


def test_numbers_are_numbers_under_names_that_stay(kind: str) -> None:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} in the report")

    numbers = json.loads(report_json(KINDS[kind]), parse_constant=refuse)
    everything = json.loads(report_json(KINDS["breaks"]))

    assert numbers.keys() == everything.keys()
    assert numbers["training"].keys() == everything["training"].keys()
    if numbers["holdout"] is not None:
        assert numbers["holdout"].keys() == everything["holdout"].keys()
        assert numbers["holdout"]["alerts"].keys() == everything["holdout"]["alerts"].keys()
    assert (numbers["holdout"] is None) == (KINDS[kind].evaluation is None)


def test_another_process_writes_the_same_bytes_and_needs_no_tensorflow() -> None:
    program = (
        "import hashlib, sys\n"
        "from tests.trainer.made_findings import made_findings, paper_like, with_head\n"
        "from trainer.report import report_html, report_json\n"
        "findings = with_head(made_findings(paper_like()))\n"
        "written = report_html(findings) + report_json(findings)\n"
        "print(hashlib.sha256(written).hexdigest(), 'tensorflow' in sys.modules)"
    )

    run = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )

    written = page_of("breaks").encode() + report_json(KINDS["breaks"])
    assert run.stdout.split() == [hashlib.sha256(written).hexdigest(), "False"]


@pytest.mark.parametrize(
    ("of_kind", "reason"),
    [
        ("no hold-out, no network", "No row was kept back and scored"),
        ("no hold-out, no network", "A linear model has no network"),
        ("nothing scored", "No row was kept back and scored"),
        ("no labels", "The recording has no labels"),
        ("nothing happened", "hold nothing that was to be warned of"),
        ("all rows anomalous", "All rows kept back were to be warned at"),
    ],
)
def test_a_figure_that_cannot_be_says_why(of_kind: str, reason: str) -> None:
    page = page_of(of_kind)

    assert reason in re.sub(r"\s+", " ", page[page.index('class="reason"') :])


def test_names_from_a_file_cannot_become_part_of_the_page() -> None:
    hostile = dataclasses.replace(
        made_findings(),
        machine="<script>alert(1)</script>",
        sensors=('"><img src=x>', "x2"),
        notes=("column '<b>' is text",),
    )

    tags = {tag for tag, _ in Elements(report_html(hostile).decode()).found}

    assert not {"script", "img", "b"} & tags


def test_a_long_recording_gives_a_small_report_that_hides_no_peak() -> None:
    n_rows = 100_000
    scores = normal_scores(n_rows, seed=5)
    scores[77_777] = 12.5
    evaluation = made_evaluation(
        scores,
        outcome_rows=tuple(range(50, n_rows, 100)),
        alert_rows=tuple((row, row + 2) for row in range(0, n_rows, 90)),
    )
    findings = dataclasses.replace(
        made_findings(evaluation),
        training_scores=scores,
        training_times=clock(START - CADENCE * n_rows, n_rows),
    )

    page, numbers = report_html(findings), json.loads(report_json(findings))

    assert len(page) < 2_000_000
    assert "1,112 alerts. The first 200 are shown." in page.decode()
    assert max(numbers["training"]["scores"]["score"]) == 12.5
    assert max(numbers["holdout"]["scores"]["normal"]["score"]) == 12.5
    assert longest_list(numbers) <= 500


def longest_list(value: Any) -> int:
    if isinstance(value, dict):
        return max(map(longest_list, value.values()), default=0)
    if isinstance(value, list):
        return max([len(value), *map(longest_list, value)])
    return 0


def test_the_report_holds_the_figures_that_were_measured() -> None:
    evaluation = made_evaluation(
        np.ones(720), outcome_rows=(100, 300), alert_rows=((98, 100), (500, None))
    )

    numbers = json.loads(report_json(made_findings(evaluation)))["holdout"]

    assert numbers["outcomes"]["recall"] == 0.5
    assert numbers["outcomes"]["recall_by_chance"] == pytest.approx(0.005556, abs=1e-6)
    assert numbers["alerts"]["asked_per_day"] == 6.0
    assert numbers["alerts"]["false"] == 1
    assert [alert["fate"] for alert in numbers["alerts"]["first"]] == ["early", "nuisance"]
    assert [alert["cleared"] is None for alert in numbers["alerts"]["first"]] == [False, True]
    assert datetime.fromisoformat(numbers["span"][0]) == datetime(2026, 11, 1, tzinfo=UTC)


def test_an_alert_that_returns_is_told_from_another_one() -> None:
    alerts = json.loads(report_json(made_findings(with_a_return())))["holdout"]["alerts"]

    assert (alerts["raised"], alerts["distinct"], alerts["false"]) == (3, 2, 2)
    assert [alert["occurrence"] for alert in alerts["first"]] == [1, 2, 1]


@pytest.mark.parametrize(
    ("of_kind", "tile"),
    [
        ("rows labelled", ("Normal rows over the threshold", "0 %")),
        ("nothing happened", ("False alerts", "0")),
        ("no labels", ("Alerts", "1")),
    ],
)
def test_the_first_figure_does_not_flatter_a_short_recording(
    of_kind: str, tile: tuple[str, str]
) -> None:
    assert tiles(KINDS[of_kind])[0][:2] == tile


def test_labelled_stretches_are_told_by_how_many_had_an_alert() -> None:
    assert tiles(KINDS["rows labelled"])[1][:2] == ("Labelled stretches found", "100 %")


def test_a_phone_is_told_what_is_wider_and_scrolls_in_its_own_box() -> None:
    cards = re.findall(
        r'<(?:figure|div) class="card wide.*?</(?:figure|table)>', page_of("breaks"), re.DOTALL
    )
    wider = [card for card in cards if 'scope="col"' not in card or card.count('"col"') > 2]

    assert page_of("breaks").count("scroll it sideways") == len(wider)
    assert sum("<table" in card for card in wider) == 7
    assert all('class="scroll' in card and "scroll it sideways" in card for card in wider)
