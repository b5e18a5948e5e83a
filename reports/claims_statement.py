"""What a partner is told of a settlement: numbers and money both ways, fees by band, each difference as it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from incentives.claims.differences import Standing
from reports.languages import Language, message, words_of
from reports.sections import Card, Heading, Number, Report, Row, Section, Shape, TieOut

# Rows of the two reconciliations, beside those of the kinds of differences, which their texts name.
SENT, AGREED = message("sent"), message("agreed")
DUE, HELD = message("due to be claimed"), message("held by open differences")
NOT_CLAIMED = message("not claimed")

STATES = {
    Standing.OPEN: message("open"),
    Standing.WAITING: message("waiting"),
    Standing.PROPOSED: message("being decided"),
    Standing.OURS: message("payable as booked"),
    Standing.THEIRS: message("payable as claimed"),
    Standing.REJECTED: message("not payable"),
}


@dataclass(frozen=True, slots=True)
class CountedMoney:
    """A row of the reconciliation: what it is (one of the texts above, or a kind's), how many, and how much.

    `currency` is that of lines sent in another one than the contract's: they tie out by themselves.
    """

    what: str
    number: int
    amount: Decimal
    is_total: bool = False
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class BandOfFee:
    """What one band of a published month has earned; `batch` is where it was posted."""

    period: str
    batch: str
    band: str
    payments: int
    recovered: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class ShownDifference:
    """A difference as its partner sees it: in words of its kind, with what would help, and how it stands."""

    number: str
    claim: str
    account: str
    what_differs: str
    what_helps: str
    claimed: Decimal | None
    booked: Decimal | None
    state: Standing
    since: date
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimsStatement:
    """Everything that the statement tells; money in major units of the contract's currency, but where it is said.

    `by_books`: the contract pays what is booked, and claims are compared with it.
    """

    settlement: str
    partner: str
    contract: str
    cycle: str
    run: str
    run_on: date
    reply_by: date
    currency: str
    theirs: tuple[CountedMoney, ...]
    ours: tuple[CountedMoney, ...]
    agreed_as_claimed: Decimal
    agreed_as_booked: Decimal
    decided: Decimal
    bands: tuple[BandOfFee, ...]
    differences: tuple[ShownDifference, ...]
    book_label: str = ""
    owner: str = ""
    by_books: bool = False


def statement_report(told: ClaimsStatement, language: Language) -> Report:
    """The statement as a report: its page, workbook and paper are made of the same sections."""
    gettext = words_of(language).gettext
    title = gettext("Settlement with %(partner)s, %(cycle)s") % {"partner": told.partner, "cycle": told.cycle}
    facts = (
        (gettext("Settlement"), told.settlement),
        (gettext("Contract"), told.contract),
        (gettext("Answer by"), told.reply_by.isoformat()),
    )
    return Report(
        name="settlement",
        title=title,
        business_date=told.run_on,
        scope="",
        owner=told.owner,
        audience=told.partner,
        runs=(told.run,),
        cards=_cards(told, language),
        sections=(_theirs(told, language), _ours(told, language), _bands(told, language), _open(told, language)),
        tie_outs=_ties(told, language),
        book_label=told.book_label,
        facts=facts,
    )


def _cards(told: ClaimsStatement, language: Language) -> tuple[Card, ...]:
    gettext = words_of(language).gettext
    open_lines = Number(sum(1 for each in told.differences if not each.state.is_final))
    agreed = _money(told.agreed_as_booked, told)
    if told.by_books:
        whatever = gettext("fees go by what is booked, whatever is claimed")
        return Card(gettext("Agreed"), agreed, whatever), Card(gettext("Open differences"), open_lines, whatever)
    return (
        Card(gettext("Agreed"), agreed, gettext("payable as booked")),
        Card(gettext("Decided since"), _money(told.decided, told), gettext("payable by decision")),
        Card(gettext("Open differences"), open_lines, gettext("nothing is paid on them until decided")),
    )


def _theirs(told: ClaimsStatement, language: Language) -> Section:
    gettext = words_of(language).gettext
    rule = gettext("Every line that you sent, agreed or under the one kind in which it differs.")
    rows = _rows(told.theirs, told, language)
    return Section("theirs", gettext("Your claims beside our books"), rule, _counted(told, language), rows)


def _ours(told: ClaimsStatement, language: Language) -> Section:
    gettext = words_of(language).gettext
    rule = gettext("Every booking on your accounts that was due to be claimed up to the cut-off of the cycle.")
    rows = _rows(told.ours, told, language)
    return Section("ours", gettext("Our books beside your claims"), rule, _counted(told, language), rows)


def _counted(told: ClaimsStatement, language: Language) -> tuple[Heading, ...]:
    gettext = words_of(language).gettext
    return (
        Heading(gettext("What"), is_number=False),
        Heading(gettext("How many")),
        Heading(gettext("Amount"), note=told.currency),
    )


def _rows(found: Iterable[CountedMoney], told: ClaimsStatement, language: Language) -> tuple[Row, ...]:
    gettext = words_of(language).gettext
    return tuple(
        Row(
            (gettext(each.what), Number(each.number), _money(each.amount, told, each.currency)),
            "total" if each.is_total else "",
        )
        for each in found
    )


def _bands(told: ClaimsStatement, language: Language) -> Section:
    gettext = words_of(language).gettext
    headings = (
        Heading(gettext("Month"), is_number=False),
        Heading(gettext("Batch"), is_number=False),
        Heading(gettext("Band"), is_number=False),
        Heading(gettext("Payments")),
        Heading(gettext("Recovered"), note=told.currency),
        Heading(gettext("Fee"), note=told.currency),
    )
    rows = tuple(
        Row((each.period, each.batch, each.band, Number(each.payments), _money(each.recovered, told),
             _money(each.fee, told)))
        for each in told.bands
    )  # fmt: skip
    rule = gettext(
        "What was published of the months of the cycle, band by band, before tax and the steps of the month."
    )
    empty = gettext("Nothing of these months has been published yet.")
    return Section("fees", gettext("Fees by band"), rule, headings, rows, empty)


def _open(told: ClaimsStatement, language: Language) -> Section:
    gettext = words_of(language).gettext
    names = (
        gettext("Difference"), gettext("Your line"), gettext("Account"), gettext("What differs"),
        gettext("What helps"), gettext("Claimed"), gettext("Booked"), gettext("State"), gettext("Since"),
    )  # fmt: skip
    headings = tuple(
        Heading(name, place in {5, 6}, told.currency if place in {5, 6} else "") for place, name in enumerate(names)
    )
    rows = tuple(
        Row((each.number, each.claim, each.account, gettext(each.what_differs), gettext(each.what_helps),
             _money(each.claimed, told, each.currency), _money(each.booked, told, each.currency),
             gettext(STATES[each.state]), each.since.isoformat()))
        for each in told.differences
    )  # fmt: skip
    rule = gettext("Each of them as it stands; what is not agreed is paid once a person has decided so.")
    if told.by_books:
        rule = gettext("Each of them as it stands; fees go by what is booked, whatever is claimed.")
    empty = gettext("Everything agrees.")
    return Section("differences", gettext("Differences"), rule, headings, rows, empty, shown=200)


def _ties(told: ClaimsStatement, language: Language) -> tuple[TieOut, ...]:
    gettext = words_of(language).gettext
    sent, due = told.theirs[0], told.ours[0]
    return (
        TieOut(gettext("Sent: agreed and every kind"), _money(sent.amount, told), _money(_sum(told.theirs[1:]), told)),
        TieOut(gettext("Due: agreed, held and not claimed"), _money(due.amount, told),
               _money(_sum(told.ours[1:]), told)),
        TieOut(gettext("Agreed, as booked"), _money(told.ours[1].amount, told), _money(told.agreed_as_booked, told)),
    )  # fmt: skip


def _sum(found: Iterable[CountedMoney]) -> Decimal:
    return sum((each.amount for each in found if each.currency is None), Decimal(0))


def _money(amount: Decimal | None, told: ClaimsStatement, currency: str | None = None) -> Number:
    """In the contract's currency, which headings name; another one is said below the amount."""
    meant = told.currency if currency is None else currency
    return Number(amount, Shape.MONEY, meant, note="" if meant == told.currency else meant)
