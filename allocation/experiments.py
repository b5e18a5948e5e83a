"""Experiments as managers write them: who is drawn by lot, into which arms, until when, and by what they compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from pydantic import Field

from allocation.facts import SCOPE, contact_days
from domain.documents import Document, RuleModel
from domain.expressions import Expression, ExprType, parse
from domain.expressions.parse import suggestion
from domain.issues import Issue, has_errors
from domain.rules import Placed, Rule, RuleKind, RuleVersion, decode_rules, effective

Code = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
FORMS = ("partners", "departments", "usual", "untouched")


def decode_experiments(
    documents: Iterable[Document], segments: Iterable[str] = (), departments: Iterable[str] = ()
) -> tuple[ExperimentBook, tuple[Issue, ...]]:
    """The experiments of the rule files, and everything that is wrong with them; a faulty one is left out.

    `segments` and `departments` are those of the strategies: an experiment may name no others.
    """
    files, known = tuple(documents), _Known(tuple(sorted({*segments})), tuple(sorted({*departments})))
    placed, issues = decode_rules(files, "experiments", RuleKind.EXPERIMENT, ExperimentRule)
    compiled = [_compile(one, known) for one in placed]
    found = (
        *(issue for file in files for issue in _faults_of_file(file)),
        *issues,
        *(issue for _, faults in compiled for issue in faults),
    )
    return ExperimentBook(tuple(each for each, _ in compiled if each is not None)), found


@dataclass(frozen=True, slots=True)
class ExperimentBook:
    experiments: tuple[Experiment, ...] = ()

    def on(self, day: date) -> tuple[Experiment, ...]:
        """Those that hold on `day`, in the order in which they draw: who began first, then by id."""
        held = (each for each in self.experiments if each.rule.holds_on(day))
        return tuple(sorted(held, key=lambda each: (each.rule.valid_from, each.rule.id)))

    def latest(self, experiment: str, day: date) -> Experiment | None:
        """The newest version that has begun by `day`, whether it still holds or not."""
        begun = [each for each in self.experiments if each.rule.id == experiment and each.rule.valid_from <= day]
        return max(begun, key=lambda each: each.rule.valid_from, default=None)

    def versions(self, day: date) -> tuple[RuleVersion, ...]:
        """The versions in force on `day`, as run manifests name them."""
        return tuple(one.version for one in effective((each.placed for each in self.experiments), day).values())

    def contact_days(self, day: date) -> int:
        """How many days of contacts, before the period of the night, the conditions in force on `day` need."""
        return contact_days(self.names(day))

    def names(self, day: date) -> frozenset[str]:
        """Every name that a condition in force on `day` reads."""
        return frozenset().union(*(each.when.names for each in self.on(day) if each.when))

    @property
    def arms(self) -> tuple[str, ...]:
        """Every arm by its full name, whenever it holds."""
        return tuple(sorted({each.named(arm) for each in self.experiments for arm in each.rule.arms}))


class Arm(RuleModel):
    """One way of treating accounts. It states exactly one of `partners`, `departments`, `usual` and `untouched`."""

    id: str = Code
    """Name in the allocation and in results."""
    title: str
    """What people read."""
    probability: Decimal = Field(gt=0, lt=1, decimal_places=2)
    """How many of those who are drawn come into this arm: hundredths; those of all arms sum to 1."""
    partners: tuple[str, ...] = ()
    """Goes to this partner; of several to one of those that may have it and have room, by lot."""
    departments: tuple[str, ...] = ()
    """Goes to a collector of these departments who may have it and has room, by lot."""
    usual: Literal[True] | None = None
    """Decided as if there were no experiment: by the strategy."""
    untouched: str | None = Field(default=None, min_length=1)
    """Nobody works it. The text names what permits that: a law, a policy, a decision."""

    @property
    def forms(self) -> tuple[str, ...]:
        return tuple(name for name in FORMS if getattr(self, name))

    @property
    def is_given(self) -> bool:
        """Whether it has destinations of its own."""
        return bool(self.partners or self.departments)


class Strata(RuleModel):
    """What those among whom lots are drawn are alike in, besides the currency."""

    by: tuple[Literal["segment", "product", "region", "language", "jurisdiction"], ...] = ()
    """Of a debtor the account that is longest overdue decides."""
    balance_from: tuple[Decimal, ...] = ()
    """Where bands of the balance begin, besides the one that begins with 0; in the account's currency."""


class Outcome(RuleModel):
    """By what the arms are compared."""

    measure: Literal["recovered_of_overdue", "recovered_of_balance", "paid"]
    """recovered_…: money posted, without waivers, of what was overdue, or of the balance, on the night of the draw.
    paid: debtors who paid anything, of all."""
    days: int = Field(ge=1, le=365)
    """For so many days from the day after the draw."""


class ExperimentRule(Rule):
    """Debtors drawn by lot and treated by arms, so that only the treatment differs; several may hold at a time."""

    salt: str = Field(min_length=4)
    """Decides the lots together with the debtor's id; another text draws others."""
    segments: tuple[str, ...] = ()
    """Segments of the strategy; left out: all that are worked."""
    when: str | None = None
    """Condition over what strategies' conditions read; left out: all."""
    share: Decimal | None = Field(default=None, gt=0, le=1)
    """Share of the debtors that is drawn, each on the first night on which they could be. Either this or `debtors`."""
    debtors: int | None = Field(default=None, gt=0)
    """How many debtors are drawn: from all strata alike, and later ones until there are so many."""
    strata: Strata = Strata()
    """Within what the arms are kept in balance."""
    capacity_share: Decimal | None = Field(default=None, gt=0, le=1)
    """Share of the capacity of each destination of an arm that the experiment may have, and that is kept for it for as
    long as it draws."""
    draws_until: date
    """Last business date on which debtors are drawn."""
    arms: tuple[Arm, ...] = Field(min_length=2)
    """What they are drawn into."""
    champion: str
    """The arm that the others are compared with."""
    outcome: Outcome
    """What is compared."""


class ExperimentFile(RuleModel):
    """A file of experiments."""

    experiments: tuple[ExperimentRule, ...] = ()
    """Versions of experiments; the days of one experiment's versions do not overlap."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment whose condition is parsed."""

    placed: Placed[ExperimentRule]
    when: Expression | None

    @property
    def rule(self) -> ExperimentRule:
        return self.placed.rule

    @property
    def version(self) -> RuleVersion:
        return self.placed.version

    def named(self, arm: Arm) -> str:
        return f"{self.rule.id}:{arm.id}"

    def draws_on(self, day: date) -> bool:
        return day <= self.rule.draws_until


@dataclass(frozen=True, slots=True)
class _Known:
    segments: tuple[str, ...]
    departments: tuple[str, ...]


def _compile(placed: Placed[ExperimentRule], known: _Known) -> tuple[Experiment | None, tuple[Issue, ...]]:
    when: Expression | None = None
    unparsed: tuple[Issue, ...] = ()
    if placed.rule.when is not None:
        when, unparsed = parse(placed.rule.when, SCOPE, at=placed.place("when"), expect=ExprType.BOOL)
    faults = (
        *unparsed,
        *_faults_of_size(placed),
        *_faults_of_window(placed),
        *_faults_of_segments(placed, known.segments),
        *_faults_of_departments(placed, known.departments),
        *_faults_of_bands(placed),
        *_faults_of_arms(placed),
        *_faults_of_capacity(placed),
    )
    return (None if has_errors(faults) else Experiment(placed, when)), faults


def _faults_of_size(placed: Placed[ExperimentRule]) -> Iterator[Issue]:
    rule = placed.rule
    if (rule.share is None) == (rule.debtors is None):
        found = "neither `share` nor `debtors`" if rule.share is None else "both `share` and `debtors`"
        at = placed.place("id" if rule.share is None else "debtors")
        yield Issue("ARM001", at, f'"{rule.id}" states {found}', "State one: how many are drawn")


def _faults_of_window(placed: Placed[ExperimentRule]) -> Iterator[Issue]:
    rule = placed.rule
    if rule.valid_to is None:
        yield Issue("ARM002", placed.place("id"), f'"{rule.id}" has no end', "State valid_to: until then lots hold")
        return
    if not rule.valid_from <= rule.draws_until < rule.valid_to:
        text = f"draws_until {rule.draws_until} is not between {rule.valid_from} and {rule.valid_to}"
        yield Issue("ARM003", placed.place("draws_until"), text, "Draw while the experiment holds")
        return
    known = rule.draws_until + timedelta(days=rule.outcome.days)
    if known >= rule.valid_to:
        text = f"the outcome of those drawn on {rule.draws_until} is known on {known}, when lots no longer hold"
        hint = f"End on {known + timedelta(days=1)} or later, draw for a shorter time, or measure fewer days"
        yield Issue("ARM004", placed.place("valid_to"), text, hint)


def _faults_of_segments(placed: Placed[ExperimentRule], known: tuple[str, ...]) -> Iterator[Issue]:
    for index, segment in enumerate(placed.rule.segments):
        if segment not in known:
            at = placed.place("segments", index)
            yield Issue("ARM005", at, f'no strategy has a segment "{segment}"', suggestion(segment, known))


def _faults_of_departments(placed: Placed[ExperimentRule], known: tuple[str, ...]) -> Iterator[Issue]:
    for index, arm in enumerate(placed.rule.arms):
        for number, department in enumerate(arm.departments):
            if department not in known:
                at = placed.place("arms", index, "departments", number)
                text = f'no segment of a strategy is worked by a department "{department}"'
                yield Issue("ARM013", at, text, suggestion(department, known))


def _faults_of_bands(placed: Placed[ExperimentRule]) -> Iterator[Issue]:
    starts = placed.rule.strata.balance_from
    if any(low >= high for low, high in pairwise((Decimal(0), *starts))):
        text = "bands of the balance begin above 0, each above the one before"
        yield Issue("ARM006", placed.place("strata", "balance_from"), text, "Put them in order")


def _faults_of_arms(placed: Placed[ExperimentRule]) -> Iterator[Issue]:
    arms, seen = placed.rule.arms, set[str]()
    for index, arm in enumerate(arms):
        if arm.id in seen:
            yield Issue("ARM007", placed.place("arms", index, "id"), f'arm "{arm.id}" again', "Rename one")
        seen.add(arm.id)
        if len(arm.forms) != 1:
            text = f'arm "{arm.id}" states {" and ".join(arm.forms) or "nothing"}'
            yield Issue("ARM008", placed.place("arms", index, "id"), text, f"State one of {', '.join(FORMS)}")
    whole = sum((arm.probability for arm in arms), Decimal(0))
    if whole != 1:
        yield Issue("ARM009", placed.place("arms"), f"the probabilities of the arms sum to {whole}", "They sum to 1")
    if placed.rule.champion not in seen:
        text = f'no arm is called "{placed.rule.champion}"'
        yield Issue("ARM010", placed.place("champion"), text, suggestion(placed.rule.champion, sorted(seen)))


def _faults_of_capacity(placed: Placed[ExperimentRule]) -> Iterator[Issue]:
    rule = placed.rule
    if any(arm.is_given for arm in rule.arms) != (rule.capacity_share is not None):
        needs = rule.capacity_share is None
        found = "does not say which share of their capacity it may have" if needs else "has no destination of its own"
        hint = "Add capacity_share, such as 0.10" if needs else "Take capacity_share out"
        at = placed.place("arms" if needs else "capacity_share")
        yield Issue("ARM011", at, f'"{rule.id}" {found}', hint)


def _faults_of_file(document: Document) -> Iterator[Issue]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("experiments"), list):
        yield Issue("ARM012", document.place(("experiments",)), "the file has no list `experiments`", "Add it")
    for key in data if isinstance(data, dict) else ():
        if key != "experiments":
            yield Issue("RUL001", document.key_place((key,)), f'unknown key "{key}"', suggestion(key, ["experiments"]))
