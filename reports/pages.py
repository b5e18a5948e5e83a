"""How a page is made: one file that needs nothing beside it, in which every text from outside is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.formats import Formats
from reports.languages import Language, words_of

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, language: Language, **content: Any) -> str:
    """The page of the template; `f` in it is the language's `Formats`, `_` its translations."""
    return _environment(language).get_template(template).render(content)


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
    )
    words = words_of(language)
    environment.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(f=Formats(language), language=language.value, style=_style())
    return environment


def _style() -> Markup:
    return Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))  # noqa: S704 - a file of our own
