"""Who decides what about pay beside approving batches: returns, holds, adjustments, disputes, the end of a month.

Rules say it for each decision, by group, department and amount. Of what they leave unsaid, those decide who may approve
some step of the chain. Nobody decides about their own pay, and who has proposed or opened something does not settle it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import Field

from domain.issues import Issue, Location
from domain.rules import Placed, Rule
from incentives.approvers import Approvers, PayDecision, People, furthest, limits_shown, moves_shown


class About(StrEnum):
    BONUS = "bonus"
    FEE = "fee"
    MONTH = "month"


OF_MONTHS = frozenset({PayDecision.CLOSE, PayDecision.REOPEN})
OF_FEES = frozenset({PayDecision.DECIDE_CLAIM, PayDecision.CONFIRM_CLAIM, PayDecision.ACCEPT_INVOICE})


class Authority(Rule):
    """Who decides what about batches of a kind and their payees, or about months."""

    about: About
    """Bonus or fee: batches of this kind, and their payees; month: closing and reopening."""
    decisions: dict[PayDecision, tuple[Approvers, ...]] = Field(min_length=1)
    """Who may, by decision: any one of the groups named."""

    @property
    def unsaid(self) -> tuple[PayDecision, ...]:
        """Decisions about the same for which nobody is named."""
        return tuple(each for each in PayDecision if belongs(each, self.about) and each not in self.decisions)


def belongs(decision: PayDecision, about: About) -> bool:
    if decision in OF_FEES:
        return about is About.FEE
    return (decision in OF_MONTHS) is (about is About.MONTH)


@dataclass(frozen=True, slots=True)
class Matter:
    """What somebody wants to decide.

    `scope` is the department or partner, empty for a month; `moves_minor` what it is about of each currency; `payees`
    are those whose pay it decides about; `involved` says of others what they did in the matter, and may not settle.
    """

    decision: PayDecision
    by: str
    place: Location
    scope: str = ""
    moves_minor: Mapping[str, int] = field(default_factory=dict)
    payees: frozenset[str] = frozenset()
    involved: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entitled:
    """Who may decide something, and where that is said; `unsigned` names the rule that nobody has signed."""

    approvers: tuple[Approvers, ...]
    said_by: str
    unsigned: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether somebody may decide: whom they act for (themselves: empty), and everything that stands against it."""

    on_behalf_of: str
    refusals: tuple[Issue, ...]


def entitled(
    decision: PayDecision, authority: Placed[Authority] | None, by_chains: Mapping[str, tuple[Approvers, ...]]
) -> Entitled:
    """Who decides by the rule that holds; of what it does not say, those of the chains, each by its id.

    Months are not of one department, nor of an amount: there, of the chains those count who approve without limit.
    """
    said = authority.rule.decisions.get(decision) if authority else None
    if authority and said:
        return Entitled(said, f'the authorities "{authority.rule.id}" say so')
    everyone = tuple(each for approvers in by_chains.values() for each in approvers)
    if decision in OF_MONTHS:
        everyone = tuple(each for each in everyone if not each.scopes and not each.up_to)
    chains = ", ".join(f'"{name}"' for name in by_chains) or "there is none"
    return Entitled(everyone, f"no authorities say who may, so those of the chain do: {chains}")


def ruling(matter: Matter, may: Entitled, people: People) -> Ruling:
    """Whether the matter may be decided so. A payee may always open a dispute about their own pay.

    AUT001 not entitled, AUT002 above the limit, AUT003 one's own pay, AUT004 one's own doing, AUT005 an unsigned rule.
    """
    if matter.decision is PayDecision.OPEN_DISPUTE and _own(matter.by, matter, people):
        return Ruling("", ())
    acting_for = _acting_for(matter, may, people)
    found = (*_not_entitled(matter, acting_for or matter.by, may, people), *_not_impartial(matter, acting_for, people))
    return Ruling(acting_for, found)


def _acting_for(matter: Matter, may: Entitled, people: People) -> str:
    if _within(matter.by, matter, may, people):
        return ""
    principals = people.principals_of(matter.by, matter.decision)
    return next((each for each in principals if _within(each, matter, may, people)), "")


def _within(name: str, matter: Matter, may: Entitled, people: People) -> bool:
    return any(each.may_move(matter.moves_minor) for each in _groups_of(name, matter, may, people))


def _groups_of(name: str, matter: Matter, may: Entitled, people: People) -> tuple[Approvers, ...]:
    return tuple(each for each in may.approvers if each.are_for(matter.scope) and people.is_in(name, each.group))


def _not_entitled(matter: Matter, name: str, may: Entitled, people: People) -> Iterator[Issue]:
    what = f"{_VERBS[matter.decision]}{f' of {matter.scope}' if matter.scope else ''}"
    if may.unsigned:
        message = f'who may {what} is said by the authorities "{may.unsigned}", which nobody has signed'
        yield Issue("AUT005", matter.place, message, "Sign them: `recoup request`, and somebody else `recoup sign`")
        return
    mine = _groups_of(name, matter, may, people)
    able = [each for each in may.approvers if each.are_for(matter.scope) and each.may_move(matter.moves_minor)]
    if not mine:
        message = f"{name or 'somebody without a name'} may not {what}; {_named(able, people)} may"
        yield Issue("AUT001", matter.place, message, f"In incentives/approvals {may.said_by}")
    elif not any(each.may_move(matter.moves_minor) for each in mine):
        most, moves = limits_shown(furthest(mine).up_to), moves_shown(matter.moves_minor)
        message = f"{name} may {what} up to {most}; this is about {moves}"
        yield Issue("AUT002", matter.place, message, f"Above it: {_named(able, people)}")


def _not_impartial(matter: Matter, acting_for: str, people: People) -> Iterator[Issue]:
    for name in sorted({matter.by, acting_for} - {""}):
        shown = f"{name}, for whom {matter.by} acts," if name == acting_for else name
        if own := _own(name, matter, people):
            message = f"{shown} is paid by it, as {', '.join(own)}: nobody decides about their own pay"
            yield Issue("AUT003", matter.place, message, "Somebody else decides")
        if name in matter.involved:
            message = f"{shown} {matter.involved[name]}, and does not {_VERBS[matter.decision].partition(' ')[0]} it"
            yield Issue("AUT004", matter.place, message, "Somebody else decides")


def _own(name: str, matter: Matter, people: People) -> tuple[str, ...]:
    return tuple(sorted(matter.payees & {name, *people.employee_ids(name)}))


def _named(approvers: Iterable[Approvers], people: People) -> str:
    """The groups, and who is in them today."""
    groups = dict.fromkeys(each.group for each in approvers)
    return ", ".join(f"{group} ({', '.join(people.names_in(group)) or 'nobody'})" for group in groups) or "nobody"


_VERBS: Mapping[PayDecision, str] = {
    PayDecision.RETURN: "return a batch",
    PayDecision.HOLD: "hold a batch",
    PayDecision.RELEASE: "release a batch",
    PayDecision.HOLD_PAYEE: "hold a payee",
    PayDecision.RELEASE_PAYEE: "release a payee",
    PayDecision.PROPOSE_ADJUSTMENT: "propose an adjustment",
    PayDecision.APPROVE_ADJUSTMENT: "approve an adjustment",
    PayDecision.REJECT_ADJUSTMENT: "reject an adjustment",
    PayDecision.OPEN_DISPUTE: "open a dispute",
    PayDecision.ANSWER_DISPUTE: "answer a dispute",
    PayDecision.UPHOLD_DISPUTE: "uphold a dispute",
    PayDecision.REJECT_DISPUTE: "reject a dispute",
    PayDecision.DECIDE_CLAIM: "decide a difference",
    PayDecision.CONFIRM_CLAIM: "confirm a decision on a difference",
    PayDecision.ACCEPT_INVOICE: "decide an invoice",
    PayDecision.CLOSE: "close a month",
    PayDecision.REOPEN: "reopen a month",
}
