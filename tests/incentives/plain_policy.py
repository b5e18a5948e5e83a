"""A plain calculator of policies: one payee after the other, straight from what the file says, with nothing shared.

It is slow, and knows neither models nor kernels; what it gives is compared with what pays.
"""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal, localcontext
from itertools import pairwise

MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}
WIDE = Context(prec=50)


class HeldError(Exception):
    """The payee gets no amount."""


def plain_rows(policy, payees, month, first=None, wholes=None):
    """The columns of each payee by name, or None where the payee is held; `payees` are dicts of facts.

    `first` are the payees and the rows that were paid before a correction, with what each group came to; `wholes` takes
    what the groups come to now.
    """
    wholes = {} if wholes is None else wholes
    with localcontext(WIDE):
        rows = {name: dict(payee["inputs"]) for name, payee in payees.items()}
        held = {name for name, row in rows.items() if any(value is None for value in row.values())}
        for step in policy["steps"]:
            if "among" in step:
                values, stopped = together(step, rows, payees, held, first, wholes)
            else:
                values, stopped = alone(step, rows, payees, held, month)
            held |= stopped
            for name, value in values.items():
                rows[name][step["name"]] = value
        return {name: None if name in held else rows[name] for name in payees}


def alone(step, rows, payees, held, month):
    values, stopped = {}, set()
    for name in payees:
        if name in held:
            continue
        try:
            values[name] = KINDS[step["kind"]](step, rows[name], payees[name], month)
        except HeldError:
            stopped.add(name)
    return values, stopped


def number(operand, row):
    return row[operand] if isinstance(operand, str) else Decimal(operand)


def base(step, row, payee, month):
    return number(step["value"], row)


def formula(step, row, payee, month):
    left, sign, right = step["expression"].split()
    one, other = (Decimal(side) if side[0].isdigit() else row[side] for side in (left, right))
    if sign == "/" and other == 0:
        raise HeldError
    return {"+": one + other, "-": one - other, "*": one * other}[sign] if sign != "/" else one / other


def holds(condition, row):
    left, sign, right = condition.split()
    one, other = row[left], Decimal(right)
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other, "==": one == other}[sign]


def tiers(step, row, payee, month):
    starts = [number(band["from"], row) for band in step["bands"]]
    if sorted(set(starts)) != starts:
        raise HeldError
    if step["mode"] == "marginal":
        return marginal(step, starts, row[step["of"]])
    basis = row[step["basis"]]
    passed = [
        index for index, start in enumerate(starts) if basis > start or (basis == start and step["boundary"] == "at")
    ]
    index = max(passed, default=0 if basis == starts[0] == 0 else None)
    if index is None:
        return outside(step)
    index += sum(shift["by"] for shift in step.get("shift", ()) if holds(shift["when"], row))
    index = max(0, min(index, len(starts) - 1))
    if step["mode"] == "stepped":
        first = 0 if step.get("adds_up") else index
        return sum((Decimal(band["amount"]) for band in step["bands"][first : index + 1]), Decimal(0))
    band = step["bands"][index]
    return row[step["of"]] * Decimal(band["rate"]) + Decimal(band.get("flat", 0))


def marginal(step, starts, amount):
    if amount < 0:
        return -marginal(step, starts, -amount) if step["below"] == "mirror" else outside(step)
    whole = Decimal(0)
    for index, band in enumerate(step["bands"]):
        end = starts[index + 1] if index + 1 < len(starts) else None
        top = amount if end is None or amount < end else end
        if top > starts[index]:
            whole += (top - starts[index]) * Decimal(band["rate"])
        if step.get("boundary") and (
            index == 0 or amount > starts[index] or (amount == starts[index] and step["boundary"] == "at")
        ):
            whole += Decimal(band.get("flat", 0))
    return whole


def outside(step, key="below"):
    if step[key] == "hold":
        raise HeldError
    return Decimal(0)


def curve(step, row, payee, month):
    at, points = row[step["of"]], [(Decimal(point["at"]), Decimal(point["value"])) for point in step["points"]]
    if at < points[0][0]:
        return points[0][1] if step["below"] == "flat" else outside(step)
    if at > points[-1][0] and step["above"] != "extend":
        return points[-1][1] if step["above"] == "flat" else outside(step, "above")
    for (x0, y0), (x1, y1) in pairwise(points):
        if at in (x0, x1):
            return y0 if at == x0 else y1
        if x0 < at < x1 or (x1, y1) == points[-1]:
            return y0 + (at - x0) * (y1 - y0) / (x1 - x0)
    raise AssertionError


def table(step, row, payee, month):
    hits = [Decimal(each["value"]) for each in step["rows"] if holds(each["when"], row)]
    if step.get("hit") == "sum":
        return sum(hits, Decimal(0))
    if not hits or (len(hits) > 1 and step.get("hit") != "first"):
        raise HeldError
    return hits[0]


def gate(step, row, payee, month):
    return row[step["of"]] * (Decimal(step["factor"]) if holds(step["when"], row) else 1)


def kicker(step, row, payee, month):
    return row[step["of"]] + (number(step["amount"], row) if holds(step["when"], row) else 0)


def penalty(step, row, payee, month):
    taken = number(step["each"], row) * row[step["times"]]
    if "at_most" in step and taken > number(step["at_most"], row):
        taken = number(step["at_most"], row)
    return row[step["of"]] - taken


def quota(step, row, payee, month):
    share = Decimal(1)
    for each in reversed(step.get("ramp", ())):
        if payee["tenure_months"] <= each["months"]:
            share = Decimal(each["share"])
    return number(step["value"], row) * share * Decimal(step.get("seasons", {}).get(str(month), 1))


def split(step, row, payee, month):
    amount, unit = row[step["of"]], Decimal(10) ** -step["digits"]
    if amount % unit:
        raise HeldError
    parts = {name: Decimal(share) for name, share in step["shares"].items()}
    return shared(amount, unit, parts)[step["part"]]


def shared(whole, unit, weights):
    """Whole units by weight, the rest one by one to the largest remainders, ties by name."""
    total, units = sum(weights.values()), abs(whole) / unit
    exact = {name: units * weight / total for name, weight in weights.items()}
    found = {name: each.to_integral_value(ROUND_DOWN) for name, each in exact.items()}
    rest = sorted(weights, key=lambda name: (-(exact[name] - found[name]).quantize(Decimal("1e-30")), name))
    for name in rest[: int(units - sum(found.values()))]:
        found[name] += 1
    return {name: each * unit * (-1 if whole < 0 else 1) for name, each in found.items()}


def draw(step, row, payee, month):
    earned, least, owed = row[step["of"]], number(step["draw"], row), row[step["owed"]]
    if earned < least:
        return least if step["gives"] == "pay" else owed + least - earned
    back = min(max(owed, Decimal(0)), earned - least)
    return earned - back if step["gives"] == "pay" else owed - back


def cap(step, row, payee, month):
    return min(row[step["of"]], number(step["at"], row))


def floor(step, row, payee, month):
    return max(row[step["of"]], number(step["at"], row))


def prorate(step, row, payee, month):
    counted, whole = payee["days"]
    return row[step["of"]] * counted / whole


def rounded(step, row, payee, month):
    return row[step["of"]].quantize(Decimal(1).scaleb(-step["digits"]), rounding=MODES[step["mode"]])


KINDS = {
    "base": base,
    "formula": formula,
    "tiers": tiers,
    "curve": curve,
    "table": table,
    "gate": gate,
    "kicker": kicker,
    "penalty": penalty,
    "quota": quota,
    "split": split,
    "draw": draw,
    "cap": cap,
    "floor": floor,
    "prorate": prorate,
    "round": rounded,
}


def together(step, rows, payees, held, first, wholes):
    values, stopped = {}, set()
    for group in {group_of(step, payee) for payee in payees.values()}:
        members = [name for name, payee in payees.items() if group_of(step, payee) == group]
        live = {name: rows[name] for name in members if name not in held}
        if not live:
            continue
        paid = {} if first is None or step.get("reopens") else paid_of(step, group, *first[:2])
        wholes[step["name"], group] = wholes_of(step, live)
        try:
            if paid:
                found = beside(step, live, payees, paid, first, wholes=first[2][step["name"], group])
            else:
                found = settled(step, live, waits=len(live) < len(members) and step["held"] == "hold_all")
        except HeldError:
            stopped |= live.keys()
            continue
        stopped |= {name for name, value in found.items() if value is None}
        values |= {name: value for name, value in found.items() if value is not None}
    return values, stopped


def paid_of(step, group, payees, rows):
    return {name: row for name, row in rows.items() if row is not None and group_of(step, payees[name]) == group}


def wholes_of(step, live):
    """What is shared, of which it is shared, and among how many, as far as it is one for all."""
    any_row = next(iter(live.values()))
    if step["kind"] == "pool":
        fund = number(step["fund"], any_row) * (1 - Decimal(step["reserve"]))
        return cut(fund, step), sum(row[step["weight"]] for row in live.values()), len(live)
    if step["kind"] == "scale":
        return number(step["budget"], any_row), sum(max(row[step["of"]], 0) for row in live.values()), len(live)
    return None


def cut(amount, step):
    return amount.quantize(Decimal(10) ** -step["digits"], rounding=ROUND_DOWN)


def beside(step, live, payees, paid, first, *, wholes):
    """After a correction: the same for the same figure, else measured against the others as they were first paid."""
    figure, found = step["weight" if step["kind"] == "pool" else "of"], {}
    for name, row in live.items():
        was = paid.get(name)
        stayed = was and all(first[0][name][where] == payees[name][where] for where in ("department", "team"))
        if stayed and was[figure] == row[figure]:
            found[name] = was[step["name"]]
        elif step["kind"] in {"rank", "prize"}:
            found[name] = SETTLED[step["kind"]](step, {**paid, name: row})[name]
        else:
            found[name] = part(step, row[figure], was[step["name"]] if stayed else None, *wholes)
    return found


def part(step, figure, was, shared_out, whole, heads):
    if step["kind"] == "pool" and figure < 0:
        return None
    if step["kind"] == "pool" and whole:
        return cut(shared_out * figure / whole, step)
    if step["kind"] == "pool":
        return cut(shared_out / heads, step) if was is None else was
    budget = max(shared_out, Decimal(0))
    return figure if figure <= 0 or whole <= budget else cut(figure * budget / whole, step)


def settled(step, live, *, waits):
    if waits:
        raise HeldError
    return SETTLED[step["kind"]](step, live)


def group_of(step, payee):
    return {"policy": (), "department": (payee["department"],), "team": (payee["department"], payee["team"])}[
        step["among"]
    ]


def better(step, row):
    return row[step["of"]] * (-1 if step["best"] == "highest" else 1)


def rank(step, live):
    found = {}
    for name, row in live.items():
        ahead = [other for other in live if better(step, live[other]) < better(step, row)]
        equals = [other for other in live if better(step, live[other]) == better(step, row)]
        place = {
            "best": len(ahead) + 1,
            "worst": len(ahead) + len(equals),
            "dense": len({better(step, live[other]) for other in ahead}) + 1,
            "hold": len(ahead) + 1,
        }[step["ties"]]
        found[name] = None if step["ties"] == "hold" and len(equals) > 1 else Decimal(place)
    return found


def prize(step, live):
    prizes, found = [Decimal(each) for each in step["prizes"]], dict.fromkeys(live, Decimal(0))
    for name, row in live.items():
        ahead = sum(better(step, other) < better(step, row) for other in live.values())
        equals = [other for other in live if better(step, live[other]) == better(step, row)]
        if step["ties"] == "each":
            found[name] = prizes[ahead] if ahead < len(prizes) else Decimal(0)
        else:
            whole = sum(prizes[ahead : ahead + len(equals)], Decimal(0))
            found[name] = shared(whole, Decimal(10) ** -step["digits"], dict.fromkeys(equals, Decimal(1)))[name]
    return found


def pool(step, live):
    funds = {number(step["fund"], row) for row in live.values()}
    weights = {name: row[step["weight"]] for name, row in live.items()}
    if len(funds) > 1 or min(weights.values()) < 0:
        raise HeldError
    if not any(weights.values()):
        if step["without_weight"] == "hold":
            raise HeldError
        weights = dict.fromkeys(weights, Decimal(1))
    unit = Decimal(10) ** -step["digits"]
    paid_out = (funds.pop() * (1 - Decimal(step["reserve"]))).quantize(unit, rounding=ROUND_DOWN)
    return shared(paid_out, unit, weights)


def scale(step, live):
    budgets = {number(step["budget"], row) for row in live.values()}
    if len(budgets) > 1:
        raise HeldError
    budget = budgets.pop()
    amounts = {name: row[step["of"]] for name, row in live.items()}
    above = {name: amount for name, amount in amounts.items() if amount > 0}
    if not above or sum(above.values()) <= budget:
        return amounts
    unit = Decimal(10) ** -step["digits"]
    return amounts | shared(max(budget, Decimal(0)).quantize(unit, rounding=ROUND_DOWN), unit, above)


SETTLED = {"rank": rank, "prize": prize, "pool": pool, "scale": scale}
