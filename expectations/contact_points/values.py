"""What a value of a contact point turned out to be, and how it is written once it is normalised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class ValueClass(StrEnum):
    """What a value is. Each value has exactly one class."""

    VALID = "valid"
    DEMO = "demo"  # of the demo book: no network gives out such numbers, no host has such a name
    EXTENSION = "extension"
    POSSIBLE = "possible"  # it has the length of a number, and belongs to no range that is given out
    SEVERAL = "several_values"
    WITH_TEXT = "with_text"  # a number among words, which may say whose it is
    PREMIUM = "premium"
    SERVICE = "service"  # a number of another kind than people have: toll-free, a company's, a pager
    EMERGENCY = "emergency"
    SHORT_CODE = "short_code"
    UNKNOWN_REGION = "unknown_region"  # written nationally, and no account says in which country
    NOT_A_NUMBER = "not_a_number"
    NOT_AN_EMAIL = "not_an_email"
    NOT_AN_ADDRESS = "not_an_address"


SOUND = (ValueClass.VALID, ValueClass.DEMO, ValueClass.EXTENSION)
USABLE = (*SOUND, ValueClass.POSSIBLE)

SEPARATOR = "; "


@dataclass(frozen=True, slots=True)
class Reading:
    """A value's class, and its normalised text: equal texts of one kind are the same number, mail or address.

    Several values in one field are joined by `SEPARATOR`. Whatever cannot be read keeps its words.
    """

    value_class: ValueClass
    normalised: str


def several(readings: Sequence[Reading]) -> Reading:
    """The reading of a field that holds these; a value that stands there twice counts once."""
    texts = tuple(dict.fromkeys(reading.normalised for reading in readings))
    return readings[0] if len(texts) == 1 else Reading(ValueClass.SEVERAL, SEPARATOR.join(texts))
