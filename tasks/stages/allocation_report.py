"""The report of a night's allocation: from what the night kept, and from the same night looked at again.

The released dispatch is not made again: what is solved once more is thrown away, but for its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapters.world import World
from allocation.allocate import allocated
from allocation.destinations import RefusedPartner
from allocation.got import spreads, who_got_what
from allocation.limit_costs import limit_costs
from allocation.problem import Violation
from allocation.shortages import Shortage
from reports.allocation import AllocationFacts, PricedLimit, ScoreCounts, allocation_report
from reports.languages import Language
from reports.report_files import report_page, write_report_workbook
from reports.scopes import Scope
from reports.sections import Report
from tasks.stages.about import OWNER
from tasks.stages.allocated_night import AllocatedNight, allocated_night
from tasks.stages.fairness import fairness_in
from tasks.stages.labels import book_label, titles_of_departments
from tasks.stages.reporting import refuse_unknown, scopes_of

BANDS = (20, 10, 5, 2)  # in percent: of those the cost is shown


def allocation_report_files(
    world: World, facts: AllocationFacts, language: Language, folder: Path | None = None, scope: Scope | None = None
) -> tuple[Path, ...]:
    """Page and workbook of the whole book, and of each department and team below folders of their own; or of the one
    asked for. Raises: RefusedError if there is no such team or department."""
    place = folder or world.settings.home / "reports" / "allocation" / facts.business_date.isoformat()
    if scope is not None:
        refuse_unknown(scope, facts.postings)
        return _written(world, allocation_report(facts, language, scope), language, place, scope.name)
    files = _written(world, allocation_report(facts, language), language, place, "allocation")
    for each in scopes_of(facts.postings):
        report = allocation_report(facts, language, each)
        files += _written(world, report, language, place / f"{each.grain}s", each.name)
    return files


def _written(world: World, report: Report, language: Language, folder: Path, stem: str) -> tuple[Path, ...]:
    page, book = folder / f"{stem}.html", folder / f"{stem}.xlsx"
    world.seam.write_text(page, report_page(report, language), point="allocation_page")
    world.seam.write_file(book, lambda part: write_report_workbook(report, part, language), point="allocation_workbook")
    return page, book


def allocation_facts(world: World, day: date, language: Language) -> AllocationFacts:
    """Of the newest official night of the date: each limit that is set is left out once, and the night solved again.

    Raises: RefusedError if it has not allocated (EXA001, EXA002); ConflictError if the rules were edited since, and
    never signed; FileChangedError.
    """
    night = allocated_night(world, day)
    made = allocated(night.asked)
    again = made.summary
    value, bound = (Decimal(night.summary[name]) for name in ("value_estimate", "bound_estimate"))
    is_same = f"{again.value:.0f}" == night.summary["value_estimate"]
    got = who_got_what(night.decided, night.strategy)
    titles = {one.id: one.rule.title for one in night.strategy.segments}
    return AllocationFacts(
        business_date=day,
        valid_from=day + timedelta(days=1),
        run=night.run,
        strategy=night.strategy.rule.title,
        currency=next((name for name, worth in night.strategy.rule.currencies.items() if worth == 1), ""),
        by_minutes=night.strategy.rule.capacity.by == "minutes",
        value=value,
        bound=bound,
        gap=Decimal(night.summary["gap"]),
        again=Decimal(f"{again.value:.0f}"),
        book=night.summary["book"],
        disposed=tuple((kind, night.summary[kind]) for kind in ("allocated", "held", "excluded")),
        decided=night.decided.num_rows,
        segments=tuple(
            (row["segment"], titles.get(row["segment"], ""), row["disposition"], row["accounts"])
            for row in night.summary["segments"]
        ),
        unkept=tuple(_unkept(night.summary, again.unkept if is_same else ())),
        prices=tuple(_priced(night)),
        got=got,
        spreads=spreads(got),
        costs=limit_costs(night.asked, night.known, made.accounts),
        moves=night.moves,
        outside=tuple((night.summary.get("fairness") or {}).get("outside", ())),
        score=_score(night.summary),
        fairness=fairness_in(night, BANDS, book_label(world)),
        titles=titles_of_departments(night.rules.kpis.on(day), language),
        owner=OWNER,
        lapsed=tuple(night.summary.get("lapsed", ())),
        shortages=tuple(_shortages(night.summary)),
        unknown=tuple(night.summary.get("unknown", ())),
        refused=tuple(refused_in(night.summary)),
        warnings=() if is_same else tuple(night.summary["violations"]),
        book_label=book_label(world),
    )


def _score(summary: Mapping[str, Any]) -> ScoreCounts | None:
    if "score" not in summary:
        return None
    names = ("score", "score_used", "accounts_with_score", "accounts_without_score", "scores_not_usable")
    return ScoreCounts(*(summary[name] for name in names))


def _unkept(summary: Mapping[str, Any], others: Iterable[Violation]) -> Iterator[Violation]:
    """Capacities as the night kept them; of other limits what solving it again finds."""
    ends = {end["destination"]: end for end in summary["destinations"]}
    for key, end in ends.items():
        if end["used"] > end["capacity"]:
            yield Violation(key, end["capacity"], end["used"])
    yield from (each for each in others if each.limit not in ends)


def _shortages(summary: Mapping[str, Any]) -> Iterator[Shortage]:
    for row in summary.get("shortages", ()):
        yield Shortage(**{name: value for name, value in row.items() if name != "words"})


def refused_in(summary: Mapping[str, Any]) -> Iterator[RefusedPartner]:
    """Partners that got nothing new by law or contract, as the night kept them."""
    for row in summary.get("refused", ()):
        yield RefusedPartner(**{name: value for name, value in row.items() if name != "words"})


def _priced(night: AllocatedNight) -> Iterator[PricedLimit]:
    """The night's own prices: of each destination with what is used of it, then of the other limits."""
    ends = {end["destination"]: end for end in night.summary["destinations"]}
    for name, price in night.prices.items():
        end = ends.get(name, {})
        place = (end.get("department") or "", end.get("team") or "", end.get("capacity"), end.get("used"))
        yield PricedLimit(name, Decimal(f"{price:.6f}"), *place)


def as_json(facts: AllocationFacts) -> Any:
    """The facts for programs; estimates as text, with four digits."""
    return _without_floats(facts)


def _without_floats(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.4f}"
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _without_floats(each) for name, each in asdict(value).items()}
    if isinstance(value, Mapping):
        return {name: _without_floats(each) for name, each in value.items()}
    return [_without_floats(each) for each in value] if isinstance(value, list | tuple) else value
