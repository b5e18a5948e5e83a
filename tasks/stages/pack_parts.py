"""The parts of partners' review packs that are read from the store and from a night's files, by partner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from adapters.store.batches import batches_that_count, decisions_on, read_batches
from adapters.store.ledger import read_entries
from adapters.store.partner_files import answers_by_file
from adapters.store.results import read_payout_lines
from adapters.store.signals import newest_signal_run, read_signal_cases
from adapters.world import World
from domain.ids import RunId
from domain.money import from_minor
from domain.partner_review import PartnerReview
from domain.periods import Period
from domain.signals import SignalCase, SubjectKind
from incentives.claims.kinds import ABOUT, Kind
from incentives.ledger import BatchKind
from kpi_rules.views import BREACHES
from reports.pack_facts import DataReturned, FeeOfMonth, LimitBroken, OddCase, SettledLines
from tasks.stages.claims_status import SettlementStatus, settlement_status
from tasks.stages.measured import MeasuredNight
from tasks.stages.partner_review import partner_reviews

_PREPARED = "prepared"


def limits_broken(night: MeasuredNight) -> Mapping[str, tuple[LimitBroken, ...]] | None:
    """Contacts and accounts by limit; None where the night did not judge contacts, for a table was halted."""
    if night.halted & {"contacts", "accounts"}:
        return None
    titles = {each.rule.id: each.rule.title for each in night.rules.limits}
    rows = night.duck.run(
        "SELECT partner_id, limit_id, any_value(severity), count(*), count(DISTINCT account_id) "
        f"FROM {BREACHES.name} WHERE partner_id IS NOT NULL GROUP BY ALL ORDER BY partner_id, limit_id"
    )
    found: dict[str, list[LimitBroken]] = defaultdict(list)
    for partner, limit, severity, contacts, accounts in rows.fetchall():
        found[partner].append(LimitBroken(limit, titles.get(limit, limit), severity == "hard", contacts, accounts))
    return {partner: tuple(every) for partner, every in found.items()}


def files_returned(connection: sa.Connection, period: Period) -> dict[str, tuple[DataReturned, ...]]:
    """Files in force that were handed out for a day of the month, with what was answered to their lines."""
    found: dict[str, list[DataReturned]] = defaultdict(list)
    for row in answers_by_file(connection):
        if period.start <= row.day < period.end:
            returned = DataReturned(row.file_id, row.day, row.kind, row.lines, row.accepted or 0, row.rejected or 0)
            found[row.partner_id].append(returned)
    return {partner: tuple(every) for partner, every in found.items()}


def fees_of(connection: sa.Connection, run: RunId, period: Period) -> dict[str, tuple[FeeOfMonth, ...]]:
    """What the night calculates of the month, and what the ledger has posted of it, by component and currency."""
    calculated: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for line in read_payout_lines(connection, run, BatchKind.FEE.value):
        if line.origin_period == str(period):
            calculated[line.payee, line.component, line.currency] += line.amount
    posted: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in read_entries(connection):
        if row.batch_kind == BatchKind.FEE.value and row.origin_period == str(period):
            posted[row.payee, row.component, row.currency] += row.amount_minor
    found: dict[str, list[FeeOfMonth]] = defaultdict(list)
    for key in sorted({*calculated, *posted}):
        partner, component, currency = key
        amount = from_minor(posted.get(key, 0), currency)
        found[partner].append(FeeOfMonth(component, currency, calculated.get(key), amount))
    return {partner: tuple(every) for partner, every in found.items()}


def fee_states(connection: sa.Connection, period: Period) -> dict[str, str]:
    """What was decided last on the batch that counts; prepared, where nothing was."""
    rows = [row for row in read_batches(connection, str(period)) if row.kind == BatchKind.FEE.value]
    found = {}
    for row in batches_that_count(connection, rows):
        decisions = decisions_on(connection, row.batch_id)
        found[row.scope] = str(decisions[-1].decision) if decisions else _PREPARED
    return found


def reviews_of(world: World, period: Period, partner: str = "") -> Mapping[str, PartnerReview]:
    """Standing, scores, leagues, commitments and placements of each partner, or of one. Raises: RefusedError."""
    return {each.partner.partner_id: each for each in partner_reviews(world, period, partner)}


def odd_of(
    connection: sa.Connection, period: Period, titles: Mapping[str, str]
) -> Mapping[str, tuple[OddCase, ...]] | None:
    """Integrity signals about partners in the month; None where nobody has looked for any. `titles` are of signals."""
    if newest_signal_run(connection, period) is None:
        return None
    found: dict[str, list[OddCase]] = defaultdict(list)
    for each in read_signal_cases(connection, period=period):
        if each.subject_kind is SubjectKind.PARTNER:
            found[each.subject_id].append(_odd(each, titles.get(each.signal, each.title)))
    return {partner: tuple(every) for partner, every in found.items()}


def _odd(case: SignalCase, title: str) -> OddCase:
    return OddCase(
        case=case.case_id,
        title=title,
        in_english=case.title,
        state=case.state.value,
        about=case.about,
        opened_on=case.opened_on,
        deadline=case.deadline,
        owner=case.owner,
        closed_on=case.closed_on,
        reason=case.reason,
        is_open=case.is_open,
    )


def settled_of(world: World, day: date) -> Mapping[str, tuple[SettledLines, ...]] | None:
    """Agreed lines, and what is open by kind, of the newest settlements; None where nothing was ever settled."""
    found: dict[str, list[SettledLines]] = defaultdict(list)
    for status in settlement_status(world, on=day):
        found[status.partner] += _settled(status)
    return {partner: tuple(every) for partner, every in found.items()} or None


def _settled(status: SettlementStatus) -> Iterator[SettledLines]:
    for each in status.reconciled:
        if each.agreed.number:
            yield SettledLines("agreed", "", each.currency, each.agreed.number, each.agreed.amount)
    oldest = {each.difference.kind.value: 0 for each in status.open}
    for one in status.open:
        kind = one.difference.kind.value
        oldest[kind] = max(oldest[kind], one.age_days)
    currency = status.reconciled[0].currency if status.reconciled else ""
    for kind, side in status.kinds().items():
        yield SettledLines(
            "disputed",
            ABOUT[Kind(kind)].text,
            currency,
            side.number,
            side.amount,
            oldest[kind],
            status.waits_for,
            status.reply_by,
        )
