"""A payout as a tree: from the amount through every step to scores, KPIs and source rows, and computed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from pydantic import ValidationError

from adapters.errors import RefusedError
from adapters.store.results import read_payout_lines, read_scores
from adapters.store.runs import kinds_of
from adapters.store.signatures import signed_versions
from adapters.world import World
from domain.ids import Digest, RunId, canonical_decimal
from domain.issues import Location
from domain.manifest import Manifest, RunKind
from domain.periods import Period
from domain.records import Grain, KpiResult, PayoutLine, Score, ScorePart, Step, posting_name
from domain.rules import RuleKind
from domain.staff import spans_of
from incentives.ledger import BatchKind
from incentives.policies import Input, Policy
from kpi_rules.evidence import Entity
from kpi_rules.tying import untied_ratios, untied_scores
from reports.payout_tree import Node, PayoutExplanation
from tasks.stages.explain import lines_of_payee
from tasks.stages.explain_fees import Bands, bands_of_fee, fee_nodes, is_fee
from tasks.stages.explain_kpi import FoundAgain, KpiExplanation, explained_in
from tasks.stages.manifests import manifest_of
from tasks.stages.measured import MeasuredNight, measured_night
from tasks.stages.people import payees_of
from tasks.stages.recompute import OF_WHOLE_RUNS, UnreadableRulesError, recomputed
from tasks.stages.signed_book import read_back


def explain_payout(
    world: World, payee: str, period: Period, *, rows_to: Path | None = None
) -> tuple[PayoutExplanation, ...]:
    """Every line of the payee in the newest batches of the period; with `rows_to` the rows behind its KPIs, and the
    payments behind its fees, as CSV.

    Raises: RefusedError if no batch of the period pays the payee, or nothing of its last night is there; ConflictError
    if the rules of that night were edited since; FileChangedError.
    """
    lines = lines_of_payee(world, payee, period)
    brought_in = _runs_of_openings(world, [run for run, _ in lines])
    if brought_in:
        return tuple(_brought_in(world, run, line) for run, line in lines if run in brought_in)
    with measured_night(world, period.last_day) as night:
        sources = replace(_sources(world, night, payee, period, rows_to), policies=_policies(world, lines))
        return tuple(_explanation(world, sources, run, line) for run, line in lines)


def _runs_of_openings(world: World, runs: Sequence[RunId]) -> frozenset[RunId]:
    with world.store.read() as connection:
        return frozenset(run for run, kind in kinds_of(connection, runs).items() if kind is RunKind.OPENING)


def _brought_in(world: World, run: RunId, line: PayoutLine) -> PayoutExplanation:
    """What an opening states of the payee: the values as they stand in the file, each with its place."""
    tree = tuple(_as_stated(step) for step in line.steps)
    differing = _differing(world, run, line)
    return PayoutExplanation(
        line.payee,
        line.component,
        line.origin_period,
        line.currency,
        line.amount,
        run,
        RunId(""),
        line.rule,
        tree,
        differing,
    )


def _as_stated(step: Step) -> Node:
    note = "; ".join(text for text in ("brought in by the opening import", step.note) if text)
    return Node(step.name, step.kind, _number(step.value), note, step.line)


def _differing(world: World, run: RunId, line: PayoutLine) -> tuple[str, ...]:
    """What does not come out again of the line, or why nothing of its run does."""
    mine = f"{line.payee}, {line.component}: "
    found = recomputed(world, [run])
    return tuple(str(one) for one in found if one.code in OF_WHOLE_RUNS or one.message.startswith(mine))


@dataclass(frozen=True, slots=True)
class _Sources:
    """What figures are looked up in: the night, its scores, the signed policies, and the teams of the payee."""

    world: World
    night: MeasuredNight
    scores: Mapping[tuple[Grain, str, str], Score]
    teams: Mapping[str, str]
    rows_to: Path | None
    policies: Mapping[Digest, Policy] = field(default_factory=dict)
    opened: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)  # what came in by the opening, by column
    bands: Bands | None = None  # of a line that is a fee, its payments, where they can be found again


def _sources(world: World, night: MeasuredNight, payee: str, period: Period, rows_to: Path | None) -> _Sources:
    with world.store.read() as connection:
        scores = {(each.grain, each.entity, each.scorecard): each for each in read_scores(connection, night.run)}
    employees = (each for each in payees_of(night.duck, period) if each.employee_id == payee)
    spans = [span for each in employees for span in spans_of(each, period)]
    teams = {span.posting.department: span.posting.team for span in spans}
    return _Sources(world, night, scores, teams, rows_to)


def _policies(world: World, lines: Sequence[tuple[RunId, PayoutLine]]) -> dict[Digest, Policy]:
    """The policies of the lines as they were signed; none of one that this version of Recoup cannot read any more,
    which `_differing` tells."""
    wanted, found = {line.rule for _, line in lines}, dict[Digest, Policy]()
    with world.store.read() as connection:
        signed = [each for each in signed_versions(connection) if each.kind is RuleKind.POLICY and each.rule in wanted]
    for each in signed:
        with suppress(ValidationError):
            found[each.rule] = Policy.model_validate(read_back(each.kind, each.content))
    return found


def _explanation(world: World, sources: _Sources, run: RunId, line: PayoutLine) -> PayoutExplanation:
    with world.store.read() as connection:
        manifest = manifest_of(connection, run)
        source, opened = manifest.source or RunId(""), _stated_before(connection, manifest, line)
    mine = replace(sources, opened=opened, bands=_bands(world, sources, manifest, line))
    tree = tuple(_root(mine, line, part) for part in _parts(line.steps))
    untied = dict.fromkeys(text for root in tree for text in root.untied_below())
    differing = (*_differing(world, run, line), *(f"It does not tie: {text}" for text in untied))
    if source != sources.night.run:
        differing = (*differing, f"it pays the night {source}; the newest one of that day is {sources.night.run}")
    return PayoutExplanation(
        line.payee,
        line.component,
        line.origin_period,
        line.currency,
        line.amount,
        run,
        source,
        line.rule,
        tree,
        differing,
    )


def _bands(world: World, sources: _Sources, manifest: Manifest, line: PayoutLine) -> Bands | None:
    """None of what is no fee, and of a fee by a contract that cannot be read any more, which `_differing` tells."""
    if not is_fee(line):
        return None
    try:
        return bands_of_fee(world, sources.night.duck, manifest, line, sources.rows_to)
    except UnreadableRulesError:
        return None


def _stated_before(connection: sa.Connection, manifest: Manifest, line: PayoutLine) -> dict[str, tuple[Step, ...]]:
    """The columns of the payee and component that came in by the opening, in whatever department."""
    found: dict[str, tuple[Step, ...]] = {}
    kinds = kinds_of(connection, [each.run for each in manifest.paid])
    component = line.component.partition(":")[0]
    for batch in (each for each in manifest.paid if kinds[each.run] is RunKind.OPENING):
        for stated in read_payout_lines(connection, batch.run, BatchKind.BONUS.value):
            key = (stated.payee, stated.component.partition(":")[0], stated.scope)
            for step in stated.steps if key == (line.payee, component, batch.scope) else ():
                found[step.name] = (*found.get(step.name, ()), step)
    return found


def _parts(steps: Sequence[Step]) -> Iterator[tuple[Step, ...]]:
    """The columns of each part; a part begins with the heading of its policy, the sum of parts belongs to none."""
    starts = [index for index, step in enumerate(steps) if step.kind == "policy"] or [0]
    columns = [step for step in steps if step.kind != "sum"]
    for start, end in zip(starts, [*starts[1:], len(columns)], strict=True):
        yield tuple(columns[start:end])


def _root(sources: _Sources, line: PayoutLine, part: Sequence[Step]) -> Node:
    """Of a policy every column with those that it reads; of a contract, and of what stands beside the calculation, its
    columns, the last one first, with what was decided and why."""
    if part[0].kind != "policy":
        plain = [Node(step.name, step.kind, _number(step.value), _told(step), step.line) for step in part]
        last, *before = (plain if sources.bands is None else fee_nodes(sources.bands, line, part, plain))[::-1]
        return replace(last, children=tuple(before))
    heading, *columns = part
    by_name = {step.name: step for step in columns}
    root = _node(sources, line, by_name, columns[-1].name, set())
    note = f"{_read(heading)}; {heading.note}"
    return Node("policy", "policy", _number(columns[-1].value), note, heading.line, (root,))


def _told(step: Step) -> str:
    return "; ".join(text for text in (_read(step), step.note) if text)


def _read(step: Step) -> str:
    return ", ".join(f"{name} {value}" for name, value in step.inputs)


def _node(sources: _Sources, line: PayoutLine, by_name: Mapping[str, Step], name: str, told: set[str]) -> Node:
    """The column with what it reads; a column that several others read is taken apart where it comes first."""
    step = by_name[name]
    if name in told:
        return Node(name, step.kind, _number(step.value), "as above")
    told.add(name)
    if step.kind == "input":
        return _input(sources, line, step)
    read = tuple(
        _node(sources, line, by_name, each, told) if each in by_name else Node(each, "stated", value)
        for each, value in step.inputs
    )
    return Node(name, step.kind, _number(step.value), step.note, step.line, read)


def _input(sources: _Sources, line: PayoutLine, step: Step) -> Node:
    reference, source = step.inputs[0]
    kind, _, what = reference.partition(":")
    policy = sources.policies.get(line.rule)
    stated = policy.inputs.get(step.name) if policy else None
    note = "; ".join(text for text in (step.note, source) if text)
    children: tuple[Node, ...] = ()
    untied: tuple[str, ...] = ()
    if stated is not None and kind == "kpi":
        children = _kpi(sources, what, _whose(sources, line, stated), line.currency)
    elif stated is not None and kind in {"scorecard", "attainment"}:
        scorecard, _, of = what.partition(".")
        score = _score_of(sources, line, stated, scorecard)
        children = _score(sources, score, of) if score else (Node(scorecard, "scorecard", "no value", "not scored"),)
        untied = _untied_score(sources, score) if score else ()
    elif kind == "carried":
        children = tuple(map(_as_stated, sources.opened.get(what, ())))
    return Node(step.name, reference, _number(step.value), note, step.line, children, untied)


def _whose(sources: _Sources, line: PayoutLine, stated: Input) -> Entity:
    """As the calculation reads it: of somebody who moved, what they did in the department of the line."""
    posting = posting_name(line.payee, line.scope)
    if stated.grain is Grain.DEPARTMENT:
        return Entity(Grain.DEPARTMENT, (line.scope,))
    if stated.grain is Grain.TEAM:
        return Entity(Grain.TEAM, (sources.teams.get(line.scope, ""),))
    if any(each.grain is Grain.POSTING and each.entity == posting for each in sources.night.results):
        return Entity(Grain.POSTING, (line.payee, line.scope))
    return Entity(Grain.EMPLOYEE, (line.payee,))


def _kpi(sources: _Sources, kpi: str, entity: Entity, currency: str) -> tuple[Node, ...]:
    money = any(each.kpi == kpi and each.currency == currency for each in sources.night.results)
    mine = Entity(entity.grain, entity.names, currency if money else "")
    try:
        return (_figure(explained_in(sources.world, sources.night, kpi, mine, sources.rows_to)),)
    except RefusedError as refused:
        return (Node(kpi, "kpi", "no value", str(refused)),)


def _figure(found: KpiExplanation) -> Node:
    result = found.result
    title, _, *told = found.text.splitlines()
    rule = next((text for text in told if text.startswith("rule")), "")
    parts = (*(_sum(result, one) for one in found.sums), *map(_figure, found.parts))
    value = f"{_number(result.value)} {result.currency}".strip()
    untied = tuple(map(str, untied_ratios([result], Location(f"night {found.run}"))))
    return Node(result.kpi, "kpi", value, title, rule, parts, untied)


def _sum(result: KpiResult, one: FoundAgain) -> Node:
    """A sum over source rows, found again in what the night read."""
    stored, found = _number(one.stored), _number(one.found)
    if one.is_equal:
        return Node(one.measure, "rows", stored, "found again in the rows")
    said = f"{result.kpi} of {result.grain} {result.entity}, {one.measure}: {stored} is stored, the rows give {found}"
    return Node(one.measure, "rows", stored, f"but the rows give {found}", untied=(said,))


def _score_of(sources: _Sources, line: PayoutLine, stated: Input, scorecard: str) -> Score | None:
    entity = _whose(sources, line, stated)
    return sources.scores.get((entity.grain, entity.name, scorecard)) or sources.scores.get(
        (Grain.EMPLOYEE, line.payee, scorecard)
    )


def _untied_score(sources: _Sources, score: Score) -> tuple[str, ...]:
    return tuple(map(str, untied_scores([score], sources.night.rules, Location(f"night {sources.night.run}"))))


def _score(sources: _Sources, score: Score, of: str) -> tuple[Node, ...]:
    """The parts of the score; with `of`, a KPI, that part alone."""
    return tuple(_score_part(sources, score, part) for part in score.parts if of in {"", part.kpi})


def _score_part(sources: _Sources, score: Score, part: ScorePart) -> Node:
    names = tuple(score.entity.rsplit("@", 1)) if score.grain is Grain.POSTING else (score.entity,)
    told = (("value", part.value), ("target", part.target), ("attainment", part.attainment), ("points", part.points))
    shown = ", ".join(f"{name} {_number(value)}" for name, value in told if value is not None)
    weight = "gate" if part.is_gate else f"weight {_number(part.weight)}"
    note = "; ".join(text for text in (shown, weight, part.note) if text)
    figures = _kpi(sources, part.kpi, Entity(score.grain, names), "")
    return Node(part.kpi, "part of the score", _number(part.contribution), note, "", figures)


def _number(value: Decimal | None) -> str:
    return "no value" if value is None else canonical_decimal(value)
