"""Commands about how partners stand: their scorecard, proposals and decisions, commitments, placements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.errors import RefusedError
from adapters.world import business_today, open_world
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.partner_review import Kept, PartnerReview, PlacementBatch, ReviewedScore
from domain.standings import (
    PartnerState,
    ReviewedStanding,
    StandingDecision,
    StandingDecisionKind,
    StandingInForce,
    upcoming,
)
from flows.attempts import attempt_at
from flows.cli.arguments import ByName, OfPeriod, OnDate, parse_date
from flows.cli.output import AsJson, people, print_table, say, show
from kpi_rules.selection import Judged

app = typer.Typer()

OfPartner = Annotated[str, typer.Option("--partner", help="Only this partner's.")]
Page = Annotated[Path | None, typer.Option("--page", dir_okay=False, help="Write it as a page.")]
Workbook = Annotated[Path | None, typer.Option("--workbook", dir_okay=False, help="Write it as a workbook.")]


@app.command()
def scorecard(
    period: OfPeriod,
    partner: OfPartner = "",
    page: Page = None,
    workbook: Workbook = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Scores of partners beside their peers, part by part, like for like with intervals, and how each stands."""
    from reports.partner_scorecards import scorecards_page, write_scorecards_workbook
    from tasks.stages.labels import book_label, language_of, titles_of_kpis
    from tasks.stages.partner_review import partner_reviews
    from tasks.stages.rules import sound_rules

    world = open_world()
    found = partner_reviews(world, period, partner)
    if as_json:
        show(found, (), as_json=True)
    elif partner:
        for each in found:
            _tell_review(each)
    else:
        show(found, [_row_of_review(each) for each in found], as_json=False, title=f"Partners in {period}")
    if page is None and workbook is None:
        return
    language, label = language_of(world), book_label(world)
    titles = titles_of_kpis(sound_rules(world.settings.rules).kpis.on(period.last_day), language)
    if page is not None:
        page.write_text(scorecards_page(found, language, label, titles), encoding="utf-8")
        say(f"Page: {page}", as_json=as_json)
    if workbook is not None:
        write_scorecards_workbook(found, workbook, language, label, titles)
        say(f"Workbook: {workbook}", as_json=as_json)


@app.command()
def standing(
    period: OfPeriod,
    partner: OfPartner = "",
    *,
    propose: Annotated[
        bool, typer.Option("--propose", help="Look at the month's figures, and record what they propose.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """How partners stand: what a month's figures proposed, what people decided, who decides next."""
    from tasks.stages.commitments import commitments_of, open_broken
    from tasks.stages.standing import newest_of_each, review_standings, standings_of

    world = open_world()
    if propose:
        with attempt_at(world, f"partners standing {period} --propose", period.last_day) as attempt:
            review_standings(world, period, attempt)
            open_broken(world, commitments_of(world, period), attempt)
    history, now = standings_of(world)
    of_month = newest_of_each(each for each in history if each.review.period == str(period))
    mine = [each for each in of_month if partner in {"", each.review.partner}]
    known = sorted({each.review.partner for each in history})
    if partner and known and partner not in known:
        raise RefusedError(f'STD002 nothing was ever proposed for a partner "{partner}". {suggestion(partner, known)}')
    show(
        mine, [_row_of_standing(each) for each in mine], as_json=as_json, title=f"Standings by the figures of {period}"
    )
    if as_json:
        return
    for each in mine if partner else ():
        print_table(f"What was looked at for {each.review.review_id}", list(_looked_rows(each)))
        print_table("Decisions", [_row_of_decision(one) for one in each.decisions])
    rows = [_row_in_force(each) for each in now if partner in {"", each.partner}]
    print_table("In force today; who is not named is good", rows)
    today = business_today(world)
    if later := [each for each in upcoming(history, today) if partner in {"", each.partner}]:
        print_table("Decided, and not yet in force", [_row_in_force(each) for each in later])


@app.command()
def decide(
    proposal: Annotated[str, typer.Argument(help="Id of the proposal; with --to, the partner.")],
    by: ByName,
    reason: Annotated[str, typer.Option("--reason", help="Why; needed for refusals and own proposals.")] = "",
    plan: Annotated[str, typer.Option("--plan", help="Of a rectification: what the partner does.")] = "",
    deadline: Annotated[
        date | None, typer.Option("--deadline", parser=parse_date, metavar="YYYY-MM-DD", help="Of a rectification.")
    ] = None,
    start: Annotated[
        date | None,
        typer.Option("--from", parser=parse_date, metavar="YYYY-MM-DD", help="First day on which it holds; tomorrow."),
    ] = None,
    to: Annotated[
        PartnerState | None, typer.Option("--to", help="Propose this state for the partner, whatever figures say.")
    ] = None,
    *,
    accept: Annotated[bool, typer.Option("--accept", help="Accept the proposal.")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it, with --reason.")] = False,
    as_json: AsJson = False,
) -> None:
    """Accept or refuse what is proposed for a partner, or propose another state yourself."""
    from tasks.stages.standing import Decided, decide_standing, propose_standing

    if accept + refuse + (to is not None) != 1:
        raise typer.BadParameter("state one of --accept, --refuse and --to")
    world = open_world()
    with attempt_at(world, f"partners decide {proposal}", None) as attempt:
        if to is not None:
            found = propose_standing(world, proposal, to, by=by, reason=reason, attempt=attempt)
        else:
            kind = StandingDecisionKind.ACCEPTED if accept else StandingDecisionKind.REFUSED
            found = decide_standing(world, proposal, Decided(kind, by, reason, plan, deadline, start), attempt)
    show(found, [_row_of_standing(found)], as_json=as_json, title="Decided" if to is None else "Proposed")
    if found.is_pending:
        say(f"Next decides: one of {found.next_group}", as_json=as_json)
    elif found.is_accepted and found.review.proposed.is_suspended:
        say(f"From {found.effective_from} on {found.review.partner} gets no new placements.", as_json=as_json)


@app.command()
def commitments(
    period: OfPeriod,
    partner: OfPartner = "",
    *,
    open_them: Annotated[
        bool, typer.Option("--open", help="Open an action for each that is broken, if there is none yet.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What partners promised by contract beside what the month shows."""
    from tasks.stages.commitments import commitments_of, open_broken

    world = open_world()
    if open_them:
        with attempt_at(world, f"partners commitments {period} --open", period.last_day) as attempt:
            opened = open_broken(world, commitments_of(world, period, partner), attempt)
            say(f"{len(opened)} actions opened: `recoup actions --open`", as_json=as_json)
    found = commitments_of(world, period, partner)
    rows = [{"partner": name, **_row_of_kept(each)} for name, each in found.kept]
    show(found, rows, as_json=as_json, title=f"Commitments in {period}, by the night of {found.night}")


@app.command()
def select(
    sheet: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Application sheet: CSV or YAML.")],
    rule: Annotated[str, typer.Option("--rule", help="Id of the selection rule.")] = "new_partners",
    trial: Annotated[str, typer.Option("--trial", help="Also plan the trial of this partner id.")] = "",
    start: Annotated[
        date | None, typer.Option("--from", parser=parse_date, metavar="YYYY-MM-DD", help="First day of the trial.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Rank applicants by a selection rule, with every point explained; and plan a trial on like accounts."""
    from tasks.stages.selection import plan_trial, select_partners

    if bool(trial) != (start is not None):
        raise typer.BadParameter("--trial and --from go together")
    world = open_world()
    found = select_partners(world, sheet, rule)
    title = (
        f"Applicants by {found.rule} on {found.on}; in {found.jurisdiction} may collect: {', '.join(found.permitted)}"
    )
    show(found, [_row_of_applicant(each) for each in found.ranking], as_json=as_json, title=title)
    if trial and start is not None:
        planned = plan_trial(world, rule, trial, start)
        say(f"{planned.debtors} debtors in each arm find a difference of {planned.worth_knowing}", as_json=as_json)
        for debtors, chance in planned.power_with:
            say(f"  with {debtors} the chance of finding it is {chance} (estimate)", as_json=as_json)
        say("Put this into allocation/experiments, and have it signed:", as_json=as_json)
        if not as_json:  # brackets of YAML are no markup
            people.print("\n".join(planned.lines), markup=False, highlight=False, soft_wrap=True)


@app.command()
def placements(
    night: OnDate,
    partner: OfPartner = "",
    ahead: Annotated[int, typer.Option("--ahead", min=0, help="Terms that end within so many days are told.")] = 31,
    idle: Annotated[int, typer.Option("--idle", min=1, max=14, help="Days without any try that count as idle.")] = 14,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also batches that have ended, and left no tail.")] = False,
    accounts: Annotated[bool, typer.Option("--accounts", help="Also every account that is due back.")] = False,
    as_json: AsJson = False,
) -> None:
    """What partners have by batch, what is due back, and where our dispatch and the books differ."""
    from tasks.stages.placements import Terms, placements_on

    found = placements_on(open_world(), night, partner, Terms(ahead, idle))
    shown = [each for each in found.batches if every or each.running or (each.tail_until or night) > night]
    rows = [_row_of_batch(each) for each in shown]
    show(found, rows, as_json=as_json, title=f"Placements on {night}")
    if as_json:
        return
    print_table("Due back", list(_counted(found.due, "partner", "reason", "due_on")))
    if accounts:
        print_table("Accounts due back", [asdict(each) for each in found.due])
    print_table("Dispatch and books differ", list(_counted(found.gaps, "partner", "kind")))


def _row_of_applicant(each: Judged) -> dict[str, object]:
    parts = [f"{part.criterion} {_shown(part.contribution)}" for part in each.parts]
    return {
        "rank": each.rank,
        "applicant": each.applicant,
        "result": _shown(each.result),
        "chosen": "yes" if each.is_chosen else "",
        "made of": ", ".join(parts),
        "knocked out": "; ".join(each.knocked_out),
    }


def _row_of_batch(each: PlacementBatch) -> dict[str, object]:
    return {
        "partner": each.partner,
        "batch": each.batch,
        "number": each.number,
        "accounts": each.accounts,
        "running": each.running,
        "balance placed": f"{each.balance:,.0f} {each.currency}",
        "recovered": f"{each.recovered:,.0f}",
        "placed on": each.placed_on,
        "term ends": each.term_ends_on,
        "exclusive": "yes" if each.is_exclusive else "",
        "tail until": each.tail_until,
        "promises open": f"{each.open_promises}: {each.promised:,.0f}" if each.open_promises else "",
        "ended": ", ".join(f"{reason} {many}" for reason, many in each.recalls),
    }


def _counted(rows: Iterable[Any], *names: str) -> Iterator[dict[str, object]]:
    found: dict[tuple[object, ...], int] = {}
    for each in rows:
        key = tuple(getattr(each, name) for name in names)
        found[key] = found.get(key, 0) + 1
    for key in sorted(found, key=str):
        yield {**dict(zip(names, key, strict=True)), "accounts": found[key]}


def _row_of_review(review: PartnerReview) -> dict[str, object]:
    score = next(iter(review.scores), None)
    league = next(iter(review.leagues), None)
    return {
        "partner": review.partner.partner_id,
        "state": review.state.value,
        "score": _shown(score.score if score else None),
        "peers": score.group if score else "",
        "place": _place(score),
        "like for like": _shown(league.ratio if league else None, 3),
        "from": _shown(league.low if league else None, 3),
        "to": _shown(league.high if league else None, 3),
        "verdict": league.verdict if league else "",
        "commitments broken": sum(each.is_kept is False for each in review.commitments),
    }


def _place(score: ReviewedScore | None) -> str:
    if score is None or score.score is None:
        return ""
    better = sum(each.score is not None and each.score > score.score for each in score.peers)
    return f"{better + 1} of {sum(each.score is not None for each in score.peers)}"


def _tell_review(review: PartnerReview) -> None:
    for score in review.scores:
        rows = [
            {
                "kpi": part.kpi,
                "value": _shown(part.value, 4),
                "from": _shown(part.low, 4),
                "to": _shown(part.high, 4),
                "beside": _shown(part.target, 4),
                "points": _shown(part.points),
                "weight": _shown(part.weight),
                "comes to": _shown(part.contribution),
                "note": part.note,
            }
            for part in score.parts
        ]
        print_table(f"{score.title}: {_shown(score.score)}, {_place(score)} in {score.group}", rows)
    leagues = [
        {"kpi": each.kpi, "alike in": ", ".join(each.strata), "cases": each.cases, "raw": _shown(each.raw, 4),
         "raw rank": each.raw_rank, "rank": each.rank, "of": each.of, "ratio": _shown(each.ratio, 3),
         "from": _shown(each.low, 3), "to": _shown(each.high, 3), "verdict": each.verdict}
        for each in review.leagues
    ]  # fmt: skip
    print_table("Like for like", leagues)
    print_table("Trials", [asdict(each) for each in review.trials])
    print_table("Commitments", [_row_of_kept(each) for each in review.commitments])
    print_table("Standing", [_row_of_standing(each) for each in review.history])


def _row_of_standing(each: ReviewedStanding) -> dict[str, object]:
    review = each.review
    return {
        "proposal": review.review_id,
        "partner": review.partner,
        "before": review.before.value,
        "proposed": review.proposed.value if each.review.changes else "",
        "because": review.reason,
        "decision": each.state,
        "next": each.next_group,
        "from": each.effective_from,
        "deadline": each.deadline if review.proposed is PartnerState.RECTIFICATION else None,
    }


def _row_of_decision(each: StandingDecision) -> dict[str, object]:
    return {"step": each.step, "decision": each.kind.value, "by": each.by, "for": each.on_behalf_of,
            "on": each.decided_on, "reason": each.reason, "plan": each.plan, "deadline": each.deadline,
            "from": each.effective_from}  # fmt: skip


def _row_in_force(each: StandingInForce) -> dict[str, object]:
    return {"partner": each.partner, "state": each.state.value, "since": each.since, "proposal": each.review_id,
            "what it has": each.placed.value}  # fmt: skip


def _looked_rows(each: ReviewedStanding) -> Iterator[dict[str, object]]:
    for looked in each.review.looked:
        figures = "; ".join(
            f"{figure.period} {_shown(figure.value, 4)}"
            + (f" ({_shown(figure.low, 4)} to {_shown(figure.high, 4)})" if figure.low is not None else "")
            + (f" {figure.note}" if figure.note else "")
            for figure in looked.figures
        )
        yield {"condition": looked.condition, "holds": "yes" if looked.holds else "", "figures": figures,
               "note": looked.note}  # fmt: skip


def _row_of_kept(each: Kept) -> dict[str, object]:
    kept = {True: "kept", False: "BROKEN", None: "not known"}[each.is_kept]
    bounds = [f"at least {_shown(each.at_least)}"] if each.at_least is not None else []
    bounds += [f"at most {_shown(each.at_most)}"] if each.at_most is not None else []
    bounds += [f"by {each.due_on}"] if each.due_on else []
    return {"commitment": each.title, "contract": each.contract, "kpi": each.kpi, "promised": " and ".join(bounds),
            "shown": each.received_on or _shown(each.value, 4), "is": kept, "action": each.action_id}  # fmt: skip


def _shown(number: Decimal | None, digits: int = 2) -> str:
    return "" if number is None else canonical_decimal(round(number, digits))
