"""Telephone numbers: E.164 by the jurisdiction of the debt, and why a text is no number that a person can be called at.

Source: the metadata of libphonenumber, by the `phonenumbers` library; nothing is asked over a network.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from expectations.contact_points.values import Reading, ValueClass, several


class NumberType(StrEnum):
    """Kinds of numbers that numbering plans tell apart, and that are nobody's own telephone."""

    PREMIUM_RATE = "premium_rate"
    TOLL_FREE = "toll_free"
    SHARED_COST = "shared_cost"
    UNIVERSAL_ACCESS = "universal_access"
    PAGER = "pager"
    VOICEMAIL = "voicemail"


_TYPES = {
    PhoneNumberType.PREMIUM_RATE: NumberType.PREMIUM_RATE,
    PhoneNumberType.TOLL_FREE: NumberType.TOLL_FREE,
    PhoneNumberType.SHARED_COST: NumberType.SHARED_COST,
    PhoneNumberType.UAN: NumberType.UNIVERSAL_ACCESS,
    PhoneNumberType.PAGER: NumberType.PAGER,
    PhoneNumberType.VOICEMAIL: NumberType.VOICEMAIL,
}

_SHORT = 6  # digits that a short code or an extension has at most

# Marks between numbers that never stand within one, and marks that may do both.
_BETWEEN = re.compile(r"(?:;(?!ext=)|[,|、&\n])+|\b(?:or|and|hoặc|và)\b|或|和")
_PERHAPS_BETWEEN = re.compile(r"\s*/\s*|\s+-+\s+|\s+")

_EXTENSION_WORDS = re.compile(r"máy lẻ|nội bộ|nhánh|分机|分機|內線|内线|转|轉", re.IGNORECASE)
_EXTENSION = re.compile(r"[\s;,.]*(?:extension|extn|ext|x)[\s.:=#]*[0-9]{1,6}#?$", re.IGNORECASE)
_MADE_A_FRACTION = re.compile(r"^(\+?[0-9]+)\.0+$")  # by a spreadsheet that took the number for a quantity


def read_number(
    value: str, jurisdiction: str, refused: frozenset[NumberType], demo_prefixes: tuple[str, ...] = ()
) -> Reading:
    """The class of the text, and its E.164 form where it has one; an extension follows as `;ext=`.

    `jurisdiction` is the ISO code of the country whose national form is read, or empty if it is not known. Numbers that
    begin with one of `demo_prefixes` (international form) are `demo`. A normalised text reads as itself.

    >>> [read_number(text, "VN", frozenset()).normalised for text in ("0912 345 678", "024.3825.1234 ext 5")]
    ['+84912345678', '+842438251234;ext=5']
    """
    text = _plain(value)
    compact = re.sub(r"[\s().-]", "", text)
    if demo_prefixes and compact.startswith(demo_prefixes) and compact[1:].isdecimal():
        return Reading(ValueClass.DEMO, compact)
    parts = _parts(_BETWEEN, text, jurisdiction)
    if len(parts) > 1:
        return several([_classified(part, refused) for part in parts])
    if _has_words(text):
        return _among_words(text, jurisdiction)
    number = _parsed(text, jurisdiction)
    if number is not None and _is_short(number, text):
        return Reading(_class_of_short(number, compact, jurisdiction), text)
    if number is None or not _may_be_dialled(number):
        return _unreadable(text, jurisdiction, refused)
    return _classified(number, refused)


def _plain(value: str) -> str:
    """Plain digits and marks; without the invisible characters and the apostrophe that spreadsheets leave behind."""
    wide = unicodedata.normalize("NFKC", value)
    visible = "".join(character for character in wide if unicodedata.category(character) != "Cf")
    text = _EXTENSION_WORDS.sub(" ext ", " ".join(visible.split()).lstrip("' "))
    return _MADE_A_FRACTION.sub(r"\1", " ".join(text.split()))


def _has_words(text: str) -> bool:
    return any(character.isalpha() for character in _EXTENSION.sub("", text))


def _parsed(text: str, jurisdiction: str) -> PhoneNumber | None:
    """The number that the text says; a second number behind the first is no extension of it."""
    try:
        number = phonenumbers.parse(text, jurisdiction or None)
    except phonenumbers.NumberParseException:
        return None
    return None if len(number.extension or "") > _SHORT else number


def _may_be_dialled(number: PhoneNumber) -> bool:
    """Whether it has a length that numbers of its country have, area code included, and can be written down.

    Of a number in no known range the trunk zeros are a guess: if its E.164 form reads as another number, it is none.
    """
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return False
    known = phonenumbers.number_type(number) != PhoneNumberType.UNKNOWN
    return known or _written(_parsed(_written(number), "") or number) == _written(number)


def _parts(between: re.Pattern[str], text: str, jurisdiction: str) -> list[PhoneNumber]:
    """The numbers that the text falls into, if every piece of it is one; else none."""
    pieces = [piece for piece in between.split(text) if piece.strip()]
    if len(pieces) < 2 or any(map(_has_words, pieces)):
        return []
    numbers = [_parsed(piece, jurisdiction) for piece in pieces]
    found = [number for number in numbers if number is not None and _may_be_dialled(number)]
    return found if len(found) == len(pieces) else []


def _classified(number: PhoneNumber, refused: frozenset[NumberType]) -> Reading:
    found = phonenumbers.number_type(number)
    if _TYPES.get(found) in refused:
        premium = found == PhoneNumberType.PREMIUM_RATE
        return Reading(ValueClass.PREMIUM if premium else ValueClass.SERVICE, _written(number))
    if found == PhoneNumberType.UNKNOWN:
        return Reading(ValueClass.POSSIBLE, _written(number))
    return Reading(ValueClass.EXTENSION if number.extension else ValueClass.VALID, _written(number))


def _written(number: PhoneNumber) -> str:
    """E.164, which has no extensions; one is added as RFC 3966 does."""
    plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{plain};ext={number.extension}" if number.extension else plain


def _is_short(number: PhoneNumber, text: str) -> bool:
    return not text.startswith("+") and len(str(number.national_number)) <= _SHORT


def _class_of_short(number: PhoneNumber, dialled: str, jurisdiction: str) -> ValueClass:
    if jurisdiction and phonenumbers.is_emergency_number(dialled, jurisdiction):
        return ValueClass.EMERGENCY
    if jurisdiction and phonenumbers.is_valid_short_number_for_region(number, jurisdiction):
        return ValueClass.SHORT_CODE
    return ValueClass.NOT_A_NUMBER


def _unreadable(text: str, jurisdiction: str, refused: frozenset[NumberType]) -> Reading:
    parts = _parts(_PERHAPS_BETWEEN, text, jurisdiction)
    if parts:
        return several([_classified(part, refused) for part in parts])
    national = not jurisdiction and not text.startswith("+") and re.search(r"[0-9]{6}", re.sub(r"\D", "", text))
    return Reading(ValueClass.UNKNOWN_REGION if national else ValueClass.NOT_A_NUMBER, text)


def _among_words(text: str, jurisdiction: str) -> Reading:
    """Words stay: they may say that the number is a neighbour's."""
    found = dict.fromkeys(_found_in(text, jurisdiction))
    if len(found) > 1:
        return Reading(ValueClass.SEVERAL, text)
    return Reading(ValueClass.WITH_TEXT if found else ValueClass.NOT_A_NUMBER, text)


def _found_in(text: str, jurisdiction: str) -> Iterator[str]:
    return (_written(match.number) for match in phonenumbers.PhoneNumberMatcher(text, jurisdiction or None))
