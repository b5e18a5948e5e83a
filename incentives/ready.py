"""Policies made ready to compute: names resolved, units followed through the steps, tables proved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

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
from incentives.steps import (
    Base,
    Cap,
    Curve,
    DecisionTable,
    Floor,
    Formula,
    Gate,
    MarginalTiers,
    Prorate,
    Round,
    StepModel,
    SteppedTiers,
    WholeTiers,
    operands_of,
    parameters_of,
)

_BANDED = MarginalTiers | WholeTiers | SteppedTiers


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

    @property
    def policy(self) -> Policy:
        return self.placed.rule

    @property
    def reads_team(self) -> bool:
        return any(source.grain is Grain.TEAM for source in self.policy.inputs.values())


def make_ready(placed: Placed[Policy]) -> tuple[ReadyPolicy | None, tuple[Issue, ...]]:
    """The policy ready to compute, or everything that is wrong with it."""
    maker = _Maker(placed)
    condition = maker.condition()
    columns = maker.columns()
    maker.check_whole(columns)
    if maker.issues:
        return None, tuple(maker.issues)
    return ReadyPolicy(placed, placed.version, condition, tuple(columns)), ()


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
        self.check_order(step, path)
        expressions = self.expressions(step, path)
        if len(self.issues) > before or len(expressions) < len(_texts(step)):
            return None
        unit = self.unit(step, expressions, path)
        if isinstance(step, DecisionTable) and unit is not None:
            self.check_table(expressions, path)
        if len(self.issues) > before or unit is None:
            return None
        named = [name for _, name in operands_of(step)]
        inside = sorted(frozenset().union(*(expression.names for expression in expressions)))
        reads = tuple(dict.fromkeys([*named, *inside]))
        stated = tuple((key, canonical_decimal(number)) for key, number in parameters_of(step))
        return ReadyColumn(step, expressions, reads, unit, stated, self.line(step, path))

    def line(self, step: StepModel, path: Path) -> str:
        """Where the figure stands that a manager would change: for a constant, the number itself."""
        return str(self.placed.place(*path, "value") if isinstance(step, Base) else self.placed.place(*path))

    def check_input(self, name: str, source: Input) -> None:
        path = ("inputs", name)
        kinds = [key for key in ("kpi", "scorecard", "days") if getattr(source, key) is not None]
        if len(kinds) != 1:
            self.report("POL021", path, "an input is one of kpi, scorecard or days", "State exactly one of them")
        elif source.kpi is not None and source.unit is None:
            self.report("POL022", path, "the unit of a KPI is missing", "State unit: money, count or ratio")
        elif source.kpi is None and source.unit is not None:
            self.report("POL022", (*path, "unit"), "only a KPI states its unit", "Take it out")
        elif source.attainment is not None and source.scorecard is None:
            self.report("POL021", (*path, "attainment"), "an attainment is read within a scorecard", "State scorecard")

    def check_names(self, step: StepModel, path: Path) -> None:
        later = {other.name for other in self.policy.steps} - self.units.keys()
        for key, name in operands_of(step):
            if name in later:
                hint = "Steps read what stands above them" if name != step.name else "A step does not read itself"
                self.report("POL024", (*path, key), f'"{name}" is not computed yet', hint)
            elif name not in self.units:
                hint = suggestion(name, self.units)
                self.report("POL023", (*path, key), f'no input and no earlier step is named "{name}"', hint)

    def check_order(self, step: StepModel, path: Path) -> None:
        if isinstance(step, _BANDED):
            self.check_ascending([band.start for band in step.bands], (*path, "bands"), "from")
        if isinstance(step, Curve):
            self.check_ascending([point.at for point in step.points], (*path, "points"), "at")
        if isinstance(step, MarginalTiers) and step.bands[0].start != 0:
            message = f"the first band starts at {step.bands[0].start}; below it no rate is stated"
            self.report("POL031", (*path, "bands", 0, "from"), message, "Start it at 0, with rate 0 if nothing is paid")
        if isinstance(step, Prorate) and not step.is_leave_stated:
            message = "days_worked, and only it, states which kinds of leave are not worked"
            self.report("POL034", (*path, "by"), message, "State without_leave: [unpaid, parental], say")

    def check_ascending(self, starts: list[object], path: Path, key: str) -> None:
        for index, (low, high) in enumerate(pairwise(starts), start=1):
            if not low < high:  # type: ignore[operator]
                message = f"{high} does not lie above {low}, the one before it"
                self.report("POL030", (*path, index, key), message, "Put them in ascending order, each once")

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
            case Base():
                return self.units[step.value] if isinstance(step.value, str) else step.unit
            case Formula():
                return self.unit_of_formula(expressions[0].type, path)
            case SteppedTiers() | Curve() | DecisionTable():
                return step.unit
            case MarginalTiers() | WholeTiers():
                return Unit.MONEY if self.units[step.of] is Unit.COUNT else self.units[step.of]
            case Cap() | Floor():
                self.check_bound(step, path)
        return self.units[step.of]

    def unit_of_formula(self, found: ExprType, path: Path) -> Unit | None:
        if not found.is_numeric:
            self.report("POL032", (*path, "expression"), f"the formula gives a {found}, not a number")
            return None
        return Unit.RATIO if found is ExprType.NUMBER else Unit(found.value)

    def check_bound(self, step: Cap | Floor, path: Path) -> None:
        bound = self.units[step.at] if isinstance(step.at, str) else self.units[step.of]
        of = self.units[step.of]
        if bound is not None and of is not None and bound is not of:
            message = f'"{step.at}" is a {bound}, "{step.of}" is {_a(of)}: they cannot be compared'
            self.report("POL033", (*path, "at"), message, "Compute the bound in an earlier formula")

    def check_table(self, expressions: tuple[Expression, ...], path: Path) -> None:
        counts = frozenset(name for name, unit in self.units.items() if unit is Unit.COUNT)
        for fault in unproved(expressions, counts):
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
            self.report("POL041", path, f'the last step "{last.name}" is {_a(self.units[last.name])}, not money')

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
        case Gate(when=text):
            return [(("when",), text, ExprType.BOOL)]
        case DecisionTable(rows=rows):
            return [(("rows", index, "when"), row.when, ExprType.BOOL) for index, row in enumerate(rows)]
    return []


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


def _a(unit: Unit | None) -> str:
    return "money" if unit is Unit.MONEY else f"a {unit}"
