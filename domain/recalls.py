"""Why a placement ended, as a code: core systems, our dispatch and partners' files say it in words of their own."""

from __future__ import annotations

from enum import StrEnum


class RecallReason(StrEnum):
    TERM_ENDED = "term_ended"
    PAID_OFF = "paid_off"
    COMPLAINT = "complaint"
    LOW_ACTIVITY = "low_activity"
    BY_BANK = "by_bank"
    STANDING = "standing"
    REALLOCATED = "reallocated"
    LEFT_THE_BOOK = "left_the_book"
    OTHER = "other"


_WORDS = {
    "taken_back_by_the_bank": RecallReason.BY_BANK,
    "recalled_by_the_bank": RecallReason.BY_BANK,
    "no_activity": RecallReason.LOW_ACTIVITY,
    "paid": RecallReason.PAID_OFF,
    "term": RecallReason.TERM_ENDED,
    "left_book": RecallReason.LEFT_THE_BOOK,
}


def recall_code(text: str | None) -> RecallReason:
    """The code of what a core system says; of words that are no code, other.

    >>> [recall_code(text).value for text in ("term ended", "Paid off", "taken back by the bank", "moved away", None)]
    ['term_ended', 'paid_off', 'by_bank', 'other', 'other']
    """
    word = "_".join((text or "").lower().split())
    return RecallReason(word) if word in {*RecallReason} else _WORDS.get(word, RecallReason.OTHER)
