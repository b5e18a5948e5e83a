"""The terms of the register of actions, by kind and law: by when something is done, by whom, and how it may end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

from pydantic import Field, model_validator

from domain.actions import PartyKind, RegisterKind
from domain.deadlines import DayCount
from domain.documents import Document, RuleModel
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.rules import Placed, Rule, RuleKind, RuleVersion, decode_rules

FOLDER = "kpi_rules/actions"
LEADER = "leader"  # of the employee that it is about

Finding = Literal["upheld", "rejected"]
CaseType = Literal["fraud", "restructuring", "legal", "complaint", "rectification"]


def decode_action_terms(
    documents: Iterable[Document], groups: Iterable[str] = ()
) -> tuple[ActionTermsBook, tuple[Issue, ...]]:
    """The terms, and everything that is wrong with them; `groups` are those of approvers that there are."""
    files, known = tuple(documents), tuple(sorted({*groups}))
    placed, issues = decode_rules(files, "action_terms", RuleKind.ACTION_TERMS, ActionTerms)
    found = (
        *(issue for file in files for issue in _faults_of_file(file)),
        *issues,
        *_two_alike(placed),
        *(issue for one in placed for issue in _unknown_groups(one, known)),
    )
    return ActionTermsBook(placed), found


class Deadline(RuleModel):
    """By when it is done."""

    days: int = Field(ge=0, le=3660)
    """So many days; the first of them is the day after the one from which is counted."""
    count: DayCount
    """Calendar days, or working days of the jurisdiction."""
    counted_from: Literal["received", "opened"] = Field(default="received", alias="from")
    """From when it came in, or from when it was entered into the register."""


class WaitingTerms(RuleModel):
    """What holds while somebody else has to do something first."""

    on: PartyKind
    """Who is waited for."""
    stops_clock: bool = False
    """Whether the deadline stands still; what was left of it is left when the waiting ends."""


class Reminders(RuleModel):
    """When whoever has it is reminded."""

    before_days: int = Field(default=3, ge=0, le=90)
    """So many calendar days before the deadline for the first time."""
    every_days: int = Field(default=7, ge=1, le=90)
    """And then every so many days, until it is done."""


class Outcome(RuleModel):
    """One way in which it can end."""

    title: str
    """What people read."""
    titles: dict[Literal["vi", "zh"], str] = Field(default_factory=dict)
    """The same in other languages."""
    finding: Finding | None = None
    """Of complaints: what this outcome finds. An upheld one counts in KPIs, and so in scorecards and pay."""
    needs_approval: bool = False
    """Whether somebody of `approvers`, who has not proposed it, has to approve the closing."""


class Fault(RuleModel):
    """A fault for which a unit of the bank is told about an account that it transferred."""

    title: str
    """What people read."""
    titles: dict[Literal["vi", "zh"], str] = Field(default_factory=dict)
    """The same in other languages."""
    stage: Literal["appraisal", "disbursement", "servicing", "transfer"]
    """In which part of the bank's work it was made."""


class Landed(RuleModel):
    """What of the core system is opened in the register by the nights."""

    table: Literal["complaints", "cases"]
    """The landed table."""
    case_types: tuple[CaseType, ...] = ()
    """Of cases, which."""
    outcomes: dict[str, str] = Field(min_length=1)
    """Which outcome here stands for which finding or outcome there; what is not named there is still open."""
    closes: bool = True
    """Whether what the core system has decided closes an action that nobody has decided here."""


class ActionTerms(Rule):
    """What holds for actions of one kind: their deadline by law, who has them, how they may end."""

    kind: RegisterKind
    """Of which actions."""
    jurisdictions: tuple[str, ...] = ()
    """In which jurisdictions; without it, in those that no other terms of the kind name."""
    codes: tuple[str, ...] = ()
    """For which subtypes, such as types of complaints; without it, for those that no other terms of the kind name."""
    law: str = Field(min_length=1)
    """Where the deadline stands: law, article; or the house's own order."""
    due: Deadline
    """By when."""
    department: str
    """Which department has it."""
    owned_by: str
    """Who has it at first: a name or role, or `leader`, the leader of the employee that it is about."""
    outcomes: dict[str, Outcome] = Field(min_length=1)
    """How it may end."""
    approvers: tuple[str, ...] = ()
    """Groups of incentives/approvals; one of their people approves closings that need it."""
    waiting: tuple[WaitingTerms, ...] = ()
    """For whom it may wait; for anybody else the clock goes on."""
    remind: Reminders = Reminders()
    """When to remind."""
    landed: Landed | None = None
    """What the nights open from the core system; without it, nothing."""
    faults: dict[str, Fault] = Field(default_factory=dict)
    """Of feedback: what may be found."""

    @model_validator(mode="after")
    def _says_who_approves(self) -> ActionTerms:
        needing = sorted(code for code, outcome in self.outcomes.items() if outcome.needs_approval)
        if needing and not self.approvers:
            raise ValueError(f"closing as {', '.join(needing)} needs approval: say by which groups in `approvers`")
        return self

    @model_validator(mode="after")
    def _has_the_outcomes_of_the_source(self) -> ActionTerms:
        here = {*self.outcomes}
        unknown = sorted({*self.landed.outcomes.values()} - here) if self.landed else []
        if unknown:
            raise ValueError(f"landed.outcomes names {', '.join(unknown)}, and outcomes are {', '.join(sorted(here))}")
        return self

    @model_validator(mode="after")
    def _finds_only_of_complaints(self) -> ActionTerms:
        if self.kind is not RegisterKind.COMPLAINT and any(each.finding for each in self.outcomes.values()):
            raise ValueError(f"only complaints have findings, and these are terms of kind {self.kind}")
        if self.kind is not RegisterKind.FEEDBACK and self.faults:
            raise ValueError(f"only feedback names faults, and these are terms of kind {self.kind}")
        return self

    def stops_clock_for(self, party: PartyKind) -> bool:
        return any(each.stops_clock for each in self.waiting if each.on is party)

    def fits(self, jurisdiction: str, code: str) -> bool:
        in_place = not self.jurisdictions or jurisdiction in self.jurisdictions
        return in_place and (not self.codes or code in self.codes)

    @property
    def precision(self) -> tuple[bool, bool]:
        """The most precise terms hold: first those that name the subtype, then those that name the jurisdiction."""
        return bool(self.codes), bool(self.jurisdictions)


class ActionTermsFile(RuleModel):
    """A file of terms of the register."""

    action_terms: tuple[ActionTerms, ...] = ()
    """Versions; of one kind, jurisdiction and subtype one holds at a time."""


@dataclass(frozen=True, slots=True)
class ActionTermsBook:
    placed: tuple[Placed[ActionTerms], ...] = ()

    def on(self, day: date) -> tuple[Placed[ActionTerms], ...]:
        return tuple(each for each in self.placed if each.rule.holds_on(day))

    def terms_of(
        self, kind: RegisterKind, day: date, *, jurisdiction: str = "", code: str = ""
    ) -> Placed[ActionTerms] | None:
        """The most precise terms that hold on the day."""
        fitting = [each for each in self.on(day) if each.rule.kind is kind and each.rule.fits(jurisdiction, code)]
        return max(fitting, key=lambda each: each.rule.precision, default=None)

    def versions(self, day: date) -> tuple[RuleVersion, ...]:
        return tuple(each.version for each in self.on(day))

    def faults_on(self, day: date) -> Mapping[str, Fault]:
        """What feedback may find, by code."""
        return {code: fault for each in self.on(day) for code, fault in each.rule.faults.items()}


def _two_alike(placed: tuple[Placed[ActionTerms], ...]) -> Iterator[Issue]:
    for one, two in combinations(sorted(placed, key=lambda each: (each.rule.valid_from, each.rule.id)), 2):
        a, b = one.rule, two.rule
        if a.id == b.id or a.kind is not b.kind or not a.holds_on(b.valid_from) or a.precision != b.precision:
            continue
        if _share(a.jurisdictions, b.jurisdictions) and _share(a.codes, b.codes):
            text = f'"{b.id}" and "{a.id}" hold for the same {a.kind} on {b.valid_from}; see {one.place("id")}'
            yield Issue("ACT020", two.place("id"), text, "End one, or name other jurisdictions or codes")


def _share(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    return not one or not two or bool({*one} & {*two})


def _unknown_groups(placed: Placed[ActionTerms], known: tuple[str, ...]) -> Iterator[Issue]:
    for index, group in enumerate(placed.rule.approvers):
        if group not in known:
            text = f'no group of approvers is called "{group}"'
            yield Issue("ACT021", placed.place("approvers", index), text, suggestion(group, known))


def _faults_of_file(document: Document) -> Iterator[Issue]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("action_terms"), list):
        hint = "Add it"
        yield Issue("ACT022", document.place(("action_terms",)), "the file has no list `action_terms`", hint)
    for key in data if isinstance(data, dict) else ():
        if key != "action_terms":
            place = document.key_place((key,))
            yield Issue("RUL001", place, f'unknown key "{key}"', suggestion(key, ["action_terms"]))
