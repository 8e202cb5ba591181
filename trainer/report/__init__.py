"""The report of a training run: one page for people, the same figures for programs."""

from importlib import resources

import jinja2
import msgspec

from trainer.findings import Findings
from trainer.report.numbers import numbers
from trainer.report.page import page

__all__ = ["Findings", "report_html", "report_json"]


def report_html(findings: Findings) -> bytes:
    """Write the page: one file that asks for no other. The same findings give the same bytes."""
    source = resources.files("trainer.report").joinpath("page.html.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source).render(page(findings)._asdict()).encode()


def report_json(findings: Findings) -> bytes:
    """Write the figures; what is not known is null, never NaN."""
    return msgspec.json.format(msgspec.json.encode(numbers(findings)), indent=1) + b"\n"
