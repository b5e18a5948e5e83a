"""Placement and recall files: for each partner and day, exactly the columns of the contract, once, and always the same.

They are made after the release is committed, because their readers never ask our store. A file that was handed out
never changes: what differs later is a new file, which names the one that it replaces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck
from adapters.errors import ConflictError, FileChangedError, RefusedError
from adapters.seam import sha256_of
from adapters.store.batches import refuse_other_names
from adapters.store.partner_files import insert_partner_file, partner_files_of
from adapters.store.releases import Release, all_releases, create_dispatch_views
from adapters.store.runs import official_run
from adapters.store.signatures import with_signatures
from adapters.world import World, business_today
from allocation.book import book_statement
from allocation.standing import RECALLED_BY_STANDING
from allocation.strategies import Strategy
from domain.dispatch import DISPATCH_SQL
from domain.exact import exact
from domain.ids import AttemptId, RunId, canonical_decimal, canonical_json
from domain.issues import Issue, Location
from domain.manifest import RunKind, Stage
from domain.partner_files import FileKind
from domain.rules import Placed
from domain.sql import TABLES
from domain.standings import Placed as WhatIsPlaced
from incentives.contract_language import Contract, PartnerFiles
from reports.cells import MOST_ROWS
from reports.csv_files import PhoneNumber, Value, csv_text, is_phone_number
from reports.partner_workbook import write_partner_workbook
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.rules import sound_rules
from tasks.stages.session import session_of_night

OWNER_ONLY = 0o600
TERM_ENDED, REALLOCATED = "term_ended", "reallocated"


@dataclass(frozen=True, slots=True)
class PartnerFile:
    """A file as it was handed out; `balance` by currency, in major units."""

    file_id: str
    partner_id: str
    contract_id: str
    day: date
    kind: FileKind
    number: int
    replaces: str
    path: Path
    sha256: str
    rows: int
    balance: Mapping[str, str]


def export_partner_files(
    world: World,
    night: date,
    *,
    by: str,
    partner: str = "",
    correct: bool = False,
    reason: str = "",
    attempt: AttemptId,
) -> tuple[PartnerFile, ...]:
    """The files of the day after the night: what was handed out before comes back as it was, the rest is made.

    Raises: RefusedError if no night of the date has allocated, with every account for which no signed contract states
    columns, and where a file would come out different from what was handed out and nobody asked for a correction;
    FileChangedError.
    """
    if not by.strip() or (correct and not reason.strip()):
        raise RefusedError("PTF011 files go out by name, and a correction has a reason: give --by and --reason")
    day = night + timedelta(days=1)
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, night, Stage.ALLOCATE.value)
        if run is None:
            raise RefusedError(f"PTF001 no night of {night} has allocated; `recoup runs` lists those that have")
        known = [row for row in partner_files_of(connection, day=day) if partner in {"", row.partner_id}]
        releases = [each for each in all_releases(world, connection) if each.valid_from <= day]
    made = _made(world, run, day, releases, partner)
    newest = {(row.partner_id, row.contract_id, row.kind): row for row in known if row.replaced_by is None}
    _refuse_changes(newest, made, correct=correct)
    for row in known:
        _restore(world, row, releases)
    for key in sorted({*made, *newest}):
        _hand_out(world, key, made.get(key), newest.get(key), _Order(run, day, releases, by, reason, attempt))
    with world.store.read() as connection:
        rows = partner_files_of(connection, day=day)
    return tuple(_as_file(world, row) for row in rows if partner in {"", row.partner_id} and row.replaced_by is None)


_Key = tuple[str, str, str]  # partner, contract, kind


@dataclass(frozen=True, slots=True)
class _Content:
    """What a file holds, before it is written."""

    contract: Placed[Contract]
    lines: tuple[tuple[str, str], ...]  # account, reason
    columns: tuple[str, ...]
    cells: tuple[tuple[Value, ...], ...]
    text: str
    balance: Mapping[str, str]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Order:
    run: RunId
    day: date
    releases: Sequence[Release]
    by: str
    reason: str
    attempt: AttemptId


def _made(world: World, run: RunId, day: date, releases: Sequence[Release], partner: str) -> dict[_Key, _Content]:
    """The files that follow from the releases, by the extracts of the night."""
    with world.store.read() as connection:
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
    rules = sound_rules(world.settings.rules)
    strategy = rules.strategies.on(manifest.business_date)
    with session_of_night(world, manifest, accepted, releases=False) as duck:
        create_dispatch_views(duck, releases)
        recalled = frozenset(each.partner for each in manifest.standings if each.placed is WhatIsPlaced.RECALLED)
        rows = [row for row in _moves(duck, day, strategy, recalled) if partner in {"", row["partner_id"]}]
    grouped: dict[_Key, list[dict[str, Any]]] = {}
    contracts: dict[str, Placed[Contract]] = {}
    issues: list[Issue] = []
    for row in rows:
        found = rules.contracts.for_partner(
            row["partner_id"], row["legal_type"] or "", row["of_jurisdiction"] or "", row["currency"] or "", day
        )
        issue = _without_columns(row, found)
        if issue is not None:
            issues.append(issue)
            continue
        contracts[found[0].rule.id] = found[0]
        grouped.setdefault((row["partner_id"], found[0].rule.id, row["kind"]), []).append(row)
    issues += _unsigned(world, contracts.values())
    if issues:
        raise RefusedError("\n".join(str(issue) for issue in dict.fromkeys(issues)))
    return {key: _content(contracts[key[1]], FileKind(key[2]), lines) for key, lines in grouped.items()}


def _without_columns(row: Mapping[str, Any], found: Sequence[Placed[Contract]]) -> Issue | None:
    place = Location(f"partner {row['partner_id']}")
    what = f"{row['currency']} accounts of {row['of_jurisdiction']}"
    if len(found) != 1:
        text = f"{'several contracts hold' if found else 'no contract holds'} for {what} on this day"
        return Issue("PTF002", place, text, "State one in incentives/contracts")
    if found[0].rule.files is None:
        text = f"contract {found[0].rule.id} does not list the columns of files"
        return Issue("PTF002", place, text, "Add `files` to it, and have it signed")
    return None


def _unsigned(world: World, contracts: Any) -> Iterator[Issue]:
    versions = [each.version for each in contracts]
    with world.store.read() as connection:
        signed = with_signatures(connection, versions)
    for version in signed:
        if not version.signer:
            yield Issue("PTF003", Location(f"contract {version.id}"), "is not signed", "No data leave without")


def _moves(
    duck: Duck, day: date, strategy: Strategy | None, by_standing: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """Accounts that come to a partner on the day, or no longer are at one, with what columns may tell of them;
    `by_standing` are partners whose standing recalls what they have.

    A placement that the core system knows already is placed, and not placed again.
    """
    before, after = _at_partners(day - timedelta(days=1)), _at_partners(day)
    came = before.c.account_id.is_(None)
    source = after.outerjoin(before, _same(after, before))
    placed = sa.select(after.c.account_id, after.c.partner_id, after.c.reason, sa.literal("placement").label("kind"))
    placed = placed.select_from(source).where(came, sa.not_(_runs_there(after, day)))
    gone = before.outerjoin(after, _same(after, before))
    recalled = sa.select(before.c.account_id, before.c.partner_id, before.c.reason, sa.literal("recall").label("kind"))
    recalled = recalled.select_from(gone).where(after.c.account_id.is_(None))
    moves = sa.union_all(placed, recalled).subquery("moves")
    rows = duck.read(_told(moves))
    reasons = _recall_reasons(duck, day, strategy) if any(row["kind"] == "recall" for row in rows) else {}
    return [{**row, "day": day, "reason": _reason(row, reasons, by_standing)} for row in rows]


def _at_partners(day: date) -> sa.Subquery:
    dispatch = DISPATCH_SQL.alias().c
    holds = (dispatch.owner_kind == "partner", dispatch.valid_from <= day, dispatch.valid_to > day)
    columns = (dispatch.account_id, dispatch.owner_id.label("partner_id"), dispatch.reason)
    return sa.select(*columns).where(*holds).subquery()


def _same(one: sa.Subquery, other: sa.Subquery) -> sa.ColumnElement[bool]:
    return sa.and_(one.c.account_id == other.c.account_id, one.c.partner_id == other.c.partner_id)


def _runs_there(move: sa.Subquery, day: date) -> sa.ColumnElement[bool]:
    placement = TABLES["placements"].c
    return sa.exists().where(
        placement.account_id == move.c.account_id,
        placement.partner_id == move.c.partner_id,
        placement.placed_on < day,
        placement.term_ends_on > day,
        placement.recalled_on.is_(None),
    )


_OF_ACCOUNTS = (
    "debtor_id", "product", "branch_id", "region", "language", "jurisdiction", "originator", "opened_on", "currency",
    "principal", "balance", "overdue_amount", "days_past_due", "charged_off_on",
)  # fmt: skip


def _told(moves: sa.Subquery) -> Any:
    accounts, partners = TABLES["accounts"], TABLES["partners"]
    party = _debtors()
    columns = [accounts.c[name] for name in _OF_ACCOUNTS]
    source = (
        moves.outerjoin(accounts, accounts.c.account_id == moves.c.account_id)
        .outerjoin(partners, partners.c.partner_id == moves.c.partner_id)
        .outerjoin(party, party.c.debtor_id == accounts.c.debtor_id)
    )
    of_partner = (partners.c.legal_type, partners.c.jurisdiction.label("of_jurisdiction"))
    person = (party.c.debtor_name, party.c.national_id, _point(party, "phone"), _point(party, "address"))
    statement = sa.select(*moves.c, *columns, *of_partner, *person).select_from(source)
    return exact(statement.order_by(moves.c.kind, moves.c.partner_id, moves.c.account_id))


def _debtors() -> sa.Subquery:
    """The debtor of each debt; of several, the first by id."""
    party = TABLES["parties"].c
    first = sa.func.row_number().over(partition_by=party.debtor_id, order_by=party.party_id).label("place")
    columns = (party.debtor_id, party.party_id, party.full_name.label("debtor_name"), party.national_id, first)
    ranked = sa.select(*columns).where(party.role == "debtor").subquery("ranked_debtors")
    return sa.select(ranked).where(ranked.c.place == 1).subquery("debtors")


def _point(party: sa.Subquery, kind: str) -> sa.ColumnElement[Any]:
    """The debtor's number or address that was verified last, among those that are not known to be wrong."""
    point = TABLES["contact_points"].alias(f"{kind}s").c
    usable = (point.party_id == party.c.party_id, point.kind == kind, point.state.in_(["active", "unverified"]))
    order = (point.verified_on.desc().nulls_last(), point.contact_point_id)
    return sa.select(point.value).where(*usable).order_by(*order).limit(1).scalar_subquery().label(kind)


def _recall_reasons(duck: Duck, day: date, strategy: Strategy | None) -> dict[str, str]:
    """By account, why a placement ends: what the core system says, the term, or the strategy's rule."""
    placement = TABLES["placements"].c
    ended = sa.or_(placement.recalled_on <= day, placement.term_ends_on <= day)
    columns = (placement.account_id, placement.recalled_on, placement.recall_reason, placement.term_ends_on)
    found: dict[str, str] = {}
    for row in duck.read(exact(sa.select(*columns).where(ended).order_by(placement.placed_on))):
        recalled = row["recalled_on"] is not None and row["recalled_on"] <= day
        found[row["account_id"]] = (row["recall_reason"] or "recalled") if recalled else TERM_ENDED
    if strategy is not None:
        book = duck.arrow(book_statement(strategy, day - timedelta(days=1)))
        pairs = zip(book["account_id"].to_pylist(), book["recall"].to_pylist(), strict=True)
        found |= {account: why for account, why in pairs if why}
    dispatch = DISPATCH_SQL.c
    now = sa.select(dispatch.account_id, dispatch.reason).where(dispatch.valid_from == day)
    for row in duck.read(exact(now)):
        if ":" in row["reason"]:
            found[row["account_id"]] = row["reason"]
    return found


def _reason(row: Mapping[str, Any], reasons: Mapping[str, str], by_standing: frozenset[str]) -> str:
    if row["kind"] == FileKind.PLACEMENT:
        return str(row["reason"])
    if row["partner_id"] in by_standing:
        return reasons.get(row["account_id"], RECALLED_BY_STANDING)
    return reasons.get(row["account_id"], "left_the_book" if row["debtor_id"] is None else REALLOCATED)


def _content(contract: Placed[Contract], kind: FileKind, rows: Sequence[Mapping[str, Any]]) -> _Content:
    files = contract.rule.files
    assert files is not None  # noqa: S101 - `_without_columns` has told those
    columns = files.placement if kind is FileKind.PLACEMENT else files.recall
    lines = tuple(tuple(_cell(row, name, files) for name in columns) for row in rows)
    balance: dict[str, Decimal] = {}
    for row in rows:
        if row["currency"]:
            balance[row["currency"]] = balance.get(row["currency"], Decimal(0)) + row["balance"]
    totals = {currency: canonical_decimal(amount) for currency, amount in sorted(balance.items())}
    accounts = tuple((row["account_id"], row["reason"]) for row in rows)
    return _Content(contract, accounts, tuple(columns), lines, csv_text(columns, lines), totals)


def _cell(row: Mapping[str, Any], name: str, files: PartnerFiles) -> Value:
    day: date = row["day"]
    match name:
        case "placed_on" | "recalled_on":
            return day
        case "term_ends_on":
            return day + timedelta(days=files.term_days or 0)
    value: Value = row[name]
    return PhoneNumber(value) if name == "phone" and isinstance(value, str) and is_phone_number(value) else value


def _refuse_changes(newest: Mapping[_Key, Any], made: Mapping[_Key, _Content], *, correct: bool) -> None:
    """What was handed out and would come out different; a file that nothing is left of would come out empty."""
    changed = [
        row for key, row in sorted(newest.items()) if row.sha256 != (made[key].sha256 if key in made else None)
        and not (key not in made and row.rows == 0)
    ]  # fmt: skip
    if changed and not correct:
        issues = [
            Issue("PTF004", Location(row.file_id), "would come out different from what was handed out",
                  "See what changed; `--correct --reason WHY` hands out a file that replaces it")
            for row in changed
        ]  # fmt: skip
        raise RefusedError("\n".join(map(str, issues)))


def _hand_out(world: World, key: _Key, content: _Content | None, before: Any, order: _Order) -> None:
    """A file where there is none, or one that replaces it; nothing where it is the same."""
    if before is not None and (before.rows == 0 if content is None else before.sha256 == content.sha256):
        return
    if content is None:
        content = _emptied(world, key)
    number = 1 if before is None else before.number + 1
    partner, contract, kind = key
    file_id = f"{partner}.{contract}.{order.day}.{kind}" + (f"-{number}" if number > 1 else "")
    path = f"reports/partners/{partner}/{file_id}.csv"
    row = {
        "file_id": file_id,
        "partner_id": partner,
        "contract_id": contract,
        "day": order.day,
        "kind": kind,
        "number": number,
        "replaces": None if before is None else before.file_id,
        "reason": order.reason.strip() if before is not None else "",
        "contract": content.contract.version.digest,
        "run_id": order.run,
        "released": max((each.sequence for each in order.releases), default=0),
        "path": path,
        "sha256": content.sha256,
        "rows": len(content.lines),
        "totals": content.balance,
        "by_name": order.by,
        "handed_on": business_today(world),
    }
    _write(world, row, content)
    try:
        with world.store.write("partner_file_registered") as connection:
            refuse_other_names(connection, order.by)
            insert_partner_file(world.store, connection, row, content.lines, order.attempt)
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody handed out {file_id} at the same moment: ask for it again") from None


def _emptied(world: World, key: _Key) -> _Content:
    """What replaces a file of which no line is left."""
    contract = next(each for each in sound_rules(world.settings.rules).contracts.contracts if each.rule.id == key[1])
    return _content(contract, FileKind(key[2]), ())


def _restore(world: World, row: Any, releases: Sequence[Release]) -> None:
    """A file that is gone comes back from the run and the releases that it was made from, byte for byte."""
    path = world.settings.home / row.path
    is_whole = path.exists() and sha256_of(path) == row.sha256
    if is_whole and (path.with_suffix(".xlsx").exists() or row.rows >= MOST_ROWS):
        return
    known = [each for each in releases if each.sequence <= row.released]
    made = _made(world, RunId(row.run_id), row.day, known, row.partner_id)
    key = (row.partner_id, row.contract_id, row.kind)
    content = made.get(key) or _emptied(world, key)
    if content.sha256 != row.sha256:
        if is_whole:
            return  # the file that counts is there; a workbook with other lines would contradict it
        text = "PTF005 would come out different from what was registered: its contract or this program changed since"
        raise FileChangedError(f"{row.path} {text}. Restore the file from the backup")
    _write(world, {name: getattr(row, name) for name in (*_CONTROL, "path")}, content)


_CONTROL = ("file_id", "partner_id", "contract_id", "contract", "day", "kind", "rows", "totals", "replaces", "sha256")


def _write(world: World, row: Mapping[str, Any], content: _Content) -> None:
    """The file, which its account alone can read, and beside it the same as workbook, and the control."""
    path = world.settings.home / row["path"]
    world.seam.write_file(path, lambda part: _fill(part, content.text), point="partner_file")
    if len(content.cells) < MOST_ROWS:
        world.seam.write_file(
            path.with_suffix(".xlsx"), lambda part: _fill_workbook(part, row["file_id"], content), point="partner_file"
        )
    control = {name: row[name] for name in _CONTROL}
    world.seam.write_text(path.with_suffix(".control.json"), canonical_json(control) + "\n", point="partner_control")


def _fill(part: Path, text: str) -> None:
    part.touch(mode=OWNER_ONLY)
    part.write_text(text, encoding="utf-8", newline="")
    part.chmod(OWNER_ONLY)


def _fill_workbook(part: Path, file_id: str, content: _Content) -> None:
    part.touch(mode=OWNER_ONLY)
    write_partner_workbook(part, file_id, content.columns, content.cells)
    part.chmod(OWNER_ONLY)


def _as_file(world: World, row: Any) -> PartnerFile:
    path = world.settings.home / row.path
    days = (row.day, FileKind(row.kind), row.number, row.replaces or "")
    return PartnerFile(row.file_id, row.partner_id, row.contract_id, *days, path, row.sha256, row.rows, row.totals)
