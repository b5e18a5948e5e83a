"""Signals as they are checked: their conditions, and that each can fire at somebody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from domain.catalogue import CATALOGUE, CHANNELS, PAYMENT_CHANNELS
from domain.documents import Document
from domain.expressions import Expression, ExprType, parse, scope_of_columns
from domain.expressions.parse import suggestion
from domain.issues import Issue, Location, Severity
from domain.rules import Placed, RuleKind, RuleVersion, decode_rules
from domain.signals import SubjectKind
from domain.tables import Column, Type
from kpi_rules.signals.language import AlikeBy, JustAboveTier, Signal, SplitPayments

SECTION = "signals"
FOLDER = "kpi_rules/signals"

_OUTCOMES = tuple(
    dict.fromkeys(
        (
            *CATALOGUE["contacts"]["outcome"].codes,
            *CATALOGUE["visits"]["outcome"].codes,
            *CATALOGUE["promises"]["state"].codes,
        )
    )
)
_OF_ACCOUNTS = ("product", "region", "originator", "days_past_due", "status", "hold", "jurisdiction")


def _columns() -> Iterator[Column]:
    yield Column("amount", Type.MONEY, "What was paid, promised or claimed.", required=False)
    yield Column("currency", Type.CODE, "Its currency.", required=False)
    yield Column("channel", Type.CODE, "Of a payment or contact.", required=False, codes=(*CHANNELS, *PAYMENT_CHANNELS))
    yield Column(
        "outcome", Type.CODE, "Of a contact or visit; the state of a promise.", required=False, codes=_OUTCOMES
    )
    yield Column("department_id", Type.ID, "Department of the employee on the day.", required=False)
    yield from (CATALOGUE["accounts"][name] for name in _OF_ACCOUNTS)


# What conditions of signals may name.
SIGNAL_COLUMNS: Mapping[str, Column] = MappingProxyType({column.name: column for column in _columns()})

_PAYMENTS = frozenset({"amount", "currency"})
_CALLS = frozenset({"channel", "outcome"})
# Which of the columns of its own rows a kind has; those of accounts and departments every kind has.
HAS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "paid_after_reassignment": frozenset(),
        **dict.fromkeys(("reversed_after_cut_off", "held_over"), _PAYMENTS),
        **dict.fromkeys(("split_payments", "just_above_tier", "never_placed", "rounded_claims"), _PAYMENTS),
        "cash_kept": _PAYMENTS | {"channel"},
        **dict.fromkeys(("travel_too_fast", "recorded_after_shift", "same_place"), frozenset({"outcome"})),
        **dict.fromkeys(("late_promises", "short_contacts"), _CALLS),
        **dict.fromkeys(("promise_after_payment", "kept_without_payment"), _PAYMENTS | {"outcome"}),
    }
)
_OWN = frozenset({"amount", "currency", "channel", "outcome"})
# Kinds that look at one kind of subject only, and why.
_ONLY: Mapping[str, tuple[SubjectKind, str]] = MappingProxyType(
    {
        **dict.fromkeys(("never_placed", "rounded_claims"), (SubjectKind.PARTNER, "claims are made by partners")),
        **dict.fromkeys(
            ("travel_too_fast", "recorded_after_shift"),
            (SubjectKind.EMPLOYEE, "a partner sends several people, and which of them is not known"),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class CheckedSignal:
    placed: Placed[Signal]
    where: Expression | None

    @property
    def rule(self) -> Signal:
        return self.placed.rule

    @property
    def version(self) -> RuleVersion:
        return self.placed.version


@dataclass(frozen=True, slots=True)
class SignalBook:
    """Every sound version of every signal; `on` gives those of a day."""

    signals: tuple[CheckedSignal, ...] = ()

    def on(self, day: date) -> tuple[CheckedSignal, ...]:
        return tuple(each for each in self.signals if each.rule.holds_on(day))

    def placed(self) -> Iterator[Placed[Signal]]:
        yield from (each.placed for each in self.signals)

    def strange_groups(self, known: Collection[str]) -> Iterator[Issue]:
        """Groups that may close cases, and that nobody has made."""
        for signal in self.signals:
            for number, group in enumerate(signal.rule.closing.groups):
                if group not in known:
                    place = signal.placed.place("closing", "groups", number)
                    hint = suggestion(group, known) or "Groups are made in incentives/approvals"
                    yield Issue("INT006", place, f'no group of approvers "{group}"', hint)

    def unwatched_tiers(self, cliffs: Iterable[tuple[str, str, Decimal, Location]]) -> Iterator[Issue]:
        """Amounts from which a policy or contract pays more at once (its id, currency, amount, place), and of which no
        signal of the kind knows; none where the house looks for none of it."""
        kinds = [signal.rule.looks_for for signal in self.signals]
        watched = [each for each in kinds if isinstance(each, JustAboveTier)]
        for policy, currency, start, place in cliffs if watched else ():
            if not any(start in each.boundaries.get(currency, ()) for each in watched):
                text = f"{policy} pays more at once from {start:f} {currency} on: no signal just_above_tier knows it"
                yield Issue("INT007", place, text, "Add it to the signal's boundaries", Severity.WARNING)


def decode_signals(documents: Iterable[Document]) -> tuple[SignalBook, tuple[Issue, ...]]:
    """All signals of the files, and all that is wrong with them.

    INT001 a file that holds something else, INT002 a column that the kind's rows do not have, INT003 subjects that the
    kind cannot tell, INT004 boundaries that are none or out of order; RUL0xx of the decoder, EXP0xx of conditions.
    """
    read = tuple(documents)
    placed, issues = decode_rules(read, SECTION, RuleKind.SIGNAL, Signal)
    checked: list[CheckedSignal] = []
    found: list[Issue] = [*_strangers(read), *issues]
    for each in sorted(placed, key=lambda one: (one.rule.id, one.rule.valid_from)):
        where, faults = _condition(each)
        faults = (*faults, *_misfits(each, where))
        found.extend(faults)
        if not faults:
            checked.append(CheckedSignal(each, where))
    return SignalBook(tuple(checked)), tuple(found)


def _strangers(documents: Iterable[Document]) -> Iterator[Issue]:
    for document in documents:
        for key in document.data if isinstance(document.data, dict) else ("",):
            if key != SECTION or not isinstance(document.data[key], list):
                place = document.place((key,) if key else ())
                yield Issue("INT001", place, f'found "{key}" in a file of signals', f'Write "{SECTION}:" and a list')


def _condition(placed: Placed[Signal]) -> tuple[Expression | None, tuple[Issue, ...]]:
    if placed.rule.where is None:
        return None, ()
    scope = scope_of_columns(SIGNAL_COLUMNS.values())
    return parse(placed.rule.where, scope, at=placed.place("where"), expect=ExprType.BOOL)


def _misfits(placed: Placed[Signal], where: Expression | None) -> Iterator[Issue]:
    kind = placed.rule.looks_for.kind
    missing = _OWN - HAS[kind]
    for name in sorted(missing & where.names) if where else ():
        yield Issue("INT002", placed.place("where"), f'rows of "{kind}" have no {name}', _has(kind))
    for number, alike in enumerate(placed.rule.alike):
        if alike in {AlikeBy.CURRENCY, AlikeBy.CHANNEL} and alike.value in missing:
            yield Issue("INT002", placed.place("alike", number), f'rows of "{kind}" have no {alike}', _has(kind))
    if kind in _ONLY and set(placed.rule.subjects) != {_ONLY[kind][0]}:
        only, why = _ONLY[kind]
        yield Issue("INT003", placed.place("subjects"), f'"{kind}" looks at each {only}: {why}', f"Write [{only}]")
    yield from _boundaries(placed)


def _has(kind: str) -> str:
    return f"They have {', '.join(sorted(HAS[kind] | {*_OF_ACCOUNTS, 'department_id'}))}"


def _boundaries(placed: Placed[Signal]) -> Iterator[Issue]:
    looks_for = placed.rule.looks_for
    if not isinstance(looks_for, SplitPayments | JustAboveTier):
        return
    for currency, amounts in looks_for.boundaries.items():
        place = placed.place("looks_for", "boundaries", currency)
        if not amounts or any(each <= Decimal(0) for each in amounts) or list(amounts) != sorted(set(amounts)):
            yield Issue("INT004", place, "boundaries are amounts above 0, each once, the lowest first", "Sort them")
    if isinstance(looks_for, JustAboveTier):
        for currency in sorted({*looks_for.boundaries} - {*looks_for.small}):
            place = placed.place("looks_for", "small")
            yield Issue("INT004", place, f"nothing says what a small payment in {currency} is", f"Add {currency}")
