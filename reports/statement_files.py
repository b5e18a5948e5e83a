"""A statement as a page and as a PDF. Equal statements give equal bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import Any

from domain.ids import canonical_json
from domain.issues import Issue, Location
from reports.languages import Language
from reports.pages import render
from reports.statement import Content, Statement, statement_content
from reports.typesetting import fonts, typeset

# Latin and Vietnamese letters come with Typst; Chinese ones are the system's.
_OF_THE_WHEEL = ("Libertinus Serif", "DejaVu Sans Mono")
CHINESE_FONTS = ("Noto Sans CJK SC", "Noto Serif CJK SC")


WORKERS = 2  # threads that make PDFs: Typst leaves the interpreter to others meanwhile


@dataclass(frozen=True, slots=True)
class StatementFiles:
    page: str
    pdf: bytes


def statement_files(statements: Iterable[Statement], language: Language) -> Iterator[StatementFiles]:
    """Page and PDF of each statement, in their order. Ask `missing_fonts` first."""
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(partial(_files, language=language), statements)


def statement_page(statement: Statement, language: Language) -> str:
    return _page(statement_content(statement, language), language)


def statement_pdf(statement: Statement, language: Language) -> bytes:
    """The PDF, tagged for readers' aids, with a pinned date of creation."""
    return _pdf(statement_content(statement, language), language)


def _files(statement: Statement, language: Language) -> StatementFiles:
    content = statement_content(statement, language)
    return StatementFiles(_page(content, language), _pdf(content, language))


def _page(content: Content, language: Language) -> str:
    return render("statement.html.j2", language, content=content, book_label=content.label)


def _pdf(content: Content, language: Language) -> bytes:
    return typeset("statement.typ", {"content": canonical_json(_plain(content, language))})


def missing_fonts(language: Language, families: frozenset[str] | None = None) -> tuple[Issue, ...]:
    """STM001 where the language's letters would be printed as empty boxes; `families` are the fonts that there are."""
    known = _families() if families is None else families
    if language is not Language.CHINESE or not known.isdisjoint(CHINESE_FONTS):
        return ()
    message = f"PDFs in Chinese need the font {' or '.join(CHINESE_FONTS)}, and this machine has none"
    return (Issue("STM001", Location("fonts"), message, "On Debian: apt-get install fonts-noto-cjk; pages need none"),)


def _plain(content: Content, language: Language) -> dict[str, Any]:
    return {**asdict(content), "language": language.value, "fonts": list(fonts_of())}


def fonts_of() -> tuple[str, ...]:
    """Those that documents are set in, of those that this machine has."""
    return (*_OF_THE_WHEEL[:1], *(font for font in CHINESE_FONTS if font in _families()))


@cache
def _families() -> frozenset[str]:
    return frozenset(fonts().families())
