"""The figures of a partner's pack: recovery raw and like for like, beside its peers, over the months, and its stock."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from domain.league import Verdict
from domain.partner_review import ReviewedLeague
from domain.records import KpiResult
from reports.languages import message
from reports.pack_facts import MonthOf, Pack
from reports.plots import BarRow, Bars, Dot, Dots, Series, Tone
from reports.sections import Heading, Name, Number, Row, Section, Shape, bar_of

TREND = ("recovered", "recovery_rate", "recovery_vs_expected", "contact_rate", "promise_kept", "complaint_rate",
         "upheld_complaints", "unlawful_contacts", "visits_on_time")  # fmt: skip
BESIDE_PEERS = ("recovery_rate", "recovery_vs_expected", "cure_rate_overdue", "contact_rate", "promise_kept",
                "visits_on_time", "complaint_rate", "unlawful_contact_rate")  # fmt: skip
MOST_BUCKETS = 8

VERDICTS = {
    Verdict.BETTER: message("better"),
    Verdict.WORSE: message("worse"),
    Verdict.ALIKE: message("not told apart"),
    Verdict.TOO_FEW: message("too few cases"),
}


def recovery(pack: Pack) -> Iterator[Section]:
    """What was recovered, and how it stands beside what the others bring on accounts of the same kind."""
    gettext = pack.gettext
    leagues = pack.facts.review.leagues if pack.facts.review else ()
    yield Section(
        "recovery",
        gettext("Recovery, raw and like for like"),
        gettext(
            "Raw is what the accounts happened to bring. Like for like holds the partner beside all partners on "
            "accounts of the same kind: 1 is as the others. Where the interval holds 1, chance alone would do."
        ),
        (
            Heading(gettext("KPI"), is_number=False),
            Heading(gettext("Cases")),
            Heading(gettext("Raw")),
            Heading(gettext("On the common mix")),
            Heading(gettext("Place")),
            Heading(gettext("Actual ÷ expected"), note=gettext("estimate")),
            Heading(gettext("95 % interval"), is_number=False),
            Heading(gettext("Verdict"), is_number=False),
        ),
        tuple(_league_row(pack, each) for each in leagues),
        gettext("No league: nobody to be compared with, or its figures are halted."),
        tuple(_dots(pack, leagues)),
    )
    if pack.facts.review and pack.facts.review.trials:
        yield _trials(pack)


def _league_row(pack: Pack, league: ReviewedLeague) -> Row:
    place = f"{league.rank} / {league.of}" if league.rank else "–"
    low, high = league.low, league.high
    span = f"{pack.formats.short(low)} – {pack.formats.short(high)}" if low is not None and high is not None else "–"
    tone = {"better": "good", "worse": "bad"}.get(league.verdict, "")
    title = _title(pack, league)
    raw_place = f"{league.raw_rank} / {league.of}" if league.raw_rank else ""
    return Row(
        (
            title,
            Number(league.cases),
            Number(league.raw, Shape.SHARE, note=raw_place),
            Number(league.standardised, Shape.SHARE),
            place,
            Number(league.ratio, Shape.NUMBER, tone=tone),
            span,
            pack.gettext(VERDICTS.get(Verdict(league.verdict), league.verdict)),
        )
    )


def _title(pack: Pack, league: ReviewedLeague) -> str:
    known = league.kpi in pack.about.labels
    return (
        pack.title(league.kpi, league.currency) if known else ", ".join(filter(None, (league.title, league.currency)))
    )


def _dots(pack: Pack, leagues: tuple[ReviewedLeague, ...]) -> Iterator[Dots]:
    shown = [each for each in leagues if each.ratio is not None]
    if shown:
        gettext = pack.gettext
        yield Dots(
            gettext("Actual ÷ expected, with what chance leaves open"),
            gettext("One dot for each rate, with its interval, beside a line at 1: as the others on such accounts."),
            tuple(
                Dot(
                    _title(pack, each),
                    Number(each.ratio, Shape.NUMBER),
                    each.low,
                    each.high,
                    is_faint=each.verdict not in {"better", "worse"},
                )
                for each in shown
            ),
            Decimal(1),
            gettext("as the others"),
        )


def _trials(pack: Pack) -> Section:
    gettext = pack.gettext
    trials = pack.facts.review.trials if pack.facts.review else ()
    rows = tuple(
        Row(
            (
                Name(each.title, each.experiment),
                each.arm,
                Number(each.rate, Shape.SHARE),
                Number(each.difference, Shape.SHARE, is_signed=True),
                "–"
                if each.low is None or each.high is None
                else f"{pack.formats.share(each.low)} – {pack.formats.share(each.high)}",
                pack.state_said(each.verdict),
            )
        )
        for each in trials
    )
    headings = (
        Heading(gettext("Experiment"), is_number=False),
        Heading(gettext("Arm"), is_number=False),
        Heading(gettext("Rate")),
        Heading(gettext("Difference")),
        Heading(gettext("95 % interval"), is_number=False),
        Heading(gettext("Verdict"), is_number=False),
    )
    rule = gettext("Accounts dealt by lot: what the partner brings beside the champion on the same accounts.")
    return Section("holdouts", gettext("Against holdouts"), rule, headings, rows)


def peers(pack: Pack) -> Section:
    """The partner beside the middle and the best of the others, none of whom is named."""
    gettext = pack.gettext
    headings = (
        Heading(gettext("KPI"), is_number=False),
        Heading(gettext("This partner")),
        Heading(gettext("Middle of the others")),
        Heading(gettext("Best of the others")),
        Heading(gettext("Others")),
    )
    return Section(
        "peers",
        gettext("Beside the other partners"),
        gettext("Raw figures of the month; the others are those with a value, and are not named."),
        headings,
        tuple(_peer_rows(pack)),
        gettext("No figures of this month."),
    )


def _peer_rows(pack: Pack) -> Iterator[Row]:
    for kpi in BESIDE_PEERS:
        for currency in ("", *pack.currencies):
            mine, others = pack.result(kpi, currency), sorted(pack.peer_values(kpi, currency))
            if mine is None or (mine.value is None and not others):
                continue
            higher = pack.label(kpi).higher_is_better
            middle, best = (others[(len(others) - 1) // 2], others[-1 if higher else 0]) if others else (None, None)
            tone = ""
            if mine.value is not None and best is not None:
                tone = "good" if (mine.value >= best if higher else mine.value <= best) else ""
            yield Row(
                (
                    pack.title(kpi, currency),
                    pack.like(mine, mine.value, tone=tone),
                    pack.like(mine, middle),
                    pack.like(mine, best),
                    Number(len(others)),
                )
            )


def trend(pack: Pack) -> Iterator[Section]:
    """The figures of the last months beside each other."""
    gettext, months = pack.gettext, pack.facts.months
    headings = (
        Heading(gettext("KPI"), is_number=False),
        *(Heading(str(each.period), note=_up_to(pack, each)) for each in months),
        Heading(gettext("Change"), note=gettext("from the month before")),
    )
    yield Section(
        "trend",
        gettext("Over the months"),
        gettext("Each month as of its last night that measured; a month that was not over says up to when."),
        headings,
        tuple(_trend_rows(pack)),
        gettext("No figures of this month."),
        tuple(_courses(pack)),
    )


def _up_to(pack: Pack, month: MonthOf) -> str:
    return "" if month.as_of == month.period.last_day else pack.formats.day(month.as_of)


def _trend_rows(pack: Pack) -> Iterator[Row]:
    months = pack.facts.months
    for kpi in TREND:
        for currency in ("", *pack.currencies):
            found = [pack.result(kpi, currency, month) for month in months]
            if all(each is None or each.value is None for each in found):
                continue
            now, before = found[-1], found[-2] if len(found) > 1 else None
            yield Row((pack.title(kpi, currency), *(pack.like(each, each.value if each else None) for each in found),
                       _change(pack, kpi, now, before)))  # fmt: skip


def _change(pack: Pack, kpi: str, now: KpiResult | None, before: KpiResult | None) -> Number:
    if now is None or now.value is None or before is None or before.value is None:
        return Number(None)
    change = now.value - before.value
    tone = "" if not change else "good" if (change > 0) is pack.label(kpi).higher_is_better else "bad"
    return pack.like(now, change, tone=tone, is_signed=True)


def _courses(pack: Pack) -> Iterator[Bars]:
    gettext = pack.gettext
    for currency in pack.currencies:
        known = [each for each in pack.facts.months if pack.value("recovery_rate", currency, each) is not None]
        if len(known) > 1:
            title = pack.title("recovery_rate", currency)
            yield Bars(
                title,
                gettext("A bar of the rate for each month."),
                (Series(title, Tone.MAIN),),
                tuple(BarRow(str(each.period), (pack.number("recovery_rate", currency, each),)) for each in known),
            )


def stock(pack: Pack) -> Section:
    """What the partner has, by how late it is."""
    gettext, currencies = pack.gettext, pack.currencies
    numbers = [number for number in pack.bucket_numbers if number < MOST_BUCKETS]
    accounts = {number: pack.value(f"overdue_accounts_{number}") or Decimal(0) for number in numbers}
    whole = sum(accounts.values(), Decimal(0))
    rows = [
        Row(
            (
                pack.bucket(number),
                Number(accounts[number]),
                bar_of(accounts[number], whole),
                *(
                    Number(pack.value(f"overdue_balance_{number}", each) or Decimal(0), Shape.MONEY, each)
                    for each in currencies
                ),
            )
        )
        for number in numbers
        if accounts[number]
    ]
    total = [
        sum((pack.value(f"overdue_balance_{number}", each) or Decimal(0) for number in numbers), Decimal(0))
        for each in currencies
    ]
    if rows:
        sums = (Number(each, Shape.MONEY, currency) for each, currency in zip(total, currencies, strict=True))
        rows.append(Row((gettext("Total"), Number(whole), Number(None), *sums), "total"))
    headings = (
        Heading(gettext("Days past due"), is_number=False),
        Heading(gettext("Accounts")),
        Heading(gettext("Share of accounts"), is_number=False),
        *(Heading(gettext("Balance, %(currency)s") % {"currency": each}) for each in currencies),
    )
    rule = gettext("Accounts with the partner on the last day, by how late they are.")
    return Section("stock", gettext("Stock by age"), rule, headings, tuple(rows), gettext("It has no accounts."))
