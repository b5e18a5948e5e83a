"""What can be wrong with a strategy beyond its keys and conditions, each fault at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from allocation.strategy_rules import StrategyRule
from domain.catalogue import CATALOGUE
from domain.documents import Document
from domain.expressions import Expression, evaluate
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.money import MINOR_DIGITS
from domain.rules import Placed


def faults_of_strategy(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    """Everything but its conditions."""
    yield from _faults_of_escalations(placed)
    yield from _faults_of_quotas(placed)
    yield from _faults_of_fairness(placed)
    yield from _faults_of_recall_days(placed)
    yield from _faults_of_currencies(placed)
    yield from _faults_of_order(placed)
    for index in range(len(placed.rule.segments)):
        yield from _faults_of_segment(placed, index)


_LAST_DAY_OF_ALL_MONTHS = 28

# No strategy may let these be worked: each needs a condition of its own, which reads nothing but the column.
_NEVER_WORKED: Mapping[str, tuple[str, ...]] = {
    "hold": tuple(code for code in CATALOGUE["accounts"]["hold"].codes if code != "none"),
    "status": ("closed", "sold"),
}


def _faults_of_currencies(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    for currency, worth in placed.rule.currencies.items():
        place = placed.place("currencies", currency)
        if currency not in MINOR_DIGITS:
            yield Issue("ALL001", place, f'unknown currency "{currency}"', suggestion(currency, MINOR_DIGITS))
        if worth <= 0:
            yield Issue("ALL002", place, f"one {currency} is worth {worth}", "Give a number above zero")


def _faults_of_order(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    segments = placed.rule.segments
    seen: dict[str, int] = {}
    for index, segment in enumerate(segments):
        if segment.id in seen:
            first = placed.place("segments", seen[segment.id], "id")
            yield Issue("ALL003", placed.place("segments", index, "id"), f'segment "{segment.id}" again; see {first}')
        seen.setdefault(segment.id, index)
        if segment.otherwise and index < len(segments) - 1:
            place = placed.place("segments", index, "otherwise")
            yield Issue("ALL004", place, "segments after this one would never be reached", "Put `otherwise` last")
    if not segments[-1].otherwise:
        place = placed.place("segments", len(segments) - 1)
        hint = "End with a segment that says `otherwise: true`"
        yield Issue("ALL005", place, "accounts that fit no segment would be lost", hint)


def _faults_of_segment(placed: Placed[StrategyRule], index: int) -> Iterator[Issue]:
    rule = placed.rule.segments[index]

    def place(key: str) -> tuple[str | int, ...]:
        return ("segments", index, key)

    if (rule.when is not None) + bool(rule.where) + (rule.otherwise is not None) != 1:
        at = placed.place(*place("when"))
        yield Issue("ALL006", at, f'segment "{rule.id}" needs one of `when`, `where`, and `otherwise: true`')
    worked = bool(rule.departments or rule.partners)
    if worked == (rule.hold is not None):
        message = f'segment "{rule.id}" needs somebody to go to (departments, partners) or a reason to hold'
        yield Issue("ALL007", placed.place(*place("hold")), message, "Give one of the two")
    if worked and rule.channel is None:
        yield Issue("ALL008", placed.place(*place("id")), f'segment "{rule.id}" is worked, but by no channel')
    if worked and rule.recovery_without_history is None:
        message = f'segment "{rule.id}" does not say what it brings without history'
        yield Issue("ALL009", placed.place(*place("id")), message, "Add recovery_without_history, such as 0.10")
    by_minutes = "capacity is in minutes" if placed.rule.capacity.by == "minutes" else ""
    why = by_minutes or ("work costs by the minute" if placed.rule.work_cost else "")
    if why and rule.departments and rule.handling_minutes is None:
        message = f'{why}, and segment "{rule.id}" does not say how many an account takes'
        yield Issue("ALL010", placed.place(*place("id")), message, "Add handling_minutes")


def _faults_of_escalations(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    known = [segment.id for segment in placed.rule.segments]
    for index, one in enumerate(placed.rule.escalations):
        for steps, name in (
            *((("from", number), name) for number, name in enumerate(one.from_segments)),
            (("to",), one.to),
        ):
            if name not in known:
                at = placed.place("escalations", index, *steps)
                yield Issue("ALL014", at, f'unknown segment "{name}"', suggestion(name, known))
        if one.to in one.from_segments:
            at = placed.place("escalations", index, "to")
            yield Issue("ALL015", at, f'"{one.reason}" leads from "{one.to}" to itself', "Take it out of `from`")


def _faults_of_quotas(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    to_partners = {segment.id: segment.partners is not None for segment in placed.rule.segments}
    seen: dict[str, int] = {}
    for index, quota in enumerate(placed.rule.quotas):
        for number, name in enumerate(quota.segments):
            at = placed.place("quotas", index, "segments", number)
            if name not in to_partners:
                yield Issue("ALL014", at, f'unknown segment "{name}"', suggestion(name, to_partners))
            elif not to_partners[name]:
                yield Issue(
                    "ALL020", at, f'partners get nothing of "{name}"', "State `partners` there, or leave it out"
                )
        if quota.name in seen:
            first = placed.place("quotas", seen[quota.name], "partner")
            at = placed.place("quotas", index, "partner")
            yield Issue("ALL021", at, f"a second quota of the same; see {first}", "State both bounds in one quota")
        seen.setdefault(quota.name, index)


def _faults_of_fairness(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    if placed.rule.fairness and not any(segment.departments for segment in placed.rule.segments):
        at = placed.place("fairness")
        hint = "Name `departments` in some segment, or leave `fairness` out"
        yield Issue("ALL024", at, "no segment goes to collectors: there is nobody to be fair among", hint)


def _faults_of_recall_days(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    for index, day in enumerate(placed.rule.recall_days):
        if not 1 <= day <= _LAST_DAY_OF_ALL_MONTHS:
            at = placed.place("recall_days", index)
            yield Issue("ALL016", at, f"not every month has a day {day}", f"Take 1 to {_LAST_DAY_OF_ALL_MONTHS}")


def workable_although_forbidden(placed: Placed[StrategyRule], not_worked: Sequence[Expression]) -> Iterator[Issue]:
    for column, codes in _NEVER_WORKED.items():
        own = [when for when in not_worked if when.names == {column}]
        for code in codes:
            if not any(evaluate(when, {column: code}) for when in own):
                message = f'accounts with {column} "{code}" would be worked'
                hint = f'Add to held or excluded: when: {column} == "{code}"'
                yield Issue("ALL011", placed.place("held"), message, hint)


def two_in_force(placed: tuple[Placed[StrategyRule], ...]) -> Iterator[Issue]:
    for one, two in combinations(sorted(placed, key=lambda each: each.rule.valid_from), 2):
        if one.rule.id != two.rule.id and one.rule.holds_on(two.rule.valid_from):
            message = f'"{one.rule.id}" and "{two.rule.id}" both hold on {two.rule.valid_from}; see {one.place("id")}'
            yield Issue("ALL012", two.place("id"), message, "One strategy holds at a time: end the older one")


def faults_of_file(document: Document) -> Iterator[Issue]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("strategies"), list):
        yield Issue("ALL013", document.place(("strategies",)), "the file has no list `strategies`")
    for key in data if isinstance(data, dict) else ():
        if key != "strategies":
            yield Issue("RUL001", document.key_place((key,)), f'unknown key "{key}"', suggestion(key, ["strategies"]))
