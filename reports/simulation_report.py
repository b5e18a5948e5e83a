"""The simulation of other bonus policies as a report: page, workbook and terminal show the same sections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from domain.money import CONTEXT
from incentives.pay_compared import ChangeBand, Cost, Sides, Spread
from reports.formats import Formats
from reports.kpi_tables import IN_ENGLISH
from reports.languages import Language, words_of
from reports.plots import BarRow, Bars, Series, Tone
from reports.rule_effects import said_of
from reports.sections import Card, Heading, Number, Report, Row, Section, Shape, TieOut, bar_of, percent_of
from reports.simulation import Simulation

MOST_ROWS = 200  # of payees and of crossings on a page; the workbook has all of them
ZERO = Decimal(0)

_T = TypeVar("_T")
_Key = TypeVar("_Key", bound=Hashable)


def simulation_report(found: Simulation, language: Language = Language.ENGLISH, most: int | None = None) -> Report:
    """The report in the language; `most` cuts the lists of payees, and says so."""
    view = _View(found, language, most)
    gettext = view.gettext
    return Report(
        name="simulation",
        title=gettext("What other bonus policies would have cost"),
        business_date=found.months[-1].night,
        scope="",
        owner=gettext("whoever proposes the policies"),
        audience=gettext("heads of departments, HR and finance"),
        runs=tuple(month.run for month in found.months),
        cards=tuple(view.cards()),
        sections=tuple(view.sections()),
        tie_outs=tuple(view.tie_outs()),
        warnings=tuple(view.warnings()),
        book_label=found.book_label,
        facts=(
            (gettext("Old rules"), found.old),
            (gettext("New rules"), found.new),
            (gettext("Months"), ", ".join(found.pay.periods)),
        ),
    )


@dataclass(frozen=True, slots=True)
class _View:
    found: Simulation
    language: Language
    most: int | None

    def gettext(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    def _in_english(self, text: str) -> str:
        """Messages with codes are not translated; a page in another language says so."""
        return text if self.language is Language.ENGLISH else self.gettext(IN_ENGLISH) % {"text": text}

    @property
    def formats(self) -> Formats:
        return Formats(self.language)

    def cards(self) -> Iterator[Card]:
        for total in self.found.pay.totals:
            title = self.gettext("Dearer, %(currency)s") % {"currency": total.currency}
            note = "" if total.cost.share is None else self.formats.share(total.cost.share)
            yield Card(title, _money(total.cost.difference, total.currency, is_signed=True), note)
        totals = self.found.pay.totals
        yield Card(self.gettext("Payees who gain"), Number(sum(each.winners for each in totals)))
        yield Card(self.gettext("Payees who lose"), Number(sum(each.losers for each in totals)))

    def warnings(self) -> Iterator[str]:
        """What was asked and is broken first, then what is not known."""
        gettext = self.gettext
        yield from (self._in_english(each) for each in self.found.broken)
        if self.found.not_measured_again:
            rules = ", ".join(self.found.not_measured_again)
            yield gettext("Nothing is measured again, so these changes have no effect here: %(rules)s") % {
                "rules": rules
            }
        for month in self.found.months:
            if not month.is_whole:
                text = gettext("%(month)s is simulated up to the night of %(night)s only")
                yield text % {"month": month.period, "night": self.formats.day(month.night)}
        for without in self.found.without:
            text = gettext("%(month)s is left out: %(reason)s")
            yield text % {"month": without.period, "reason": self._in_english(without.reason)}
        if self.found.pay.not_measured:
            figures = ", ".join(dict.fromkeys(each.figure for each in self.found.pay.not_measured))
            yield gettext("The new policies read what was not measured: %(figures)s") % {"figures": figures}
        for moved in self.found.as_if:
            text = gettext("%(rule)s %(what)s; it was paid as if that had been so already")
            yield text % {"rule": moved.rule, "what": moved.what}

    def sections(self) -> Iterator[Section]:
        yield self._totals()
        yield self._departments()
        yield self._months()
        yield self._change_bands()
        yield self._spreads()
        yield self._payees()
        yield self._bands()
        yield self._crossings()
        yield self._sensitivities()
        yield self._moves()
        yield self._unpaid()
        yield self._not_measured()
        yield self._rules()

    def tie_outs(self) -> Iterator[TieOut]:
        """What departments cost month by month, against what payees get."""
        for total in self.found.pay.totals:
            costs = [each.cost for each in self.found.pay.costs if each.currency == total.currency]
            for name, here, there in (
                (self.gettext("Old"), total.cost.old, sum((each.old for each in costs), ZERO)),
                (self.gettext("New"), total.cost.new, sum((each.new for each in costs), ZERO)),
            ):
                title = f"{self.gettext('Payees, and departments by month')}: {total.currency}, {name}"
                yield TieOut(title, _money(here, total.currency), _money(there, total.currency))

    def _totals(self) -> Section:
        gettext = self.gettext
        rows = (
            Row(
                (
                    each.currency,
                    *_sides(each.cost, each.currency),
                    _money(each.recovered, each.currency),
                    _share(each.per_recovered.old if each.per_recovered else None),
                    _share(each.per_recovered.new if each.per_recovered else None),
                    Number(each.winners),
                    Number(each.losers),
                    Number(each.unchanged),
                )
            )
            for each in self.found.pay.totals
        )
        headings = (
            *_texts(gettext("Currency")),
            *self._sides_headings(),
            *_numbers(gettext("Recovered"), gettext("Cost of 1 recovered, old"), gettext("Cost of 1 recovered, new")),
            *_numbers(gettext("Payees who gain"), gettext("Payees who lose"), gettext("Payees without a change")),
        )
        return Section(
            "cost",
            gettext("Cost"),
            gettext(
                "All months together, each currency by itself. Both sides are paid by the KPI results and scores that "
                "the last official night of each month has stored; nothing is measured again, and nothing of it counts."
            ),
            headings,
            tuple(rows),
            gettext("Nobody is paid anything."),
            plots=tuple(self._plots()),
        )

    def _plots(self) -> Iterator[Bars]:
        gettext = self.gettext
        if len(self.found.pay.periods) < 2:
            return
        for total in self.found.pay.totals:
            sums = self._by_month(total.currency)
            rows = tuple(
                BarRow(period, (_money(sides.old, total.currency), _money(sides.new, total.currency)))
                for period, sides in sums.items()
            )
            title = gettext("Cost by month, %(currency)s") % {"currency": total.currency}
            about = f"{title}. " + "; ".join(
                f"{row.label}: {', '.join(number.text(self.formats) for number in row.values)}" for row in rows
            )
            series = (Series(gettext("Old"), Tone.MIDDLE), Series(gettext("New"), Tone.MAIN))
            yield Bars(title, about, series, rows)

    def _by_month(self, currency: str) -> dict[str, Sides]:
        return _summed((each for each in self.found.pay.costs if each.currency == currency), lambda each: each.period)

    def _departments(self) -> Section:
        gettext = self.gettext
        rows = []
        for (department, currency), sides in _summed(
            self.found.pay.costs, lambda each: (each.department, each.currency)
        ).items():
            mine = [each for each in self.found.pay.costs if (each.department, each.currency) == (department, currency)]
            budgets = [each for each in mine if each.budget is not None]
            budget = sum((each.budget or ZERO for each in budgets), ZERO) if budgets else None
            spent = sum((each.cost.new for each in budgets), ZERO)
            share = bar_of(spent, budget) if budget else Number(None)
            tone = "bad" if budget is not None and spent > budget else ""
            budgeted = Number(budget, Shape.MONEY, currency, tone=tone)
            rows.append(Row((department, currency, *_sides(sides, currency), budgeted, share)))
        return Section(
            "departments",
            gettext("By department"),
            gettext(
                "The budget is that of the months simulated, in the same currency; its share is what the new policies "
                "cost in the months that have one."
            ),
            (
                *_texts(gettext("Department"), gettext("Currency")),
                *self._sides_headings(),
                *_numbers(gettext("Budget"), gettext("Of the budget, new")),
            ),
            tuple(rows),
            gettext("Nobody is paid anything."),
        )

    def _months(self) -> Section:
        gettext = self.gettext
        counts = {each.period: each for each in self.found.pay.counts}
        rows = []
        for total in self.found.pay.totals:
            for period, sides in self._by_month(total.currency).items():
                held = (Number(counts[period].held_old), Number(counts[period].held_new))
                rows.append(Row((period, total.currency, *_sides(sides, total.currency), *held)))
        return Section(
            "months",
            gettext("By month"),
            gettext("Lines held are those of all currencies: who is held now is not paid, and costs nothing here."),
            (
                *_texts(gettext("Month"), gettext("Currency")),
                *self._sides_headings(),
                *_numbers(gettext("Lines held, old"), gettext("Lines held, new")),
            ),
            tuple(rows),
            gettext("Nobody is paid anything."),
        )

    def _change_bands(self) -> Section:
        gettext = self.gettext
        changed = [each for each in self.found.pay.changes if each.payees]
        whole = len([each for each in self.found.pay.payees if each.cost.difference])
        rows = (
            Row(
                (
                    each.currency,
                    self._change_said(each),
                    Number(each.payees),
                    bar_of(each.payees, whole),
                    _money(each.amount, each.currency, is_signed=True),
                )
            )
            for each in changed
        )
        return Section(
            "changes",
            gettext("Who gains and who loses"),
            gettext("By the change of what a payee gets in all months together, as a share of what it was before."),
            (
                *_texts(gettext("Currency"), gettext("Change")),
                *_numbers(gettext("Payees"), gettext("Of those whose pay changes"), gettext("Sum of their changes")),
            ),
            tuple(rows),
            gettext("Nobody's pay changes."),
        )

    def _change_said(self, each: ChangeBand) -> str:
        share, gettext = self.formats.share, self.gettext
        if each.from_nothing:
            return gettext("from nothing")
        if each.above is None:
            return gettext("down to %(most)s and less") % {"most": share(each.up_to or ZERO)}
        if each.up_to is None:
            return gettext("more than %(least)s") % {"least": share(each.above)}
        return gettext("above %(least)s up to %(most)s") % {"least": share(each.above), "most": share(each.up_to)}

    def _spreads(self) -> Section:
        gettext = self.gettext
        names = {"old": gettext("Old"), "new": gettext("New")}
        rows = (
            Row(
                (
                    each.currency,
                    names[each.book],
                    Number(each.payees),
                    Number(each.without_pay),
                    *(_money(amount, each.currency) for amount in _quantiles(each)),
                )
            )
            for each in self.found.pay.spreads
        )
        return Section(
            "distribution",
            gettext("Distribution"),
            gettext(
                "Of what each payee gets in all months together; a quantile is an amount that somebody gets. Who is "
                "paid by either of the books is in both."
            ),
            (
                *_texts(gettext("Currency"), gettext("Policies")),
                *_numbers(
                    gettext("Payees"),
                    gettext("Without pay"),
                    gettext("Least"),
                    "10 %",
                    "25 %",
                    gettext("Median"),
                    "75 %",
                    "90 %",
                    gettext("Most"),
                ),
            ),
            tuple(rows),
            gettext("Nobody is paid anything."),
        )

    def _payees(self) -> Section:
        gettext = self.gettext
        changed = [each for each in self.found.pay.payees if each.cost.difference]
        rows = tuple(
            Row((each.payee, ", ".join(each.departments), each.currency, *_sides(each.cost, each.currency)))
            for each in self._cut(changed)
        )
        return Section(
            "payees",
            gettext("Payees whose pay changes"),
            self._cut_said(changed, gettext("In each currency those first whose pay changes most.")),
            (*_texts(gettext("Payee"), gettext("Departments"), gettext("Currency")), *self._sides_headings()),
            rows,
            gettext("Nobody's pay changes."),
            is_folded=len(rows) > 20,
        )

    def _bands(self) -> Section:
        gettext = self.gettext
        below = gettext("below the first")
        rows = tuple(
            Row(
                (
                    each.policy,
                    each.step,
                    str(each.band) if each.band else below,
                    each.old_start,
                    each.new_start,
                    Number(each.old),
                    Number(each.new),
                    Number(each.new - each.old, is_signed=True),
                )
            )
            for each in self.found.pay.bands
            if each.old or each.new
        )
        return Section(
            "bands",
            gettext("Bands reached"),
            gettext(
                "Payee-months by the band of tiers, or the point of a curve, that was reached. Bands are counted from "
                "the first, and start where each side's rules say; those that nobody reached are left out."
            ),
            (
                *_texts(
                    gettext("Policy"), gettext("Step"), gettext("Band"), gettext("From, old"), gettext("From, new")
                ),
                *_numbers(gettext("Payee-months, old"), gettext("Payee-months, new"), gettext("Difference")),
            ),
            rows,
            gettext("No policy has tiers or a curve."),
        )

    def _crossings(self) -> Section:
        gettext = self.gettext
        crossings = self.found.pay.crossings
        rows = tuple(
            Row(
                (
                    each.period,
                    each.payee,
                    each.department,
                    each.policy,
                    each.step,
                    Number(each.old),
                    Number(each.new),
                )
            )
            for each in self._cut(crossings)
        )
        return Section(
            "crossings",
            gettext("Who reaches another band"),
            self._cut_said(crossings, gettext("Payees whom both sides pay by a policy of the same name.")),
            (
                *_texts(gettext("Month"), gettext("Payee"), gettext("Department"), gettext("Policy"), gettext("Step")),
                *_numbers(gettext("Band, old"), gettext("Band, new")),
            ),
            rows,
            gettext("Nobody reaches another band."),
            is_folded=len(rows) > 20,
        )

    def _sensitivities(self) -> Section:
        gettext = self.gettext
        totals = {each.currency: each.cost.new for each in self.found.pay.totals}
        rows = tuple(
            Row(
                (
                    self._change_of(each.change),
                    each.currency,
                    _money(each.cost, each.currency),
                    _money(each.difference, each.currency, is_signed=True),
                    percent_of(each.difference, totals[each.currency]),
                )
            )
            for each in self.found.pay.sensitivities
        )
        return Section(
            "sensitivity",
            gettext("If everybody did better or worse"),
            gettext(
                "What the new policies cost with every score, attainment and amount of money changed by the share; "
                "counts and other ratios stay as they were measured."
            ),
            (
                *_texts(gettext("Performance"), gettext("Currency")),
                *_numbers(gettext("New"), gettext("Difference"), gettext("Change")),
            ),
            rows,
            gettext("Nobody is paid anything."),
        )

    def _moves(self) -> Section:
        gettext = self.gettext
        rows = tuple(
            Row((self._change_of(each.change), each.policy, each.step, Number(each.up), Number(each.down)))
            for each in self.found.pay.moves
        )
        return Section(
            "moves",
            gettext("Who would reach another band then"),
            gettext("Payee-months that reach a higher or a lower band of the new policies."),
            (
                *_texts(gettext("Performance"), gettext("Policy"), gettext("Step")),
                *_numbers(gettext("Higher"), gettext("Lower")),
            ),
            rows,
            gettext("Nobody reaches another band."),
        )

    def _unpaid(self) -> Section:
        gettext = self.gettext
        rows = tuple(
            Row((each.period, each.payee, each.component, each.old or "–", each.new or "–"))
            for each in self._cut(self.found.pay.unpaid)
        )
        return Section(
            "unpaid",
            gettext("Held by one side, or without a policy"),
            self._cut_said(
                self.found.pay.unpaid, gettext("Who is held costs nothing: look here before you trust a lower cost.")
            ),
            _texts(
                gettext("Month"),
                gettext("Payee"),
                gettext("Component"),
                gettext("Why not, old"),
                gettext("Why not, new"),
            ),
            rows,
            gettext("Both sides pay the same people."),
            is_folded=len(rows) > 20,
        )

    def _not_measured(self) -> Section:
        gettext = self.gettext
        taken = {"zero": gettext("taken as zero"), "hold": gettext("the payee is held")}
        rows = tuple(
            Row((each.period, each.figure, each.policy, taken[each.missing])) for each in self.found.pay.not_measured
        )
        return Section(
            "not-measured",
            gettext("Read and not measured"),
            gettext("What a new policy reads and the night has not measured: what it would have paid is not known."),
            _texts(gettext("Month"), gettext("Figure"), gettext("Policy"), gettext("What the policy says")),
            rows,
            gettext("Everything that the new policies read was measured."),
        )

    def _rules(self) -> Section:
        gettext = self.gettext
        rows = []
        for change in self.found.changes:
            for field in change.fields or (None,):
                stated = (field.field, field.old, field.new) if field else ("", "", "")
                rows.append(Row((change.name, said_of(change), *stated)))
        return Section(
            "rules",
            gettext("Rules that differ"),
            gettext("Of policies and exchange rates, field by field."),
            _texts(gettext("Rule"), gettext("What"), gettext("Field"), gettext("Old"), gettext("New")),
            tuple(rows),
            gettext("No policy differs."),
        )

    def _sides_headings(self) -> tuple[Heading, ...]:
        gettext = self.gettext
        return _numbers(gettext("Old"), gettext("New"), gettext("Difference"), gettext("Change"))

    def _change_of(self, change: Decimal) -> str:
        share = CONTEXT.subtract(change, Decimal(1))
        return f"+{self.formats.share(share)}" if share > 0 else self.formats.share(share)

    def _cut(self, rows: Sequence[_T]) -> Sequence[_T]:
        return rows[: self.most]

    def _cut_said(self, rows: Sequence[object], rule: str) -> str:
        if self.most is None or len(rows) <= self.most:
            return rule
        text = self.gettext("The first %(shown)s of %(all)s; the workbook has all of them.")
        return f"{rule} {text % {'shown': self.formats.count(self.most), 'all': self.formats.count(len(rows))}}"


def _texts(*titles: str) -> tuple[Heading, ...]:
    return tuple(Heading(title, is_number=False) for title in titles)


def _numbers(*titles: str) -> tuple[Heading, ...]:
    return tuple(Heading(title) for title in titles)


def _money(amount: Decimal, currency: str, *, is_signed: bool = False) -> Number:
    return Number(amount, Shape.MONEY, currency, is_signed=is_signed)


def _sides(sides: Sides, currency: str) -> tuple[Number, ...]:
    """Old, new, the difference, and the difference as a share of the old."""
    difference = _money(sides.difference, currency, is_signed=True)
    share = Number(sides.share, Shape.SHARE, is_signed=True)
    return _money(sides.old, currency), _money(sides.new, currency), difference, share


def _share(ratio: Decimal | None) -> Number:
    return Number(ratio, Shape.SHARE)


def _quantiles(each: Spread) -> tuple[Decimal, ...]:
    return each.least, each.tenth, each.quarter, each.median, each.three_quarters, each.nine_tenths, each.most


def _summed(costs: Iterable[Cost], key: Callable[[Cost], _Key]) -> dict[_Key, Sides]:
    """The costs of one currency by what they have in common, in order of it."""
    sums: dict[_Key, Sides] = defaultdict(Sides)
    for each in costs:
        before = sums[key(each)]
        sums[key(each)] = Sides(before.old + each.cost.old, before.new + each.cost.new)
    return dict(sorted(sums.items()))
