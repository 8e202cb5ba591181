"""Templates to HTML. Whatever is written into one is shown as text, markup and all."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def render(template: str, **values: object) -> str:
    """Fill in a template.

    Examples
    --------
    >>> "&lt;b&gt;" in render("sign_in.html", wanted="/", fault="<b>", action="/")
    True
    """
    return _TEMPLATES.get_template(template).render(values)
