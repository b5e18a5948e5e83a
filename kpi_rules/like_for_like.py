"""Cases for a league: both parts of a rate, account by account, summed and squared per entity and stratum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY_SUM, ExactSelect, count_rows, exact, product, total
from domain.expressions import evaluate
from domain.league import Cases
from domain.money import CONTEXT
from domain.records import Grain
from domain.recovery import band_of
from kpi_rules.buckets import bucket_of
from kpi_rules.datasets import CURRENCY, GRAIN_COLUMNS, running_placement
from kpi_rules.figures import DAYS_OF_PERIOD, Division, Figure, Formula, Measure
from kpi_rules.language import Aggregation
from kpi_rules.plan import value_of
from kpi_rules.views import ACCOUNTS_OPENING_SQL, START

Sql = sa.ColumnElement[Any]

_OPENED = ACCOUNTS_OPENING_SQL.alias("opened")
_PLACED = running_placement(_OPENED.c.account_id)
NOT_OPENED = "not in the opening book"


def _month(day: Sql) -> Sql:
    return sa.func.substr(sa.cast(day, sa.String), 1, len("2026-10"))


# What accounts may be alike in: of the account at the end of the previous period, and its placement of the day after.
STRATA: Mapping[str, Sql] = MappingProxyType(
    {
        "bucket": bucket_of(_OPENED.c.days_past_due),
        "product": _OPENED.c["product"],
        "band": band_of(_OPENED.c.balance),
        "branch": _OPENED.c.branch_id,
        "region": _OPENED.c.region,
        "opened": _month(_OPENED.c.opened_on),
        "charged_off": _month(_OPENED.c.charged_off_on),
        "placed": _month(_PLACED.target.c.placed_on),
    }
)


@dataclass(frozen=True, slots=True)
class Question:
    """A rate of whom, within which department, in which currency, and what accounts have to be alike in."""

    figure: Figure
    grain: Grain
    strata: tuple[str, ...] = ()
    department: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a rate: a measure of accounts, times a number that is the same for all of them."""

    measure: Measure
    factor: Decimal = Decimal(1)


Parts = tuple[Part, Part]


def parts_of(figure: Figure, figures: Mapping[str, Figure], days: int) -> Parts | None:
    """Numerator and denominator over accounts, in a period of so many days; None where the figure is no such rate."""
    if not isinstance(figure.made, Division):
        return None
    above, below = (_part(operand, figures, days) for operand in (figure.made.numerator, figure.made.denominator))
    return (above, below) if above and below else None


def is_share(parts: Parts) -> bool:
    """Whether the numerator counts some of the rows that the denominator counts."""
    above, below = (part.measure for part in parts)
    same = (above.source, above.member) == (below.source, below.member) and {part.factor for part in parts} == {1}
    counts = above.aggregation is below.aggregation is Aggregation.COUNT
    if below.where is None or above.where is None:
        return same and counts and below.where is None
    return same and counts and above.where.text.startswith(f"{below.where.text} and ")


def cases_statement(question: Question, parts: Parts, *, start: date, as_of: date) -> ExactSelect:
    """A row per entity and stratum, with what `Cases` has; an account of which both parts are zero is no case."""
    sides = [_by_account(question, part.measure, place, start, as_of) for place, part in enumerate(parts)]
    either = sa.union_all(*sides).subquery("either")
    whole = {name: total(either.c[name]).label(name) for name in _PARTS}
    of_account = (
        sa.select(either.c.entity, either.c.account_id, *whole.values())
        .group_by(either.c.entity, either.c.account_id)
        .subquery("of_account")
    )
    above, below = (of_account.c[name] for name in _PARTS)
    keys = {name: sa.case((_OPENED.c.account_id.is_not(None), STRATA[name])) for name in question.strata}
    known = sa.case((_OPENED.c.account_id.is_not(None), 1), else_=0) if keys else sa.literal(1)
    by = [of_account.c.entity, *([known] if keys else []), *keys.values()]
    labelled = [of_account.c.entity, known.label("is_known"), *(key.label(name) for name, key in keys.items())]
    source = of_account.outerjoin(_OPENED, _OPENED.c.account_id == of_account.c.account_id)
    if "placed" in question.strata:
        source = source.outerjoin(_PLACED.target, _PLACED.on)
    return exact(
        sa.select(
            *labelled,
            count_rows().label("cases"),
            total(above).label("numerator"),
            total(below).label("denominator"),
            _squares(above, above).label("numerator_squared"),
            _squares(above, below).label("both"),
            _squares(below, below).label("denominator_squared"),
        )
        .select_from(source)
        .where(sa.or_(above != 0, below != 0))
        .group_by(*by)
        .order_by(*(sa.literal_column(column.name).asc().nulls_first() for column in labelled))
        .params({START.key: start})
    )


def cases_of(question: Question, parts: Parts, rows: Iterable[Mapping[str, Any]]) -> tuple[Cases, ...]:
    """From the rows of that statement; of a share of counts a case is a row that the denominator counts."""
    above, below = (part.factor for part in parts)
    share = is_share(parts)
    return tuple(
        Cases(
            row["entity"],
            _stratum(question, row),
            int(row["denominator"]) if share else row["cases"],
            row["numerator"] * above,
            row["denominator"] * below,
            row["numerator_squared"] * above * above,
            row["both"] * above * below,
            row["denominator_squared"] * below * below,
        )
        for row in rows
    )


def _stratum(question: Question, row: Mapping[str, Any]) -> tuple[str, ...]:
    if not row["is_known"]:
        return (NOT_OPENED,)
    return tuple("none" if row[name] is None else str(row[name]) for name in question.strata)


_PARTS = ("numerator", "denominator")
_SQUARES = sa.Numeric(38, 8)


def _part(operand: object, figures: Mapping[str, Figure], days: int) -> Part | None:
    """A measure that adds up over accounts, or a formula that multiplies one of these by the same for everybody."""
    made = figures[operand].made if isinstance(operand, str) else operand
    if isinstance(made, Measure):
        return Part(made) if _adds_up(made) else None
    if not isinstance(made, Formula) or len(made.expression.names - {DAYS_OF_PERIOD}) != 1:
        return None
    (name,) = made.expression.names - {DAYS_OF_PERIOD}
    inner = _part(name, figures, days)
    # Whole days, so that a division by the days of the period leaves nothing to round.
    nothing, once, twice = (
        evaluate(made.expression, {name: Decimal(times * days), DAYS_OF_PERIOD: Decimal(days)}) for times in (0, 1, 2)
    )
    if inner is None or nothing != 0 or not isinstance(once, Decimal) or twice != 2 * once:
        return None
    return Part(inner.measure, CONTEXT.multiply(inner.factor, CONTEXT.divide(once, Decimal(days))))


def _adds_up(measure: Measure) -> bool:
    """Whether the figure of all accounts is the sum of those of each."""
    if "account_id" not in measure.source.rows.fields:
        return False
    distinct = measure.aggregation is Aggregation.COUNT_DISTINCT and measure.of == "account_id"
    return distinct or measure.aggregation in {Aggregation.COUNT, Aggregation.SUM}


def _by_account(question: Question, part: Measure, place: int, start: date, as_of: date) -> sa.Select[Any]:
    dataset = part.source.rows
    (whose,) = GRAIN_COLUMNS[question.grain]
    wanted = {name: value for name, value in (("department_id", question.department), (CURRENCY, question.currency))
              if value and name in dataset.fields}  # fmt: skip
    rows = dataset.select(part.columns | {whose, "account_id", *wanted}).subquery("counted_rows")
    value, zero = sa.cast(value_of(part, rows), MONEY_SUM), sa.cast(sa.literal(0), MONEY_SUM)
    mine = [rows.c[name] == value for name, value in wanted.items()]
    return (
        sa.select(
            rows.c[whose].label("entity"),
            rows.c.account_id,
            *((value if number == place else zero).label(name) for number, name in enumerate(_PARTS)),
        )
        .where(rows.c[whose].is_not(None), *mine)
        .group_by(rows.c[whose], rows.c.account_id)
        .params(part.source.bound(start, as_of))
    )


def _squares(one: Sql, other: Sql) -> Sql:
    return total(product(one, other), as_type=_SQUARES)
