"""A settlement: a partner's claims of a cycle matched to the books of a night, and everything that is open listed.

It takes up every line that no earlier settlement has concluded, of whatever file, and every booking up to the cycle's
cut-off that nobody has claimed. What an earlier one had left open is looked at again, so the newest settlement of a
contract says what is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from adapters.duck import Duck, duck_columns, quoted
from adapters.errors import ConflictError, RefusedError
from adapters.store.claims import insert_settlement, lock_claims, numbers_of_claims, settlements_of
from adapters.store.nights import newest_gated_nights
from adapters.store.runs import RunFile, StageResult, State, files_of_run, finish_stage, record_run, stage_result
from adapters.store.schema import run_files
from adapters.store.signatures import with_signatures
from adapters.world import World, registered_file
from domain.exact import ExactSelect
from domain.ids import AttemptId, Digest, RunId
from domain.manifest import Manifest, RunKind, Settled, Stage
from domain.money import from_minor
from domain.periods import Period
from domain.rules import Placed
from incentives.claims import outcomes, statements, views
from incentives.claims.asked import Asked
from incentives.claims.differences import Difference
from incentives.claims.kinds import AGREED
from incentives.claims.terms import Cycle, SettlementTerms, claims_due, cycle_named, cycle_of, posted_until, reply_due
from incentives.contract_language import Contract
from incentives.contracts import ContractBook
from incentives.earned import base_of
from incentives.entitled import not_entitled
from incentives.recoveries import NoFee
from tasks.stages.calculation import pay_calculation_version
from tasks.stages.claims_listing import listed_rows, totals_of
from tasks.stages.claims_matching import match_claims
from tasks.stages.claims_state import MATCHES, OUTCOMES, PartnerClaims, claims_read, paid_for, partner_claims
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.recoveries import recoveries_of
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.session import session_of_night, session_of_tables

LONG_AFTER = date(9999, 12, 31)
REFUSED_LINES = "quarantine/partner_claims"
CLAIMS_BACK_DAYS = 400  # how far back claim files are read: the window in which a line may still be revised
PLAIN_MONEY = frozenset({"cash", "settlement", "restructured"})


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was settled: its id, the cycle, numbers and money of both sides, and how many differences are listed."""

    settlement_id: str
    run: RunId
    partner: str
    contract: str
    cycle: Cycle
    run_on: date
    reply_by: date
    totals: Mapping[str, Any]
    differences: int


def settle_claims(
    world: World, partner: str, cycle: str, *, contract: str = "", on: date | None = None, by: str, attempt: AttemptId
) -> Settlement:
    """Settle a cycle of a partner by the books of a night (`on`; the newest gated one unless it is given).

    The same books, claims and decisions give the same settlement, which is not made twice. Raises: RefusedError with
    what stands in the way; ConflictError if somebody settles the same partner at the same moment.
    """
    if not by.strip():
        raise RefusedError("STL011 claims are settled by somebody: give --by")
    order = _order(world, partner, cycle, contract, on)
    with world.store.read() as connection:
        manifest = _manifest(world, connection, order)
        before = partner_claims(world, connection, partner)
        same = _made_before(connection, manifest, before)
    if same is not None:
        return settlement_of_run(world, same)
    run = record_run(world.store, manifest, attempt)
    with world.store.read() as connection:
        known = stage_result(connection, run, Stage.MATCH.value)
    if known is None:
        _match_and_store(world, order, manifest, run, before, (by, attempt))
    return settlement_of_run(world, run)


def settlement_of_run(world: World, run: RunId) -> Settlement:
    with world.store.read() as connection:
        (row,) = settlements_of(connection, runs=[run])
        result = stage_result(connection, run, Stage.MATCH.value)
    assert result is not None  # noqa: S101 - both are written together
    cycle = Cycle(row.starts_on, row.ends_on)
    listed = int(result.summary["differences"])
    ids = (row.settlement_id, run, row.partner_id, row.contract_id)
    return Settlement(*ids, cycle, row.run_on, row.reply_by, row.totals, listed)


@dataclass(frozen=True, slots=True)
class _Order:
    """What is settled, and by which night."""

    partner: str
    contract: Placed[Contract]
    terms: SettlementTerms
    cycle: Cycle
    night: RunId
    day: date
    rules: RuleSet
    is_first: bool
    other_currencies: tuple[str, ...]

    @property
    def versions(self) -> tuple[Placed[Contract], ...]:
        """Every version of the contract: a placement may fall under an old one."""
        return tuple(each for each in self.rules.contracts.contracts if each.rule.id == self.contract.rule.id)


def _order(world: World, partner: str, cycle: str, contract: str, on: date | None) -> _Order:
    rules = sound_rules(world.settings.rules)
    night, day = _night(world, on)
    with world.store.read() as connection:
        manifest, accepted = manifest_of(connection, night), accepted_in(connection, night)
    known = _known_partner(world, manifest, accepted, partner)
    holding = [
        each
        for each in rules.contracts.contracts
        if each.rule.holds_on(day) and (partner in each.rule.partners if each.rule.partners != "all" else True)
        and known["legal_type"] in each.rule.legal_types and known["jurisdiction"] in each.rule.jurisdictions
    ]  # fmt: skip
    named = [each for each in holding if each.rule.partners != "all"]
    taken = {each.rule.currency for each in named}
    mine = sorted(
        (*named, *(each for each in holding if each.rule.partners == "all" and each.rule.currency not in taken)),
        key=lambda each: each.rule.id,
    )
    settled = [each for each in mine if each.rule.settlement and contract in {"", each.rule.id}]
    if len(settled) != 1:
        shown = ", ".join(each.rule.id for each in settled or mine) or "none"
        text = "has several contracts: name one with --contract" if settled else "has no contract with a settlement"
        raise RefusedError(f"STL012 {partner} {text}. Its contracts on {day}: {shown}")
    terms = settled[0].rule.settlement
    assert terms is not None  # noqa: S101 - looked at above
    others = tuple(sorted({each.rule.currency for each in mine} - {settled[0].rule.currency}))
    is_first = settled[0].rule.id == mine[0].rule.id
    return _Order(partner, settled[0], terms, _cycle(terms, cycle, day), night, day, rules, is_first, others)


def _night(world: World, on: date | None) -> tuple[RunId, date]:
    with world.store.read() as connection:
        nights = newest_gated_nights(connection, on, on)
    if not nights:
        shown = f"no night of {on} has been gated" if on else "no night has been gated"
        raise RefusedError(f"STL013 {shown}: the claims of a partner are settled by the books of a night")
    day = max(nights)
    return nights[day], day


def _known_partner(world: World, manifest: Manifest, accepted: Any, partner: str) -> Mapping[str, Any]:
    with session_of_tables(world, manifest, accepted, ("partners",)) as duck:
        rows = duck.run("SELECT partner_id, legal_type, jurisdiction FROM partners ORDER BY partner_id").fetchall()
    known = {row[0]: {"legal_type": row[1], "jurisdiction": row[2]} for row in rows}
    if partner not in known:
        raise RefusedError(f"STL014 no partner {partner!r}; there are {', '.join(known) or 'none'}")
    return known[partner]


def _cycle(terms: SettlementTerms, text: str, day: date) -> Cycle:
    try:
        cycle = cycle_named(terms, text)
    except ValueError as error:
        raise RefusedError(f"STL015 {error}") from None
    if day < cycle.last_day:
        raise RefusedError(f"STL016 the cycle {cycle} ends on {cycle.last_day}, and the night is of {day}: wait for it")
    return cycle


def _manifest(world: World, connection: sa.Connection, order: _Order) -> Manifest:
    _refuse_earlier(connection, order)
    source = manifest_of(connection, order.night)
    versions = with_signatures(connection, [each.version for each in order.versions])
    unsigned = [each.id for each in versions if not each.signer]
    if unsigned:
        raise RefusedError(f"STL017 the contract {unsigned[0]} is not signed: `recoup sign`, by two people")
    settles = Settled(order.partner, order.contract.rule.id, order.cycle.start, order.cycle.end)
    return Manifest(
        kind=RunKind.SETTLEMENT,
        business_date=order.day,
        effective_on=order.cycle.last_day,
        stages=(Stage.MATCH,),
        calculation=pay_calculation_version(),
        rules=tuple(sorted(versions, key=lambda each: (each.id, each.valid_from))),
        landed=accepted_in(connection, order.night),
        history=source.history,
        late=source.late,
        source=order.night,
        settles=settles,
        claims=claims_read(world, connection),
        refused=tuple(Digest(file.sha256) for file in _refused_files(connection, order.day)),
    )


def _made_before(connection: sa.Connection, manifest: Manifest, before: PartnerClaims) -> RunId | None:
    """The last settlement of the partner, if it read the very same, and nobody has decided anything since."""
    if not before.settlements:
        return None
    run = RunId(before.settlements[-1].run_id)
    last = manifest_of(connection, run)
    decided = {each.partner: each.decisions for each in last.claims}.get(before.partner, 0)
    is_quiet = decided == sum(len(each) for each in before.decisions.values())
    return run if is_quiet and replace(manifest, claims=last.claims) == last else None


def _refuse_earlier(connection: sa.Connection, order: _Order) -> None:
    """Settlements go forward: what an earlier night or cycle does not know would seem to be resolved."""
    mine = [each for each in settlements_of(connection, partner=order.partner)
            if each.contract_id == order.contract.rule.id]  # fmt: skip
    if not mine:
        return
    last = mine[-1]
    if order.cycle.start < last.starts_on or order.day < last.run_on:
        text = f"{last.settlement_id} has settled {Cycle(last.starts_on, last.ends_on)} by the night of {last.run_on}"
        raise RefusedError(f"STL018 {text}: settle that cycle or a later one, by that night or a later one")


def _refused_files(connection: sa.Connection, day: date) -> tuple[RunFile, ...]:
    """The files of claim lines that gates set aside, night by night."""
    nights = newest_gated_nights(connection, day - timedelta(days=CLAIMS_BACK_DAYS), day)
    named = sa.and_(run_files.c.run_id.in_(list(nights.values())), run_files.c.name == REFUSED_LINES)
    having = {row.run_id for row in connection.execute(sa.select(run_files.c.run_id).where(named))}
    return tuple(files_of_run(connection, run)[REFUSED_LINES] for run in nights.values() if run in having)


def _match_and_store(
    world: World, order: _Order, manifest: Manifest, run: RunId, before: PartnerClaims, who: tuple[str, AttemptId]
) -> None:
    with world.store.read() as connection:
        accepted, source = accepted_in(connection, order.night), manifest_of(connection, order.night)
        elsewhere = [
            partner_claims(world, connection, each.partner, each)
            for each in manifest.claims
            if each.partner != order.partner
        ]
    with session_of_night(world, source, accepted, releases=False) as duck:
        asked = _asked(order, duck)
        _open_session(world, duck, order, before, elsewhere)
        match_claims(duck, asked, order.terms.search_days)
        rows = listed_rows(duck, asked, before, order.contract.rule, order.day)
        totals = totals_of(duck, asked) | {"fee_base": order.terms.fee_base}
        folder = f"runs/{run}"
        files = [
            _written(world, duck, folder, OUTCOMES, statements.all_outcomes()),
            _written(world, duck, folder, MATCHES, outcomes.matches()),
        ]
    _store(world, order, run, manifest, (rows, totals, files), who)


def _asked(order: _Order, duck: Duck) -> Asked:
    contract, terms, cycle = order.contract.rule, order.terms, order.cycle
    first = duck.run("SELECT min(posted_on) FROM payments").fetchone()[0]
    return Asked(
        partner=order.partner,
        currency=contract.currency,
        dated_by=contract.dated_by,
        first_day=terms.first_day,
        starts_on=cycle.start,
        ends_on=cycle.end,
        posted_until=posted_until(terms, cycle),
        run_on=order.day,
        looks_back_to=first or cycle.start,
        tolerance=terms.tolerances.amount,
        tolerance_days=terms.tolerances.days,
        estimates=terms.marks.estimate,
        prepayments=terms.marks.prepayment,
        other_currencies=order.other_currencies,
        is_first=order.is_first,
    )


def _open_session(
    world: World, duck: Duck, order: _Order, before: PartnerClaims, elsewhere: Sequence[PartnerClaims]
) -> None:
    """The tables that matching asks for, beside those of the night."""
    _open_sent(world, duck, order)
    for table in (views.CONCLUDED_LINES, views.CONCLUDED_PAYMENTS, views.TERMS, views.JUDGED, views.CYCLES):
        duck.create_table(table.name, duck_columns(table), [])
    _insert(duck, views.TERMS.name, [_terms_row(each.rule) for each in order.versions])
    _insert(duck, views.CYCLES.name, list(_cycle_rows(order)))
    _insert(duck, views.JUDGED.name, list(_judged_rows(order, duck)))
    _conclude_lines(world, duck, before)
    for claims in (before, *elsewhere):
        rows = [(each.payment_id, claims.partner, each.amount, each.is_rejected) for each in paid_for(claims)]
        _insert(duck, views.CONCLUDED_PAYMENTS.name, rows)


def _open_sent(world: World, duck: Duck, order: _Order) -> None:
    """Lines that the gate let through, and beside them those that it set aside and that have not come back since."""
    names = [column.name for column in views.SENT if column.name != "is_refused"]
    listed, types = ", ".join(f'"{name}"' for name in names), duck_columns(views.SENT)
    duck.create_table(views.SENT.name, types, [])
    duck.run(f"INSERT INTO {views.SENT.name} SELECT {listed}, false FROM partner_claims")
    with world.store.read() as connection:
        files = _refused_files(connection, order.day)
    for file in reversed(files):
        path = quoted(registered_file(world, file.path, file.sha256))
        there = {row[0] for row in duck.run(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()}
        cells = ", ".join(
            f'TRY_CAST("{name}" AS {types[name]})' if name in there else f"CAST(NULL AS {types[name]})"
            for name in names
        )
        in_order = ", ".join(f'"{name}"' for name in names if name in there)
        known = f'"claim_id" NOT IN (SELECT claim_id FROM {views.SENT.name})'
        duck.run(
            f"INSERT INTO {views.SENT.name} SELECT {cells}, true FROM read_parquet('{path}') "
            f'WHERE "claim_id" IS NOT NULL AND {known} '
            f'QUALIFY row_number() OVER (PARTITION BY "claim_id" ORDER BY {in_order}) = 1'
        )


def _terms_row(contract: Contract) -> tuple[Any, ...]:
    right, tail = contract.entitlement, contract.entitlement.tail_days
    days = {"none": 0, "tail": tail, "full": None, "exclusive": 0}
    return (
        contract.valid_from,
        contract.valid_to or LONG_AFTER,
        "waiver" in contract.counts,
        days[right.after_recall],
        right.after_recall == "exclusive",
        days[right.after_term],
    )


def _cycle_rows(order: _Order) -> Iterator[tuple[date, ...]]:
    cycle = cycle_of(order.terms, order.terms.first_day)
    while cycle is not None and cycle.start <= order.cycle.start:
        due = claims_due(order.terms, cycle)
        yield cycle.start, cycle.end, posted_until(order.terms, cycle), due
        cycle = cycle_of(order.terms, cycle.end)


def _judged_rows(order: _Order, duck: Duck) -> Iterator[tuple[Any, ...]]:
    """Bookings whose terms columns alone do not tell: where the contract looks at cases, channels or promises."""
    if all(_is_plain(each.rule) for each in order.versions):
        return
    book = ContractBook.of(order.versions)
    for each in recoveries_of(duck, Period.of(order.day), book):
        holding = book.holding_for(order.partner, each.currency, each.placement.placed_on, each.posted_on)
        if each.partner_id == order.partner and not each.reverses and holding:
            contract = holding[0].contract
            ended = not_entitled(contract, each)
            yield each.payment_id, base_of(contract, each), ended is NoFee.AFTER_RECALL, ended is NoFee.AFTER_TERM


def _is_plain(contract: Contract) -> bool:
    counts = frozenset(contract.counts)
    is_whole = counts >= PLAIN_MONEY and (not contract.direct_channels or "direct" in counts)
    return is_whole and contract.entitlement.promises_in_flight is None


def _conclude_lines(world: World, duck: Duck, before: PartnerClaims) -> None:
    """Lines that were agreed, and those that people decided on."""
    names = ", ".join(f'"{column.name}"' for column in views.CONCLUDED_LINES)
    with world.store.read() as connection:
        files = [files_of_run(connection, RunId(row.run_id))[OUTCOMES] for row in before.settlements]
    for file in files:
        path = quoted(registered_file(world, file.path, file.sha256))
        sql = f"SELECT {names} FROM read_parquet('{path}') WHERE kind = '{AGREED}'"
        duck.run(f"INSERT INTO {views.CONCLUDED_LINES.name} {sql}")
    decided = [_concluded(each) for each, _ in before.decided() if each.claim_id]
    _insert(duck, views.CONCLUDED_LINES.name, decided)


def _concluded(each: Difference) -> tuple[Any, ...]:
    claimed = None if each.claimed_minor is None else from_minor(each.claimed_minor, each.currency)
    return each.claim_id, each.account_id, each.paid_on, claimed, each.currency


def _insert(duck: Duck, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        columns = {f"c{number}": pa.array(list(values)) for number, values in enumerate(zip(*rows, strict=True))}
        duck.create_table_of("inserted_rows", pa.table(columns))
        duck.run(f"INSERT INTO {table} SELECT * FROM inserted_rows")


def _written(world: World, duck: Duck, folder: str, name: str, statement: ExactSelect) -> RunFile:
    place = f"{folder}/{name}.parquet"
    path = world.settings.home / place
    written = world.seam.write_file(path, lambda part: duck.write_parquet(statement, part), point="claims")
    rows = duck.run(f"SELECT count(*) FROM read_parquet('{quoted(path)}')").fetchone()[0]
    return RunFile(name, place, written.sha256, rows)


def _store(
    world: World,
    order: _Order,
    run: RunId,
    manifest: Manifest,
    made: tuple[Sequence[Mapping[str, Any]], Mapping[str, Any], Iterable[RunFile]],
    who: tuple[str, AttemptId],
) -> None:
    """Files first, then one transaction: the settlement, its differences, its files and that it is finished."""
    (rows, totals, files), (by, attempt) = made, who
    try:
        with world.store.write("claims_settled") as connection:
            _refuse_moved(connection, order, manifest)
            mine = settlements_of(connection, partner=order.partner)
            settlement = _settlement_row(order, run, mine, totals, by)
            listed = [
                {**each, "difference_id": f"{settlement['settlement_id']}.{number}"}
                for number, each in enumerate(rows, start=1)
            ]
            insert_settlement(world.store, connection, settlement, listed, attempt)
            result = StageResult(Stage.MATCH.value, State.DONE, {"differences": len(listed), "totals": totals})
            finish_stage(world.store, connection, run, attempt, result, tuple(files))
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody settled {order.partner} at the same moment: settle it again") from None


def _refuse_moved(connection: sa.Connection, order: _Order, manifest: Manifest) -> None:
    """What was decided or settled while it was matched would be listed as open, and could be decided twice."""
    lock_claims(connection)
    read = {each.partner: (len(each.settlements), each.decisions) for each in manifest.claims}
    if numbers_of_claims(connection) != read:
        text = "claims were settled or decided while these were matched"
        raise ConflictError(f"STL042 {text}: settle {order.partner} again")


def _settlement_row(
    order: _Order, run: RunId, mine: Sequence[sa.Row[Any]], totals: Mapping[str, Any], by: str
) -> dict[str, Any]:
    contract, cycle = order.contract, order.cycle
    same = [each for each in mine if (each.contract_id, each.starts_on) == (contract.rule.id, cycle.start)]
    number = len(same) + 1
    return {
        "settlement_id": f"{order.partner}-{contract.rule.id}-{cycle}-{number}",
        "run_id": run,
        "partner_id": order.partner,
        "position": len(mine) + 1,
        "contract_id": contract.rule.id,
        "contract": contract.version.digest,
        "starts_on": cycle.start,
        "ends_on": cycle.end,
        "number": number,
        "run_on": order.day,
        "reply_by": reply_due(order.terms, order.day),
        "totals": totals,
        "by_name": by,
    }
