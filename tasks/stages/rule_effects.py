"""What another rule book would have changed: months that are past, measured and paid by both books, side by side.

Both books are measured over what the last measured night of the month read, in one session: nothing is gated or
allocated again, and nothing is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from adapters.duck import Duck, duck_columns
from adapters.store.nights import newest_measured_nights
from adapters.store.results import read_kpis, read_payout_lines, read_scores
from adapters.world import World
from domain.dispatch import DISPATCH_SQL
from domain.exact import ExactSelect
from domain.ids import RunId, digest_of
from domain.manifest import Manifest
from domain.money import CONTEXT
from domain.periods import Period
from domain.records import KpiResult, PayoutLine, Score, Unit, ValueState
from domain.rule_changes import RuleChange, rule_changes
from domain.rules import RuleKind
from domain.tables import Table
from incentives.house import Earlier
from incentives.ledger import BatchKind
from incentives.measures import measures_of
from kpi_rules.breaches import BREACHES_READ, breach_statements
from kpi_rules.credits import contact_days_before, credit_statement, credits_read
from kpi_rules.plan import plan_kpis
from kpi_rules.rulebook import KpiRules
from kpi_rules.views import BREACHES, CREDITS, RECOVERY_RATES
from reports.comparison import Figures, Pair, compare
from reports.rule_effects import (
    AsIf,
    FigureChange,
    FigureKind,
    MonthEffect,
    MonthWithout,
    RuleEffects,
    Wholes,
    in_order,
    totals_of,
)
from tasks.stages.as_if import SECTIONS, Shift, as_if, shifts
from tasks.stages.carried_pay import batches_carried, columns_carried
from tasks.stages.gate import accepted_in, halted_in
from tasks.stages.liquidation import rates_in
from tasks.stages.lot_outcomes import view_lot_outcomes
from tasks.stages.manifests import manifest_of
from tasks.stages.measure import carried_values, figures_in
from tasks.stages.pay import Pay, pay_in
from tasks.stages.rule_causes import Causes, causes_between
from tasks.stages.rules import RuleSet, decode_rule_book
from tasks.stages.session import session_of_night


@dataclass(frozen=True, slots=True)
class Side:
    """A rule book, by the name under which people know it, decoded."""

    name: str
    rules: RuleSet


@dataclass(frozen=True, slots=True)
class MeasuredNight:
    run: RunId
    day: date

    @property
    def period(self) -> Period:
        return Period.of(self.day)


def last_nights(world: World) -> dict[Period, MeasuredNight]:
    """Of each month, the last official night that has measured; in order of months."""
    with world.store.read() as connection:
        return {Period.of(day): MeasuredNight(run, day) for day, run in newest_measured_nights(connection).items()}


def effects_between(
    world: World, old: Side, new: Side, nights: Iterable[MeasuredNight], *, as_dated: bool = False
) -> RuleEffects:
    """The rules that differ, and whose figures by how much in the month of each of the nights, the newest first.

    A changed rule that begins after the night is measured as if it had held before, unless `as_dated`. A month in which
    the books do not fit together as they stood then is in `without`, with every reason.
    """
    changes = rule_changes(old.rules.placed(), new.rules.placed())
    measured = tuple(change for change in changes if is_measured(change))
    found = [_effect(world, old, new, measured, night, as_dated=as_dated) for night in nights if measured]
    return RuleEffects(
        old.name,
        new.name,
        changes,
        tuple(dict.fromkeys(change.name for change in changes if change.kind not in SECTIONS)),
        tuple(each for each in found if isinstance(each, MonthEffect)),
        tuple(each for each in found if isinstance(each, MonthWithout)) or _nothing_to_measure(changes),
    )


ONLY_WORDS = "only words differ (titles, owners, reviews): no figure does"
NOT_MEASURED = "nothing of it is measured: it acts on the gate, the allocation, the cleaning or on who approves"


def is_measured(change: RuleChange) -> bool:
    """Whether figures of a night that was gated and allocated may differ by it."""
    return change.kind in SECTIONS and not change.is_of_words


def _nothing_to_measure(changes: Sequence[RuleChange]) -> tuple[MonthWithout, ...]:
    if not changes or any(is_measured(change) for change in changes):
        return ()
    return (MonthWithout("", ONLY_WORDS if all(change.is_of_words for change in changes) else NOT_MEASURED),)


def _effect(
    world: World, old: Side, new: Side, changes: Sequence[RuleChange], night: MeasuredNight, *, as_dated: bool
) -> MonthEffect | MonthWithout:
    moved = () if as_dated else shifts(changes, [*old.rules.placed()], [*new.rules.placed()], night.day)
    begin_old = {(one.change.kind, one.change.id): one.old for one in moved if one.old}
    begin_new = {(one.change.kind, one.change.id): one.new for one in moved}
    sides = (_as_if(old.rules, begin_old, night), _as_if(new.rules, begin_new, night))
    errors = [str(issue) for rules in sides for issue in rules.issues if issue.is_error]
    if errors:
        return MonthWithout(str(night.period), f"DIF002 the rules do not fit together then: {'; '.join(errors)}")
    changed = {(change.kind, change.id) for change in changes}
    return _measured(world, sides, night, causes_between(*sides, changed, night.day), tuple(map(_said, moved)))


def _as_if(rules: RuleSet, begin: Mapping[Any, date | None], night: MeasuredNight) -> RuleSet:
    return decode_rule_book(as_if(rules.book, begin, night.period.start)) if begin else rules


def _said(shift: Shift) -> AsIf:
    return AsIf(shift.change.name, f"ends on {shift.ends}" if shift.ends else f"begins on {shift.new}")


def _measured(
    world: World, sides: tuple[RuleSet, RuleSet], night: MeasuredNight, causes: Causes, moved: tuple[AsIf, ...]
) -> MonthEffect:
    with world.store.read() as connection:
        manifest, accepted = manifest_of(connection, night.run), accepted_in(connection, night.run)
        halted = halted_in(connection, night.run)
        paid = {each for side in sides for each in batches_carried(connection, side.policies, night.period)}
        earlier = columns_carried(connection, sorted(paid), night.period)
        official = Figures(
            night.run,
            read_kpis(connection, night.run),
            read_scores(connection, night.run),
            tuple(line for kind in BatchKind for line in read_payout_lines(connection, night.run, kind.value)),
        )
    with session_of_night(world, manifest, accepted) as duck:
        duck.keep(DISPATCH_SQL.name)
        view_lot_outcomes(world, duck, night.run)
        bench = _Bench(duck, night.day, halted, earlier)
        old, new = (
            bench.figures_of(rules, carried_values(world, manifest, rules.kpis.on(night.day))) for rules in sides
        )
    compared = compare(old.figures(night.run), new.figures(night.run))
    figures = in_order(
        (
            *(_kpi(pair, causes) for pair in compared.kpis.differing),
            *(_score(pair, causes) for pair in compared.scores.differing),
            *(_line(pair, causes, old.held, new.held) for pair in compared.lines.differing),
        )
    )
    return MonthEffect(
        str(night.period),
        night.day,
        night.run,
        moved,
        compared.kpis.equal + compared.scores.equal + compared.lines.equal,
        _unlike(official, old.figures(night.run)),
        tuple(sorted(halted)),
        tuple(_beyond(manifest, sides, causes)),
        tuple(totals_of(figures, _wholes(old, new))),
        figures,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    kpis: tuple[KpiResult, ...]
    scores: tuple[Score, ...]
    pay: Pay

    @property
    def lines(self) -> tuple[PayoutLine, ...]:
        return tuple(line for lines in self.pay.lines.values() for line in lines)

    @property
    def held(self) -> dict[str, str]:
        """Why payees get nothing now, by payee and component, and by payee where it is of no component."""
        return {f"{payee} {component}": why for held in self.pay.held.values() for payee, component, why in held}

    def figures(self, run: RunId) -> Figures:
        return Figures(run, self.kpis, self.scores, self.lines)


@dataclass(slots=True)
class _Bench:
    """One session in which several books are measured: a scan that both have alike is read once."""

    duck: Duck
    day: date
    halted: frozenset[str]
    earlier: Earlier
    made: str = ""
    tables: int = 0
    read: dict[tuple[str, str], Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def figures_of(self, rules: RuleSet, carried: tuple[KpiResult, ...]) -> _Found:
        self._make_tables(rules.kpis)
        found = figures_in(self.duck, rules.kpis, self.day, self.halted, self._read, carried=carried)
        measures = measures_of(found.results, found.scores)
        pay = pay_in(
            self.duck, measures, rules.policies, rules.contracts, Period.of(self.day), self.halted, self.earlier
        )
        return _Found(found.results, found.scores, pay)

    def _read(self, statement: ExactSelect) -> Sequence[Mapping[str, Any]]:
        key = (self.made, self.duck.sql(statement))
        if key not in self.read:
            self.read[key] = self.duck.read(statement)
        return self.read[key]

    def _make_tables(self, rules: KpiRules) -> None:
        """The credits and the breaches by these rules, in place of those of the book before."""
        start = Period.of(self.day).start
        credited = (credit_statement(rules, start=start, as_of=self.day),)
        broken = tuple(breach_statements(rules.on(self.day).limits, start=start, as_of=self.day))
        made = digest_of([self.duck.sql(statement) for statement in (*credited, *broken)])
        if made == self.made:
            return
        self._make(CREDITS, credited, credits_read(rules, self.day))
        self._make(BREACHES, broken, BREACHES_READ)
        if not self.halted & credits_read(rules, self.day):
            self.duck.create_table_of(RECOVERY_RATES.name, rates_in(self.duck, self.day)[1])
        self.made = made

    def _make(self, table: Table, statements: Iterable[ExactSelect], reads: frozenset[str]) -> None:
        """A table of its own for each book, and the view of the session that is now this one."""
        if self.halted & reads:
            self.duck.create_view(table.name, (), duck_columns(table))
            return
        self.tables += 1
        name = f"{table.name}_of_book_{self.tables}"
        self.duck.create_table(name, duck_columns(table), statements)
        self.duck.run(f'CREATE OR REPLACE VIEW "{table.name}" AS FROM "{name}"')


def _kpi(pair: Pair[KpiResult], causes: Causes) -> FigureChange:
    one = pair.one
    return FigureChange(
        FigureKind.KPI, one.kpi, one.grain, one.entity, "", one.currency, one.unit,
        *_sides(pair, lambda each: each.value, lambda each: each.state), causes.of_kpi(one.kpi),
    )  # fmt: skip


def _score(pair: Pair[Score], causes: Causes) -> FigureChange:
    one = pair.one
    return FigureChange(
        FigureKind.SCORE, one.scorecard, one.grain, one.entity, "", "", Unit.RATIO,
        *_sides(pair, lambda each: each.score, lambda each: each.state), causes.of_score(one.scorecard, one.entity),
    )  # fmt: skip


def _line(
    pair: Pair[PayoutLine], causes: Causes, old_held: Mapping[str, str], new_held: Mapping[str, str]
) -> FigureChange:
    one = pair.one
    side, held = ("new", new_held) if pair.new is None else ("old", old_held) if pair.old is None else ("", {})
    why = held.get(f"{one.payee} {one.component}") or held.get(f"{one.payee} ")
    note = f"held by the {side} rules: {why}" if why else ""
    return FigureChange(
        FigureKind.PAY, one.component, None, one.payee, one.scope, one.currency, Unit.MONEY,
        *_sides(pair, lambda each: each.amount, lambda _: ValueState.VALUE), causes.of_pay(one), note,
    )  # fmt: skip


def _sides(
    pair: Pair[Any], value: Callable[[Any], Decimal | None], state: Callable[[Any], ValueState]
) -> tuple[Decimal | None, Decimal | None, ValueState | None, ValueState | None]:
    old, new = pair.old, pair.new
    return (
        None if old is None else value(old),
        None if new is None else value(new),
        None if old is None else state(old),
        None if new is None else state(new),
    )


def _wholes(old: _Found, new: _Found) -> Wholes:
    sides = [{**_pay_of_scopes(found.lines), **_means(found.scores)} for found in (old, new)]
    return {key: (sides[0].get(key), sides[1].get(key)) for key in sides[0].keys() | sides[1].keys()}


def _pay_of_scopes(lines: Iterable[PayoutLine]) -> dict[tuple[FigureKind, str, str], Decimal]:
    sums: dict[tuple[FigureKind, str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[FigureKind.PAY, line.scope, line.currency] += line.amount
    return sums


def _means(scores: Iterable[Score]) -> dict[tuple[FigureKind, str, str], Decimal]:
    """Of those that have a value."""
    values: dict[tuple[FigureKind, str, str], list[Decimal]] = defaultdict(list)
    for each in scores:
        values[FigureKind.SCORE, each.scorecard, ""] += [each.score] if each.score is not None else []
    return {key: CONTEXT.divide(sum(found, Decimal(0)), Decimal(len(found))) for key, found in values.items() if found}


def _beyond(manifest: Manifest, sides: tuple[RuleSet, RuleSet], causes: Causes) -> Iterator[str]:
    """Events that the new rules count from days that the old ones did not reach, and that the night did not read."""
    if not {kind for kind, _ in causes.changed} & {RuleKind.KPI, RuleKind.CREDIT}:
        return
    old, new = (_first_days(rules.kpis, manifest.business_date) for rules in sides)
    for table, first in new.items():
        read = [item.business_date for item in manifest.history if item.table == table]
        if first < old.get(table, Period.of(manifest.business_date).start) and read and first < min(read):
            yield f"{table} before {min(read)}: the new rules count from {first} on, and the night has not read them"


def _first_days(rules: KpiRules, day: date) -> dict[str, date]:
    start = Period.of(day).start
    days = dict(plan_kpis(rules, start=start, as_of=day).first_days)
    if back := contact_days_before(rules, day):
        days["contacts"] = min(days.get("contacts", start), start - timedelta(days=back))
    return days


def _unlike(official: Figures, old: Figures) -> int:
    """How many figures of the old book are not what the night has stored; a night that was not paid has no lines."""
    found = compare(official, old)
    lines = found.lines.differing if official.lines else ()
    return len(found.kpis.differing) + len(found.scores.differing) + len(lines)


def months_back(last: Period, number: int) -> Iterator[Period]:
    """That many months, from `last` back."""
    for _ in range(number):
        yield last
        last = last.previous()
