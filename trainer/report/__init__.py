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
    template = resources.files("trainer.report").joinpath("page.html.jinja")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = environment.from_string(template.read_text(encoding="utf-8"))
    return source.render(page(findings)._asdict()).encode()


def report_json(findings: Findings) -> bytes:
    """Write the figures; what is not known is null, never NaN."""
    return msgspec.json.format(msgspec.json.encode(numbers(findings)), indent=1) + b"\n"
