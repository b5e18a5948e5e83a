"""How numbers, money, dates and missing values read in each language: in one place, so that all pages agree.

Money is shown to its last digit. Ratios and long fractions are shortened for reading and for nothing else: the sums
behind them stand beside them, and the workbook has every digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from functools import cache

from babel.dates import format_date, format_skeleton
from babel.numbers import NumberPattern, format_compact_decimal, format_currency, format_percent, parse_pattern

from domain.ids import canonical_decimal
from domain.money import CONTEXT, MINOR_DIGITS
from domain.periods import Period
from domain.records import KpiResult, Unit, ValueState
from reports.languages import Language, message, words_of

MOST_DIGITS = 6  # after the point, of numbers that are no money; an ellipsis says that there are more

NO_VALUE: Mapping[ValueState, str] = {
    ValueState.NO_VALUE: message("no value"),
    ValueState.HALTED: message("no value: halted"),
}


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one language."""

    language: Language = Language.ENGLISH

    def money(self, amount: Decimal, currency: str) -> str:
        """The amount with its currency: in English by its code, elsewhere as the locale writes it.

        >>> Formats().money(Decimal(1234567), "VND"), Formats().money(Decimal("-1234.5"), "CNY")
        ('VND 1,234,567', '-CNY 1,234.50')
        >>> Formats(Language.VIETNAMESE).money(Decimal(1234567), "VND").replace(chr(160), " ")
        '1.234.567 ₫'
        """
        if not currency:
            return self.count(amount)
        english = self.language is Language.ENGLISH
        whole = "¤¤ #,##0.00" if english else self.language.locale.currency_formats["standard"].pattern
        pattern = whole.replace(".00", _point(amount_digits(amount, currency)))
        with localcontext(CONTEXT):
            return format_currency(amount, currency, pattern, locale=self.language.locale, currency_digits=False)

    def amount(self, amount: Decimal, currency: str) -> str:
        """The amount alone, where a column or a heading names the currency."""
        return self._decimal(amount, f"#,##0{_point(amount_digits(amount, currency))}")

    def measured(self, amount: Decimal, currency: str) -> str:
        """An amount that is measured and not paid: an average is cut as other numbers are, and marked.

        >>> Formats().measured(Decimal(100) / 3, "VND"), Formats().measured(Decimal(100), "VND")
        ('33.333333…', '100')
        """
        cut, mark = _cut(amount)
        return f"{self.amount(cut, currency)}{mark}"

    def count(self, number: Decimal | int) -> str:
        """A whole number with its groups; whatever is not whole keeps all of its digits."""
        return self.amount(Decimal(number), currency="")

    def number(self, number: Decimal) -> str:
        """A number without unit; what is cut off is marked.

        >>> Formats().number(Decimal(1) / 3), Formats().number(Decimal("1234.50"))
        ('0.333333…', '1,234.5')
        """
        cut, mark = _cut(number)
        return f"{self.count(cut)}{mark}"

    def share(self, ratio: Decimal) -> str:
        """A share of a whole in percent, with two digits: columns of them line up.

        >>> Formats().share(Decimal("0.61538")), Formats(Language.VIETNAMESE).share(Decimal("0.5"))
        ('61.54%', '50,00%')
        """
        with localcontext(CONTEXT):
            return format_percent(ratio, "#,##0.00%", locale=self.language.locale)

    def percent(self, ratio: Decimal) -> str:
        """A share without digits after the point, where there is no room for more: in a plot.

        >>> Formats().percent(Decimal("0.61538")), Formats().percent(Decimal("1.5"))
        ('62%', '150%')
        """
        with localcontext(CONTEXT):
            return format_percent(ratio, "#,##0%", locale=self.language.locale)

    def compact(self, number: Decimal) -> str:
        """A large number as it is said: on the axis of a plot.

        >>> [Formats(each).compact(Decimal(1_200_000_000)).replace(chr(160), " ") for each in Language]
        ['1.2B', '1,2 T', '12亿']
        """
        with localcontext(CONTEXT):
            return format_compact_decimal(number, locale=self.language.locale, fraction_digits=1)

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self.language.locale)

    def period(self, period: Period) -> str:
        return format_skeleton("yMMMM", period.start, locale=self.language.locale)

    def value(self, result: KpiResult, *, is_share: bool = False) -> str:
        """The figure of a KPI, or that it has none; never a zero or a blank for what was not measured."""
        if result.value is None:
            return words_of(self.language).gettext(NO_VALUE.get(result.state, "no value"))
        if is_share:
            return self.share(result.value)
        if result.unit is Unit.MONEY:
            cut, mark = _cut(result.value)
            return f"{self.money(cut, result.currency)}{mark}"
        return self.count(result.value) if result.unit is Unit.COUNT else self.short(result.value)

    def short(self, number: Decimal) -> str:
        """A score, or another figure that is read and not paid by: two digits."""
        return self._decimal(number, "#,##0.00")

    def _decimal(self, number: Decimal, pattern: str) -> str:
        with localcontext(CONTEXT):
            return str(_parsed(pattern).apply(number, self.language.locale))


def _cut(number: Decimal) -> tuple[Decimal, str]:
    """The number to the digits that are shown, and the mark if there are more."""
    cut = number.quantize(Decimal(1).scaleb(-MOST_DIGITS), rounding="ROUND_DOWN", context=CONTEXT)
    return (number, "") if cut == number else (cut, "…")


@cache
def _parsed(pattern: str) -> NumberPattern:
    return parse_pattern(pattern)


def amount_digits(amount: Decimal, currency: str) -> int:
    """Digits after the point: those of the currency's minor unit, and more where the amount has more."""
    _, _, own = canonical_decimal(amount).partition(".")
    return max(MINOR_DIGITS.get(currency, 0), len(own))


def _point(digits: int) -> str:
    return f".{'0' * digits}" if digits else ""
