"""Treatment plans as managers write them: which accounts, and what is done on them, when, by whom, until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

from pydantic import Field

from allocation.facts import SCOPE as OF_STRATEGIES
from allocation.facts import contact_days
from domain.catalogue import CASE_TYPES
from domain.documents import Document, RuleModel
from domain.expressions import Expression, ExprType, Name, Scope, parse
from domain.expressions.parse import suggestion
from domain.issues import Issue, has_errors
from domain.planned import VISIT, ActionKind, Withdrawn
from domain.rules import Placed, Rule, RuleKind, RuleVersion, decode_rules, effective

Code = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)

CHANNELS_OF: Mapping[ActionKind, tuple[str, ...]] = {
    ActionKind.CALL: ("call", "bot"),
    ActionKind.MESSAGE: ("sms", "email"),
    ActionKind.LETTER: ("letter",),
}
"""Contacts by which channels show that an action of the kind was done, where it does not say."""


def decode_plans(
    documents: Iterable[Document], segments: Iterable[str] = (), arms: Iterable[str] = ()
) -> tuple[PlanBook, tuple[Issue, ...]]:
    """The plans of the rule files, and everything that is wrong with them; a faulty plan is left out.

    `segments` are those of the strategies, `arms` those of the experiments: a condition may name no other.
    """
    files = tuple(documents)
    placed, issues = decode_rules(files, "plans", RuleKind.PLAN, PlanRule)
    known = {"segment": tuple(sorted({*segments})), EXPERIMENT_ARM: tuple(sorted({*arms})) or (NO_ARM,)}
    scope = {**SCOPE, **{name: Name(ExprType.TEXT, codes) for name, codes in known.items()}}
    compiled = [_compile(one, scope) for one in placed]
    found = (
        *(issue for file in files for issue in _faults_of_file(file)),
        *issues,
        *(issue for _, faults in compiled for issue in faults),
        *_same_place(placed),
    )
    return PlanBook(tuple(plan for plan, _ in compiled if plan is not None)), found


@dataclass(frozen=True, slots=True)
class PlanBook:
    plans: tuple[Plan, ...] = ()

    def on(self, day: date) -> tuple[Plan, ...]:
        """The plans that hold on `day`, in the order in which they take accounts."""
        return tuple(sorted((plan for plan in self.plans if plan.rule.holds_on(day)), key=lambda plan: plan.rule.order))

    def versions(self, day: date) -> tuple[RuleVersion, ...]:
        """The versions in force on `day`, as run manifests name them."""
        return tuple(one.version for one in effective((each.placed for each in self.plans), day).values())

    def contact_days_of_conditions(self, day: date) -> int:
        """How many days of contacts before the month the conditions of the plans that hold on `day` read."""
        return max((contact_days(plan.when.names) for plan in self.on(day)), default=0)

    def contact_days(self, first: date, last: date) -> int:
        """Calendar days that nothing which a contact shows outlasts, of the plans between the days, whatever the
        holidays."""
        held = (plan.rule for plan in self.plans if plan.rule.valid_from <= last)
        current = (rule for rule in held if rule.valid_to is None or rule.valid_to > first)
        shown = (action for rule in current for action in rule.actions if action.kind in CHANNELS_OF)
        return max((action.within.most_days for action in shown), default=0)


class Due(RuleModel):
    """When an action becomes due: exactly one of the three."""

    days_past_due: int | None = Field(default=None, ge=1)
    """When the account reaches so many days past due; once for each time that its arrears begin anew."""
    every_working_days: int | None = Field(default=None, ge=1, le=20)
    """As soon as the account comes under the plan, and so many working days after the last time it was due."""
    after: Literal["broken_promise", "promise", "complaint"] | None = None
    """When a promise is broken or made, or a complaint comes in: once for each."""

    @property
    def stated(self) -> tuple[str, ...]:
        return tuple(name for name in type(self).model_fields if getattr(self, name) is not None)


class Within(RuleModel):
    """How long it may take, the first day included: exactly one of the two."""

    working_days: int | None = Field(default=None, ge=1, le=20)
    """Working days by the calendar of the account's jurisdiction."""
    days: int | None = Field(default=None, ge=1, le=31)
    """Calendar days."""

    @property
    def stated(self) -> tuple[str, ...]:
        return tuple(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def most_days(self) -> int:
        """Calendar days; so many working days lie within them, a long holiday and the weekends included."""
        return self.days or _with_days_off(self.working_days or 0)


class Done(RuleModel):
    """What counts as having done it, on any day on which it is due; one contact may show that several are done."""

    channels: tuple[Literal["call", "bot", "sms", "email", "letter"], ...] = ()
    """Channels of outgoing contacts that count; left out: all of the kind (a call: call and bot). A visit has none."""
    case_types: tuple[Literal["fraud", "restructuring", "legal", "complaint", "rectification"], ...] = ()
    """Types of cases that count when they are opened on the account; for the kind `case`, and needed there."""
    outcome: Literal["attempted", "effective"] = "attempted"
    """attempted: whatever came of it. effective: the debtor was spoken to, or met."""
    by: Literal["owner", "anyone"]
    """owner: only who owns the account on that day. anyone: colleagues, partners and machines too."""


class Action(RuleModel):
    """One thing to be done on every account of the plan."""

    id: str = Code
    """Name in the rows and on work lists."""
    title: str
    """What people read."""
    titles: dict[Literal["vi", "zh"], str] = Field(default_factory=dict)
    """The title in Vietnamese and Chinese; left out: as in `title`."""
    kind: ActionKind
    """What is to be done."""
    due: Due
    """When it becomes due: from the day after the night that finds it."""
    within: Within
    """By when it must be done."""
    done: Done
    """What counts as done."""

    @property
    def proofs(self) -> tuple[str, ...]:
        """What shows that it was done, by the words of `domain.planned.PROOFS`."""
        if self.kind in CHANNELS_OF:
            return self.done.channels or CHANNELS_OF[self.kind]
        return self.done.case_types if self.kind is ActionKind.CASE else (VISIT,)


class PlanRule(Rule):
    """What is done on accounts, in order; several plans hold at a time, and an account follows one of them."""

    titles: dict[Literal["vi", "zh"], str] = Field(default_factory=dict)
    """The title in Vietnamese and Chinese; left out: as in `title`."""
    order: int = Field(ge=1)
    """An account that meets several plans follows the one with the lowest number; no two have the same."""
    match: Literal["first", "unique"]
    """first: it takes its accounts before later plans. unique: an account that meets another plan too follows none."""
    when: str
    """Condition over the columns of accounts, open cases, earlier placements, and tomorrow's owner: `segment`,
    `department_id`, `team_id`, `owner_kind`, `channel`, and `experiment_arm`, such as "two_firms:firm_a". Accounts that
    nobody works follow no plan."""
    withdrawn_when: Withdrawn
    """When what is not done is no longer asked for. leaves_segment: once the account is in another segment, placed with
    a partner or recalled from one, or not worked. leaves_collection: only once nobody works it: cured, held, sold."""
    actions: tuple[Action, ...] = Field(min_length=1)
    """In the order in which people read them."""


class PlanFile(RuleModel):
    """A file of treatment plans."""

    plans: tuple[PlanRule, ...] = ()
    """Versions of plans; the days of one plan's versions do not overlap."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan whose condition is parsed."""

    placed: Placed[PlanRule]
    when: Expression

    @property
    def rule(self) -> PlanRule:
        return self.placed.rule

    @property
    def version(self) -> RuleVersion:
        return self.placed.version


EXPERIMENT_ARM = "experiment_arm"
NO_ARM = "none"

# What conditions may read besides what those of strategies do: who has the account from tomorrow on.
OF_OWNERS: Scope = {
    "owner_kind": Name(ExprType.TEXT, ("employee", "partner")),
    "channel": Name(ExprType.TEXT, ("remind", "phone", "field", "legal", "restructuring")),
    **{name: Name(ExprType.TEXT) for name in ("segment", "department_id", "team_id", EXPERIMENT_ARM)},
}
SCOPE: Scope = {**OF_STRATEGIES, **OF_OWNERS}


def _compile(placed: Placed[PlanRule], scope: Scope) -> tuple[Plan | None, tuple[Issue, ...]]:
    when, faults = parse(placed.rule.when, scope, at=placed.place("when"), expect=ExprType.BOOL)
    actions = range(len(placed.rule.actions))
    faults = (
        *faults,
        *_same_action(placed),
        *(issue for index in actions for issue in _faults_of_dates(placed, index)),
        *(issue for index in actions for issue in _faults_of_proof(placed, index)),
    )
    return (None if when is None or has_errors(faults) else Plan(placed, when)), faults


def _same_action(placed: Placed[PlanRule]) -> Iterator[Issue]:
    seen: dict[str, int] = {}
    for index, action in enumerate(placed.rule.actions):
        if action.id in seen:
            first = placed.place("actions", seen[action.id], "id")
            text = f'action "{action.id}" again; see {first}'
            yield Issue("PLN001", placed.place("actions", index, "id"), text, "Rename one")
        seen.setdefault(action.id, index)


def _faults_of_dates(placed: Placed[PlanRule], index: int) -> Iterator[Issue]:
    action = placed.rule.actions[index]
    for code, key, part in (("PLN002", "due", action.due), ("PLN003", "within", action.within)):
        if len(part.stated) != 1:
            keys = ", ".join(type(part).model_fields)
            found = f"`{key}` of {action.id} states {' and '.join(part.stated) or 'nothing'}"
            yield Issue(code, placed.place("actions", index, key), found, f"State one of {keys}")
    every, lasts = action.due.every_working_days, action.within.working_days
    if every is not None and lasts is not None and lasts > every:
        text = f"{action.id} is due again after {every} working days, before the {lasts} that it may take are over"
        at = placed.place("actions", index, "within", "working_days")
        yield Issue("PLN004", at, text, f"Allow at most {every}, or make it due less often")


def _faults_of_proof(placed: Placed[PlanRule], index: int) -> Iterator[Issue]:
    action = placed.rule.actions[index]
    kind, done = action.kind, action.done
    known = CHANNELS_OF.get(kind, ())
    for number, channel in enumerate(done.channels):
        if channel not in known:
            text = f'"{channel}" is no channel of a {kind}'
            hint = f"Take {', '.join(known)}" if known else "State case_types, and no channels"
            yield Issue("PLN005", placed.place("actions", index, "done", "channels", number), text, hint)
    if (kind is ActionKind.CASE) != bool(done.case_types):
        at = placed.place("actions", index, "done", "case_types")
        found = "does not say cases of which types" if kind is ActionKind.CASE else f"is a {kind}, and no case"
        yield Issue("PLN006", at, f"{action.id} {found}", f"State case_types of a case only: {', '.join(CASE_TYPES)}")
    if done.outcome == "effective" and kind not in {ActionKind.CALL, ActionKind.VISIT}:
        at = placed.place("actions", index, "done", "outcome")
        yield Issue("PLN007", at, f"of a {kind} nobody knows whether it reached the debtor", "Say attempted")


def _same_place(placed: tuple[Placed[PlanRule], ...]) -> Iterator[Issue]:
    for one, two in combinations(sorted(placed, key=lambda each: each.rule.valid_from), 2):
        same = one.rule.order == two.rule.order and one.rule.id != two.rule.id
        if same and one.rule.holds_on(two.rule.valid_from):
            text = f'"{two.rule.id}" has the order {two.rule.order}, as "{one.rule.id}" has; see {one.place("order")}'
            yield Issue("PLN008", two.place("order"), text, "Give each plan a number of its own")


def _faults_of_file(document: Document) -> Iterator[Issue]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("plans"), list):
        yield Issue("PLN009", document.place(("plans",)), "the file has no list `plans`", "Add it")
    for key in data if isinstance(data, dict) else ():
        if key != "plans":
            yield Issue("RUL001", document.key_place((key,)), f'unknown key "{key}"', suggestion(key, ["plans"]))


def _with_days_off(working_days: int) -> int:
    """With a weekend for each week that has begun, and a holiday of nine days."""
    return working_days + 2 * -(-working_days // 5) + 9
