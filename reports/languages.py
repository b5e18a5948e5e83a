"""The languages of pages and workbooks: English is written in the code, the others are catalogues beside it."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

MESSAGES = Path(__file__).parent / "messages"


class Language(StrEnum):
    ENGLISH = "en"
    VIETNAMESE = "vi"
    CHINESE = "zh"

    @property
    def locale(self) -> Locale:
        """English is written as people in Asia read it: the day before the month."""
        return Locale.parse({"en": "en_GB", "vi": "vi", "zh": "zh_Hans_CN"}[self.value])


@cache
def words_of(language: Language) -> NullTranslations:
    """The catalogue of the language; what is not in it stays English."""
    if language is Language.ENGLISH:
        return NullTranslations()
    with (MESSAGES / f"{language.value}.po").open("rb") as file:
        catalogue = read_po(file, locale=language.locale)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def message(text: str) -> str:
    """Marks a text that is translated later, where it is shown; extraction finds it by this call."""
    return text
