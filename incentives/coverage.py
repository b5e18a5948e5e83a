"""Which policy covers which days of a payee: the most specific of those that match, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from domain.expressions import Value, evaluate
from domain.ids import short
from domain.periods import Period
from domain.records import Step
from domain.staff import Employee, Span, overlap, spans_of
from incentives.cell import Reason
from incentives.house import House
from incentives.policies import PartPeriod
from incentives.ready import ReadyPolicy


class Part(NamedTuple):
    """Days of a payee under one version of a policy in one department.

    The department is part of `component`, and so of the ledger's key: a transfer pays into two batches, and neither
    voids the other.
    """

    payee: Employee
    ready: ReadyPolicy
    department: str
    team: str
    spans: tuple[Span, ...]
    why: str
    component: str


@dataclass(frozen=True, slots=True)
class Held:
    """A payee who is not paid a component now, and why; `steps` are the columns computed until then."""

    payee: str
    component: str
    scope: str
    reason: Reason
    text: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class WithoutPolicy:
    """A payee for whom no policy holds on some days, and where that was."""

    payee: str
    text: str


class Coverage(NamedTuple):
    """The parts of a payee in order of components, where several policies win, and where none holds."""

    parts: tuple[Part, ...] = ()
    held: tuple[Held, ...] = ()
    without_policy: tuple[WithoutPolicy, ...] = ()


def coverage_of(house: House, payee: Employee) -> Coverage:
    spans = spans_of(payee, house.period, house.cuts)
    if not spans:
        return Coverage(without_policy=(WithoutPolicy(payee.employee_id, f"no posting within {house.period}"),))
    if overlap(spans):
        text = "two postings hold on the same day"
        return Coverage(held=(Held(payee.employee_id, "", "", Reason.POSTINGS_OVERLAP, text),))
    covered, ties, bare = _covered(house, payee, spans)
    if len(covered) == len(spans) == 1 and not ties:  # so it is nearly always: one place, one policy
        return Coverage((_part(payee, covered),))
    parts = [part for part in _parts(payee, covered) if part.component not in ties]
    paying = tuple(part for part in parts if _pays(part, spans[-1]))
    elsewhere = {part.component for part in parts} - {part.component for part in paying}
    held = (*ties.values(), *(_paid_elsewhere(part) for part in parts if part.component in elsewhere))
    return Coverage(paying, held, _bare(payee, bare))


ONLY = "the only policy that matches"

_Covered = list[tuple[Span, ReadyPolicy, str]]


def _covered(house: House, payee: Employee, spans: tuple[Span, ...]) -> tuple[_Covered, dict[str, Held], list[Span]]:
    """The winning policies of each span, the components for which several win, and spans with none."""
    covered: _Covered = []
    ties: dict[str, Held] = {}
    bare: list[Span] = []
    for span in spans:
        matching = [ready for ready in house.policies.policies if _matches(ready, payee, span, house.period)]
        if not matching:
            bare.append(span)
        if len(matching) == 1:  # so it is nearly always
            covered.append((span, matching[0], ONLY))
            continue
        by_component = sorted(matching, key=lambda ready: ready.policy.component)
        for component, group in groupby(by_component, key=lambda ready: ready.policy.component):
            winners, why = _most_specific(list(group))
            if len(winners) > 1:
                tie = _tie(payee, span, component, winners)
                ties[tie.component] = tie
            else:
                covered.append((span, winners[0], why))
    return covered, ties, bare


def _matches(ready: ReadyPolicy, payee: Employee, span: Span, period: Period) -> bool:
    policy, applies = ready.policy, ready.policy.applies_to
    return (
        policy.currency == payee.currency
        and policy.holds_on(span.start)
        and (applies.departments is None or span.posting.department in applies.departments)
        and (applies.roles is None or span.posting.role in applies.roles)
        and (ready.condition is None or evaluate(ready.condition, _facts(payee, span, period)) is True)
    )


def _facts(payee: Employee, span: Span, period: Period) -> dict[str, Value]:
    """What conditions may read: the share of full time on the span's first day, the tenure at the period's end."""
    return {
        "department": span.posting.department,
        "team": span.posting.team,
        "role": span.posting.role,
        "jurisdiction": payee.jurisdiction,
        "full_time_share": payee.share_on(span.start),
        "tenure_days": Decimal((period.end - payee.hired_on).days),
    }


def _most_specific(matching: list[ReadyPolicy]) -> tuple[list[ReadyPolicy], str]:
    if len(matching) == 1:
        return matching, ONLY
    most = max(ready.policy.applies_to.specificity for ready in matching)
    winners = [ready for ready in matching if ready.policy.applies_to.specificity == most]
    losers = sorted(ready.policy.id for ready in matching if ready not in winners)
    return winners, f"more specific than {', '.join(losers)}" if losers else ""


def _tie(payee: Employee, span: Span, component: str, winners: list[ReadyPolicy]) -> Held:
    names = " and ".join(sorted(ready.policy.id for ready in winners))
    department = span.posting.department
    text = f"{names} match alike, and neither is more specific"
    return Held(payee.employee_id, f"{component}:{department}", department, Reason.SEVERAL_POLICIES, text)


def _parts(payee: Employee, covered: _Covered) -> tuple[Part, ...]:
    """The covered spans by policy version and department, and by team where the policy reads the team's figures."""
    grouped: dict[tuple[str, str, str, date], list[tuple[Span, ReadyPolicy, str]]] = {}
    for span, ready, why in covered:
        team = span.posting.team if ready.reads_team else ""
        key = (f"{ready.policy.component}:{span.posting.department}", ready.policy.id, team, ready.policy.valid_from)
        grouped.setdefault(key, []).append((span, ready, why))
    return tuple(_part(payee, entries) for _, entries in sorted(grouped.items()))


def _part(payee: Employee, entries: _Covered) -> Part:
    """The part of spans that are covered alike."""
    span, ready, why = entries[0]
    posting = span.posting
    component = f"{ready.policy.component}:{posting.department}"
    team = posting.team if ready.reads_team else ""
    return Part(payee, ready, posting.department, team, tuple([each[0] for each in entries]), why, component)


def _pays(part: Part, last: Span) -> bool:
    """A policy that pays the whole period pays it once: in the part of the payee's last day."""
    return part.ready.policy.part_period is PartPeriod.PRORATED or last in part.spans


def _paid_elsewhere(part: Part) -> Held:
    text = f"{part.ready.policy.id} pays the whole period once, in the department of the last day"
    payee = part.payee.employee_id
    return Held(payee, part.component, part.department, Reason.NOT_LAST_POSTING, text, (heading_of(part),))


def heading_of(part: Part) -> Step:
    """The first column: which policy, on which days, and why this one."""
    policy, days = part.ready.policy, ", ".join(f"{span.start} to {span.end}" for span in part.spans)
    team = (("team", part.team),) if part.team else ()
    shown = (("policy", policy.id), ("version", short(part.ready.version.digest)), ("days", days), *team)
    return Step("policy", "policy", None, shown, part.ready.line, part.why)


def _bare(payee: Employee, spans: list[Span]) -> tuple[WithoutPolicy, ...]:
    if not spans:
        return ()
    places = [f"{span.posting.role} in {span.posting.department} from {span.start}" for span in spans]
    return (WithoutPolicy(payee.employee_id, f"no policy for {'; '.join(dict.fromkeys(places))}"),)
