"""Files between the house and a partner about differences: the list that goes out, and the answer that comes back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.expressions.parse import suggestion
from domain.issues import Issue, Location

LIST_COLUMNS = (
    "difference_id", "claim_id", "account_id", "kind", "what_differs", "what_helps", "claimed_on", "month", "paid_on",
    "claimed", "reference", "booked_on", "booked", "currency", "reply_by", "answer", "text",
)  # fmt: skip
ANSWER_COLUMNS = ("difference_id", "answer", "text")


class PartnerReply(StrEnum):
    """What a partner says of a difference; it decides nothing."""

    AGREED = "agreed"
    """The books are right."""
    DISPUTED = "disputed"
    """The claim is right; the text says why."""
    WITHDRAWN = "withdrawn"
    """The claim is taken back."""


@dataclass(frozen=True, slots=True)
class ReplyLine:
    difference_id: str
    answer: PartnerReply
    text: str


def read_reply(
    name: str, rows: Sequence[Sequence[str]], known: Collection[str]
) -> tuple[tuple[ReplyLine, ...], tuple[Issue, ...]]:
    """The answered lines of the file, or everything that is wrong with it; lines without an answer say nothing.

    STL030 a column is missing, STL031 no such difference, STL032 an answer that there is none of, STL033 a dispute
    without a text, STL034 a difference twice.
    """
    if not rows or any(column not in rows[0] for column in ANSWER_COLUMNS):
        message = f"its first row should name {', '.join(ANSWER_COLUMNS)}"
        return (), (Issue("STL030", Location(name, 1), message, "Answer in the list that was sent"),)
    place = {column: rows[0].index(column) for column in ANSWER_COLUMNS}
    found: list[ReplyLine] = []
    issues: list[Issue] = []
    for number, row in enumerate(rows[1:], start=2):
        named, answer, text = ((row[place[each]] if place[each] < len(row) else "").strip() for each in ANSWER_COLUMNS)
        if answer:
            wrong = tuple(_faults(Location(name, number), (named, answer, text), known, found))
            issues += wrong
            found += [] if wrong else [ReplyLine(named, PartnerReply(answer), text)]
    return tuple(found), tuple(issues)


def _faults(
    place: Location, line: tuple[str, str, str], known: Collection[str], before: Sequence[ReplyLine]
) -> Iterator[Issue]:
    named, answer, text = line
    if named not in known:
        yield Issue("STL031", place, f'no difference "{named}" was listed', "Keep the numbers of the list")
    if answer not in {each.value for each in PartnerReply}:
        hint = suggestion(answer, [each.value for each in PartnerReply]) or "Write agreed, disputed or withdrawn"
        yield Issue("STL032", place, f'no answer is called "{answer}"', hint)
    elif answer == PartnerReply.DISPUTED.value and not text:
        yield Issue("STL033", place, f"{named} is disputed without a text", "Say why, and what proves it")
    if any(each.difference_id == named for each in before):
        yield Issue("STL034", place, f"{named} is answered twice", "Answer it once")
