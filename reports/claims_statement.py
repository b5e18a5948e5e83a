"""What a partner is told of a settlement: numbers and money both ways, fees by band, each difference as it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reports.languages import Language, words_of
from reports.sections import Card, Heading, Number, Report, Row, Section, Shape, TieOut


@dataclass(frozen=True, slots=True)
class CountedMoney:
    """A row of the reconciliation: what it is, how many, and how much."""

    what: str
    number: int
    amount: Decimal
    is_total: bool = False


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
    """A difference as its partner sees it: in words, with what would help, and how it stands."""

    number: str
    claim: str
    account: str
    what_differs: str
    what_helps: str
    claimed: Decimal | None
    booked: Decimal | None
    state: str
    since: date


@dataclass(frozen=True, slots=True)
class ClaimsStatement:
    """Everything that the statement tells; money in major units of one currency."""

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
        owner=told.contract,
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
    open_lines = sum(1 for each in told.differences)
    return (
        Card(gettext("Agreed"), _money(told.agreed_as_booked, told), gettext("payable as booked")),
        Card(gettext("Decided since"), _money(told.decided, told), gettext("payable by decision")),
        Card(gettext("Open differences"), Number(open_lines), gettext("nothing is paid on them until decided")),
    )


def _theirs(told: ClaimsStatement, language: Language) -> Section:
    gettext = words_of(language).gettext
    rule = gettext("Every line that you sent, agreed or under the one kind in which it differs.")
    return Section(
        "theirs", gettext("Your claims beside our books"), rule, _counted(language), _rows(told.theirs, told)
    )  # fmt: skip


def _ours(told: ClaimsStatement, language: Language) -> Section:
    gettext = words_of(language).gettext
    rule = gettext("Every booking on your accounts that was due to be claimed up to the cut-off of the cycle.")
    return Section("ours", gettext("Our books beside your claims"), rule, _counted(language), _rows(told.ours, told))


def _counted(language: Language) -> tuple[Heading, ...]:
    gettext = words_of(language).gettext
    return (Heading(gettext("What"), is_number=False), Heading(gettext("Number")), Heading(gettext("Amount")))


def _rows(found: Iterable[CountedMoney], told: ClaimsStatement) -> tuple[Row, ...]:
    return tuple(
        Row((each.what, Number(each.number), _money(each.amount, told)), "total" if each.is_total else "")
        for each in found
    )


def _bands(told: ClaimsStatement, language: Language) -> Section:
    gettext = words_of(language).gettext
    headings = (
        Heading(gettext("Month"), is_number=False),
        Heading(gettext("Batch"), is_number=False),
        Heading(gettext("Band"), is_number=False),
        Heading(gettext("Payments")),
        Heading(gettext("Recovered")),
        Heading(gettext("Fee")),
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
    names = ("Difference", "Your line", "Account", "What differs", "What helps", "Claimed", "Booked", "State", "Since")
    numbers = {"Claimed", "Booked"}
    headings = tuple(Heading(gettext(name), is_number=name in numbers) for name in names)
    rows = tuple(
        Row((each.number, each.claim, each.account, each.what_differs, each.what_helps, _money(each.claimed, told),
             _money(each.booked, told), each.state, each.since.isoformat()))
        for each in told.differences
    )  # fmt: skip
    rule = gettext("Each of them as it stands; what is not agreed is paid once a person has decided so.")
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
    return sum((each.amount for each in found), Decimal(0))


def _money(amount: Decimal | None, told: ClaimsStatement) -> Number:
    return Number(amount, Shape.MONEY, told.currency)
