"""The catalogues hold exactly the texts that code and templates say, with the same places for values."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

import reports
from incentives.claims.kinds import ABOUT
from reports.languages import MESSAGES, Language

REPORTS = Path(reports.__file__).parent
KEYWORDS = {**DEFAULT_KEYWORDS, "message": None}
TRANSLATED = [language for language in Language if language is not Language.ENGLISH]


def texts_said() -> set[str | tuple[str, ...]]:
    return set(texts_of_code()) | set(texts_of_templates()) | set(texts_of_kinds())


def texts_of_code() -> Iterator[str | tuple[str, ...]]:
    for path in sorted(REPORTS.glob("*.py")):
        for _, text, _, _ in extract("python", BytesIO(path.read_bytes()), keywords=KEYWORDS):
            yield text


def texts_of_templates() -> Iterator[str | tuple[str, ...]]:
    options = {"trim_blocks": "true", "lstrip_blocks": "true"}
    for path in sorted(REPORTS.glob("templates/*.j2")):
        for _, _, text, _ in babel_extract(BytesIO(path.read_bytes()), DEFAULT_KEYWORDS, [], options):
            yield text if isinstance(text, str) else _without_values(text)


def texts_of_kinds() -> Iterator[str]:
    """What the statement for a partner says of each kind of difference."""
    for about in ABOUT.values():
        yield from (about.text, about.remedy)


def _without_values(parts: tuple[str | None, ...]) -> str | tuple[str, ...]:
    texts = tuple(part for part in parts if part)
    return texts[0] if len(texts) == 1 else texts


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_missing_and_nothing_is_left_over(language):
    with (MESSAGES / f"{language.value}.po").open("rb") as file:
        known = {entry.id for entry in read_po(file, locale=language.locale, abort_invalid=True) if entry.id}
    said = texts_said()
    assert known - said == set(), "no longer said"
    assert said - known == set(), "not translated"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_with_the_same_values_in_it(language):
    with (MESSAGES / f"{language.value}.po").open("rb") as file:
        entries = [entry for entry in read_po(file, locale=language.locale) if entry.id]
    for entry in entries:
        english = entry.id if isinstance(entry.id, str) else entry.id[-1]
        translated = entry.string if isinstance(entry.string, str) else entry.string[0]
        assert translated, f"{english!r} is not translated"
        assert values_in(translated) == values_in(english), english


def values_in(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|%%", text))


@pytest.mark.parametrize("path", sorted(REPORTS.glob("templates/*.j2")), ids=lambda path: path.name)
def test_templates_translate_only_texts_of_their_own(path):
    """What `_` returns is not escaped, so that text from outside must never pass through it."""
    template = path.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])(?:_|gettext|ngettext)\((?![\"'])", template) == []
