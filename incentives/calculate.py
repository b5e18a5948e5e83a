"""What every payee earns in a period: the policy that covers each day, its row, and one line per component."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from domain.expressions import Value, evaluate
from domain.ids import canonical_decimal, short
from domain.money import MINOR_DIGITS, to_minor
from domain.periods import Period
from domain.records import Grain, PayoutLine, Step, ValueState, posting_name
from domain.staff import DayCount, Employee, Share, Span, WorkingDays, overlap, share_of_period, spans_of
from incentives.book import PolicyBook
from incentives.measures import Measures, halted_among
from incentives.policies import Input, Missing, PartPeriod
from incentives.ready import ReadyPolicy
from incentives.rows import Reason, Row, Stop, fill
from incentives.steps import Prorate

_LEAVE = ("annual", "sick", "parental", "unpaid")


@dataclass(frozen=True, slots=True)
class Held:
    """A payee who is not paid a component now, and why; `steps` are the columns computed until then."""

    payee: str
    component: str
    scope: str
    reason: Reason
    text: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class WithoutPolicy:
    """A payee for whom no policy holds on some days, and where that was."""

    payee: str
    text: str


@dataclass(frozen=True, slots=True)
class Calculation:
    """Everybody is in one of the three: paid (zero included), held, or without a policy."""

    lines: tuple[PayoutLine, ...]
    held: tuple[Held, ...]
    without_policy: tuple[WithoutPolicy, ...]


def calculate(
    policies: PolicyBook, payees: Sequence[Employee], measures: Measures, *, period: Period, working_days: WorkingDays
) -> Calculation:
    """Payout lines of the period, one per payee, component and department, in order of their keys.

    A transfer makes one line per department; a policy that changes inside the period, or a change of role, is computed
    by parts that add up to one line, which is held whole if one of its parts is. Nothing depends on the order of
    `payees`. `PayoutLine.amount` is in major units and payable exactly.
    Raises: ValueError if an employee comes twice, for both would be paid.
    """
    _refuse_doubles(payees)
    postings = frozenset(entity for grain, entity, _ in measures if grain is Grain.POSTING)
    house = _House(policies.during(period), measures, halted_among(measures), period, working_days, postings)
    found = [_of_payee(house, payee) for payee in sorted(payees, key=lambda payee: payee.employee_id)]
    return Calculation(
        tuple(line for each in found for line in each.lines),
        tuple(held for each in found for held in each.held),
        tuple(without for each in found for without in each.without_policy),
    )


@dataclass(frozen=True, slots=True)
class _House:
    """What is the same for all payees."""

    policies: PolicyBook
    measures: Measures
    halted: frozenset[str]
    period: Period
    working_days: WorkingDays
    postings: frozenset[str]

    @property
    def cuts(self) -> tuple[date, ...]:
        """The days inside the period on which a policy starts or ends."""
        dates = {day for ready in self.policies.policies for day in (ready.policy.valid_from, ready.policy.valid_to)}
        return tuple(sorted(day for day in dates if day is not None and day in self.period))


@dataclass(frozen=True, slots=True)
class _Part:
    """Days of a payee under one version of a policy in one department."""

    ready: ReadyPolicy
    department: str
    team: str
    spans: tuple[Span, ...]
    why: str

    @property
    def component(self) -> str:
        """The department is part of the ledger's key: a transfer pays into two batches, and neither voids the other."""
        return f"{self.ready.policy.component}:{self.department}"


def _refuse_doubles(payees: Sequence[Employee]) -> None:
    names = [payee.employee_id for payee in payees]
    doubles = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if doubles:
        raise ValueError(f"payees that come twice: {', '.join(doubles)}")


def _of_payee(house: _House, payee: Employee) -> Calculation:
    spans = spans_of(payee, house.period, house.cuts)
    if not spans:
        text = f"no posting within {house.period}"
        return Calculation((), (), (WithoutPolicy(payee.employee_id, text),))
    if overlap(spans):
        text = "two postings hold on the same day"
        return Calculation((), (Held(payee.employee_id, "", "", Reason.POSTINGS_OVERLAP, text),), ())
    covered, ties, bare = _covered(house, payee, spans)
    parts = [part for part in _parts(covered) if part.component not in ties]
    lines, held = _lines(house, payee, parts, last=spans[-1])
    all_held = sorted((*ties.values(), *held), key=lambda each: each.component)
    return Calculation(lines, tuple(all_held), _bare(payee, bare))


_Covered = list[tuple[Span, ReadyPolicy, str]]


def _covered(house: _House, payee: Employee, spans: tuple[Span, ...]) -> tuple[_Covered, dict[str, Held], list[Span]]:
    """The winning policies of each span, the components for which several win, and spans with none."""
    covered: _Covered = []
    ties: dict[str, Held] = {}
    bare: list[Span] = []
    for span in spans:
        matching = [ready for ready in house.policies.policies if _matches(ready, payee, span, house.period)]
        if not matching:
            bare.append(span)
        by_component = sorted(matching, key=lambda ready: ready.policy.component)
        for component, group in groupby(by_component, key=lambda ready: ready.policy.component):
            winners, why = _most_specific(list(group))
            if len(winners) > 1:
                tie = _tie(payee, span, component, winners)
                ties[tie.component] = tie
            else:
                covered.append((span, winners[0], why))
    return covered, ties, bare


def _matches(ready: ReadyPolicy, payee: Employee, span: Span, period: Period) -> bool:
    policy, applies = ready.policy, ready.policy.applies_to
    return (
        policy.currency == payee.currency
        and policy.holds_on(span.start)
        and (applies.departments is None or span.posting.department in applies.departments)
        and (applies.roles is None or span.posting.role in applies.roles)
        and (ready.condition is None or evaluate(ready.condition, _facts(payee, span, period)) is True)
    )


def _facts(payee: Employee, span: Span, period: Period) -> dict[str, Value]:
    """What conditions may read: the share of full time on the span's first day, the tenure at the period's end."""
    return {
        "department": span.posting.department,
        "team": span.posting.team,
        "role": span.posting.role,
        "jurisdiction": payee.jurisdiction,
        "full_time_share": payee.share_on(span.start),
        "tenure_days": Decimal((period.end - payee.hired_on).days),
    }


def _most_specific(matching: list[ReadyPolicy]) -> tuple[list[ReadyPolicy], str]:
    most = max(ready.policy.applies_to.specificity for ready in matching)
    winners = [ready for ready in matching if ready.policy.applies_to.specificity == most]
    losers = sorted(ready.policy.id for ready in matching if ready not in winners)
    why = f"more specific than {', '.join(losers)}" if losers else "the only policy that matches"
    return winners, why


def _tie(payee: Employee, span: Span, component: str, winners: list[ReadyPolicy]) -> Held:
    names = " and ".join(sorted(ready.policy.id for ready in winners))
    department = span.posting.department
    text = f"{names} match alike, and neither is more specific"
    return Held(payee.employee_id, f"{component}:{department}", department, Reason.SEVERAL_POLICIES, text)


def _parts(covered: _Covered) -> tuple[_Part, ...]:
    """The covered spans by policy version and department, and by team where the policy reads the team's figures."""
    grouped: dict[tuple[str, str, str, date], list[tuple[Span, ReadyPolicy, str]]] = {}
    for span, ready, why in covered:
        team = span.posting.team if ready.reads_team else ""
        key = (f"{ready.policy.component}:{span.posting.department}", ready.policy.id, team, ready.policy.valid_from)
        grouped.setdefault(key, []).append((span, ready, why))
    return tuple(
        _Part(entries[0][1], entries[0][0].posting.department, key[2], tuple(span for span, _, _ in entries), why)
        for key, entries in sorted(grouped.items())
        for why in [entries[0][2]]
    )


def _lines(
    house: _House, payee: Employee, parts: Sequence[_Part], *, last: Span
) -> tuple[tuple[PayoutLine, ...], tuple[Held, ...]]:
    lines: list[PayoutLine] = []
    held: list[Held] = []
    for component, group in groupby(parts, key=lambda part: part.component):
        every = tuple(group)
        paying = tuple(part for part in every if _pays(part, last))
        rows = [_row_of_part(house, payee, part) for part in paying]
        if not paying:
            held.append(_held(payee, component, every[0].department, [_paid_elsewhere(part) for part in every]))
        elif any(row.stop is not None for row in rows):
            held.append(_held(payee, component, every[0].department, rows))
        else:
            lines.append(_line(house, payee, component, paying, rows))
    return tuple(lines), tuple(held)


def _pays(part: _Part, last: Span) -> bool:
    """A policy that pays the whole period pays it once: in the part of the payee's last day."""
    return part.ready.policy.part_period is PartPeriod.PRORATED or last in part.spans


def _paid_elsewhere(part: _Part) -> Row:
    text = f"{part.ready.policy.id} pays the whole period once, in the department of the last day"
    return Row((_heading(part),), None, Stop(Reason.NOT_LAST_POSTING, text))


def _row_of_part(house: _House, payee: Employee, part: _Part) -> Row:
    heading = _heading(part)
    inputs, columns, stop = _inputs(house, payee, part)
    if stop is not None:
        return Row((heading, *columns), None, stop)
    row = fill(part.ready, inputs, lambda step: _share(house, payee, part, step))
    return Row((heading, *columns, *row.steps), row.amount, row.stop)


def _heading(part: _Part) -> Step:
    """The first column: which policy, on which days, and why this one."""
    policy, days = part.ready.policy, ", ".join(f"{span.start} to {span.end}" for span in part.spans)
    shown = (("policy", policy.id), ("version", short(part.ready.version.digest)), ("days", days))
    return Step("policy", "policy", None, shown, str(part.ready.placed.place()), part.why)


def _inputs(house: _House, payee: Employee, part: _Part) -> tuple[dict[str, Decimal], tuple[Step, ...], Stop | None]:
    values: dict[str, Decimal] = {}
    columns: list[Step] = []
    for name, source in part.ready.policy.inputs.items():
        value, note, version, stop = _input(house, payee, part, source)
        line = str(part.ready.placed.place("inputs", name))
        columns.append(Step(name, "input", value, ((source.reference, version),), line, note))
        if value is None:
            return values, tuple(columns), stop
        values[name] = value
    return values, tuple(columns), None


_Found = tuple[Decimal | None, str, str, Stop | None]


def _input(house: _House, payee: Employee, part: _Part, source: Input) -> _Found:
    """The value of an input, a note, the version of the rule that measured it; without a value, why the row stops."""
    if source.days is not None:
        share = _days(house, payee, part, source.days)
        stop = Stop(Reason.NO_CALENDAR, f"the calendar of {payee.jurisdiction} has no working day of the period")
        return (share.counted, "", "", None) if share else (None, "", "", stop)
    key, currency = _whose(house, payee, part, source), part.ready.policy.currency
    measure = house.measures.get((*key, f"{source.reference}:{currency}")) or house.measures.get(
        (*key, source.reference)
    )
    if source.reference in house.halted or (measure is not None and measure.state is ValueState.HALTED):
        text = f"{source.reference} is halted"
        return None, text, "", Stop(Reason.HALTED_INPUT, text)
    if measure is not None and measure.value is not None:
        return measure.value, "", short(measure.rule), None
    others = [other for other in MINOR_DIGITS if (*key, f"{source.reference}:{other}") in house.measures]
    if measure is None and others:
        text = f"{source.reference} is in {', '.join(others)}, the policy pays {currency}"
        return None, text, "", Stop(Reason.OTHER_CURRENCY, text)
    return _missing(source)


def _whose(house: _House, payee: Employee, part: _Part, source: Input) -> tuple[Grain, str]:
    """Of somebody who moved, a part of the period is paid by what was done in its department; who is paid for the whole
    period in one place is paid by all that they did. Scores are per department anyway."""
    posting = posting_name(payee.employee_id, part.department)
    is_part = part.ready.policy.part_period is PartPeriod.PRORATED
    if is_part and source.kpi and source.grain is Grain.EMPLOYEE and posting in house.postings:
        return Grain.POSTING, posting
    whose = {Grain.EMPLOYEE: payee.employee_id, Grain.TEAM: part.team, Grain.DEPARTMENT: part.department}
    return source.grain, whose[source.grain]


def _missing(source: Input) -> _Found:
    if source.missing is Missing.ZERO:
        return Decimal(0), "no value: taken as zero, as stated", "", None
    text = f"{source.reference} has no value"
    return None, text, "", Stop(Reason.MISSING_INPUT, text)


def _share(house: _House, payee: Employee, part: _Part, step: Prorate) -> Share | None:
    return _days(house, payee, part, step.by, employment_share=step.employment_share, without=step.without_leave)


def _days(
    house: _House,
    payee: Employee,
    part: _Part,
    by: DayCount,
    *,
    employment_share: bool = False,
    without: tuple[str, ...] = _LEAVE,
) -> Share | None:
    working = house.working_days.get(payee.jurisdiction)
    return share_of_period(
        payee, part.spans, house.period, working, by=by, employment_share=employment_share, without_leave=without
    )


def _held(payee: Employee, component: str, scope: str, rows: list[Row]) -> Held:
    stops = [row.stop for row in rows if row.stop is not None]
    text = "; ".join(dict.fromkeys(stop.text for stop in stops))
    return Held(payee.employee_id, component, scope, stops[0].reason, text, tuple(_steps(rows)))


def _line(house: _House, payee: Employee, component: str, parts: tuple[_Part, ...], rows: list[Row]) -> PayoutLine:
    """One line; where it has several parts, their amounts are summed in a last column."""
    policy = parts[-1].ready.policy
    amounts = [row.amount for row in rows if row.amount is not None]
    amount, steps = sum(amounts, Decimal(0)), tuple(_steps(rows))
    if len(rows) > 1:
        inputs = tuple(
            (part.ready.policy.id, canonical_decimal(each)) for part, each in zip(parts, amounts, strict=True)
        )
        steps = (*steps, Step("sum_of_parts", "sum", amount, inputs, str(parts[-1].ready.placed.place())))
    to_minor(amount, policy.currency)  # payable exactly: the last step of every policy rounds
    return PayoutLine(
        payee.employee_id,
        component,
        str(house.period),
        policy.currency,
        amount,
        parts[-1].department,
        parts[-1].ready.version.digest,
        steps,
    )


def _steps(rows: Iterable[Row]) -> Iterator[Step]:
    for row in rows:
        yield from row.steps


def _bare(payee: Employee, spans: list[Span]) -> tuple[WithoutPolicy, ...]:
    if not spans:
        return ()
    places = [f"{span.posting.role} in {span.posting.department} from {span.start}" for span in spans]
    return (WithoutPolicy(payee.employee_id, f"no policy for {'; '.join(dict.fromkeys(places))}"),)
