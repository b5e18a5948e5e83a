"""A month beside the old spreadsheet: ours as the policies pay it from the last official night, calculated again with
the old figures put in. Nothing is stored but the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from adapters.errors import RefusedError
from adapters.rule_sheets import read_cells
from adapters.seam import sha256_of
from adapters.store.nights import newest_measured_nights
from adapters.store.results import read_kpis, read_scores
from adapters.world import World
from domain.expressions.parse import suggestion
from domain.ids import Digest, RunId, canonical_json, digest_of, short
from domain.periods import Period
from domain.records import Grain, KpiResult, Score, Unit, ValueState
from domain.staff import Employee, WorkingDays, spans_of
from incentives.book import PolicyBook
from incentives.calculate import Calculation, calculate
from incentives.house import Earlier
from incentives.measures import measures_of
from incentives.old_result import Layout, OldResult, read_old_result
from incentives.parallel_run import Cause, Month, OldLine, Variant, differences, shown
from incentives.policies import Input
from kpi_rules.figures import Figure
from kpi_rules.language import Scorecard
from kpi_rules.plan import views_read_by
from kpi_rules.regrading import Given, regraded
from kpi_rules.views import CREDITS
from reports.parallel_run import ParallelRun
from reports.parallel_run_report import MOST_ROWS, parallel_run_report
from reports.report_files import report_page, write_report_workbook
from tasks.stages.carried_pay import batches_carried, columns_carried, months_opened
from tasks.stages.gate import accepted_in, halted_in
from tasks.stages.labels import book_label, language_of
from tasks.stages.manifests import manifest_of
from tasks.stages.people import BONUS_READS, payees_of, working_days_of
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.session import session_of_tables


def compare_with_old(
    world: World, period: Period, path: Path, layout: Layout, *, cut_off: date | None = None
) -> ParallelRun:
    """Bonuses of the month beside the old result in `path`; `cut_off` is the last day whose payments the old one has.

    Raises: RefusedError with everything that is wrong with the file, or if no night of the month, or of the cut-off,
    has measured.
    """
    rules = sound_rules(world.settings.rules)
    old, found = _old(path, layout), _paid_month(world, rules, period)
    known = {result.kpi for result in found.figures.results.values()} | {each.id for each in rules.kpis.figures}
    _refuse_unknown(old, known)
    variants = tuple(_variants(found, old.lines, _at_cut_off(world, period, cut_off)))
    policies = found.policies.policies
    month = Month(period, {each.employee_id: each for each in found.payees}, found.ours, variants, policies)
    return ParallelRun(
        str(period),
        found.day,
        found.run,
        path.name,
        Digest(sha256_of(path)),
        cut_off,
        differences(old.lines, month),
        old.totals,
        _totals(found.ours),
        tuple(str(note) for note in old.notes),
        book_label(world),
    )


def write_parallel_run(world: World, found: ParallelRun, folder: Path | None = None) -> tuple[Path, ...]:
    """Page, workbook and JSON, below `reports/parallel/` or in the folder: the same lies in the same place."""
    language = language_of(world)
    name = f"{found.period}_{short(digest_of(found))}"
    place = folder or world.settings.home / "reports" / "parallel" / name
    page, workbook, data = (place / f"parallel-run.{ending}" for ending in ("html", "xlsx", "json"))
    text = report_page(parallel_run_report(found, language, MOST_ROWS), language)
    world.seam.write_text(page, text, point="parallel_page")
    report = parallel_run_report(found, language)
    world.seam.write_file(
        workbook, lambda part: write_report_workbook(report, part, language), point="parallel_workbook"
    )
    world.seam.write_text(data, canonical_json(found) + "\n", point="parallel_json")
    return page, workbook, data


def _old(path: Path, layout: Layout) -> OldResult:
    document, faults = read_cells(path, path.name)
    if document is None:
        raise RefusedError("\n".join(map(str, faults)))
    found, issues = read_old_result(document, layout, faults)
    if issues:
        raise RefusedError("\n".join(map(str, issues)))
    return found


def _refuse_unknown(old: OldResult, known: set[str]) -> None:
    """Figures of KPIs that nobody measures would be passed over without a word."""
    named = {
        name for line in old.lines for name in line.figures if name.partition(":")[0] in {"kpi", "target", "attainment"}
    }
    unknown = sorted(name for name in named if name.partition(":")[2] not in known)
    if unknown:
        told = (
            f'PAR017 no KPI "{name.partition(":")[2]}". {suggestion(name.partition(":")[2], known)}' for name in unknown
        )
        raise RefusedError("\n".join(told))


@dataclass(frozen=True, slots=True)
class _Figures:
    """What a night has measured, and what has been put in its place so far, by payee."""

    results: Mapping[tuple[Grain, str, str, str], KpiResult]
    scores: Mapping[tuple[str, str], Score]
    given: Mapping[str, Given]


@dataclass(frozen=True, slots=True)
class _PaidMonth:
    """The month as the policies pay it, and all that they pay it from."""

    day: date
    run: RunId
    policies: PolicyBook
    payees: tuple[Employee, ...]
    working_days: WorkingDays
    earlier: Earlier
    opened: frozenset[int]
    period: Period
    figures: _Figures
    cards: Mapping[str, Scorecard]
    known: Mapping[str, Figure]
    ours: Calculation

    def paid(self, figures: _Figures) -> Calculation:
        measures = measures_of(figures.results.values(), figures.scores.values())
        return calculate(self.policies, self.payees, measures, period=self.period, working_days=self.working_days,
                         earlier=self.earlier, opened=self.opened)  # fmt: skip


def _paid_month(world: World, rules: RuleSet, period: Period) -> _PaidMonth:
    with world.store.read() as connection:
        nights = newest_measured_nights(connection, period.start, period.last_day)
        if not nights:
            text = f"no official night of {period} has measured: there is nothing to compare with"
            raise RefusedError(f"PAR001 {text}. Run `recoup nightly --date {period.last_day}`")
        day = max(nights)
        run = nights[day]
        halted = sorted(halted_in(connection, run) & BONUS_READS)
        if halted:
            raise RefusedError(f"PAR002 the night of {day} is halted: {', '.join(halted)}. Nobody can be paid by it")
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
        results, scores = read_kpis(connection, run), read_scores(connection, run)
        paid = batches_carried(connection, rules.policies, period)
        earlier, opened = columns_carried(connection, paid, period), months_opened(connection, paid, period)
    with session_of_tables(world, manifest, accepted, BONUS_READS) as duck:
        payees, working_days = payees_of(duck, period), working_days_of(duck)
    figures = _Figures(_by_key(results), {(each.entity, each.scorecard): each for each in scores}, {})
    current = rules.kpis.on(day)
    cards = {placed.rule.id: placed.rule for placed in current.scorecards}
    known = {figure.id: figure for figure in current.figures}
    found = _PaidMonth(day, run, rules.policies.during(period), payees, working_days, earlier, opened, period, figures,
                       cards, known, Calculation((), (), ()))  # fmt: skip
    return replace(found, ours=found.paid(figures))


def _by_key(results: Iterable[KpiResult]) -> dict[tuple[Grain, str, str, str], KpiResult]:
    return {(each.grain, each.entity, each.kpi, each.currency): each for each in results}


def _at_cut_off(world: World, period: Period, cut_off: date | None) -> Sequence[KpiResult]:
    """What the night of the cut-off measured. Raises: RefusedError if the day is not in the month, or has no night."""
    if cut_off is None:
        return ()
    if cut_off not in period:
        raise RefusedError(f"PAR003 {cut_off} lies outside {period}: the cut-off is a day of the month")
    with world.store.read() as connection:
        nights = newest_measured_nights(connection, cut_off, cut_off)
        if not nights:
            raise RefusedError(
                f"PAR003 no official night of {cut_off} has measured. `recoup rerun --date {cut_off}` measures it"
            )
        return read_kpis(connection, nights[cut_off])


def _variants(month: _PaidMonth, old: Sequence[OldLine], at_cut_off: Sequence[KpiResult]) -> Iterator[Variant]:
    """The month with more and more of the old figures, in a stated order: what came after the cut-off, values of KPIs,
    targets, attainments, scores."""
    figures = month.figures
    for kpi, then in _paid_in_then(month, at_cut_off).items():
        figures, texts = _cut_off(month, figures, old, kpi, then)
        if texts:
            yield Variant(Cause.AFTER_CUT_OFF, kpi, month.paid(figures), texts)
    for cause, kind in _KINDS.items():
        for name in sorted({name for line in old for name in line.figures if name.startswith(f"{kind}:")}):
            figures, texts = _put_in(month, figures, old, name)
            yield Variant(cause, name.partition(":")[2], month.paid(figures), texts)
    if any("score" in line.figures for line in old):
        figures, texts = _with_scores(figures, old)
        yield Variant(Cause.SCORE, "score", month.paid(figures), texts)


_KINDS: Mapping[Cause, str] = {Cause.FIGURE: "kpi", Cause.TARGET: "target", Cause.ATTAINMENT: "attainment"}
_PARTS: Mapping[str, str] = {"kpi": "values", "target": "targets", "attainment": "attainments"}
_MOVED = "they moved within the month, and the old figure is of the whole month: it is not put in"

Key = tuple[Grain, str, str]  # grain, entity and currency


def _paid_in_then(month: _PaidMonth, at_cut_off: Sequence[KpiResult]) -> dict[str, dict[Key, Decimal]]:
    """KPIs that read payments and that pay reads, as they stood at the cut-off, where they stand elsewhere now. Money
    that was not there yet is zero; a ratio that had no value then stays as it is."""
    if not at_cut_off:
        return {}
    then, found = _by_key(at_cut_off), dict[str, dict[Key, Decimal]]()
    wanted = _read_by_pay(month) & _of_payments(month.known.values())
    for key, now in month.figures.results.items():
        before = then[key].value if key in then else None
        before = Decimal(0) if before is None and now.unit is Unit.MONEY else before
        if now.kpi in wanted and now.value is not None and before is not None and now.value != before:
            found.setdefault(now.kpi, {})[now.grain, now.entity, now.currency] = before
    return dict(sorted(found.items()))


def _read_by_pay(month: _PaidMonth) -> frozenset[str]:
    read = {source.kpi for ready in month.policies.policies for source in ready.policy.inputs.values() if source.kpi}
    return frozenset(read | {part.kpi for card in month.cards.values() for part in card.parts})


def _of_payments(known: Iterable[Figure]) -> frozenset[str]:
    """KPIs that change when a payment comes in, also those that are made of such."""
    figures, found = tuple(known), set[str]()
    for _ in figures:
        reading = (each for each in figures if views_read_by(each, by_currency=True) & {CREDITS.name, "payments"})
        more = {*(each.id for each in reading), *(each.id for each in figures if each.operands & found)} - found
        if not more:
            break
        found |= more
    return frozenset(found)


def _cut_off(
    month: _PaidMonth, figures: _Figures, old: Sequence[OldLine], kpi: str, then: Mapping[Key, Decimal]
) -> tuple[_Figures, dict[str, str]]:
    """The KPI as it stood at the cut-off, for those payees whom it brings nearer to what the old result states of them:
    of the KPI itself, or else of the amount. Of the others the old result had what came later."""
    then_paid = _paid_by_payee(month.paid(_with_values(month, figures, kpi, then)))
    now_paid = _paid_by_payee(month.paid(figures))
    kept: dict[Key, Decimal] = {}
    texts: dict[str, str] = {}
    for employee in month.payees:
        payee, mine = employee.employee_id, [line for line in old if line.payee == employee.employee_id]
        keys = [key for key in _keys_of(month, employee, kpi) if key in then]
        now = _ours(figures, payee, keys, "kpi", kpi)
        if not mine or not keys or now is None:
            continue
        stated = next((line.figures[f"kpi:{kpi}"] for line in mine if f"kpi:{kpi}" in line.figures), None)
        amount = sum((line.amount for line in mine), Decimal(0))
        sides = (then[keys[0]], now) if stated is not None else (then_paid.get(payee), now_paid.get(payee))
        if _is_nearer(*sides, to=amount if stated is None else stated):
            kept |= {key: then[key] for key in keys}
            texts[payee] = f"{shown(then[keys[0]])} at the cut-off, {shown(now)} on {month.day}"
    return _with_values(month, figures, kpi, kept), texts


def _is_nearer(then: Decimal | None, now: Decimal | None, *, to: Decimal) -> bool:
    return then is not None and now is not None and abs(then - to) < abs(now - to)


def _paid_by_payee(paid: Calculation) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in paid.lines:
        found[line.payee] = found.get(line.payee, Decimal(0)) + line.amount
    return found


def _put_in(month: _PaidMonth, figures: _Figures, old: Sequence[OldLine], name: str) -> tuple[_Figures, dict[str, str]]:
    """The old values of one figure in the place of ours, and what differs by payee."""
    kind, _, kpi = name.partition(":")
    given = {line.payee: line.figures[name] for line in old if name in line.figures}
    texts: dict[str, str] = {}
    values: dict[Key, Decimal] = {}
    parts: dict[str, Decimal] = {}
    for employee in month.payees:
        payee = employee.employee_id
        if payee not in given:
            continue
        keys = tuple(_keys_of(month, employee, kpi))
        ours = _ours(figures, payee, keys, kind, kpi)
        if ours == given[payee]:
            continue
        texts[payee] = f"{kind} old {shown(given[payee])}, ours {shown(ours)}"
        if _has_moved(month, employee):
            texts[payee] += f"; {_MOVED}"
            continue
        parts[payee] = given[payee]
        values |= dict.fromkeys(keys, given[payee])
    if kind == "kpi":
        return _with_values(month, figures, kpi, values, parts), texts
    return _regraded(month, figures, parts, kind, kpi), texts


def _ours(figures: _Figures, payee: str, keys: Iterable[Key], kind: str, kpi: str) -> Decimal | None:
    """What the figure is with us, as it stands by now: of a KPI its result, of the others what a score has."""
    if kind == "kpi":
        found = (figures.results.get((grain, entity, kpi, currency)) for grain, entity, currency in keys)
        return next((each.value for each in found if each is not None), None)
    parts = (part for score in _scores_of(figures, payee) for part in score.parts if part.kpi == kpi)
    return next((getattr(part, kind) for part in parts if not part.is_gate), None)


def _with_values(
    month: _PaidMonth,
    figures: _Figures,
    kpi: str,
    values: Mapping[Key, Decimal],
    payees: Mapping[str, Decimal] | None = None,
) -> _Figures:
    """The results of the KPI with these values, and the scores that it is a part of."""
    results = dict(figures.results)
    for (grain, entity, currency), value in values.items():
        known = results.get((grain, entity, kpi, currency))
        results[grain, entity, kpi, currency] = _result(month, kpi, (grain, entity, currency), value, known)
    mine = payees if payees is not None else {
        entity: value for (grain, entity, _), value in values.items() if grain is Grain.EMPLOYEE
    }  # fmt: skip
    return _regraded(month, replace(figures, results=results), mine, "kpi", kpi)


def _result(month: _PaidMonth, kpi: str, key: Key, value: Decimal, known: KpiResult | None) -> KpiResult:
    if known is not None:
        return replace(known, state=ValueState.VALUE, value=value)
    grain, entity, currency = key
    unit = month.known[kpi].rule.unit if kpi in month.known else Unit.COUNT
    start = month.period.start
    return KpiResult(kpi, Digest(""), grain, entity, start, month.day, unit, ValueState.VALUE, value, currency=currency)


def _regraded(month: _PaidMonth, figures: _Figures, values: Mapping[str, Decimal], kind: str, kpi: str) -> _Figures:
    """The scores of these payees with one more figure put in beside those that were put in before."""
    given, scores, part = dict(figures.given), dict(figures.scores), _PARTS[kind]
    of_payees: dict[str, list[Score]] = {payee: [] for payee in values}
    for score in month.figures.scores.values():
        if score.entity in of_payees:
            of_payees[score.entity].append(score)
    for payee, value in values.items():
        before = given.get(payee, Given())
        given[payee] = replace(before, **{part: {**getattr(before, part), kpi: value}})
        for score in of_payees[payee] if len(of_payees[payee]) == 1 else ():
            card = month.cards.get(score.scorecard)
            again = regraded(card, score, month.known, given[payee]) if card else None
            if again is not None:
                scores[payee, score.scorecard] = again
    return replace(figures, scores=scores, given=given)


def _with_scores(figures: _Figures, old: Sequence[OldLine]) -> tuple[_Figures, dict[str, str]]:
    """The old scores as they are, in the place of those of the scorecards."""
    scores, texts = dict(figures.scores), dict[str, str]()
    for line in old:
        mine = _scores_of(figures, line.payee) if "score" in line.figures else []
        if len(mine) == 1 and mine[0].score != line.figures["score"]:
            texts[line.payee] = f"score old {shown(line.figures['score'])}, ours {shown(mine[0].score)}"
            new = replace(mine[0], state=ValueState.VALUE, score=line.figures["score"])
            scores[line.payee, mine[0].scorecard] = new
    return replace(figures, scores=scores), texts


def _scores_of(figures: _Figures, payee: str) -> list[Score]:
    return [score for (entity, _), score in figures.scores.items() if entity == payee]


def _keys_of(month: _PaidMonth, employee: Employee, kpi: str) -> Iterator[Key]:
    """Whose figure of the KPI the payee is paid by: as their policies read it, and their own."""
    currency = employee.currency if any(key[2] == kpi and key[3] for key in month.figures.results) else ""
    spans = spans_of(employee, month.period)
    where = {
        Grain.EMPLOYEE: employee.employee_id,
        Grain.TEAM: spans[-1].posting.team if spans else "",
        Grain.DEPARTMENT: spans[-1].posting.department if spans else "",
    }
    grains = [source.grain for source in _inputs_of(month, employee.employee_id) if source.kpi == kpi]
    for grain in dict.fromkeys((*grains, Grain.EMPLOYEE)):
        yield grain, where[grain], currency


def _inputs_of(month: _PaidMonth, payee: str) -> Iterator[Input]:
    for row in month.ours.rows:
        if row.payee == payee:
            yield from row.ready.policy.inputs.values()


def _has_moved(month: _PaidMonth, employee: Employee) -> bool:
    return len({span.posting.department for span in spans_of(employee, month.period)}) > 1


def _totals(paid: Calculation) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in paid.lines:
        found[line.currency] = found.get(line.currency, Decimal(0)) + line.amount
    return dict(sorted(found.items()))
