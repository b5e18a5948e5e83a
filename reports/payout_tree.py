"""A payout as a tree, as it is printed, and as a page whose branches open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.ids import Digest, RunId, short
from domain.records import Outcome
from reports.languages import Language, words_of
from reports.marks import outcome_mark
from reports.pages import render


@dataclass(frozen=True, slots=True)
class Node:
    """One value: its name, what it is, how it was made, the rule line that made it, and what it was made of.

    `untied` says what of the value is not what was found again, and is empty where it is.
    """

    name: str
    kind: str
    value: str
    note: str = ""
    line: str = ""
    children: tuple[Node, ...] = ()
    untied: tuple[str, ...] = ()

    def untied_below(self) -> Iterator[str]:
        """What does not tie in the whole branch."""
        yield from self.untied
        for child in self.children:
            yield from child.untied_below()


@dataclass(frozen=True, slots=True)
class PayoutExplanation:
    """One line of a payee: `tree` has a root for each part of the line.

    `run` is the month-end that calculated it, `night` the night whose figures it pays; `differing` says what does not
    come out again, and is empty where all of it does.
    """

    payee: str
    component: str
    period: str
    currency: str
    amount: Decimal
    run: RunId
    night: RunId
    rule: Digest
    tree: tuple[Node, ...]
    differing: tuple[str, ...]


def payout_page(explanations: Sequence[PayoutExplanation], language: Language, book_label: str) -> str:
    """One payee's lines, each as a tree; nobody else is on the page."""
    gettext = words_of(language).gettext
    sound = not any(each.differing for each in explanations)
    headline = gettext("Every figure comes out again") if sound else gettext("Not every figure comes out again")
    return render(
        "payout_tree.html.j2",
        language,
        book_label=book_label,
        explanations=[(each, short(each.run), short(each.night)) for each in explanations],
        payee=explanations[0].payee,
        period=explanations[0].period,
        mark=outcome_mark(Outcome.PASS if sound else Outcome.HALT, language),
        headline=headline,
    )
