"""Policies made ready to compute: names resolved, units followed through the steps, tables proved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType

from domain.documents import Path
from domain.expressions import Expression, ExprType, parse
from domain.expressions import Name as ExprName
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue
from domain.money import MINOR_DIGITS
from domain.records import Grain, Unit
from domain.rules import Placed, RuleVersion
from incentives.policies import FACTS, Input, PartPeriod, Policy
from incentives.proof import unproved
from incentives.set_steps import Among, Pool, Prize, Rank, Together
from incentives.step_checks import Fault, a, faults_of, unit_faults
from incentives.steps import (
    Base,
    Curve,
    DecisionTable,
    Draw,
    Formula,
    Gate,
    Hit,
    Kicker,
    MarginalTiers,
    Prorate,
    Quota,
    Round,
    StepModel,
    SteppedTiers,
    WholeTiers,
    operands_of,
    parameters_of,
)


@dataclass(frozen=True, slots=True)
class ReadyColumn:
    """A step with its parsed texts, the names that it reads in order, its unit, and what explanations show of it: the
    numbers that its line states, and the line."""

    step: StepModel
    expressions: tuple[Expression, ...]
    reads: tuple[str, ...]
    unit: Unit
    stated: tuple[tuple[str, str], ...]
    line: str


@dataclass(frozen=True, slots=True)
class ReadyPolicy:
    """A policy that can be computed, and its version."""

    placed: Placed[Policy]
    version: RuleVersion
    condition: Expression | None
    columns: tuple[ReadyColumn, ...]
    reads_team: bool
    line: str

    @property
    def policy(self) -> Policy:
        return self.placed.rule

    @property
    def units(self) -> dict[str, Unit]:
        """What inputs and columns count, by name."""
        inputs = {name: source.measured_in for name, source in self.policy.inputs.items()}
        return {**inputs, **{column.step.name: column.unit for column in self.columns}}

    @property
    def components_read(self) -> frozenset[str]:
        """What the payee's subordinates are paid of, which is computed before."""
        return frozenset(source.lines for source in self.policy.inputs.values() if source.lines is not None)


# An input is one of these; an attainment is read within a scorecard.
_KINDS = ("kpi", "scorecard", "days", "fact", "lines", "carried")
# A key, the kind of input that it goes with, and whether it is needed there.
_COMPANIONS = (
    ("rates", "kpi", False),
    ("level", "lines", True),
    ("months_ago", "carried", True),
    ("begins_anew", "carried", False),
)


def make_ready(
    placed: Placed[Policy], given: Mapping[str, Unit] = MappingProxyType({})
) -> tuple[ReadyPolicy | None, tuple[Issue, ...]]:
    """The policy ready to compute, or everything that is wrong with it. `given` are names that are always there, with
    what they count."""
    maker = _Maker(placed, units=dict(given))
    condition = maker.condition()
    columns = maker.columns()
    maker.check_whole(columns)
    if maker.issues:
        return None, tuple(maker.issues)
    ready = ReadyPolicy(
        placed, placed.version, condition, tuple(columns), _reads_team(placed.rule), str(placed.place())
    )
    return ready, ()


def _reads_team(policy: Policy) -> bool:
    """Whether it matters in which team somebody was: figures of the team are read, or the team is settled together."""
    grouped = any(isinstance(step, Together) and step.among is Among.TEAM for step in policy.steps)
    return grouped or any(source.grain is Grain.TEAM for source in policy.inputs.values())


@dataclass(slots=True)
class _Maker:
    placed: Placed[Policy]
    issues: list[Issue] = field(default_factory=list)
    units: dict[str, Unit | None] = field(default_factory=dict)  # None: the step is wrong, so its unit is not known

    @property
    def policy(self) -> Policy:
        return self.placed.rule

    def report(self, code: str, path: Path, message: str, hint: str = "") -> None:
        self.issues.append(Issue(code, self.placed.place(*path), message, hint))

    def condition(self) -> Expression | None:
        text = self.policy.applies_to.when
        return self.parse(text, ("applies_to", "when"), FACTS, ExprType.BOOL) if text is not None else None

    def columns(self) -> list[ReadyColumn]:
        for name, source in self.policy.inputs.items():
            before = len(self.issues)
            self.check_input(name, source)
            self.units[name] = source.measured_in if len(self.issues) == before else None
        ready = []
        for index, step in enumerate(self.policy.steps):
            column = self.column(step, ("steps", index))
            ready.append(column)
            if step.name in self.units:
                self.report("POL020", ("steps", index, "name"), f'"{step.name}" is already a name of this policy')
            self.units.setdefault(step.name, column.unit if column else None)
        return [column for column in ready if column is not None]

    def column(self, step: StepModel, path: Path) -> ReadyColumn | None:
        before = len(self.issues)
        self.check_names(step, path)
        self.check(faults_of(step), path)
        expressions = self.expressions(step, path)
        if len(self.issues) > before or len(expressions) < len(_texts(step)):
            return None
        self.check(unit_faults(step, self.units), path)
        unit = self.unit(step, expressions, path)
        if isinstance(step, DecisionTable) and unit is not None:
            self.check_table(step, expressions, path)
        if len(self.issues) > before or unit is None:
            return None
        named = [name for _, name in operands_of(step)]
        inside = sorted(frozenset().union(*(expression.names for expression in expressions)))
        reads = tuple(dict.fromkeys([*named, *inside]))
        stated = tuple((key, canonical_decimal(number)) for key, number in parameters_of(step))
        return ReadyColumn(step, expressions, reads, unit, stated, self.line(step, path))

    def check(self, faults: Iterator[Fault], path: Path) -> None:
        for fault in faults:
            self.report(fault.code, (*path, *fault.path), fault.message, fault.hint)

    def line(self, step: StepModel, path: Path) -> str:
        """Where the figure stands that a manager would change: for a constant, the number itself."""
        return str(self.placed.place(*path, "value") if isinstance(step, Base) else self.placed.place(*path))

    def check_input(self, name: str, source: Input) -> None:
        path = ("inputs", name)
        if len([kind for kind in _KINDS if getattr(source, kind) is not None]) != 1:
            self.report("POL021", path, f"an input is one of {', '.join(_KINDS)}", "State exactly one of them")
        elif source.attainment is not None and source.scorecard is None:
            self.report("POL021", (*path, "attainment"), "an attainment is read within a scorecard", "State scorecard")
        elif (source.unit is None) == _has_unit(source):
            self.check_unit(source, path)
        else:
            self.check_companions(source, path)

    def check_unit(self, source: Input, path: Path) -> None:
        if source.unit is None:
            what = "a KPI" if source.kpi else "a carried column"
            self.report("POL022", path, f"the unit of {what} is missing", "State unit: money, count or ratio")
        else:
            message = "only a KPI and a carried column state their unit"
            self.report("POL022", (*path, "unit"), message, "Take it out")

    def check_companions(self, source: Input, path: Path) -> None:
        """Keys that go with one kind of input, and are needed there or have no meaning elsewhere."""
        for key, kind, needed in _COMPANIONS:
            stated, fits = getattr(source, key) is not None, getattr(source, kind) is not None
            if stated and not fits:
                self.report("POL027", (*path, key), f"{key} goes with {kind}", "Take it out")
            elif needed and fits and not stated:
                self.report("POL027", path, f"{kind} needs {key}", f"State {key}")
        if source.rates is not None and source.unit is not Unit.MONEY:
            self.report("POL027", (*path, "rates"), f"{a(source.unit)} has no currency", "Take rates out")

    def check_names(self, step: StepModel, path: Path) -> None:
        later = {other.name for other in self.policy.steps} - self.units.keys()
        for keys, name in operands_of(step):
            place = (*path, *keys)
            if name in later:
                hint = "Steps read what stands above them" if name != step.name else "A step does not read itself"
                self.report("POL024", place, f'"{name}" is not computed yet', hint)
            elif name not in self.units:
                hint = suggestion(name, self.units)
                self.report("POL023", place, f'no input and no earlier step is named "{name}"', hint)
        if isinstance(step, Draw) and step.owed in self.units and not self.is_carried(step.owed):
            message = f'"{step.owed}" is not carried over from the period before: no draw would ever be paid back'
            self.report("POL028", (*path, "owed"), message, "Name an input with carried: the column of what is owed")

    def is_carried(self, name: str) -> bool:
        source = self.policy.inputs.get(name)
        return source is not None and source.carried is not None

    def expressions(self, step: StepModel, path: Path) -> tuple[Expression, ...]:
        """The step's texts, parsed; none where one of them reads a step that is itself wrong."""
        texts = _texts(step)
        words = {word for _, text, _ in texts for word in re.findall(r"[a-z0-9_]+", text)}
        if any(self.units.get(word, Unit.MONEY) is None for word in words):
            return ()
        scope = {name: ExprName(ExprType(unit.value)) for name, unit in self.units.items() if unit is not None}
        parsed = [self.parse(text, (*path, *key), scope, expect) for key, text, expect in texts]
        return tuple(expression for expression in parsed if expression is not None)

    def parse(self, text: str, path: Path, scope: Mapping[str, ExprName], expect: ExprType | None) -> Expression | None:
        expression, issues = parse(text, scope, at=self.placed.place(*path), expect=expect, division=True)
        self.issues.extend(issues)
        return expression

    def unit(self, step: StepModel, expressions: tuple[Expression, ...], path: Path) -> Unit | None:
        """What the column counts; money tiers pay money, and tiers over a count pay money for each."""
        match step:
            case Base() | Quota():
                return self.units[step.value] if isinstance(step.value, str) else step.unit
            case Formula():
                return self.unit_of_formula(expressions[0].type, path)
            case SteppedTiers() | Curve() | DecisionTable():
                return step.unit
            case MarginalTiers() | WholeTiers():
                return Unit.MONEY if self.units[step.of] is Unit.COUNT else self.units[step.of]
            case Rank():
                return Unit.COUNT
            case Prize() | Pool():
                return Unit.MONEY
        return self.units[step.of]

    def unit_of_formula(self, found: ExprType, path: Path) -> Unit | None:
        if not found.is_numeric:
            self.report("POL032", (*path, "expression"), f"the formula gives a {found}, not a number")
            return None
        return Unit.RATIO if found is ExprType.NUMBER else Unit(found.value)

    def check_table(self, step: DecisionTable, expressions: tuple[Expression, ...], path: Path) -> None:
        """Where the first row counts there may be overlaps, where all are added up there may be gaps too."""
        counts = frozenset(name for name, unit in self.units.items() if unit is Unit.COUNT)
        faults = unproved(expressions, counts) if step.hit is not Hit.SUM else ()
        for fault in faults:
            if fault.code == "POL036" or step.hit is None:
                place = (*path, "rows", fault.row, "when") if fault.row is not None else path
                self.report(fault.code, place, fault.message, fault.hint)

    def check_whole(self, columns: list[ReadyColumn]) -> None:
        self.check_unread(columns)
        self.check_part_period()
        policy, last = self.policy, self.policy.steps[-1]
        path: Path = ("steps", len(policy.steps) - 1)
        if policy.currency not in MINOR_DIGITS:
            hint = suggestion(policy.currency, MINOR_DIGITS)
            self.report("POL043", ("currency",), f'unknown currency "{policy.currency}"', hint)
        if not isinstance(last, Round):
            hint = "End with a step of kind round"
            self.report("POL040", path, f'the last step is "{last.name}", of kind {last.kind}: not rounded', hint)
        elif last.digits > MINOR_DIGITS.get(policy.currency, last.digits):
            digits = MINOR_DIGITS[policy.currency]
            message = f"{policy.currency} is paid with {digits} digits after the point, not {last.digits}"
            self.report("POL042", (*path, "digits"), message, f"Round to {digits} or fewer")
        if self.units.get(last.name) not in {Unit.MONEY, None}:
            self.report("POL041", path, f'the last step "{last.name}" is {a(self.units[last.name])}, not money')

    def check_unread(self, columns: list[ReadyColumn]) -> None:
        if len(columns) < len(self.policy.steps):
            return  # what a broken step reads is not known
        read = {name for column in columns for name in column.reads}
        for index, step in enumerate(self.policy.steps[:-1]):
            if step.name not in read and not step.memo:
                hint = "Let a later step read it, or mark it memo: true"
                self.report(
                    "POL025", ("steps", index, "name"), f'nothing reads "{step.name}": it would not count', hint
                )
        for name in self.policy.inputs:
            if name not in read:
                self.report("POL026", ("inputs", name), f'no step reads the input "{name}"', "Use it, or take it out")

    def check_part_period(self) -> None:
        prorated = any(isinstance(step, Prorate) for step in self.policy.steps)
        if prorated != (self.policy.part_period is PartPeriod.PRORATED):
            message = "there is a prorate step" if prorated else "there is no prorate step"
            hint = "prorated goes with a step of kind prorate, whole goes without"
            self.report("POL035", ("part_period",), f"part_period is {self.policy.part_period}, but {message}", hint)


def _texts(step: StepModel) -> list[tuple[Path, str, ExprType | None]]:
    """The expressions of a step: where each stands, its text, and what it must give."""
    match step:
        case Formula(expression=text):
            return [(("expression",), text, None)]
        case Gate(when=text) | Kicker(when=text):
            return [(("when",), text, ExprType.BOOL)]
        case DecisionTable(rows=rows):
            return [(("rows", index, "when"), row.when, ExprType.BOOL) for index, row in enumerate(rows)]
        case WholeTiers(shift=shifts) | SteppedTiers(shift=shifts):
            return [(("shift", index, "when"), shift.when, ExprType.BOOL) for index, shift in enumerate(shifts)]
    return []


def _has_unit(source: Input) -> bool:
    """A KPI and a carried column state what they count; of anything else it is known."""
    return source.kpi is not None or source.carried is not None


def competing(policies: tuple[ReadyPolicy, ...]) -> Iterator[Issue]:
    """Pairs of policies for one component of which neither is more specific, though both match the same payee."""
    ordered = sorted(policies, key=lambda ready: (ready.policy.id, ready.policy.valid_from))
    for index, one in enumerate(ordered):
        for other in ordered[index + 1 :]:
            if one.policy.id != other.policy.id and _compete(one.policy, other.policy):
                yield Issue(
                    "POL050",
                    other.placed.place("applies_to"),
                    f'"{other.policy.id}" and "{one.policy.id}" match the same payees, and neither is more specific; '
                    f"see {one.placed.place('applies_to')}",
                    "State departments or roles in one of them",
                )


def circles(policies: tuple[ReadyPolicy, ...]) -> Iterator[Issue]:
    """Components of which each waits for the other."""
    reads: dict[str, set[str]] = {}
    for ready in policies:
        reads.setdefault(ready.policy.component, set()).update(ready.components_read)
    try:
        TopologicalSorter(reads).prepare()
    except CycleError as error:
        circle = error.args[1]
        found = next(ready for ready in policies if ready.policy.component in circle and ready.components_read)
        name = next(name for name, source in found.policy.inputs.items() if source.lines in circle)
        message = f"{' reads '.join(reversed(circle))}: none of them could be computed first"
        yield Issue("POL051", found.placed.place("inputs", name), message, "Pay overrides as a component of their own")


def _compete(one: Policy, other: Policy) -> bool:
    alike = one.component == other.component and one.currency == other.currency
    conditions = one.applies_to.when is not None or other.applies_to.when is not None
    equal = one.applies_to.specificity == other.applies_to.specificity
    return alike and equal and not conditions and _share_days(one, other) and _share_payees(one, other)


def _share_days(one: Policy, other: Policy) -> bool:
    return (other.valid_to is None or one.valid_from < other.valid_to) and (
        one.valid_to is None or other.valid_from < one.valid_to
    )


def _share_payees(one: Policy, other: Policy) -> bool:
    pairs = (
        (one.applies_to.departments, other.applies_to.departments),
        (one.applies_to.roles, other.applies_to.roles),
    )
    return all(left is None or right is None or bool({*left} & {*right}) for left, right in pairs)
