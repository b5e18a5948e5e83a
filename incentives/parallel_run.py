"""A month beside the result of the system before: payee by payee, and how much of each difference each cause explains.

Causes are put in one after the other: figures of the old result take the place of ours, and the policy pays again; what
is left is looked for in the steps of the policy that the old result may not have. A step is named only where leaving it
out gives the old amount. So old + causes + what is unexplained = ours, for each payee and in all. Nothing here says
which side is right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal, localcontext
from enum import StrEnum
from itertools import combinations

from domain.ids import canonical_decimal
from domain.issues import Location
from domain.money import CONTEXT
from domain.periods import Period
from domain.records import PayoutLine, Step
from domain.staff import Employee, Share, spans_of
from incentives.calculate import Calculation
from incentives.cells import Around, kernel_of
from incentives.ready import ReadyPolicy
from incentives.set_steps import Together
from incentives.steps import Cap, Draw, Floor, Gate, Kicker, Penalty, Prorate, Round

ZERO = Decimal(0)
MOST_TOGETHER = 3  # steps that are left out at once
MOST_DIGITS = 6  # behind the point, of numbers in sentences
COARSEST = 3  # zeros of the coarsest unit that an old amount may be rounded to


class Cause(StrEnum):
    """Why two amounts differ."""

    NOT_IN_OLD = "not in the old result"
    NOT_IN_OURS = "not in ours"
    HELD = "held by us"
    AFTER_CUT_OFF = "after the cut-off"
    FIGURE = "figure"
    TARGET = "target"
    ATTAINMENT = "attainment"
    SCORE = "score"
    RATE = "rate"
    PRORATION = "proration"
    CARRIED = "carried over"
    STEP = "step of the policy"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class OldLine:
    """A line of the old result, in major units; without a component it is all that the payee was paid.

    `figures` are what it was computed from, as `kpi:recovered`, `target:recovered`, `attainment:recovered`, `score` or
    `step:rate`.
    """

    payee: str
    component: str
    currency: str
    amount: Decimal
    figures: Mapping[str, Decimal] = field(default_factory=dict)
    place: Location = field(default_factory=lambda: Location(""))


@dataclass(frozen=True, slots=True)
class Explained:
    """`amount` of the difference, ours less old, comes from the cause; `text` says what differs."""

    cause: Cause
    name: str
    amount: Decimal
    text: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One payee and component (empty: all of them): an amount is None where that side has none.

    `notes` are what differs without an effect, and what might be looked at where something is unexplained.
    """

    payee: str
    component: str
    departments: tuple[str, ...]
    currency: str
    old: Decimal | None
    ours: Decimal | None
    explained: tuple[Explained, ...] = ()
    notes: tuple[str, ...] = ()
    place: Location = field(default_factory=lambda: Location(""))

    @property
    def difference(self) -> Decimal:
        return (self.ours or ZERO) - (self.old or ZERO)

    @property
    def unexplained(self) -> Decimal:
        return self.difference - sum((each.amount for each in self.explained), ZERO)


@dataclass(frozen=True, slots=True)
class Variant:
    """The month calculated once more, with the old values of one figure put in beside those before it.

    `texts` say what was put in, by payee.
    """

    cause: Cause
    name: str
    paid: Calculation
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Month:
    """What a comparison is made of beside the old lines: ours, and ours with more and more of the old figures."""

    period: Period
    payees: Mapping[str, Employee]
    ours: Calculation
    variants: tuple[Variant, ...]
    policies: Sequence[ReadyPolicy]


def differences(old: Iterable[OldLine], month: Month) -> tuple[Difference, ...]:
    """Every payee and component of either side, by payee.

    Where the old line names no component, it is held against the sum of all of the payee's in that currency.
    """
    lines = tuple(old)
    sides = [_Side.of(paid) for paid in (month.ours, *(each.paid for each in month.variants))]
    found = [_compared(line, month, sides) for line in lines]
    taken = {(line.payee, line.currency, line.component) for line in lines}
    found += _only_ours(sides[0], taken)
    return tuple(sorted(found, key=lambda each: (each.payee, each.currency, each.component)))


def shown(number: Decimal | None) -> str:
    """A number in a sentence: what is cut off behind six digits is marked.

    >>> shown(Decimal(1) / 3), shown(Decimal("1E+3")), shown(None)
    ('0.333333…', '1000', 'none')
    """
    if number is None:
        return "none"
    cut = number.quantize(Decimal(1).scaleb(-MOST_DIGITS), rounding=ROUND_DOWN, context=CONTEXT)
    return f"{canonical_decimal(cut)}{'…' if cut != number else ''}"


@dataclass(frozen=True, slots=True)
class _Side:
    """The lines of one calculation by payee and currency."""

    lines: Mapping[tuple[str, str], tuple[PayoutLine, ...]]

    @classmethod
    def of(cls, paid: Calculation) -> _Side:
        found: dict[tuple[str, str], tuple[PayoutLine, ...]] = defaultdict(tuple)
        for line in paid.lines:
            found[line.payee, line.currency] += (line,)
        return cls(found)

    def of_line(self, old: OldLine) -> tuple[PayoutLine, ...]:
        mine = self.lines.get((old.payee, old.currency), ())
        return tuple(line for line in mine if old.component in {"", _component(line)})


def _component(line: PayoutLine) -> str:
    return line.component.partition(":")[0]


def _total(lines: Iterable[PayoutLine]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)


def _compared(old: OldLine, month: Month, sides: Sequence[_Side]) -> Difference:
    mine = sides[0].of_line(old)
    if not mine:
        return _without_ours(old, month)
    explained, notes = [], []
    before = mine
    for variant, side in zip(month.variants, sides[1:], strict=True):
        text, now = variant.texts.get(old.payee, ""), side.of_line(old)
        if {line.component for line in now} != {line.component for line in before}:
            notes.append(f"{variant.name}: {text}; with it a line would be held" if text else "")
            continue
        effect = _total(before) - _total(now)
        if effect:
            shared = text or "figures of colleagues who are settled together"
            explained.append(Explained(variant.cause, variant.name, effect, shared))
        elif text:
            notes.append(f"{variant.name}: {text}; it changes nothing")
        before = now
    rest, more = _rest(old, before, month)
    return Difference(
        old.payee,
        old.component,
        tuple(sorted({line.scope for line in mine})),
        old.currency,
        old.amount,
        _total(mine),
        (*explained, *rest),
        tuple(note for note in (*notes, *more, *_held(old, month)) if note),
        old.place,
    )


def _without_ours(old: OldLine, month: Month) -> Difference:
    """Nothing is paid by us: the payee is held, has no policy, or is none of ours."""
    held = [each for each in month.ours.held if each.payee == old.payee and _is_of(each.component, old.component)]
    bare = [each.text for each in month.ours.without_policy if each.payee == old.payee]
    if held:
        cause, text = Cause.HELD, "; ".join(dict.fromkeys(f"{each.reason}: {each.text}" for each in held))
    elif old.payee not in month.payees:
        cause, text = Cause.NOT_IN_OURS, f"nobody {old.payee} was employed and posted in {month.period}"
    elif bare:
        cause, text = Cause.NOT_IN_OURS, "; ".join(bare)
    else:
        what = f"{old.component} in {old.currency}" if old.component else f"anything in {old.currency}"
        cause, text = Cause.NOT_IN_OURS, f"no policy pays {what}"
    explained = (Explained(cause, "", -old.amount, text),) if old.amount else ()
    departments = tuple(sorted({each.scope for each in held if each.scope}))
    return Difference(old.payee, old.component, departments, old.currency, old.amount, None, explained, (), old.place)


def _is_of(held: str, component: str) -> bool:
    return component == "" or held == "" or held.partition(":")[0] == component


def _held(old: OldLine, month: Month) -> Iterator[str]:
    """Other lines of the payee that are held: they are not in the amount."""
    for each in month.ours.held:
        if each.payee == old.payee and _is_of(each.component, old.component):
            yield f"{each.component or 'all'} is held: {each.text}"


def _only_ours(ours: _Side, taken: set[tuple[str, str, str]]) -> list[Difference]:
    known = {payee for payee, _, _ in taken}
    found: dict[tuple[str, str, str], list[PayoutLine]] = defaultdict(list)
    for (payee, currency), lines in ours.lines.items():
        if (payee, currency, "") not in taken:
            for line in lines:
                if (payee, currency, _component(line)) not in taken:
                    found[payee, currency, _component(line)].append(line)
    return [
        Difference(
            payee,
            component,
            tuple(sorted({line.scope for line in lines})),
            currency,
            None,
            _total(lines),
            tuple(_added(component, lines, is_known=payee in known)),
        )
        for (payee, currency, component), lines in found.items()
    ]


def _added(component: str, lines: Sequence[PayoutLine], *, is_known: bool) -> Iterator[Explained]:
    if _total(lines):
        text = f"the old result has no {component} of this payee" if is_known else "the old result has no such payee"
        yield Explained(Cause.NOT_IN_OLD, component, _total(lines), text)


def _rest(old: OldLine, lines: Sequence[PayoutLine], month: Month) -> tuple[tuple[Explained, ...], tuple[str, ...]]:
    """What the steps of the policy and rounding explain of what is left, and what else they would change."""
    left = _total(lines) - old.amount
    if not left:
        return (), ()
    if rounding := _rounding(old.amount, _total(lines), lines, month):
        return (rounding,), ()
    hints: list[str] = []
    for line in lines:
        refilled = _Refilled.of(line, month)
        if refilled is None:
            hints.append(f"{line.component}: it is settled with others, or has several parts: its steps are not tried")
            continue
        stated = tuple(_stated(refilled, old))
        found = _by_steps(refilled, line, line.amount - left, stated, month)
        if found:
            return found, ()
        hints += [f"{move.name}: {move.text}; without it {amount:,f} {old.currency}"
                  for move in refilled.moves if (amount := refilled.amount([*stated, move])) is not None]  # fmt: skip
        if stated:
            return tuple(_one_by_one(refilled, line.amount, stated)), tuple(hints)
    return (), tuple(hints)


def _stated(refilled: _Refilled, old: OldLine) -> Iterator[_Move]:
    """Columns of which the old result states another value, such as a rate."""
    for column in refilled.policy.columns:
        name = column.step.name
        given, ours = old.figures.get(f"step:{name}"), refilled.values.get(name)
        if given is not None and given != ours:
            text = f"old {shown(given)}, ours {shown(ours)}"
            yield _Move(Cause.RATE, name, text, given)


def _rounding(old: Decimal, ours: Decimal, lines: Iterable[PayoutLine], month: Month) -> Explained | None:
    """Whether the two are the same but for the unit to which they are rounded."""
    left = ours - old
    for unit in _units(old, lines, month):
        if left and abs(left) < unit * (1 if unit > 1 else 2) and abs(old) >= unit * 100:
            text = f"the same but for rounding to {canonical_decimal(unit)}"
            return Explained(Cause.ROUNDING, "", left, text)
    return None


def _units(old: Decimal, lines: Iterable[PayoutLine], month: Month) -> Iterator[Decimal]:
    """The unit of ours, and those that the old amount is a multiple of."""
    digits = [column.step.digits for line in lines if (policy := _policy_of(line, month)) is not None
              for column in policy.columns[-1:] if isinstance(column.step, Round)]  # fmt: skip
    if digits:
        yield Decimal(1).scaleb(-min(digits))
    for zeros in range(1, COARSEST + 1):
        unit = Decimal(1).scaleb(zeros)
        if old % unit == 0:
            yield unit


def _by_steps(
    refilled: _Refilled, line: PayoutLine, wanted: Decimal, stated: tuple[_Move, ...], month: Month
) -> tuple[Explained, ...]:
    """The fewest steps that, left out beside what is stated, give the wanted amount of the line; none if none do."""
    for number in range(0 if stated else 1, MOST_TOGETHER + 1):
        for more in combinations(refilled.moves, number):
            moves = (*stated, *more)
            amount = refilled.amount(moves)
            if amount is None:
                continue
            rounding = _rounding(wanted, amount, [line], month)
            if amount == wanted or rounding:
                return (*_one_by_one(refilled, line.amount, moves), *((rounding,) if rounding else ()))
    return ()


def _one_by_one(refilled: _Refilled, amount: Decimal, moves: Sequence[_Move]) -> Iterator[Explained]:
    """Each move with its effect behind those before it; one that has none by itself is named with the next."""
    before, silent = amount, list[str]()
    for number, move in enumerate(moves, start=1):
        now = refilled.amount(moves[:number])
        after = before if now is None else now
        if after == before and number < len(moves):
            silent.append(f"{move.name}: {move.text}")
            continue
        yield Explained(move.cause, move.name, before - after, "; together with ".join((move.text, *silent)))
        before, silent = after, []


@dataclass(frozen=True, slots=True)
class _Move:
    """A column that is left out, or an input or column with another value."""

    cause: Cause
    name: str
    text: str
    value: Decimal | None = None  # None: what the step is a step `of`


@dataclass(frozen=True, slots=True)
class _Refilled:
    """A line that its policy gives again from its own inputs and days, so that it can be tried with other values."""

    policy: ReadyPolicy
    inputs: Mapping[str, Decimal]
    values: Mapping[str, Decimal]
    around: Around
    moves: tuple[_Move, ...]

    @classmethod
    def of(cls, line: PayoutLine, month: Month) -> _Refilled | None:
        """None where it cannot be given again: several parts, several payees together, or another amount."""
        policy = _policy_of(line, month)
        if policy is None or any(isinstance(column.step, Together) for column in policy.columns):
            return None
        values = {step.name: step.value for step in line.steps if step.value is not None}
        inputs = {name: values[name] for name in policy.policy.inputs if name in values}
        around = _around(line, month)
        moves = tuple(_moves(policy, line, values, month))
        found = cls(policy, inputs, values, around, moves)
        return found if found.amount(()) == line.amount else None

    def amount(self, moves: Iterable[_Move]) -> Decimal | None:
        """What the line comes to with the moves; None where it would be held."""
        moved = {move.name: move for move in moves}
        values = {name: _or(moved[name].value if name in moved else None, value) for name, value in self.inputs.items()}
        with localcontext(CONTEXT):
            for column in self.policy.columns:
                name = column.step.name
                if name in moved:
                    given = moved[name].value
                    values[name] = values[column.step.of] if given is None else given  # type: ignore[union-attr]
                    continue
                cell = kernel_of(column)(values, self.around)
                if cell.value is None:
                    return None
                values[name] = cell.value
        return values[self.policy.columns[-1].step.name]


def _or(given: Decimal | None, value: Decimal) -> Decimal:
    return value if given is None else given


_STEPS = (Cap, Floor, Gate, Kicker, Penalty, Prorate, Draw)


def _moves(policy: ReadyPolicy, line: PayoutLine, values: Mapping[str, Decimal], month: Month) -> Iterator[_Move]:
    """Steps that change something, and what is carried over and not zero, in the order of the policy."""
    for name, source in policy.policy.inputs.items():
        if source.carried is not None and values.get(name):
            text = f"{shown(values[name])} of {source.carried} is carried over"
            yield _Move(Cause.CARRIED, name, text, ZERO)
    for column in policy.columns:
        step = column.step
        if isinstance(step, _STEPS) and step.of in values and values.get(step.name) != values[step.of]:
            if isinstance(step, Draw) and step.gives != "pay":
                continue
            cause = Cause.PRORATION if isinstance(step, Prorate) else Cause.STEP
            told = f"{shown(values[step.of])} becomes {shown(values[step.name])} by a {step.kind}"
            why = _days_of(line, step.name, month) if isinstance(step, Prorate) else ""
            yield _Move(cause, step.name, f"{told}{why}")


def _days_of(line: PayoutLine, name: str, month: Month) -> str:
    """How many days counted, and what the payee's record says of the others."""
    counted = next((dict(step.inputs) for step in line.steps if step.name == name), {})
    days = f": {counted.get('days', '?')} of {counted.get('days of the period', '?')} days"
    employee = month.payees.get(line.payee)
    return f"{days}{'; ' if employee else ''}{', '.join(_about(employee, month.period)) if employee else ''}".rstrip(
        "; "
    )


def _about(employee: Employee, period: Period) -> Iterator[str]:
    if employee.hired_on in period:
        yield f"joined on {employee.hired_on}"
    if employee.exited_on and period.start < employee.exited_on <= period.end:
        yield f"left on {employee.exited_on}"
    for leave in employee.leave:
        if leave.starts_on < period.end and period.start < leave.ends_on:
            yield f"{leave.leave_type} leave from {leave.starts_on} to {leave.ends_on}"
    spans = spans_of(employee, period)
    if len({span.posting.department for span in spans}) > 1:
        yield "moved between departments"
    if spans and employee.share_on(spans[-1].start) != 1:
        yield f"{canonical_decimal(employee.share_on(spans[-1].start))} of full time"


def _policy_of(line: PayoutLine, month: Month) -> ReadyPolicy | None:
    if sum(step.kind == "policy" for step in line.steps) != 1:
        return None
    return next((ready for ready in month.policies if ready.version.digest == line.rule), None)


def _around(line: PayoutLine, month: Month) -> Around:
    employee = month.payees[line.payee]
    hired, period = employee.hired_on, month.period
    tenure = (period.year - hired.year) * 12 + period.month - hired.month + 1
    shares = {step.name: _share(step) for step in line.steps if step.kind == "prorate"}
    return Around(line.payee, line.scope, "", period.month, tenure, lambda step: shares.get(step.name))


def _share(step: Step) -> Share | None:
    counted = dict(step.inputs)
    if not {"days", "days of the period"} <= counted.keys():
        return None
    return Share(Decimal(counted["days"]), Decimal(counted["days of the period"]))
