"""What came of the moments: a line for each, and how many landed where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.crashes.moments import Outcome
from tests.crashes.month import STEPS
from tests.crashes.watched import Event

_UNDER_WAY = ("a commit", "a write", "reading and computing")

FIGURES = "## Figures"

Found = Mapping[str, Sequence[Outcome]]


def line_of(outcome: Outcome) -> str:
    moment, killed = outcome.moment, outcome.killed
    twice = f", and again at {outcome.again.label}" if outcome.again else ""
    became = f" ({outcome.became})" if outcome.became else ""
    how = "equal" if not outcome.differing else "DIFFERS: " + "; ".join(outcome.differing)
    place = f"{outcome.step:24} {killed.event:5} + {moment.delay_seconds * 1000:7.2f} ms"
    return f"{moment.number:4} {place}  {killed.label}{became}{twice}: {how}"


def summary_lines(found: Found) -> Iterator[str]:
    for store, outcomes in found.items():
        equal = sum(not each.differing for each in outcomes)
        yield f"\n{store}: {equal} of {len(outcomes)} equal"
        for name, numbers in counted(outcomes).items():
            yield f"  {name:24} " + ", ".join(f"{what} {number}" for what, number in numbers.items())


def with_figures(page: str, found: Found, seed: int) -> str:
    """The page, with what came of the moments in place of the figures that it had."""
    lines = (line for store, outcomes in found.items() for line in _section(store, outcomes, seed))
    return "\n".join([page.partition(FIGURES)[0] + FIGURES, *lines]) + "\n"


def _section(store: str, outcomes: Sequence[Outcome], seed: int) -> Iterator[str]:
    equal, twice = sum(not each.differing for each in outcomes), sum(each.again is not None for each in outcomes)
    yield f"\n### {store}, seed {seed}: {equal} of {len(outcomes)} equal\n"
    yield f"{twice} were killed a second time, in the command that was typed again.{_commits(outcomes)}\n"
    yield "| step | kills | in a commit | while writing | reading and computing | equal |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for step in STEPS:
        mine = [each for each in outcomes if each.step == step.name]
        kinds = Counter(under_way(each) for each in mine)
        equal = sum(not each.differing for each in mine)
        yield f"| {step.name} | {len(mine)} | " + " | ".join(str(kinds[each]) for each in _UNDER_WAY) + f" | {equal} |"
    yield "\nWhat was under way, and how often:\n"
    yield ", ".join(f"{label} {number}" for label, number in _labels(outcomes).most_common()) + "."


def _commits(outcomes: Sequence[Outcome]) -> str:
    became = Counter(each.became for each in outcomes if each.became)
    if not became:
        return ""
    said = " and ".join(f"{number} as {status}" for status, number in sorted(became.items()))
    return f" What the server made of the commits that were under way: {said}."


def _labels(outcomes: Sequence[Outcome]) -> Counter[str]:
    return Counter(each.killed.label for each in outcomes)


def counted(outcomes: Iterable[Outcome]) -> dict[str, Counter[str]]:
    """Of each step the kinds of things that were under way."""
    found: dict[str, Counter[str]] = {step.name: Counter() for step in STEPS}
    for outcome in outcomes:
        found[outcome.step][under_way(outcome)] += 1
    return found


def under_way(outcome: Outcome) -> str:
    event = Event(outcome.killed.label, 0.0)
    if event.is_commit:
        return _UNDER_WAY[0]
    return _UNDER_WAY[1] if event.is_write else _UNDER_WAY[2]
