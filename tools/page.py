"""Pages of HTML from templates/: the engine escapes whatever comes from outside."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(name: str, **values) -> str:
    """Fill a template; a value that is missing is an error."""
    return TEMPLATES.get_template(name).render(values)


def macro(name: str):
    """Return a macro of parts.html.j2: it makes one piece of a page.

    >>> str(macro("marked")([("", "a < b")]))
    'a &lt; b'
    """
    return getattr(TEMPLATES.get_template("parts.html.j2").module, name)
