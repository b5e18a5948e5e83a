"""What other bonus policies would have cost: months that are measured, paid by the house's book and by another one.

Of each month the last official night that has measured is read: its KPI results and scores as they are stored, and the
staff, the calendar and the budgets that it accepted. Nothing is gated or measured again, and nothing is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from adapters.duck import Duck
from adapters.errors import RefusedError
from adapters.rule_files import FOLDERS, RuleBook, read_document, read_rule_book
from adapters.store.results import read_kpis, read_scores
from adapters.world import World
from domain.exact import exact
from domain.ids import digest_of, short
from domain.manifest import Manifest
from domain.periods import Period
from domain.records import Grain, KpiResult
from domain.rule_changes import RuleChange, rule_changes
from domain.rules import RuleKind
from domain.sql import TABLES
from incentives.book import PolicyBook
from incentives.measures import Measures, measures_of
from incentives.simulation import Carried, Month, Work, months_before, one_by_one, simulate
from incentives.simulation_checks import Allowed, broken, without_budget
from kpi_rules.rulebook import KpiRules
from reports.languages import Language
from reports.report_files import report_page, write_report_workbook
from reports.rule_effects import AsIf, MonthWithout
from reports.simulation import SimulatedMonth, Simulation
from reports.simulation_report import MOST_ROWS, simulation_report
from tasks.stages.as_if import as_if, shifts
from tasks.stages.carried_pay import batches_carried, columns_carried
from tasks.stages.gate import accepted_in, halted_in
from tasks.stages.labels import book_label, language_of
from tasks.stages.manifests import manifest_of
from tasks.stages.people import BONUS_READS, payees_of, working_days_of
from tasks.stages.rule_effects import MeasuredNight, last_nights
from tasks.stages.rules import RuleSet, decode_rule_book, refuse_errors, sound_rules
from tasks.stages.session import session_of_tables

POLICY_FOLDER = "incentives/policies"
OF_PAY = frozenset({RuleKind.POLICY, RuleKind.EXCHANGE})
RECOVERED = "recovered"  # the KPI whose portfolio value is what a unit of pay is held against

NO_NIGHT = "no official night of this month has measured"


def simulate_policies(
    world: World,
    folder: Path,
    first: Period,
    last: Period,
    *,
    allowed: Allowed | None = None,
    as_dated: bool = False,
    work: Work = one_by_one,
) -> Simulation:
    """The months from `first` to `last` by the house's policies and by those of `folder`.

    A changed policy that begins after the months is taken as if it held in all of them, unless `as_dated`. Both sides
    carry over what was published for the months before the first.
    Raises: RefusedError if the months are none (SIM001), none is measured (SIM003), the folder has no policies (SIM002)
    or the rules have errors, all of them at once.
    """
    if last < first:
        raise RefusedError(f"SIM001 {first} comes after {last}: name the earlier month first")
    old, new = sound_rules(world.settings.rules), other_rules(world.settings.rules, folder)
    nights, without = _nights(world, first, last)
    if not nights:
        reasons = "; ".join(f"{each.period}: {each.reason}" for each in without)
        raise RefusedError(f"SIM003 no month from {first} to {last} can be simulated. {reasons}")
    changes = rule_changes(old.placed(), new.placed())
    sides, moved = _as_dated((old, new), changes, nights) if not as_dated else ((old, new), ())
    before, after = sides
    books = (before.policies, after.policies)
    months = [_month(world, night, after.kpis, books) for night in nights]
    earlier = published_before(world, books, nights[0].period)
    pay = simulate(months, *books, published=earlier, work=work)
    return Simulation(
        str(world.settings.rules),
        str(folder),
        tuple(change for change in changes if change.kind in OF_PAY),
        moved,
        tuple(dict.fromkeys(change.name for change in changes if change.kind not in OF_PAY and not change.is_of_words)),
        tuple(SimulatedMonth(str(night.period), night.day, night.run, _is_whole(night)) for night in nights),
        without,
        pay,
        without_budget(pay),
        broken(pay, allowed or Allowed()),
        book_label(world),
    )


def write_simulation(world: World, found: Simulation) -> tuple[Path, ...]:
    """The page and the workbook, below `reports/simulations/`: the same simulation lies in the same place."""
    language, months = language_of(world), found.pay.periods
    name = f"{months[0]}_{months[-1]}_{short(digest_of([found.new, found.pay]))}"
    folder = world.settings.home / "reports" / "simulations" / name
    page, workbook = folder / "simulation.html", folder / "simulation.xlsx"
    write_page(world, found, page, language)
    write_workbook(world, found, workbook, language)
    return page, workbook


def write_page(world: World, found: Simulation, path: Path, language: Language) -> None:
    """The page, with the payees whose pay changes most."""
    text = report_page(simulation_report(found, language, MOST_ROWS), language)
    world.seam.write_text(path, text, point="simulation_page")


def write_workbook(world: World, found: Simulation, path: Path, language: Language) -> None:
    """The workbook, with all payees."""
    report = simulation_report(found, language)
    world.seam.write_file(path, lambda part: write_report_workbook(report, part, language), point="simulation_workbook")


def _is_whole(night: MeasuredNight) -> bool:
    return night.day == night.period.last_day


def other_rules(root: Path, folder: Path) -> RuleSet:
    """The house's book with the folder's files: laid out as a rule book, or policy files that replace all of its own.

    Raises: RefusedError with every error, or if there is no rule file.
    """
    if any((folder / each).is_dir() for each in FOLDERS):
        book = read_rule_book(root, folder)
        is_empty = not read_rule_book(folder).documents and not read_rule_book(folder).issues
    else:
        files = [path for path in sorted(folder.rglob("*.yaml")) if not path.name.endswith(".test.yaml")]
        book, is_empty = _with_policies(read_rule_book(root), folder, files), not files
    if is_empty:
        raise RefusedError(
            f"SIM002 {folder} holds no policy files (*.yaml), nor folders of a rule book such as {POLICY_FOLDER}"
        )
    rules = decode_rule_book(book)
    refuse_errors(rules, f"the policies in {folder} do not fit")
    return rules


def _with_policies(house: RuleBook, folder: Path, files: Iterable[Path]) -> RuleBook:
    read = [read_document(path, f"{POLICY_FOLDER}/{path.relative_to(folder).as_posix()}") for path in files]
    kept = tuple(each for each in house.documents if not each.path.startswith(f"{POLICY_FOLDER}/"))
    documents = sorted((*kept, *(each for each, _ in read if each is not None)), key=lambda each: each.path)
    issues = (issue for issue in house.issues if not issue.location.path.startswith(f"{POLICY_FOLDER}/"))
    return RuleBook(tuple(documents), (*issues, *(issue for _, found in read for issue in found)))


def _nights(world: World, first: Period, last: Period) -> tuple[list[MeasuredNight], tuple[MonthWithout, ...]]:
    """The nights to read, and the months of which nothing can be said."""
    found, usable, without = last_nights(world), [], []
    period = first
    while period <= last:
        night = found.get(period)
        reason = NO_NIGHT if night is None else _why_not(world, night)
        if night is not None and not reason:
            usable.append(night)
        else:
            without.append(MonthWithout(str(period), reason))
        period = period.next()
    return usable, tuple(without)


def _why_not(world: World, night: MeasuredNight) -> str:
    with world.store.read() as connection:
        halted = sorted(halted_in(connection, night.run) & BONUS_READS)
    return f"halted on {night.day}: {', '.join(halted)}" if halted else ""


def _as_dated(
    sides: tuple[RuleSet, RuleSet], changes: Iterable[RuleChange], nights: list[MeasuredNight]
) -> tuple[tuple[RuleSet, RuleSet], tuple[AsIf, ...]]:
    """Both books as if what begins or ends after the months had done so before them."""
    old, new = sides
    of_pay = [change for change in changes if change.kind in OF_PAY and not change.is_of_words]
    moved = shifts(of_pay, [*old.placed()], [*new.placed()], nights[-1].day)
    if not moved:
        return sides, ()
    start = nights[0].period.start
    begin_old = {(one.change.kind, one.change.id): one.old for one in moved if one.old}
    begin_new = {(one.change.kind, one.change.id): one.new for one in moved}
    found = tuple(
        decode_rule_book(as_if(rules.book, begin, start)) if begin else rules
        for rules, begin in ((old, begin_old), (new, begin_new))
    )
    for rules in found:
        refuse_errors(rules, "SIM004 the policies do not fit together as if they had held then; try --as-dated")
    said = (f"ends on {one.ends}" if one.ends else f"begins on {one.new}" for one in moved)
    return found, tuple(AsIf(one.change.name, what) for one, what in zip(moved, said, strict=True))  # type: ignore[return-value]


def published_before(world: World, books: Iterable[PolicyBook], first: Period) -> dict[Period, Carried]:
    """The columns of the lines that were published for earlier months, as far back as the policies reach."""
    found: dict[Period, dict[tuple[str, str], Mapping[str, Decimal]]] = defaultdict(dict)
    with world.store.read() as connection:
        paid = dict.fromkeys(batch for book in books for batch in batches_carried(connection, book, first))
        for (ago, payee, component), columns in columns_carried(connection, paid, first).items():
            found[months_before(first, ago)][payee, component] = columns
    return dict(found)


def read_by(measures: Measures, books: Iterable[PolicyBook]) -> Measures:
    """The figures that the policies read: all that a year of months needs to keep. Those of postings stay, for they say
    who has moved."""
    sources = (source for book in books for ready in book.policies for source in ready.policy.inputs.values())
    names = {source.reference for source in sources}
    return {
        key: measure
        for key, measure in measures.items()
        if key[0] is Grain.POSTING or key[2] in names or key[2].rpartition(":")[0] in names
    }


def _month(world: World, night: MeasuredNight, kpis: KpiRules, books: Iterable[PolicyBook]) -> Month:
    with world.store.read() as connection:
        manifest, accepted = manifest_of(connection, night.run), accepted_in(connection, night.run)
        results = read_kpis(connection, night.run)
        measures = measures_of(results, read_scores(connection, night.run))
        halted = halted_in(connection, night.run)
    with session_of_tables(world, manifest, accepted, {*BONUS_READS, "budgets"}) as duck:
        return Month(
            night.period,
            payees_of(duck, night.period),
            read_by(measures, books),
            working_days_of(duck),
            {} if "budgets" in halted else budgets_of(duck, night.period),
            recovered_in(results),
            measured_by(manifest, kpis, measures),
        )


def budgets_of(duck: Duck, period: Period) -> dict[tuple[str, str], Decimal]:
    """The bonus budgets of the month, by department and currency."""
    budget = TABLES["budgets"].c
    statement = (
        sa.select(budget.department_id, budget.currency, budget.amount)
        .where(budget.month == period.start, budget.budget_type == "bonus")
        .order_by(budget.department_id)
    )
    return {(row["department_id"], row["currency"]): row["amount"] for row in duck.read(exact(statement))}


def recovered_in(results: Iterable[KpiResult]) -> dict[str, Decimal]:
    whole = (each for each in results if each.kpi == RECOVERED and each.grain is Grain.PORTFOLIO)
    return {each.currency: each.value for each in whole if each.value is not None}


def measured_by(manifest: Manifest, kpis: KpiRules, measures: Measures) -> Collection[str]:
    """What the night has measured, as inputs refer to it: also a KPI of which it found nothing to count."""
    ids = {(version.kind, version.id) for version in manifest.rules}
    figures = {f"kpi:{figure.id}" for figure in kpis.figures if (RuleKind.KPI, figure.rule.id) in ids}
    cards = {f"scorecard:{version.id}" for version in manifest.rules if version.kind is RuleKind.SCORECARD}
    names = {name.rpartition(":")[0] if measure.currency else name for (_, _, name), measure in measures.items()}
    return figures | cards | names
