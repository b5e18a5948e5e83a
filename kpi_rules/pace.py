"""Where the figures of a month come to at the pace of its days so far: a plain extrapolation, for forecasts only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal

from domain.money import CONTEXT
from domain.records import KpiResult, Unit
from kpi_rules.figures import Figure
from kpi_rules.progress import accrues


def at_pace(results: Iterable[KpiResult], figures: Mapping[str, Figure], passed: Decimal) -> tuple[KpiResult, ...]:
    """Results of a month to date as they would stand at its end, `passed` being the share of working days gone.

    Figures that build up over the month and of which more is better grow by the days that are left; counts stay whole,
    downwards. Rates, and figures of which less is better, stay as they are: nobody's pay is forecast by complaints that
    have not been made. Nothing changes where no day has passed, or all have.
    """
    if not 0 < passed < 1:
        return tuple(results)
    return tuple(_grown(each, passed) if _grows(each, figures) else each for each in results)


def _grows(result: KpiResult, figures: Mapping[str, Figure]) -> bool:
    figure = figures.get(result.kpi)
    return figure is not None and figure.rule.good == "higher" and accrues(result.kpi, figures)


def _grown(result: KpiResult, passed: Decimal) -> KpiResult:
    """Of a rate, what is above the line builds up, and what is below stands still."""
    value, numerator = (_divided(each, passed) for each in (result.value, result.numerator))
    if result.unit is Unit.COUNT and value is not None:
        value = value.to_integral_value(rounding=ROUND_FLOOR)
    return replace(result, value=value, numerator=numerator)


def _divided(number: Decimal | None, by: Decimal) -> Decimal | None:
    return None if number is None else CONTEXT.divide(number, by)
