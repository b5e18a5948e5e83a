"""The bench's table, for people as Markdown and for programs as JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import duckdb

from bench.gates.bench import KindResult, Result
from bench.gates.extracts import Book
from bench.gates.findings import Caught, Finding
from bench.gates.nights import Gated
from domain.records import Outcome

LETTERS = {
    Caught.HALTED: "H",
    Caught.QUARANTINED: "Q",
    Caught.DROPPED: "D",
    Caught.WARNED: "W",
    Caught.HEALED: "=",
    Caught.MISSED: "–",
    Caught.CRASHED: "!",
    Caught.NOTHING_SPOILT: "·",
}
_MOST_CHECKS = 4


def verdict_lines(result: Result) -> list[str]:
    """What the bench finds fault with; none of them is a pass."""
    lines = [
        f"{night.day}: a clean night halts: {', '.join(halts_of(night))}" for night in result.clean if halts_of(night)
    ]
    for one in result.kinds:
        name = one.kind.unit.name_of
        lines += [f"{one.kind.name}: missed at {name(level)}{_why(one.at(level))}" for level in one.missed_at]
        lines += [f"{one.kind.name}: harmless, and yet it halts: {_by(one.at(level))}" for level in _false(one)]
        lines += [f"{one.kind.name}: no night had such rows"] if one.says_nothing else []
    return lines


def halts_of(night: Gated) -> list[str]:
    if night.verdict is None:
        return [night.crash]
    return sorted(c.check for table in night.verdict.tables for c in table.checks if c.outcome is Outcome.HALT)


def line_of(one: KindResult) -> str:
    """One kind on one line of a terminal."""
    levels = "  ".join(f"{one.kind.unit.name_of(level)} {_cell(one.at(level))}" for level in one.kind.levels)
    return f"{one.kind.name:45} {levels}"


def markdown(result: Result) -> str:
    parts = [_summary(result), _clean(result), *_families(result.kinds), _weak(result.kinds)]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_json(result: Result) -> str:
    content = {
        "clean": [_night_json(night) for night in result.clean],
        "kinds": [_kind_json(one) for one in result.kinds],
        "faults": verdict_lines(result),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _summary(result: Result) -> str:
    wrong = [one for one in result.kinds if one.kind.wrong_from is not None]
    missed = [one for one in wrong if one.missed_at]
    lines = [
        (
            f"{len(result.kinds)} kinds, {len(wrong)} of which a person would call wrong from some level on: "
            f"{len(wrong) - len(missed)} are caught from there on, {len(missed)} are not."
        ),
        f"{len(result.clean)} clean nights, {sum(bool(halts_of(night)) for night in result.clean)} of which halted.",
    ]
    legend = (
        "H halted, Q rows quarantined (how many of those spoilt), D equal rows dropped, W warned, "
        "= read as it was meant, – missed, ! crashed, · nothing to spoil"
    )
    nights = ", ".join(f"{day} ({night.value})" for night, day in result.plan.dates.items())
    return "\n\n".join(
        ["# Kinds of corruption, and what the gate made of them", *lines, f"Nights: {nights}. {legend}."]
    )


def _clean(result: Result) -> str:
    if not result.clean:
        return ""
    sorts = _sorts_of_days(result.book, [night.day for night in result.clean])
    rows = [
        "| nights | number | halted | warnings a night | not yet known a night |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for sort in sorted(set(sorts.values())):
        nights = [night for night in result.clean if sorts[night.day] == sort]
        warned, unknown = (
            sum(_count(night, outcome) for night in nights) for outcome in (Outcome.WARN, Outcome.NOT_YET_KNOWN)
        )
        halted = sum(bool(halts_of(night)) for night in nights)
        rows.append(f"| {sort} | {len(nights)} | {halted} | {warned / len(nights):.1f} | {unknown / len(nights):.1f} |")
    return "\n".join(["## Clean nights", "", *rows, "", *_warnings(result.clean)])


def _warnings(nights: Iterable[Gated]) -> Iterator[str]:
    days: dict[str, list[date]] = defaultdict(list)
    for night in nights:
        for table in night.verdict.tables if night.verdict else ():
            for check in table.checks:
                if check.outcome in {Outcome.WARN, Outcome.HALT}:
                    days[f"{check.check} ({check.outcome.value})"].append(night.day)
    yield "| check on clean nights | nights | first of them |"
    yield "| --- | ---: | --- |"
    for name, on in sorted(days.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        yield f"| {name} | {len(on)} | {', '.join(map(str, on[:5]))} |"


def _families(kinds: Iterable[KindResult]) -> Iterator[str]:
    for family, found in groupby(kinds, key=lambda one: one.kind.name.partition(".")[0]):
        rows = [_row(one) for one in found]
        head = [
            "| kind | a person would say | wrong from | what came of it | by (where it is wrong) |",
            "| --- | --- | --- | --- | --- |",
        ]
        yield "\n".join([f"## {family.capitalize()}", "", *head, *rows])


def _row(one: KindResult) -> str:
    kind = one.kind
    name = kind.unit.name_of
    cells = ", ".join(f"{name(level)} {_cell(one.at(level))}" for level in kind.levels)
    wrong = "never" if kind.wrong_from is None else name(kind.wrong_from)
    mark = "**" if one.missed_at or one.is_false_alarm or one.says_nothing else ""
    shown = kind.levels[-1] if kind.wrong_from is None else _first_told(one, kind.wrong_from)
    return f"| {mark}{kind.name}{mark} | {kind.title}: {kind.reason} | {wrong} | {cells} | {_by(one.at(shown))} |"


def _first_told(one: KindResult, wrong_from: Decimal) -> Decimal:
    levels = [level for level in one.kind.levels if level >= wrong_from]
    return next((level for level in levels if one.at(level).caught is not Caught.NOTHING_SPOILT), wrong_from)


def _weak(kinds: Iterable[KindResult]) -> str:
    """Kinds of which even the whole extract only warns, or of whose rows most get through."""
    rows = [
        f"- {one.kind.name}: {_cell(found)} by {_by(found)}"
        for one in kinds
        if _is_weak(one, found := one.at(one.kind.levels[-1]))
    ]
    return "\n".join(["## Caught, but weakly, at the highest level", "", *rows]) if rows else ""


def _is_weak(one: KindResult, found: Finding) -> bool:
    few = found.caught is Caught.QUARANTINED and found.aside * 2 < found.touched
    return one.kind.wrong_from is not None and (found.caught is Caught.WARNED or few)


def _cell(found: Finding) -> str:
    aside = f" {found.aside}/{found.touched}" if found.caught in {Caught.QUARANTINED, Caught.DROPPED} else ""
    day = f" on day {found.step}" if found.step > 1 else ""
    return f"{LETTERS[found.caught]}{aside}{day}"


def _by(found: Finding) -> str:
    more = f" and {len(found.by) - _MOST_CHECKS} more" if len(found.by) > _MOST_CHECKS else ""
    return ", ".join(found.by[:_MOST_CHECKS]).replace("|", "/") + more


def _why(found: Finding) -> str:
    return f" ({found.by[0]})" if found.caught is Caught.CRASHED else ""


def _false(one: KindResult) -> list[Decimal]:
    return [level for level in one.kind.levels if one.is_false_alarm and one.at(level).caught >= Caught.HALTED]


def _count(night: Gated, outcome: Outcome) -> int:
    return sum(
        check.outcome is outcome for table in (night.verdict.tables if night.verdict else ()) for check in table.checks
    )


def _sorts_of_days(book: Book, days: list[date]) -> dict[date, str]:
    """What sort of day each is, by the calendar of the book."""
    file = book.file("calendar", days[0])
    rows = duckdb.sql(f"SELECT jurisdiction, day, is_working_day, name FROM read_parquet('{file}')").fetchall()
    calendar = {(code, day): (works, name or "") for code, day, works, name in rows}
    return {day: _sort_of(day, calendar[("VN", day)], calendar[("CN", day)]) for day in days}


def _sort_of(day: date, vietnam: tuple[bool, str], china: tuple[bool, str]) -> str:
    if "Make-up" in vietnam[1] + china[1]:
        return "make-up workday (weekend)"
    if not vietnam[0] and day.weekday() < 5:
        return "holiday of Vietnam" if china[0] else "holiday of both (Tết and others)"
    if not china[0] and day.weekday() < 5:
        return "holiday of China (Golden Week and others)"
    if (day + timedelta(days=1)).day == 1:
        return "month-end"
    return "weekend" if day.weekday() >= 5 else "working day"


def _night_json(night: Gated) -> dict[str, Any]:
    tables = night.verdict.tables if night.verdict else ()
    told = {
        check.check: {"outcome": check.outcome.value, "found": check.found, "expected": check.expected}
        for table in tables
        for check in table.checks
        if check.outcome in {Outcome.WARN, Outcome.HALT}
    }
    unknown = sorted(c.check for table in tables for c in table.checks if c.outcome is Outcome.NOT_YET_KNOWN)
    return {
        "day": str(night.day),
        "working_day": night.working_day,
        "crash": night.crash,
        "told": told,
        "not_yet_known": unknown,
    }


def _kind_json(one: KindResult) -> dict[str, Any]:
    kind = one.kind
    found = [
        {
            "level": f"{level:f}",
            "night": night.value,
            "caught": each.caught.word,
            "touched": each.touched,
            "aside": each.aside,
            "day": each.step,
            "by": list(each.by),
        }
        for (level, night), each in one.findings.items()
    ]
    wrong = None if kind.wrong_from is None else f"{kind.wrong_from:f}"
    return {
        "kind": kind.name,
        "title": kind.title,
        "reason": kind.reason,
        "unit": kind.unit.value,
        "wrong_from": wrong,
        "missed_at": [f"{level:f}" for level in one.missed_at],
        "findings": found,
    }
