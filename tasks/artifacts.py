"""What an operations engineer sees in the Prefect UI: verdicts, stage summaries, files. Plain text and numbers only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from prefect.artifacts import create_image_artifact, create_markdown_artifact

from adapters.store.ledger import Head
from adapters.store.results import read_verdict
from adapters.store.runs import StageResult, files_of_run
from adapters.world import World
from domain.issues import Issue
from domain.periods import Period
from domain.records import CheckResult, Outcome, Verdict
from reports.allocation import AllocationFacts, allocation_report
from reports.formats import Formats
from reports.languages import Language
from reports.sections import Name, texts_of
from reports.simulation import Simulation
from reports.simulation_report import simulation_report
from tasks.markdown import Code, as_markdown, code
from tasks.places import place
from tasks.plots import pictures_of
from tasks.stages.compare import RunComparison
from tasks.stages.decide import Published
from tasks.stages.month_end import Prepared
from tasks.stages.night import Night
from tasks.stages.tie_out import KindTieOut, plain_tie_outs

_MARKS: Mapping[Outcome, str] = {
    Outcome.PASS: "✓ pass",
    Outcome.NOT_YET_KNOWN: "? not yet known",
    Outcome.WARN: "! warn",
    Outcome.WAIVED: "‼ waived",
    Outcome.HALT: "✗ HALT",
}
_MOST_CHECKS = 40
_DISPOSED = ("allocated", "held", "excluded")
_ALLOCATION_SECTIONS = ("limits", "teams", "prices", "costs", "bands", "reasons")


def show_verdict(world: World, night: Night) -> None:
    """The verdict by table, then every check that did not pass, the gravest first."""
    with world.store.read() as connection:
        verdict = read_verdict(connection, night.run, night.business_date)
    if verdict is not None:
        create_markdown_artifact(_verdict_text(verdict, night), key="verdict", description="What the gate said")


def show_stage(night: Night, result: StageResult) -> None:
    """The stage's summary: single figures as a list, lists of rows as tables."""
    lines = [f"# {result.stage} of {night.business_date}: {result.outcome}", ""]
    rows = {name: value for name, value in result.summary.items() if _is_table(value)}
    lines += [f"- **{name}**: {_plain(value)}" for name, value in result.summary.items() if name not in rows]
    for name, value in rows.items():
        lines += ["", f"## {name}", "", *_table(value)]
    create_markdown_artifact("\n".join(lines), key=f"stage-{result.stage}", description=f"Summary of {result.stage}")


def show_allocation(night: Night, result: StageResult) -> None:
    """Value, bound, gap, what could not be kept, what more capacity would bring, and who got how much."""
    text = _allocation_text(night, result.summary) if "destinations" in result.summary else ""
    if not text:
        show_stage(night, result)
        return
    create_markdown_artifact(text, key="stage-allocate", description="Who works which account, and how good that is")


def show_allocation_report(facts: AllocationFacts, files: Iterable[Code]) -> None:
    """The same with what limits cost and why accounts changed hands, and where the page of it lies."""
    report, formats = allocation_report(facts, Language.ENGLISH), Formats()
    lines = [f"# Allocation of {facts.business_date}", "", *(f"**{as_markdown(text)}**\n" for text in report.warnings)]
    lines += [
        f"- {card.title}: **{card.number.text(formats)} {card.number.currency}** {card.note}" for card in report.cards
    ]
    for section in report.sections:
        if section.name in _ALLOCATION_SECTIONS:
            rows = [texts_of(section, row, formats) for row in section.rows]
            lines += ["", f"## {section.title}", "", *(_table(rows) if rows else [section.empty])]
    lines += ["", "## Pages and workbooks", "", *(f"- {each}" for each in files)]
    create_markdown_artifact("\n".join(lines), key="allocation", description="An allocation, and what limits cost")


def _allocation_text(night: Night, summary: Mapping[str, Any]) -> str:
    """From what the night stored; nothing is computed for it."""
    day, broken = night.business_date, summary["violations"]
    counts = {name: f"{summary[name]:,}" for name in ("book", "allocated", "held", "excluded", "released")}
    page = f"reports/allocation/{day}/allocation.html"
    lines = [
        f"# Allocation of {day}, in force from {summary['valid_from']}",
        "",
        f"- **value** (estimate): {_whole(summary['value_estimate'])}",
        f"- **bound** (no allocation brings more): {_whole(summary['bound_estimate'])}, gap {summary['gap']}",
        f"- **book** {counts['book']}: " + ", ".join(f"{counts[name]} {name}" for name in _DISPOSED),
        f"- **changed in the dispatch**: {counts['released']}",
        *_lines_where_set(summary),
        f"- **limits not kept**: {len(broken) or 'none'}",
        *(f"    - {as_markdown(text)}" for text in (*broken, *summary.get("lapsed", ()))),
        *(f"- **nobody has room**: {as_markdown(each['words'])}" for each in summary.get("shortages", ())),
        *(
            f"- **in no extract, and named by the strategy**: {as_markdown(text)}"
            for text in summary.get("unknown", ())
        ),
        *(f"- **gets nothing new**: {as_markdown(text)}" for text in summary.get("refused", ())),
        "- **what limits cost, and why accounts changed hands**: told on a page that is written when asked for",
        f"    - by `recoup report allocation --date {day}`, or the deployment *allocation-report*",
        f"    - to `{page}`",
    ]
    tables = (
        ("Teams and partners, and what room for one more would bring", list(_by_team(summary["destinations"]))),
        ("Why accounts are where they are", summary["reasons"]),
        (
            "Spread inside teams: expected value for each one of capacity, beside the team's mean",
            summary.get("spreads"),
        ),
        ("Segments", summary["segments"]),
        ("Experiments", summary.get("experiments", [])),
    )
    for title, rows in tables:
        lines += ["", f"## {title}", "", *_table(rows)] if rows else []
    return "\n".join(lines)


def _lines_where_set(summary: Mapping[str, Any]) -> Iterator[str]:
    """Of a fairness band and of a bank's own scores, where the strategy has them."""
    fair = summary.get("fairness")
    if fair:
        outside = ", ".join(fair["outside"]) or "nobody"
        yield f"- **fairness band** {fair['band']}: costs {Decimal(fair['cost']):.2%} of the value; outside: {outside}"
    if "score" in summary:
        used = "counts" if summary["score_used"] else "is kept beside our rates"
        yield (
            f"- **score** {summary['score']} {used}: {summary['accounts_with_score']:,} accounts have it, "
            f"{summary['accounts_without_score']:,} go by our rates alone; not usable: {summary['scores_not_usable']:,}"
        )


def _by_team(destinations: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A row for each team and each partner; a team's price is that of its dearest collector."""
    teams: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for end in destinations:
        at = (end["department"] or "", end["team"] or end["destination"])
        teams.setdefault(at, []).append(end)
    for (department, team), ends in teams.items():
        dearest = max(ends, key=lambda end: Decimal(end["price_estimate"]))
        price = Decimal(dearest["price_estimate"])
        sums = {name: sum(end[name] for end in ends) for name in ("accounts", "used", "capacity")}
        bring = f"{price:,.0f} at {dearest['destination']}" if price > 0 else "nothing"
        yield {"team or partner": team, "department": department, **sums, "one more brings up to": bring}


def _whole(estimate: str) -> str:
    return f"{Decimal(estimate):,.0f}"


def show_files(world: World, night: Night) -> None:
    """Where the files of the run lie: links to pages that are published, paths on the machine that ran it."""
    with world.store.read() as connection:
        files = files_of_run(connection, night.run)
    home = world.settings.home.absolute()
    rows = [
        {"file": name, "rows": file.rows, "path": place(home / file.path, world.settings)}
        for name, file in files.items()
    ]
    text = "\n".join([f"# Files of {night.business_date}", "", *_table(rows)])
    create_markdown_artifact(text, key="files", description="Files of the run")


def show_plots(pages: Iterable[Path]) -> None:
    """The pictures of these pages."""
    for page in pages:
        for each in pictures_of(page):
            create_image_artifact(each.address, key=each.key, description=each.title)


def show_paths(title: str, files: Iterable[Code]) -> None:
    """Where files lie that were written beside a run."""
    lines = [f"# {title.capitalize()}", "", *(f"- {each}" for each in files)]
    create_markdown_artifact("\n".join(lines), key="files", description=title)


def show_proof(head: Head, findings: Iterable[str], warnings: Iterable[str]) -> None:
    """Where the ledger ends, to be kept somewhere else too, what does not hold, and what cannot be looked at."""
    lines = ["# Proof of the ledger", "", f"- entries: {head.sequence}", f"- head: `{head.entry_hash}`", ""]
    lines += [f"- **{as_markdown(each)}**" for each in findings] or ["Nothing is found against it."]
    lines += ["", *(f"- {as_markdown(each)}" for each in warnings)]
    create_markdown_artifact("\n".join(lines), key="proof", description="Whether the ledger proves, and its head")


def _verdict_text(verdict: Verdict, night: Night) -> str:
    tables = [
        {
            "table": table.table,
            "verdict": _MARKS[table.outcome],
            "landed": table.totals.landed,
            "accepted": table.totals.accepted,
            "quarantined": table.totals.quarantined,
            "duplicate": table.totals.duplicate,
        }
        for table in sorted(verdict.tables, key=lambda table: (-table.outcome.rank, table.table))
    ]
    checks = sorted(
        (check for table in verdict.tables for check in table.checks if check.outcome is not Outcome.PASS),
        key=lambda check: (-check.outcome.rank, check.table, check.check),
    )
    headline = f"# Gate of {night.business_date}: {_MARKS[verdict.outcome]}"
    more = [f"\n… and {len(checks) - _MOST_CHECKS} more"] if len(checks) > _MOST_CHECKS else []
    shown = [_check_row(check) for check in checks[:_MOST_CHECKS]]
    failed = ["## Checks that did not pass", "", *_table(shown), *more]
    return "\n".join([headline, "", *_table(tables), "", *failed, "", "Trends: `recoup trends`"])


def _check_row(check: CheckResult) -> dict[str, str]:
    return {
        "check": check.check,
        "verdict": _MARKS[check.outcome],
        "found": check.found,
        "expected": check.expected,
        "what to do": check.hint,
    }


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _table(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    listed = list(rows)
    if not listed:
        return ["none"]
    head = list(listed[0])
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(_cell(row.get(name)) for name in head) + " |" for row in listed]


def _cell(value: Any) -> str:
    """As it is where this module has put it between backticks itself: a path, or a command."""
    return value if isinstance(value, Code) else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(item)}" for name, item in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else as_markdown(str(value))


def show_batches(prepared: Prepared, files: Iterable[Code], debts: tuple[str, ...] = ()) -> None:
    """The batches that wait for people, and the files in which they review them."""
    rows = [{"batch": batch, "next": code(f"recoup approve {batch} --by NAME")} for batch in prepared.batches]
    lines = ["# Batches to review", "", *_table(rows), "", "## Files", ""]
    lines += [f"- {each}" for each in files]
    lines += ["", f"Settled already, nothing left to post: {', '.join(prepared.settled) or 'none'}"]
    lines += [
        "",
        "## Came late, and not counted yet",
        "",
        *(f"- {as_markdown(text)}" for text in prepared.late),
    ] * bool(prepared.late)
    lines += ["", "## Owed, and deducted nowhere", "", *(f"- {as_markdown(text)}" for text in debts)] * bool(debts)
    create_markdown_artifact("\n".join(lines), key="batches", description="Batches to review")


def show_tie_out(period: Period, kinds: Iterable[KindTieOut], unexplained: Iterable[Issue]) -> None:
    """From the month's payments to what is to be paid; what no reason covers stands on top."""
    lines = [f"# Tie-out of {period}", "", *(f"- **{issue}**" for issue in unexplained)]
    for kind in kinds:
        for chain in plain_tie_outs(kind.chains):
            lines += [
                "",
                f"## {kind.kind}, {chain['currency']}",
                "",
                *_table(cast(list[dict[str, Any]], chain["steps"])),
            ]
    create_markdown_artifact("\n".join(lines), key="tie-out", description="From payments to what is to be paid")


def show_published(published: Published) -> None:
    text = (
        f"# {published.batch}\n\n- entries posted: {published.entries}\n"
        f"- ledger ends at entry {published.head.sequence}, hash `{published.head.entry_hash}`"
    )
    create_markdown_artifact(text, key="published", description="What publishing posted")


def show_simulation(simulation: Simulation, files: Iterable[Code]) -> None:
    """What the new policies cost beside the old, what is broken or not known, and where the files lie."""
    report, formats = simulation_report(simulation), Formats()
    lines = ["# What other bonus policies would have cost", ""]
    lines += [f"- {as_markdown(text)}" for text in report.warnings]
    for section in report.sections[:2]:
        rows = [
            {
                heading.title: value if isinstance(value, str) else value.text(formats)
                for heading, value in zip(section.headings, row.cells, strict=True)
                if not isinstance(value, Name)
            }
            for row in section.rows
        ]
        lines += ["", f"## {section.title}", "", *_table(rows)]
    lines += ["", "## Files", "", *(f"- {each}" for each in files)]
    create_markdown_artifact("\n".join(lines), key="simulation", description="What other policies would have cost")


def show_comparison(comparison: RunComparison) -> None:
    """How many figures differ from the official result, and the first of them."""
    rows = [
        {
            "figure": each.figure,
            "of": f"{each.whose} {each.currency}".strip(),
            "official": str(each.official),
            "new": str(each.new),
            "change": str(each.change),
        }
        for each in comparison.differences[:_MOST_CHECKS]
    ]
    lines = [
        "# Beside the official result",
        "",
        f"- {len(comparison.differences)} figures differ, {comparison.equal} are equal",
        f"- rules that differ: {', '.join(comparison.rules) or 'none'}",
        f"- inputs that differ: {', '.join(comparison.inputs) or 'none'}",
        "",
        *_table(rows),
    ]
    create_markdown_artifact("\n".join(lines), key="comparison", description="Beside the official result")
