"""The cells of steps that look at several payees at once; nothing depends on the order in which they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_DOWN, Decimal
from itertools import groupby

from domain.ids import canonical_decimal
from domain.money import CONTEXT, share_out, unit_of
from incentives.cell import Cell, Reason, Values, number
from incentives.first_paid import Key
from incentives.set_steps import Best, Pool, Prize, Rank, Scale, SetStep

_Members = Mapping[Key, Values]


def settled(step: SetStep, members: _Members) -> dict[Key, Cell]:
    """The cells of a group, of which nobody has been paid before."""
    match step:
        case Rank():
            return _ranked(step, members)
        case Prize():
            return _prizes(step, members)
        case Pool():
            return _pooled(step, members)
        case Scale():
            return _scaled(step, members)


def _ranked(step: Rank, members: _Members) -> dict[Key, Cell]:
    cells: dict[Key, Cell] = {}
    of_all = (("of", Decimal(len(members))),)
    for dense, (first, equals) in enumerate(_places(step.of, step.best, members, step.then), start=1):
        if len(equals) > 1 and step.ties == "hold":
            note = f"{len(equals)} are equal from place {first} on"
            cells |= dict.fromkeys(equals, Cell(None, note, reason=Reason.TIED))
            continue
        place = {"best": first, "worst": first + len(equals) - 1, "dense": dense, "hold": first}[step.ties]
        note = f"one of {len(equals)} equals" if len(equals) > 1 else ""
        cells |= dict.fromkeys(equals, Cell(Decimal(place), note, of_all))
    return cells


def _places(
    of: str, best: Best, members: _Members, then: tuple[str, ...] = ()
) -> Iterator[tuple[int, tuple[Key, ...]]]:
    """Equals, with the first of their places, from the best on."""
    sign = -1 if best is Best.HIGHEST else 1

    def standing(key: Key) -> tuple[Decimal, ...]:
        values = members[key]
        return (sign * values[of], *(-values[name] for name in then))

    place = 1
    for _, equals in groupby(sorted(members, key=lambda key: (standing(key), key)), key=standing):
        found = tuple(equals)
        yield place, found
        place += len(found)


def _prizes(step: Prize, members: _Members) -> dict[Key, Cell]:
    good = {key: values for key, values in members.items() if _is_good_enough(step, values)}
    cells = dict.fromkeys(members, Cell(Decimal(0), "takes no part"))
    for first, equals in _places(step.of, step.best, good):
        won = step.prizes[first - 1 : first - 1 + (len(equals) if step.ties == "share" else 1)]
        made_from = (("place", Decimal(first)), *((f"prize {first + index}", prize) for index, prize in enumerate(won)))
        whole = sum(won, Decimal(0))
        shares = _shared(whole, step.digits, dict.fromkeys(equals, Decimal(1)))
        for key in equals:
            note = f"one of {len(equals)} equals" if len(equals) > 1 else ""
            cells[key] = Cell(shares[key] if step.ties == "share" else whole, note, made_from)
    return cells


def _is_good_enough(step: Prize, values: Values) -> bool:
    if step.least is None:
        return True
    least, own = number(step.least, values), values[step.of]
    return own >= least if step.best is Best.HIGHEST else own <= least


def _pooled(step: Pool, members: _Members) -> dict[Key, Cell]:
    fund = _same(step.fund, members)
    if fund is None:
        return _differ(str(step.fund), members)
    weights = {key: values[step.weight] for key, values in members.items()}
    if min(weights.values()) < 0:
        return dict.fromkeys(members, Cell(None, f"a {step.weight} lies below zero", reason=Reason.NO_WEIGHT))
    whole = sum(weights.values(), Decimal(0))
    if not whole and step.without_weight == "hold":
        return dict.fromkeys(members, Cell(None, f"every {step.weight} is zero", reason=Reason.NO_WEIGHT))
    paid_out = in_units(fund * (1 - step.reserve), step.digits)
    shares = _shared(paid_out, step.digits, weights if whole else dict.fromkeys(members, Decimal(1)))
    facts = (("paid out", paid_out), ("all weights", whole), ("payees", Decimal(len(members))))
    note = "" if whole else f"equal parts: every {step.weight} is zero"
    return {key: Cell(shares[key], note, facts) for key in members}


def _scaled(step: Scale, members: _Members) -> dict[Key, Cell]:
    budget = _same(step.budget, members)
    if budget is None:
        return _differ(str(step.budget), members)
    amounts = {key: values[step.of] for key, values in members.items()}
    weights = {key: amount for key, amount in amounts.items() if amount > 0}
    whole = sum(weights.values(), Decimal(0))
    facts = (("all together", whole), ("budget", budget))
    if whole <= max(budget, Decimal(0)):
        return {key: Cell(amount, "within the budget", facts) for key, amount in amounts.items()}
    shares = _shared(in_units(max(budget, Decimal(0)), step.digits), step.digits, weights)
    return {key: Cell(shares.get(key, amount), "cut to the budget", facts) for key, amount in amounts.items()}


def _same(operand: Decimal | str, members: _Members) -> Decimal | None:
    found = {number(operand, values) for values in members.values()}
    return found.pop() if len(found) == 1 else None


def _differ(name: str, members: _Members) -> dict[Key, Cell]:
    found = sorted({values[name] for values in members.values()})
    note = f"{name} is not the same for all: {canonical_decimal(found[0])} to {canonical_decimal(found[-1])}"
    return dict.fromkeys(members, Cell(None, note, reason=Reason.FUNDS_DIFFER))


def in_units(amount: Decimal, digits: int) -> Decimal:
    """Cut to the smallest unit: what a fund cannot pay out stays in it."""
    return amount.quantize(unit_of(digits), rounding=ROUND_DOWN, context=CONTEXT)


def _shared(whole: Decimal, digits: int, weights: Mapping[Key, Decimal]) -> dict[Key, Decimal]:
    by_name = {"\0".join(key): key for key in weights}
    units = share_out(int(whole.scaleb(digits, context=CONTEXT)), {name: weights[key] for name, key in by_name.items()})
    return {key: Decimal(units[name]).scaleb(-digits) for name, key in by_name.items()}
