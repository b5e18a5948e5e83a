"""What rule changes change, as it is printed: the rules field by field, then pay, scores and KPIs of each month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from domain.ids import short
from domain.rule_changes import ChangeKind, RuleChange
from reports.formats import Formats
from reports.rule_effects import (
    FigureChange,
    FigureKind,
    MonthEffect,
    RuleEffects,
    RuleEffectsReport,
    Total,
    Words,
    said_of,
    said_together,
    why_of,
)

MOST = 12  # figures of one kind in a terminal; the rest is counted, and listed by the page and as JSON


def print_effects(console: Console, report: RuleEffectsReport, *, every: bool = False, most: int = MOST) -> None:
    """The whole answer, of each kind the `most` figures that differ most; with `every`, every figure that differs."""
    effects, words = report.effects, Words(Formats(), report.labels)
    print_changes(console, effects)
    for month in effects.months:
        _print_month(console, month, words, None if every else most)
    for without in effects.without:
        console.print()
        console.print(Text.assemble((f"{without.period}: " if without.period else "", "bold"), without.reason))


def print_changes(console: Console, effects: RuleEffects) -> None:
    """Of many rules that were added, what each says is left to the page."""
    console.print(Text(f"{versions_said(len(effects.changes))} between {effects.old} and {effects.new}", style="bold"))
    groups = said_together(effects.changes)
    with_fields = len(groups) <= MOST
    for group in groups:
        _print_change(console, group, with_fields=with_fields or group[0].what is not ChangeKind.ADDED)
    if effects.not_measured:
        names = ", ".join(effects.not_measured)
        console.print(
            Text(f"\nNot measured, because nothing is gated, allocated or cleaned again: {names}", style="yellow")
        )


def versions_said(number: int) -> str:
    words = {0: "No rule differs", 1: "1 rule version differs"}
    return words.get(number, f"{number} rule versions differ")


def _print_change(console: Console, alike: Sequence[RuleChange], *, with_fields: bool) -> None:
    if with_fields:
        console.print()
    for change in alike:
        places = dict.fromkeys(place for place in (change.old_place, change.new_place) if place)
        head = Text.assemble((change.name, "bold"), "  ", (said_of(change), "cyan"), "  ", (" → ".join(places), "dim"))
        console.print(head, soft_wrap=True)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for column in ("field", "old", "arrow", "new"):
        table.add_column(column, overflow="fold")
    for field in alike[0].fields:
        table.add_row(Text(field.field), Text(field.old, style="red"), "→", Text(field.new, style="green"))
    if alike[0].fields and with_fields:
        console.print(Padding(table, (0, 0, 0, 4)))


def _print_month(console: Console, month: MonthEffect, words: Words, most: int | None) -> None:
    console.print()
    console.rule(Text(f"{month.period}, up to the night of {month.night}", style="bold"), align="left")
    console.print(f"{_figures(len(month.figures))} {'differs' if len(month.figures) == 1 else 'differ'}, "
                  f"{month.equal:,} are equal; run {short(month.run)}", highlight=False)  # fmt: skip
    for one in month.as_if:
        console.print(f"{one.rule} {one.what}: measured as if it did so before", style="yellow", highlight=False)
    if month.unlike_official:
        text = f"{_figures(month.unlike_official)} of the old book are not what that night has stored"
        console.print(f"{text}: it is not the book that the night was measured by", style="yellow", highlight=False)
    if month.halted:
        console.print(f"Halted tables: {', '.join(month.halted)}", style="yellow", highlight=False)
    for events in month.not_read:
        console.print(f"Incomplete: {events}", style="yellow", highlight=False)
    if not (month.of(FigureKind.PAY) or month.of(FigureKind.SCORE)):
        console.print("No score and no pay differs.")
    for table in _tables(month, words, most):
        console.print()
        console.print(table)


def _figures(number: int) -> str:
    return "1 figure" if number == 1 else f"{number:,} figures"


def _tables(month: MonthEffect, words: Words, most: int | None) -> Iterator[Table | Text]:
    pay, scores, kpis = (month.of(kind) for kind in (FigureKind.PAY, FigureKind.SCORE, FigureKind.KPI))
    if pay:
        yield _pay_totals(month.totals_of(FigureKind.PAY), words)
        yield from _listed("Pay by payee", pay, words, ("department", "payee", "currency"), most)
    if scores:
        yield _score_totals(month.totals_of(FigureKind.SCORE), words)
        yield from _listed("Scores by employee", scores, words, ("scorecard", "employee"), most)
    if kpis:
        yield _kpi_totals(month.totals_of(FigureKind.KPI), words)
        ranked = _largest_of_each(kpis)
        yield from _listed("KPIs by entity", ranked, words, ("KPI", "of", "currency"), most)


def _largest_of_each(kpis: tuple[FigureChange, ...]) -> tuple[FigureChange, ...]:
    """The largest difference of every KPI and grain first, then the second largest of each: no KPI hides another."""
    groups = [list(group) for _, group in groupby(kpis, key=lambda each: (each.name, each.grain, each.currency))]
    places = [(place, number) for number, group in enumerate(groups) for place in range(len(group))]
    return tuple(groups[number][place] for place, number in sorted(places))


def _pay_totals(totals: Iterable[Total], words: Words) -> Table:
    table = _table("Pay, by department or partner", ("department", "currency"),
                   ("old", "new", "difference", "lines that differ", "raised", "lowered"))  # fmt: skip
    for total in totals:
        amount = partial(words.number, total.largest)
        old, new = total.old or Decimal(0), total.new or Decimal(0)
        change = Text(words.signed(new - old, amount), style="bold")
        table.add_row(
            total.name,
            total.currency,
            amount(old),
            amount(new),
            change,
            *map(str, (total.differing, total.raised, total.lowered)),
        )
    return table


def _score_totals(totals: Iterable[Total], words: Words) -> Table:
    table = _table("Scores, by scorecard", ("scorecard",),
                   ("mean, old", "mean, new", "differ", "raised", "lowered", "largest difference"))  # fmt: skip
    for total in totals:
        means = [words.number(total.largest, mean) if mean is not None else "none" for mean in (total.old, total.new)]
        table.add_row(*map(Text, (total.name, *means, *_numbers(total, words))))
    return table


def _kpi_totals(totals: Iterable[Total], words: Words) -> Table:
    table = _table("KPIs, by grain", ("KPI", "grain", "currency"),
                   ("differ", "raised", "lowered", "largest difference"))  # fmt: skip
    for total in totals:
        table.add_row(*map(Text, (total.name, words.grain(total.grain), total.currency, *_numbers(total, words))))
    return table


def _numbers(total: Total, words: Words) -> tuple[str, ...]:
    *_, difference = words.sides(total.largest)
    largest = f"{difference} of {total.largest.entity}" if difference else f"{total.one_sided:,} on one side only"
    return f"{total.differing:,}", f"{total.raised:,}", f"{total.lowered:,}", largest


def _listed(
    title: str, figures: tuple[FigureChange, ...], words: Words, names: tuple[str, ...], most: int | None
) -> Iterator[Table | Text]:
    shown = figures[:most]
    table = _table(f"{title}, the largest first of each", names, ("old", "new", "difference"), ("through",))
    for each in shown:
        old, new, difference = words.sides(each)
        why = f"{why_of(each)}; {each.note}" if each.note else why_of(each)
        table.add_row(*map(Text, (*_whose(each, words), old, new)), Text(difference, style="bold"), Text(why))
    yield table
    if len(shown) < len(figures):
        hidden = f"and {len(figures) - len(shown):,} more"
        yield Text(f"{hidden}: `--every` prints them, and the page has them all")


def _whose(figure: FigureChange, words: Words) -> tuple[str, ...]:
    match figure.kind:
        case FigureKind.PAY:
            return figure.scope, figure.entity, figure.currency
        case FigureKind.SCORE:
            return figure.name, figure.entity
    of = words.grain(figure.grain) if figure.entity == "portfolio" else f"{words.grain(figure.grain)} {figure.entity}"
    return figure.name, of, figure.currency


def _table(title: str, names: Iterable[str], numbers: Iterable[str], texts: Iterable[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", overflow="fold")
    for name in texts:
        table.add_column(name, overflow="fold")
    return table
