"""The report of a training run: one page for people, the same figures for programs.

``page`` (``layout``)
    what stands on the page: tiles, sentences and sections
``about_training``, ``about_scores``, ``about_alerts``, ``about_sensors``, ``about_codes``
    the sections, and ``about_head`` where there is one
``score_charts``, ``row_charts``, ``alert_charts``, ``sensor_charts``, ``code_charts``, ``heat``
    their charts
``style``
    how these look, and how they become SVG
``numbers`` (``figures``)
    the same as plain numbers
"""

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
