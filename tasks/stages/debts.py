"""What payees owe in departments that do not pay them: found every month, and moved by decision to one that does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from domain.money import from_minor
from domain.periods import Period
from incentives.batches import BatchPhase
from incentives.ledger import CARRIED, MOVED, BatchKind, LedgerKey, nets, scope_of
from incentives.settlement import Account, OpenMonth, owes
from tasks.stages.month_end import Frozen, opened_for
from tasks.stages.settling import approved_moves, open_months


@dataclass(frozen=True, slots=True)
class DebtElsewhere:
    """What a payee owes where nothing is paid to them this month; `paid_by` are departments that pay them in this
    currency, `otherwise` those that pay them in another one alone."""

    payee: str
    scope: str
    amount: Decimal
    currency: str
    paid_by: tuple[str, ...]
    otherwise: tuple[str, ...] = ()

    def told(self, period: Period) -> str:
        """In a line, with what to type."""
        owes = f"OWE001 {self.payee} owes {self.amount:,f} {self.currency} in {self.scope}, which does not pay them now"
        if not self.paid_by:
            return f"{owes}; {', '.join(self.otherwise)} does, in another currency: nothing can be deducted there"
        batch = f"{BatchKind.BONUS.value}-{period}-{self.paid_by[0]}"
        command = f"recoup adjustments move {batch} --payee {self.payee} --from {self.scope} --currency {self.currency}"
        return f"{owes}; {', '.join(self.paid_by)} does. To deduct it there: `{command} --by NAME --reason …`"


@dataclass(frozen=True, slots=True)
class HalfMoved:
    """A debt that one department has credited, and the other has not taken up yet: nobody deducts it now."""

    adjustment_id: str
    payee: str
    period: Period
    source: str
    target: str
    amount: Decimal
    currency: str

    @property
    def told(self) -> str:
        return (
            f"OWE002 {self.adjustment_id}: {self.amount:,f} {self.currency} of {self.payee} is credited in "
            f"{self.source}, and not taken up in {self.target}: prepare {self.period} again, and publish its batch "
            f"of {self.target}"
        )


def debts_elsewhere(connection: sa.Connection, period: Period, batches: Iterable[Frozen]) -> tuple[DebtElsewhere, ...]:
    """As the open month of `period` will be once `batches`, those of the month that stand, are posted; of bonuses."""
    months = open_months(connection, BatchKind.BONUS, opened_for(connection, period))
    owed, pays = _as_posted(months, [each for each in batches if each.batch.kind is BatchKind.BONUS])
    found: list[DebtElsewhere] = []
    for (scope, (payee, currency)), minor in sorted(owed.items()):
        if minor <= 0 or pays[scope, (payee, currency)] > 0:
            continue
        others = [(name, paid) for (name, (who, paid)), amount in sorted(pays.items()) if who == payee and amount > 0]
        same = tuple(name for name, paid in others if paid == currency and name != scope)
        otherwise = tuple(sorted({name for name, paid in others if paid != currency}))
        if same or otherwise:
            found.append(DebtElsewhere(payee, scope, from_minor(minor, currency), currency, same, otherwise))
    return tuple(found)


def owed_of(connection: sa.Connection, period: Period, payee: str) -> dict[tuple[str, str], int]:
    """What the payee owes by the ledger as it stands, by department and currency, in minor units."""
    months = open_months(connection, BatchKind.BONUS, opened_for(connection, period))
    return {
        (scope, currency): minor
        for scope, month in months.items()
        for (who, currency), minor in sorted(month.owed_now.items())
        if who == payee and minor > 0
    }


def half_moved(connection: sa.Connection) -> tuple[HalfMoved, ...]:
    """Moves of every month of which the second half is not posted yet."""
    return tuple(
        HalfMoved(
            each.adjustment_id,
            each.payee,
            Period.parse(each.adjustment_id[:7]),
            each.source,
            each.target,
            from_minor(each.credited - each.taken_up, each.currency),
            each.currency,
        )
        for each in approved_moves(connection, BatchKind.BONUS)
        if each.credited > each.taken_up
    )


_Amounts = dict[tuple[str, Account], int]


def _as_posted(months: dict[str, OpenMonth], batches: Iterable[Frozen]) -> tuple[_Amounts, _Amounts]:
    """By department, payee and currency: what will be owed, and what is paid in the open month."""
    owed: Counter[tuple[str, Account]] = Counter()
    of_month: dict[str, list[tuple[LedgerKey, int]]] = defaultdict(list)
    for scope, month in months.items():
        owed.update({(scope, account): minor for account, minor in month.owed_now.items()})
        of_month[scope] += month.posted.items()
    for key, amount in _waiting(batches):
        if owes(key):
            owed[scope_of(key), (key.payee, key.currency)] += amount if key.sort == CARRIED else 0
        else:
            of_month[scope_of(key)].append((key, amount))
    pays: Counter[tuple[str, Account]] = Counter()
    for scope, amounts in of_month.items():
        for key, net in nets(amounts).items():
            pays[scope, (key.payee, key.currency)] += net if net > 0 and key.sort != MOVED else 0
    return owed, pays


def _waiting(batches: Iterable[Frozen]) -> Iterator[tuple[LedgerKey, int]]:
    """What batches post that are neither over nor published."""
    for each in batches:
        if each.state.phase not in {BatchPhase.PUBLISHED, BatchPhase.VOID, BatchPhase.RETURNED}:
            yield from ((posting.key, posting.amount_minor) for posting in each.postings)
