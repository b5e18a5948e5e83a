"""The inputs of a part: the value of each, where it comes from, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from domain.ids import Digest, canonical_decimal, short
from domain.money import CONTEXT, MINOR_DIGITS
from domain.records import Grain, Step, ValueState, posting_name
from domain.staff import DayCount, Employee, share_of_period
from incentives.cell import Reason
from incentives.cells import Around
from incentives.coverage import Part, heading_of
from incentives.house import House
from incentives.led import Led
from incentives.policies import Fact, Input, Missing, PartPeriod
from incentives.ready import ReadyPolicy
from incentives.rows import Start, Stop

_LEAVE = ("annual", "sick", "parental", "unpaid")


class Found(NamedTuple):
    """The value of an input; without one, why the row stops. `source` says whose line it is, `rule` whose version."""

    value: Decimal | None
    note: str = ""
    source: str = ""
    stop: Stop | None = None
    rule: Digest | None = None


# What was paid of a component in a department, which its name carries; None where the payee is held.
Paid = Mapping[tuple[str, str], Decimal | None]

# The value of one input of a part. `carries`: whether it is the part that earlier periods carry over to.
Reader = Callable[[Part, bool], Found]


def starts_of(
    house: House, ready: ReadyPolicy, parts: Iterable[tuple[Part, bool]], led: Led, paid: Paid
) -> Iterator[Start]:
    """What the rows of the policy's parts begin with, each with whether it is the one that is carried over to."""
    readers = [
        (
            _Shown(name, source.reference, str(ready.placed.place("inputs", name))),
            _reader(house, ready, source, led, paid),
        )
        for name, source in ready.policy.inputs.items()
    ]
    for part, carries in parts:
        values: dict[str, Decimal] = {}
        columns: list[Step] = [heading_of(part)] if house.traced else []
        stop = None
        for shown, read in readers:
            found = read(part, carries)
            if house.traced:
                columns.append(shown.column(found))
            if found.value is None:
                stop = found.stop
                break
            values[shown.name] = found.value
        yield Start(_around(house, part), values, tuple(columns), stop)


class _Shown(NamedTuple):
    """What explanations show of an input: its name, what it reads, and the line that says so."""

    name: str
    reference: str
    line: str

    def column(self, found: Found) -> Step:
        told = short(found.rule) if found.rule else found.source
        return Step(self.name, "input", found.value, ((self.reference, told),), self.line, found.note)


def _around(house: House, part: Part) -> Around:
    return Around(
        part.payee.employee_id,
        part.department,
        part.team,
        house.period.month,
        _tenure_months(house, part.payee),
        lambda step: house.share(part.payee, part.spans, step),
    )


def _tenure_months(house: House, payee: Employee) -> int:
    """The month of employment at the period's end: 1 for the calendar month of hire."""
    hired = payee.hired_on
    return (house.period.year - hired.year) * 12 + house.period.month - hired.month + 1


def _reader(house: House, ready: ReadyPolicy, source: Input, led: Led, paid: Paid) -> Reader:
    """How the input is read: what is the same for all parts is found once."""
    if source.days is not None:
        return lambda part, _, by=source.days: _days(house, part, by)  # type: ignore[misc]
    if source.fact is not None:
        return lambda part, _, fact=source.fact: Found(_fact(house, part, fact))  # type: ignore[misc]
    if source.lines is not None:
        return lambda part, _, component=source.lines: _paid_below(part, source, component, led, paid)  # type: ignore[misc]
    if source.carried is not None:
        return lambda part, carries, column=source.carried: _carried(house, part, source, column, carries=carries)  # type: ignore[misc]
    if source.rates is not None:
        return lambda part, _: _converted(house, _whose(house, part, source), source)
    return _measured(house, ready, source)


def _days(house: House, part: Part, by: DayCount) -> Found:
    jurisdiction = part.payee.jurisdiction
    working = house.working_days.get(jurisdiction)
    share = share_of_period(
        part.payee, part.spans, house.period, working, by=by, employment_share=False, without_leave=_LEAVE
    )
    if share is not None:
        return Found(share.counted)
    return Found(
        None, stop=Stop(Reason.NO_CALENDAR, f"the calendar of {jurisdiction} has no working day of the period")
    )


def _fact(house: House, part: Part, fact: Fact) -> Decimal:
    match fact:
        case "tenure_months":
            return Decimal(_tenure_months(house, part.payee))
        case "month":
            return Decimal(house.period.month)
        case "full_time_share":
            return part.payee.share_on(part.spans[-1].end - timedelta(days=1))
        case "leaving":
            left = part.payee.exited_on
            return Decimal(left is not None and house.period.start < left <= house.period.end)


def _paid_below(part: Part, source: Input, component: str, led: Led, paid: Paid) -> Found:
    """Each line of those below, by the days on which they were led of those that it covers."""
    whole, lines, held = Decimal(0), 0, []
    for payee, department, share in led.below(part.payee.employee_id, source.level or 1, part.spans):
        key = (payee, f"{component}:{department}")
        if key not in paid:
            continue
        amount = paid[key]
        if amount is None:
            held.append(payee)
            continue
        lines += 1
        whole = CONTEXT.add(whole, CONTEXT.divide(CONTEXT.multiply(amount, share.counted), share.whole))
    if held and source.missing is Missing.HOLD:
        return _stopped(Reason.OTHERS_HELD, f"{len(held)} of those below are held")
    left_out = f", {len(held)} held and left out" if held else ""
    return Found(whole, f"{lines} lines{left_out}")


def _carried(house: House, part: Part, source: Input, column: str, *, carries: bool) -> Found:
    """The sum over the lines of the payee's departments then; it goes to one part, or it would count twice."""
    ago = source.months_ago or 1
    if not carries:
        return Found(Decimal(0), "carried over to the first department of the period")
    if source.begins_anew in house.months_between(ago):
        return Found(Decimal(0), "the count begins anew")
    period = house.period_before(ago)
    columns = house.earlier.get((ago, part.payee.employee_id, part.ready.policy.component), {})
    if column in columns:
        if ago in house.opened:
            return Found(columns[column], "brought in by the opening import", f"opening, for {period}")
        return Found(columns[column], "", f"published for {period}")
    return _missing(source, f"{source.reference} of {period}")


def _measured(house: House, ready: ReadyPolicy, source: Input) -> Reader:
    """The figure in the policy's currency, or the one that has none."""
    currency = ready.policy.currency
    reference, measures = source.reference, house.measures
    names = [name for name in (f"{reference}:{currency}", reference) if name in house.named]
    elsewhere = [other for other in MINOR_DIGITS if f"{reference}:{other}" in house.named]
    is_halted, missing = reference in house.halted, _missing(source, reference)
    is_own = source.grain is Grain.EMPLOYEE and not _by_posting(house, ready, source)

    def read(part: Part, _: object) -> Found:
        grain, entity = (Grain.EMPLOYEE, part.payee.employee_id) if is_own else _whose(house, part, source)
        measure = None
        for name in names:
            measure = measure or measures.get((grain, entity, name))
        if is_halted or (measure is not None and measure.state is ValueState.HALTED):
            return _stopped(Reason.HALTED_INPUT, f"{reference} is halted")
        if measure is not None:
            return missing if measure.value is None else Found(measure.value, "", "", None, measure.rule)
        others = [other for other in elsewhere if (grain, entity, f"{reference}:{other}") in measures]
        if others:
            text = f"{reference} is in {', '.join(others)}, the policy pays {currency}"
            return _stopped(Reason.OTHER_CURRENCY, text)
        return missing

    return read


def _converted(house: House, key: tuple[Grain, str], source: Input) -> Found:
    """The sum over all currencies, each at the rate that the table of the period's last day states."""
    table = house.policies.rates_on(house.period.last_day).get(source.rates or "")
    if table is None:
        return _stopped(Reason.NO_RATE, f'no exchange rates "{source.rates}" hold on {house.period.last_day}')
    if source.reference in house.halted:
        return _stopped(Reason.HALTED_INPUT, f"{source.reference} is halted")
    own = {"": Decimal(1), table.rule.to: Decimal(1)}
    rates = {currency: own.get(currency, table.rule.rates.get(currency)) for currency in ("", *MINOR_DIGITS)}
    amounts = dict(_amounts(house, key, source))
    without = sorted(currency for currency in amounts if rates[currency] is None)
    if without:
        return _stopped(Reason.NO_RATE, f'"{source.rates}" has no rate for {", ".join(without)}')
    if not amounts:
        return _missing(source, source.reference)
    whole = Decimal(0)
    for currency, amount in amounts.items():
        whole = CONTEXT.add(whole, CONTEXT.multiply(amount, rates[currency] or Decimal(0)))
    shown = " + ".join(
        f"{canonical_decimal(amount)} {currency} at {canonical_decimal(rates[currency] or Decimal(0))}"
        for currency, amount in amounts.items()
    )
    return Found(whole, shown, short(table.version.digest))


def _amounts(house: House, key: tuple[Grain, str], source: Input) -> Iterator[tuple[str, Decimal]]:
    for currency in MINOR_DIGITS:
        measure = house.measures.get((*key, f"{source.reference}:{currency}"))
        if measure is not None and measure.value is not None:
            yield currency, measure.value


def _whose(house: House, part: Part, source: Input) -> tuple[Grain, str]:
    """Of somebody who moved, a part of the period is paid by what was done in its department; who is paid for the whole
    period in one place is paid by all that they did. Scores are per department anyway."""
    if source.grain is not Grain.EMPLOYEE:
        return source.grain, part.team if source.grain is Grain.TEAM else part.department
    payee = part.payee.employee_id
    if _by_posting(house, part.ready, source):
        posting = posting_name(payee, part.department)
        if posting in house.postings:
            return Grain.POSTING, posting
    return Grain.EMPLOYEE, payee


def _by_posting(house: House, ready: ReadyPolicy, source: Input) -> bool:
    """Whether the figure of somebody who moved is that of the department."""
    return bool(house.postings and source.kpi) and ready.policy.part_period is PartPeriod.PRORATED


def _missing(source: Input, what: str) -> Found:
    if source.missing is Missing.ZERO:
        return Found(Decimal(0), "no value: taken as zero, as stated")
    return _stopped(Reason.MISSING_INPUT, f"{what} has no value")


def _stopped(reason: Reason, text: str) -> Found:
    return Found(None, text, stop=Stop(reason, text))
