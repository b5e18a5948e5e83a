"""Commands for managers: check, sign and try rules; schemas for their editors."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from adapters.seam import system_clock
from adapters.settings import read_settings
from adapters.world import open_world
from domain.ids import canonical_decimal, canonical_json, short
from domain.issues import has_errors
from domain.records import ScorePart, Step
from domain.standings import Looked
from flows.cli.arguments import RuleFolder, parse_date
from flows.cli.output import AsJson, errors, people, print_table, say, show, working
from flows.cli.rule_changes import print_effects, versions_said
from flows.cli.sarif import as_sarif
from flows.cli.signatures import print_shown, show_request, signature_row, void_row
from incentives.contract_trial import ContractTrial, payments_as_table
from incentives.rows import Row
from incentives.trial import Trial
from kpi_rules.standings import Proposed
from kpi_rules.trial import TriedScore
from reports.languages import Language
from reports.rule_effects import RuleEffectsReport, rule_effects_page

app = typer.Typer()


@app.command()
def check(
    rules: RuleFolder = None,
    day: Annotated[
        date | None,
        typer.Option("--on", parser=parse_date, metavar="YYYY-MM-DD", help="Reviews are due by this day; else today."),
    ] = None,
    *,
    as_json: AsJson = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print findings as SARIF, for editors and reviews.")] = False,
) -> None:
    """Read all rule files and their tests, and report everything that is wrong, at once."""
    from tasks.stages.rule_tests import run_tests
    from tasks.stages.rules import read_rules

    settings = read_settings()
    found = read_rules(settings.rules, rules)
    overdue = found.stale(day or system_clock().astimezone(ZoneInfo(settings.time_zone)).date())
    issues = (*found.issues, *run_tests(settings.rules, found, rules), *overdue)
    if as_json or sarif:
        show(as_sarif(issues) if sarif else issues, (), as_json=True)
        raise typer.Exit(1 if has_errors(issues) else 0)
    for issue in issues:
        people.print(str(issue), markup=False, highlight=False, soft_wrap=True)
    versions = {content.version for content in found.contents()}
    say(f"{len(found.book.documents)} files, {len(versions)} rule versions, {len(issues)} findings")
    raise typer.Exit(1 if has_errors(issues) else 0)


@app.command()
def sign(
    proposer: Annotated[str, typer.Option("--proposer", help="Who proposed the versions.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who approves them: somebody else.")] = "",
    rule: Annotated[str, typer.Option("--rule", help="One rule only, by its id.")] = "",
    seen: Annotated[
        str, typer.Option("--seen", help="The request that you were shown; it must still be the same.")
    ] = "",
    rules: RuleFolder = None,
    page: Annotated[Path | None, typer.Option("--to", dir_okay=False, help="File for the page of all of it.")] = None,
    *,
    show_only: Annotated[bool, typer.Option("--show", help="Only show what there is to sign.")] = False,
    every: Annotated[bool, typer.Option("--every", help="Print every figure, not only the largest.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what differs from the signed rules and what it would have changed last month; record who approved it."""
    from adapters.store.signatures import refuse_one_person
    from tasks.stages.signing import request_signature, sign_requested

    if not show_only and not (proposer.strip() and by.strip()):
        raise typer.BadParameter("name the --proposer and who approves, --by; or add --show, to look only")
    if not show_only:
        refuse_one_person(proposer, by)
    world = open_world()
    with working("What there is to sign"):
        request = request_signature(world, rule, rules)
    if not as_json and request.versions:
        print_effects(people, request.report, every=every)
        people.print()
    if page is not None:
        text = rule_effects_page(request.report, Language(world.settings.language))
        world.seam.write_text(page, text, point="rule_effects")
    if show_only:
        show_request(request, rule, as_json=as_json)
        return
    number = sign_requested(world, request, proposer=proposer, signer=by, seen=seen)
    row = {"signed": number, "proposer": proposer, "by": by, "was shown": short(request.digest) if number else ""}
    show({"signed": number, "request": request.digest if number else ""}, [row], as_json=as_json, title="Signatures")


@app.command()
def signatures(
    rule: Annotated[str, typer.Option("--rule", help="One rule, by its id, with what its signers were shown.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Who proposed and who approved each rule version, and what the signer was shown."""
    from tasks.stages.signing import signatures_on_record

    found = signatures_on_record(open_world(), rule)
    show(found, [signature_row(one) for one in found], as_json=as_json, title="Signatures")
    if rule and not as_json:
        print_shown(people, found)
    if found and not rule:
        say("`--rule ID` shows what its signers were shown", as_json=as_json)


@app.command()
def unsign(
    rule: Annotated[str, typer.Argument(help="Id of the rule.")],
    by: Annotated[str, typer.Option("--by", help="Who withdraws the signature.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    version: Annotated[
        str, typer.Option("--version", help="The beginning of the version's digest, where several are signed.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Withdraw the signature of a rule version: no official run uses it any more, and batches made by it are void."""
    from tasks.stages.withdrawing import withdraw_signature

    found = withdraw_signature(open_world(), rule, by=by, reason=reason, version=version)
    if as_json:
        void = [frozen.batch.batch_id for frozen in found.void]
        show({"rule": found.signed.id, "version": found.signed.rule, "void": void}, (), as_json=True)
        return
    signed = found.signed
    say(f"{signed.kind.value.replace('_', ' ')} {signed.id}, version {short(signed.rule)}, is not signed any more")
    print_table("Batches that are void by it, and have to be prepared again", [void_row(each) for each in found.void])
    say("Runs that have used it stay as they are; `recoup show RUN` says it of each")


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"
    HTML = "html"


@app.command("diff-rules")
def diff_rules(
    old: Annotated[str, typer.Argument(help="Folder of a rule book, or a revision of its repository: HEAD~1, a tag.")],
    new: Annotated[str, typer.Argument(help="The same, of the book that it is compared with.")],
    months: Annotated[int, typer.Option("--months", min=1, max=36, help="How many months back.")] = 6,
    form: Annotated[Form, typer.Option("--as", help="What is written.")] = Form.TEXT,
    path: Annotated[Path | None, typer.Option("--to", dir_okay=False, help="File to write to.")] = None,
    *,
    overlay: Annotated[bool, typer.Option("--overlay", help="NEW holds only the files that differ from OLD.")] = False,
    as_dated: Annotated[
        bool, typer.Option("--as-dated", help="Do not measure a rule before it begins, or after it ends.")
    ] = False,
    every: Annotated[bool, typer.Option("--every", help="Print every figure, not only the largest.")] = False,
) -> None:
    """Compare two rule books: which rules differ, and whose figures, scores and pay of past months, and why."""
    from tasks.stages.diff_rules import diff_rules as compare

    if form is Form.HTML and path is None:
        raise typer.BadParameter("a page is written to a file: add --to rules.html")
    world = open_world()
    with working(f"{old} and {new}"):
        report = compare(world, old, new, months=months, overlay=overlay, as_dated=as_dated)
    if path is None and form is Form.TEXT:
        print_effects(people, report, every=every)
        return
    text = _written(report, form, Language(world.settings.language), every=every)
    if path is None:
        sys.stdout.write(text)
        return
    world.seam.write_text(path, text, point="rule_effects")
    figures = sum(len(month.figures) for month in report.effects.months)
    say(f"{versions_said(len(report.effects.changes))}, {figures:,} figures in the months measured; written to {path}")


def _written(report: RuleEffectsReport, form: Form, language: Language, *, every: bool) -> str:
    match form:
        case Form.JSON:
            return json.dumps(json.loads(canonical_json(report.effects)), ensure_ascii=False, indent=2) + "\n"
        case Form.HTML:
            return rule_effects_page(report, language)
    console = Console(file=StringIO(), width=120)
    print_effects(console, report, every=every)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@app.command("try")
def try_rule(
    rule: Annotated[str, typer.Argument(help="Id of a policy, contract, scorecard, standing, or computed KPI.")],
    inputs: Annotated[Path, typer.Option("--inputs", exists=True, dir_okay=False, help="YAML: name to value.")],
    rules: RuleFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Evaluate one rule on given values, and print the row with its explanation.

    The file maps input names to numbers. For a policy, the names of several payees to such mappings under `payees`:
    they are settled together, as ranks, prizes, pools and budgets need it. For a scorecard KPIs to values, with
    `targets` of their own beside them; for a KPI what its formula reads, or `numerator` and `denominator`; for a
    contract a day of the month (`on`), `placements`, `payments` and `figures`; for a rule of standing `on`, `state`,
    `since`, `months` and `rectification`, as in its tests.
    """
    from tasks.stages.trying import TriedKpi, try_rule_file

    tried = try_rule_file(read_settings().rules, rules, rule, inputs)
    match tried:
        case TriedKpi():
            row = {"KPI": rule, "made of": tried.made_of, "value": _plain(tried.value)}
            show(tried, [row], as_json=as_json, title=rule)
        case TriedScore():
            show(tried, [_part_of_score(part) for part in tried.parts], as_json=as_json, title=rule)
            say(f"score: {_plain(tried.score)}", as_json=as_json)
        case Proposed():
            show(tried, [_looked(each) for each in tried.looked], as_json=as_json, title=rule)
            say(f"proposed: {tried.state}" if tried.step else f"nothing leads from {tried.state}", as_json=as_json)
        case ContractTrial():
            _show_contract(rule, tried, as_json=as_json)
        case _:
            _show_trials(rule, tried, as_json=as_json)


def _plain(value: Decimal | None) -> str:
    return "no value" if value is None else canonical_decimal(value)


def _looked(each: Looked) -> dict[str, str]:
    figures = "; ".join(f"{one.period} {one.note or _plain(one.value)}" for one in each.figures)
    return {"condition": each.condition, "holds": "yes" if each.holds else "no", "figures": figures, "note": each.note}


def _part_of_score(part: ScorePart) -> dict[str, str]:
    numbers = {
        name: "" if value is None else canonical_decimal(value)
        for name, value in (
            ("value", part.value),
            ("target", part.target),
            ("attainment", part.attainment),
            ("points", part.points),
            ("weight", part.weight),
            ("contribution", part.contribution),
        )
    }
    return {"KPI": part.kpi, **numbers, "note": part.note}


def _show_trials(policy: str, trials: Mapping[str, Trial], *, as_json: bool) -> None:
    for issue in dict.fromkeys(issue for trial in trials.values() for issue in trial.issues):
        errors.print(str(issue), markup=False, highlight=False, soft_wrap=True)
    rows = {payee: trial.row for payee, trial in trials.items() if trial.row is not None}
    if len(rows) < len(trials):
        raise typer.Exit(1)
    if as_json:
        show(rows.get("", rows), (), as_json=True)
    for payee, row in rows.items():
        if not as_json:
            show(row, _as_table(row), as_json=False, title=f"{policy}, {payee}" if payee else policy)
        if row.stop is not None:
            whose = f"{payee}, " if payee else ""
            errors.print(f"{whose}held: {row.stop.reason}: {row.stop.text}", highlight=False)
    if any(row.stop is not None for row in rows.values()):
        raise typer.Exit(1)


def _show_contract(contract: str, trial: ContractTrial, *, as_json: bool) -> None:
    """Each payment with its fee or why it earns none, then the steps of the month, then what is held."""
    for issue in trial.issues:
        errors.print(str(issue), markup=False, highlight=False, soft_wrap=True)
    found = trial.found
    if found is None:
        raise typer.Exit(1)
    if as_json:
        show(found, (), as_json=True)
    else:
        show(found.lines, payments_as_table(found), as_json=False, title=f"{contract}, payments")
        for line in found.payouts:
            show(line, _steps_as_table(line.steps), as_json=False, title=f"{line.component}: {line.amount:f}")
    for held in found.held:
        errors.print(f"held: {held.reason}: {held.text}", highlight=False)
    if found.held:
        raise typer.Exit(1)


def _as_table(row: Row) -> list[dict[str, str]]:
    return _steps_as_table(row.steps)


def _steps_as_table(steps: Iterable[Step]) -> list[dict[str, str]]:
    return [
        {
            "step": step.name,
            "kind": step.kind,
            "value": "no value" if step.value is None else f"{step.value:f}",
            "from": ", ".join(f"{name} {value}" for name, value in step.inputs),
            "rule line": step.line,
        }
        for step in steps
    ]


@app.command()
def schemas(
    *, check_only: Annotated[bool, typer.Option("--check", help="Only tell whether they are up to date.")] = False
) -> None:
    """Write the JSON schemas of rule files and the data dictionary into docs/."""
    from flows.generated import outdated, write_all

    if not check_only:
        say(f"{write_all()} files written")
        return
    stale = outdated()
    for name in stale:
        errors.print(f"{name} is not what the models say: run `make schemas`", highlight=False)
    raise typer.Exit(1 if stale else 0)
