"""What a batch's settlement reads from the store: the open month, holds, approved adjustments, disputes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.store.actions import read_actions
from adapters.store.ledger import PostedKey, posted_into, sums_of_sort
from adapters.store.settlements import adjustments_of, cases_of, holds_of
from domain.actions import Action, ActionState
from domain.periods import Period
from incentives.chains import PayTerms
from incentives.ledger import CARRIED, MOVED, RECEIVABLE, BatchKind, LedgerKey, scope_of
from incentives.settlement import Account, Adjustment, Hold, Move, OpenMonth, owes

DISPUTE = "dispute"
UPHELD = "upheld"


@dataclass(frozen=True, slots=True)
class Case:
    """A dispute about a line: the action that carries it, the line, and the adjustment that settled it, if any.

    `opened_by` are who opened it and whom they acted for; none of them where it was opened before that was recorded.
    """

    action: Action
    batch: str
    kind: BatchKind
    scope: str
    period: Period
    payee: str
    component: str
    settled_by: str = ""
    opened_by: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.action.state is ActionState.OPEN

    @property
    def is_upheld(self) -> bool:
        return self.action.outcome.startswith(UPHELD)


def ledger_key(key: PostedKey) -> LedgerKey:
    return LedgerKey(BatchKind(key.batch_kind), key.payee, key.component, Period.parse(key.origin_period), key.currency)


def open_months(connection: sa.Connection, kind: BatchKind, into: Period) -> dict[str, OpenMonth]:
    """The month that is open, by department or partner; of one that is not named nothing was posted or carried."""
    posted: dict[str, dict[LedgerKey, int]] = defaultdict(dict)
    before, now, receivable = (defaultdict[str, Counter[Account]](Counter) for _ in range(3))
    opened, by_month = defaultdict[str, Counter[Account]](Counter), defaultdict[tuple[str, Account, Period], int](int)
    for key, amount in posted_into(connection, kind.value, str(into)).items():
        named = ledger_key(key)
        if not owes(named):
            posted[scope_of(named)][named] = amount
    for sort, row in _owed(connection, kind):
        owed = LedgerKey(kind, row.payee, row.component, into, row.currency)
        scope = scope_of(owed)
        account, posted_in = (row.payee, row.currency), Period.parse(row.posting_period)
        if sort == CARRIED:
            now[scope][account] += row.amount_minor
            before[scope][account] += row.amount_minor if posted_in < into else 0
            if owed.is_opening:
                opened[scope][account] += row.amount_minor
            elif posted_in < into:
                by_month[scope, account, posted_in] += row.amount_minor
        elif posted_in == into:
            receivable[scope][account] += row.amount_minor
    scopes = {*posted, *now, *receivable}
    for (scope, account, _), carried in by_month.items():
        opened[scope][account] += min(carried, 0)
    return {
        scope: OpenMonth(posted[scope], before[scope], now[scope], receivable[scope], +opened[scope])
        for scope in sorted(scopes)
    }


def _owed(connection: sa.Connection, kind: BatchKind) -> Iterator[tuple[str, sa.Row[Any]]]:
    for sort in (CARRIED, RECEIVABLE):
        yield from ((sort, row) for row in sums_of_sort(connection, kind.value, sort))


def holds_in_force(
    connection: sa.Connection, kind: BatchKind, period: Period, terms: PayTerms, on: date
) -> dict[str, tuple[Hold, ...]]:
    """Who is held on a day, by department or partner: by decision, and by cases where the terms of pay say so."""
    found: dict[str, list[Hold]] = defaultdict(list)
    last = {(row.scope, row.payee): row for row in holds_of(connection, kind.value, str(period))}
    for (scope, payee), row in sorted(last.items()):
        if row.decision == "held" and (row.until is None or on < row.until):
            found[scope].append(Hold(payee, "", row.by_name, row.reason, until=row.until))
    for case in read_cases(connection, kind, period):
        if reason := _holding(case, terms):
            found[case.scope].append(Hold(case.payee, case.component, case.action.action_id, reason, is_case=True))
    return {scope: tuple(holds) for scope, holds in found.items()}


def approved_adjustments(
    connection: sa.Connection, kind: BatchKind, period: Period
) -> dict[str, tuple[Adjustment, ...]]:
    found: dict[str, list[Adjustment]] = defaultdict(list)
    for row in adjustments_of(connection, kind=kind.value, period=str(period)):
        if row.decision == "approved" and not row.moved_from:
            found[row.scope].append(
                Adjustment(
                    row.adjustment_id,
                    row.payee,
                    row.currency,
                    row.amount_minor,
                    row.reason,
                    row.proposed_by,
                    row.decided_by,
                    row.case_id or "",
                )
            )
    return {scope: tuple(every) for scope, every in found.items()}


def approved_moves(connection: sa.Connection, kind: BatchKind, period: Period | None = None) -> tuple[Move, ...]:
    """Debts that are moved by decision, of one month or of all, with what the ledger has credited of each so far."""
    rows = [row for row in adjustments_of(connection, kind=kind.value, period=str(period or "")) if row.moved_from]
    posted = _posted_of_moves(connection, kind) if rows else {}
    return tuple(
        Move(
            row.adjustment_id,
            row.payee,
            row.currency,
            row.amount_minor,
            row.moved_from,
            row.scope,
            row.reason,
            row.proposed_by,
            row.decided_by,
            posted.get((row.adjustment_id, row.moved_from), 0),
            -posted.get((row.adjustment_id, row.scope), 0),
        )
        for row in rows
        if row.decision == "approved"
    )


def _posted_of_moves(connection: sa.Connection, kind: BatchKind) -> Counter[tuple[str, str]]:
    """By adjustment and department: above zero what was credited, below it what was taken up."""
    found: Counter[tuple[str, str]] = Counter()
    for row in sums_of_sort(connection, kind.value, MOVED):
        name, _, scope = row.component.partition("/")[2].partition(":")
        found[name, scope] += row.amount_minor
    return found


def read_cases(
    connection: sa.Connection, kind: BatchKind | None = None, period: Period | None = None
) -> tuple[Case, ...]:
    """Disputes, by their ids."""
    rows = cases_of(connection, kind=kind.value if kind else "", period=str(period or ""))
    if not rows:
        return ()
    actions = {action.action_id: action for action in read_actions(connection, source=DISPUTE)}
    settled = dict(_settled(connection))
    return tuple(
        Case(
            actions[row.action_id],
            row.batch_id,
            BatchKind(row.kind),
            row.scope,
            Period.parse(row.period),
            row.payee,
            row.component,
            settled.get(row.action_id, ""),
            tuple(name for name in (row.opened_by, row.on_behalf_of) if name),
        )
        for row in rows
    )


def _settled(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """Cases with the approved adjustment that names them."""
    for row in adjustments_of(connection):
        if row.case_id and row.decision == "approved":
            yield row.case_id, row.adjustment_id


def _holding(case: Case, terms: PayTerms) -> str:
    if case.is_open:
        return "a dispute is open" if terms.open_cases == "hold" else ""
    if case.is_upheld and not case.settled_by:
        return "a dispute was upheld, and its adjustment is not approved" if terms.upheld_cases == "hold" else ""
    return ""
