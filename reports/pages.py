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


def render(template: str, language: Language, *, book_label: str, **content: Any) -> str:
    """The page of the template; `f` in it is the language's `Formats`, `_` its translations.

    `book_label` stands on top of the page, and at the foot of every sheet that is printed from it.
    """
    page = _environment(language).get_template(template)
    return page.render(content, book_label=book_label, printed_label=_style_string(book_label))


def _style_string(text: str) -> Markup:
    """A string of a style sheet, in which every character that is no plain letter or digit is escaped by its number."""
    escaped = (each if each.isascii() and each.isalnum() else f"\\{ord(each):x} " for each in text)
    return Markup(f'"{"".join(escaped)}"')  # noqa: S704 - nothing in it can end the string


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
