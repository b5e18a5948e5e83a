"""The checklist of going live: what the program can see it looks at itself, the rest named people confirm.

A confirmation says what was seen or done, and holds for a stated number of days: a backup that was once restored says
nothing two years later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import sqlalchemy as sa

from adapters.environment import environment_of_store
from adapters.errors import RefusedError
from adapters.store.batches import refuse_other_names
from adapters.store.confirmations import Confirmation, insert_confirmation, newest_confirmations
from adapters.store.releases import ReleaseKind
from adapters.store.retention import recorded_now
from adapters.store.runs import State
from adapters.store.schema import releases, runs, stage_results
from adapters.store.signatures import with_signatures
from adapters.world import World, business_today
from domain.ids import AttemptId
from domain.issues import Issue
from domain.manifest import RunKind, Stage
from tasks.checkup.looked import Look, Looked, look_at_all, wrong
from tasks.stages.brought_in import openings, posted_opening
from tasks.stages.explain import verify_ledger
from tasks.stages.rules import read_rules

PRODUCTION, DRY_NIGHTS, _DEMO = "production", 7, "demo "
_NO_CARRY = "nothing-carried-over"


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that a person confirms; `holds_days` is for how long."""

    item: str
    what: str
    holds_days: int


ASKED = (
    Asked("parallel-run", "A dry week or month beside the old process was compared payee by payee "
          "(`recoup parallel-run`), and each difference has a cause that people accept", 92),
    Asked("backup", "A backup of home and database was restored on another machine, and there "
          "`recoup doctor --thorough` and `recoup verify` found nothing", 92),
    Asked("schedule", "Nights start by themselves at the hour that extracts are complete, and the last week's did", 92),
    Asked("notifications", "A night was made to fail on purpose, and whoever is on call was told", 184),
    Asked("on-call", "Who is called at night, and who decides about a waiver, is written down with deputies", 184),
    Asked("logins", "Everybody who decides has a login of their own, and nobody else has the owner's", 184),
    Asked("retention", "The terms of retention were looked at by whoever answers for the law", 366),
)  # fmt: skip
_OR_CONFIRMED = Asked(
    _NO_CARRY, "No policy carries anything over from months before going live, and nobody owes anything", 92
)


def look_at_going_live(world: World) -> tuple[Looked, ...]:
    """Each item of the list, whether it is fulfilled, by what or by whom."""
    return look_at_all(_looks(world))


def confirm(world: World, item: str, attempt: AttemptId, *, by: str, note: str) -> Confirmation:
    """Raises: RefusedError for an item that is not asked, or without a name and what was seen (DOC033)."""
    known = {asked.item for asked in (*ASKED, _OR_CONFIRMED)}
    faults = [] if item in known else [f'DOC033 no item "{item}" is asked of people; asked: {", ".join(sorted(known))}']
    faults += [f"DOC033 --{name} is empty: a named person confirms, and says what was seen" for name, text in
               (("by", by), ("note", note)) if not text.strip()]  # fmt: skip
    if faults:
        raise RefusedError("\n".join(faults))
    one = Confirmation(item, by, note, business_today(world))
    with world.store.write("confirmed") as connection:
        refuse_other_names(connection, by)
        insert_confirmation(connection, one, recorded_now(world.seam.clock, attempt))
    return one


def _looks(world: World) -> Iterator[tuple[str, Look]]:
    with world.store.read() as connection:
        confirmed = newest_confirmations(connection)
    yield "environment", partial(_environment, world)
    yield "signed rules", partial(_signed_rules, world)
    yield "people", partial(_people, world)
    yield "opening of the dispatch", partial(_opening, world)
    yield "opening of pay", partial(_opening_of_pay, world, confirmed)
    yield "dry week", partial(_dry_week, world)
    yield "ledger", partial(_ledger, world)
    for asked in ASKED:
        yield asked.item, partial(_confirmed, asked, confirmed, business_today(world))


def _environment(world: World) -> Looked:
    name = environment_of_store(world.store)
    if name == PRODUCTION:
        return Looked("environment", name)
    hint = f"`RECOUP_ENVIRONMENT={PRODUCTION} recoup environment --by NAME`"
    return _missing("environment", name or "no name", f"the store is not named {PRODUCTION}", hint)


def _signed_rules(world: World) -> Looked:
    """Signed, by people: the signers of the demo book are nobody."""
    rules = read_rules(world.settings.rules, None)
    with world.store.read() as connection:
        versions = with_signatures(connection, rules.reached(business_today(world)))
    unsigned = sum(not version.signer for version in versions)
    by_demo = sum(version.signer.startswith(_DEMO) for version in versions)
    found = f"{len(versions)} rules in force, {unsigned} unsigned, {by_demo} signed by the demo's signer"
    if not (unsigned or by_demo):
        return Looked("signed rules", found)
    return _missing(
        "signed rules", found, "rules in force are not signed by people", "`recoup doctor` names them; `recoup sign`"
    )


def _people(world: World) -> Looked:
    """Every group that approves has members, and together they are more than one person."""
    rules, today = read_rules(world.settings.rules, None), business_today(world)
    groups = {each.rule.id: each.rule.people for each in rules.approvals.groups if each.rule.holds_on(today)}
    names = {person.name for people in groups.values() for person in people}
    empty = sorted(name for name, people in groups.items() if not people)
    found = f"{len(names)} people in {len(groups)} groups of approvers"
    faults = [f"groups without anybody: {', '.join(empty)}"] if empty else []
    faults += ["fewer than two people approve: nobody could approve what the other prepared"] if len(names) < 2 else []
    faults += [f"{name} has no login" for name in sorted(names - _logins(world, names))]
    hint = "incentives/approvals/*.yaml names them; their logins are members of recoup_approver"
    issues = tuple(wrong("DOC030", "people", fault, hint) for fault in faults)
    return Looked("people", found, issues)


def _logins(world: World, names: set[str]) -> set[str]:
    """On PostgreSQL those who can log in; on SQLite nobody has to."""
    if world.store.dialect != "postgresql":
        return names
    with world.store.read() as connection:
        return set(connection.execute(sa.text("SELECT rolname FROM pg_roles WHERE rolcanlogin")).scalars())


def _opening(world: World) -> Looked:
    statement = sa.select(releases).where(releases.c.kind == ReleaseKind.OPENING.value).order_by(releases.c.sequence)
    with world.store.read() as connection:
        row = connection.execute(statement).first()
    if row is None:
        hint = "`recoup open --date D --by NAME`, after the gate of the first date"
        return _missing("opening of the dispatch", "none", "nobody opened the book: accounts have no owners", hint)
    return Looked("opening of the dispatch", f"{row.rows} accounts from {row.valid_from} on, by {row.by_name}")


def _opening_of_pay(world: World, confirmed: dict[str, Confirmation]) -> Looked:
    """Posted, which a second person signed before; or somebody has confirmed that there is nothing to bring in."""
    about = "opening of pay"
    with world.store.read() as connection:
        posted, every = posted_opening(connection), openings(connection)
    if posted:
        first = posted.batches[0]
        return Looked(about, f"{posted.go_live}, brought in by {first.by}, signed by {first.signed_by}")
    if not every and _NO_CARRY in confirmed:
        return Looked(about, f"nothing to bring in, says {confirmed[_NO_CARRY].by}")
    state = every[-1].state.value if every else "none"
    hint = f"`recoup opening`; where there is nothing: `recoup doctor --confirm {_NO_CARRY} --by NAME --note …`"
    return _missing(about, state, "the state of pay before going live is not posted", hint)


def _dry_week(world: World) -> Looked:
    """The newest business dates in a row, each with a night that has reported and halted nowhere."""
    reported = sa.exists().where(stage_results.c.run_id == runs.c.run_id, stage_results.c.stage == Stage.REPORT.value)
    halted = sa.exists().where(stage_results.c.run_id == runs.c.run_id, stage_results.c.outcome == State.HALTED.value)
    statement = (
        sa.select(runs.c.business_date).where(runs.c.kind == RunKind.NIGHTLY.value, reported, ~halted).distinct()
    )
    with world.store.read() as connection:
        days = set(connection.execute(statement).scalars())
    in_a_row = _in_a_row(days)
    found = f"{in_a_row} whole nights in a row up to {max(days)}" if days else "no whole night yet"
    if in_a_row >= DRY_NIGHTS:
        return Looked("dry week", found)
    return _missing(
        "dry week",
        found,
        f"fewer than {DRY_NIGHTS} whole nights in a row",
        "Run nights beside the old process, and compare",
    )


def _in_a_row(days: set[date]) -> int:
    """How many dates up to the newest have no gap.

    >>> _in_a_row({date(2026, 9, 1), date(2026, 9, 3), date(2026, 9, 4)}), _in_a_row(set())
    (2, 0)
    """
    count = 0
    while days and max(days) - timedelta(days=count) in days:
        count += 1
    return count


def _ledger(world: World) -> Looked:
    faults = [issue for issue in verify_ledger(world) if issue.is_error]
    if not faults:
        return Looked("ledger", "verified, no findings")
    return _missing("ledger", f"{len(faults)} findings", f"the first: {faults[0]}", "`recoup verify` shows all of them")


def _confirmed(asked: Asked, confirmed: dict[str, Confirmation], today: date) -> Looked:
    one = confirmed.get(asked.item)
    hint = f"`recoup doctor --confirm {asked.item} --by NAME --note …` records who saw it"
    if one is None:
        issue: Issue = wrong("DOC031", asked.item, f"nobody has confirmed: {asked.what}", hint)
        return Looked(asked.item, "not confirmed", (issue,))
    found = f"{one.by}, {one.confirmed_on}: {one.note}"
    if (today - one.confirmed_on).days > asked.holds_days:
        said = f"was confirmed on {one.confirmed_on}, more than {asked.holds_days} days ago: {asked.what}"
        return Looked(asked.item, found, (wrong("DOC032", asked.item, said, hint),))
    return Looked(asked.item, found)


def _missing(about: str, found: str, message: str, hint: str) -> Looked:
    return Looked(about, found, (wrong("DOC030", about, message, hint),))
