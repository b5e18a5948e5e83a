"""Whether other policies may be put into force: a simulation held against what a manager allows.

What cannot be judged does not pass: figures that no month has measured, or payees whom only the old policies pay,
would make the new ones look cheap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from domain.ids import canonical_decimal
from domain.money import CONTEXT
from incentives.pay_compared import ZERO, PayCompared, Total


@dataclass(frozen=True, slots=True)
class Allowed:
    """`at_most` is the percentage by which everything may be dearer in each currency; None asks nothing."""

    at_most: Decimal | None = None
    within_budget: bool = False

    def __bool__(self) -> bool:
        return self.at_most is not None or self.within_budget


def broken(found: PayCompared, allowed: Allowed) -> tuple[str, ...]:
    """Everything that keeps the new policies from passing, each with its code; nothing where nothing is asked."""
    if not allowed:
        return ()
    dearer = () if allowed.at_most is None else _dearer(found.totals, allowed.at_most)
    over = _over_budget(found) if allowed.within_budget else ()
    return (*dearer, *over, *_not_judged(found))


def _dearer(totals: tuple[Total, ...], at_most: Decimal) -> Iterator[str]:
    for total in totals:
        old, new = total.cost.old, total.cost.new
        most = CONTEXT.add(old, CONTEXT.divide(CONTEXT.multiply(abs(old), at_most), Decimal(100)))
        if new > most:
            allowed = f"at most {canonical_decimal(at_most)} % dearer is allowed, {_number(most)}"
            yield f"SIM010 the new policies cost {_number(new)} {total.currency}, the old {_number(old)}: {allowed}"


def _over_budget(found: PayCompared) -> Iterator[str]:
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for each in found.costs:
        if each.budget is not None:
            amounts = (each.budget, each.cost.old, each.cost.new)
            sums[each.department, each.currency] = list(map(CONTEXT.add, sums[each.department, each.currency], amounts))
    if not sums:
        yield "SIM012 no department has a bonus budget in the months simulated: nothing can be held against one"
    for (department, currency), (budget, old, new) in sorted(sums.items()):
        if new > budget:
            whose = f"{department} costs {_number(new)} {currency} by the new policies"
            yield f"SIM011 {whose}, the budget is {_number(budget)}; by the old ones {_number(old)}"


def _not_judged(found: PayCompared) -> Iterator[str]:
    for figure in dict.fromkeys(each.figure for each in found.not_measured):
        reads = [each for each in found.not_measured if each.figure == figure]
        policies = ", ".join(dict.fromkeys(each.policy for each in reads))
        months = ", ".join(dict.fromkeys(each.period for each in reads))
        yield f"SIM013 {policies} reads {figure}, which was not measured in {months}: what it would cost is not known"
    held = [each for each in found.unpaid if each.new and not each.old]
    if held:
        first = held[0]
        what = f"{first.payee} {first.component or 'in all'} in {first.period}: {first.new}"
        yield f"SIM014 the new policies cannot pay {len(held)} that the old ones pay, such as {what}"


def without_budget(found: PayCompared) -> tuple[tuple[str, str], ...]:
    """Departments and currencies that cost something and have no budget in any month."""
    budgeted = {(each.department, each.currency) for each in found.costs if each.budget is not None}
    return tuple(sorted({(each.department, each.currency) for each in found.costs} - budgeted))


def _number(amount: Decimal) -> str:
    return f"{Decimal(canonical_decimal(amount)):,f}"
