"""The page of the crash matrix, from the log of kills: failpoint by store, and what kills by lot met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from tests.crashes.log import BY_LOT, EQUAL, POINTS, WHOLE, Kill
from tests.crashes.watched import POINT, Event

STORES = ("sqlite", "postgresql")
FIGURES = "## What came of it"

_UNDER_WAY = ("in a commit", "while writing", "reading and computing")


def with_figures(page: str, kills: Sequence[Kill]) -> str:
    """The page, with what came of the kills in place of the figures that it had."""
    of = {sort: [kill for kill in kills if kill.sort == sort] for sort in (POINTS, BY_LOT, WHOLE)}
    lines = [*_summary(of), *_differing(kills), *_points(of[POINTS]), *_by_lot(of[BY_LOT]), *_whole(of[WHOLE])]
    return "\n".join([page.partition(FIGURES)[0] + FIGURES, "", *lines]) + "\n"


def _summary(of: dict[str, list[Kill]]) -> Iterator[str]:
    yield "| kills | SQLite | PostgreSQL |"
    yield "| --- | ---: | ---: |"
    names = {POINTS: "at named points", BY_LOT: "at moments drawn by lot", WHOLE: "of the whole stack"}
    for sort, name in names.items():
        yield (
            f"| {name} | "
            + " | ".join(_equal_of([each for each in of[sort] if each.store == s]) for s in STORES)
            + " |"
        )


def _equal_of(kills: Sequence[Kill]) -> str:
    if not kills:
        return "none ran"
    return f"{sum(each.result == EQUAL for each in kills)} of {len(kills)} equal"


def _differing(kills: Sequence[Kill]) -> Iterator[str]:
    different = [each for each in kills if each.result != EQUAL]
    yield f"\n{'Nothing differed.' if not different else 'What differed:'}\n"
    for each in different:
        yield f"- {each.store}, {each.sort} {each.number} of seed {each.seed}, {each.scenario}: {each.step}, "
        yield f"  {each.under_way}: {each.result}"


def _points(kills: Sequence[Kill]) -> Iterator[str]:
    """A row for each write and commit of a scenario: its failpoints, and how the rerun after each of them ended."""
    if not kills:
        return
    yield "\n### Failpoint by store\n"
    yield "| scenario | write or commit | killed at | SQLite | PostgreSQL |"
    yield "| --- | --- | --- | --- | --- |"
    for (scenario, name), group in groupby(sorted(kills, key=_place), key=_place):
        mine = list(group)
        places = dict.fromkeys(_part(each) for each in mine)
        cells = [_cell([each for each in mine if each.store == store], len(places)) for store in STORES]
        yield f"| {scenario} | `{name}` | {', '.join(places)} | " + " | ".join(cells) + " |"


def _place(kill: Kill) -> tuple[str, str]:
    return kill.scenario, kill.under_way.removeprefix(POINT).partition(":")[0]


def _part(kill: Kill) -> str:
    return kill.under_way.partition(":")[2].replace("_", " ")


def _cell(kills: Sequence[Kill], due: int) -> str:
    wrong = [_part(each) for each in kills if each.result != EQUAL]
    if wrong:
        return f"**differs** ({', '.join(wrong)})"
    if not kills:
        return "not run"
    return EQUAL if len(kills) == due else f"{EQUAL} ({len(kills)} of {due} run)"


def _by_lot(kills: Sequence[Kill]) -> Iterator[str]:
    if not kills:
        return
    yield "\n### By lot\n"
    seeds = ", ".join(str(seed) for seed in sorted({each.seed for each in kills}))
    twice = sum(bool(each.again) for each in kills)
    yield f"Seed {seeds}. {twice} were killed a second time, in the command that was typed again.{_commits(kills)}\n"
    yield "| scenario | store | kills | " + " | ".join(_UNDER_WAY) + " | equal |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for (scenario, store), group in groupby(sorted(kills, key=_scenario), key=_scenario):
        mine = list(group)
        kinds = Counter(under_way(each) for each in mine)
        numbers = " | ".join(str(kinds[each]) for each in _UNDER_WAY)
        yield f"| {scenario} | {store} | {len(mine)} | {numbers} | {sum(each.result == EQUAL for each in mine)} |"


def _scenario(kill: Kill) -> tuple[str, str]:
    return kill.scenario, kill.store


def _commits(kills: Sequence[Kill]) -> str:
    became = Counter(each.became for each in kills if each.became)
    if not became:
        return ""
    said = " and ".join(f"{number} as {status}" for status, number in sorted(became.items()))
    return f" What the server made of the commits that were under way: {said}."


def under_way(kill: Kill) -> str:
    event = Event(kill.under_way, 0.0)
    if event.is_commit:
        return _UNDER_WAY[0]
    return _UNDER_WAY[1] if event.is_write else _UNDER_WAY[2]


def _whole(kills: Sequence[Kill]) -> Iterator[str]:
    if not kills:
        return
    yield "\n### The whole stack\n"
    yield "| store | what was killed | after | what it said last | equal |"
    yield "| --- | --- | ---: | --- | --- |"
    for each in kills:
        yield f"| {each.store} | {each.step} | {float(each.delay_ms) / 1000:.1f} s | {each.under_way} | {each.result} |"
