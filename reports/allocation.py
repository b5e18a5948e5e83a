"""The report of an allocation: what it is worth, how near to the best it is, who got what, and who lost what, and why.

Amounts that are not balances are estimates, reckoned in the strategy's comparison currency; nobody is paid by them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from allocation.destinations import RefusedPartner
from allocation.got import Got, Spread, teams_of, together_of
from allocation.limit_costs import LimitCost, Without
from allocation.moves import CAPACITY, NOBODY, Move, Why, counted, showing
from allocation.problem import Violation
from allocation.shortages import NO_CAPACITY, Shortage
from domain.ids import RunId
from domain.money import MINOR_DIGITS, Rounding, round_to
from domain.records import Grain
from reports.fairness import FairnessOfNight, fairness_report
from reports.formats import Formats
from reports.languages import Language, message, words_of
from reports.partner_pack import LEGAL_TYPES
from reports.plots import Dot, Dots
from reports.scopes import Posting, Scope
from reports.sections import Card, Heading, Name, Number, Report, Row, Section, Shape, TieOut, Value, percent_of
from reports.views import HEAD, LEADER

MOST_DOTS = 60
MOVES_ON_PAGE = 50
EXAMPLES = 3
MINUTES_PER_HOUR = 60

WHYS: Mapping[Why, str] = {
    Why.BY_LEADERS: message("a leader decided so: an override or a handover begins or is over"),
    Why.LEFT_THE_BOOK: message("it has left the book"),
    Why.EXCLUDED: message("it has left collection"),
    Why.HELD: message("it must not be worked for now"),
    Why.EXPERIMENT: message("drawn by lot in an experiment"),
    Why.PLACED: message("a placement with the partner runs"),
    Why.NEW: message("a new account"),
    Why.TAKEN_UP: message("nobody worked it the day before"),
    Why.OWNER_GONE: message("its owner left, is away for long, or has no contract"),
    Why.RECALLED: message("it was recalled from the partner"),
    Why.ROTATED: message("rotation: another collector must have it"),
    Why.BARRED: message("its owner must not have it: a conflict, or placed there too often"),
    Why.ESCALATED: message("a rule of escalation took it to another segment"),
    Why.SEGMENT: message("it is in another segment, which its owner does not work"),
    Why.NOT_ELIGIBLE: message("its owner may not have it any more"),
    Why.TOGETHER: message("all accounts of its debtor go to one owner"),
    Why.NO_DESTINATION: message("nobody may work it"),
    Why.BETTER: message("it brings more there, beyond the switching cost"),
    Why.FAIR: message("the fairness band: members of a team are given about the same"),
    Why.LIMIT: message("the room at its owner, or what somebody must have, is worth more than it brings there"),
}
_DETAILS: Mapping[tuple[Why, str], str] = {
    (Why.OWNER_GONE, "long_leave"): message("long leave"),
    (Why.OWNER_GONE, "not_posted"): message("no collector with a posting any more"),
    (Why.OWNER_GONE, "no_contract"): message("no contract"),
    (Why.NOT_ELIGIBLE, "department"): message("works in another department"),
    (Why.NOT_ELIGIBLE, "skills"): message("lacks a skill"),
    (Why.NOT_ELIGIBLE, "licences"): message("lacks a licence"),
    (Why.NOT_ELIGIBLE, "jurisdiction"): message("another jurisdiction"),
    (Why.NOT_ELIGIBLE, "legal_type"): message("the law does not let the partner collect"),
    (Why.NOT_ELIGIBLE, "suspended"): message("the partner is suspended: no new placements"),
    (Why.NOT_ELIGIBLE, "consent"): message("the debtor has not agreed"),
    (Why.NOT_ELIGIBLE, "no_partners"): message("goes to no partner"),
    (Why.RECALLED, "cooling_off"): message("cools off"),
    (Why.RECALLED, "standing"): message("the partner is suspended: what it has comes back"),
    (Why.LIMIT, CAPACITY): message("capacity of its owner"),
    (Why.BARRED, "conflict"): message("conflict"),
    (Why.BARRED, "placed_before"): message("placed there too often"),
}
_LIMITS: Mapping[Without, str] = {
    Without.MINIMUMS: message("minimums of quotas"),
    Without.SWITCHING_COST: message("switching cost"),
    Without.KEPT_OWNERS: message("accounts that stay with their owner"),
    Without.FAIRNESS: message("fairness band in force"),
}
_SHORT_OF_CAPACITY = message(
    "Segment %(segment)s: at most %(workable)s of %(of)s accounts can be worked: whoever may work %(accounts)s of them "
    "has no capacity (%(who)s)"
)
_DEBTORS_TOO_LARGE = message(
    "Segment %(segment)s: debtors with more accounts than anybody has room for (%(who)s): %(debtors)s, with "
    "%(accounts)s accounts; the largest, %(largest)s, asks %(asked)s, and %(room)s is the most that anybody has"
)
_WITH_MINUTES = message("%(accounts)s (%(minutes)s minutes)")
_REFUSED = {
    "legal_type": message("none: the law of %(where)s does not let it collect (%(type)s)"),
    "no_contract": message("none: no contract is in force"),
    "several_contracts": message("none: several contracts hold, and none is more specific"),
}
_DISPOSITIONS = {"allocated": message("allocated"), "held": message("held"), "excluded": message("excluded")}


_NOTHING = Got("", "", "", 0, (), 0.0, None)


@dataclass(frozen=True, slots=True)
class PricedLimit:
    """What one more of a limit would bring: `name` as the solver calls it, `price` for one account, minute or unit of
    balance (below zero: what one less of a minimum would); `used` of `capacity`, where it is a destination's."""

    name: str
    price: Decimal
    department: str = ""
    team: str = ""
    capacity: int | None = None
    used: int | None = None


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """A bank's own score: whether accounts are allocated by it, how many have it, how many go by our rates alone, and
    how many lines of it are too old or of a day to come."""

    name: str
    is_used: bool
    accounts: int
    without: int
    not_usable: int


@dataclass(frozen=True, slots=True)
class AllocationFacts:
    """What the night of `business_date` decided for the days from `valid_from` on. `currency` is what estimates are
    reckoned in; `again` the value that solving the same night once more finds. `disposed` are (disposition, accounts),
    `decided` the rows of the allocation, `segments` (id, title, disposition, accounts), `titles` those of departments.
    `lapsed` are decisions of leaders that could not hold, `shortages` what nobody has room for, `unknown` who the
    strategy names and no extract has, `refused` partners that get nothing new by law or contract, `outside` who lies
    outside the fairness band all the same.
    """

    business_date: date
    valid_from: date
    run: RunId
    strategy: str
    currency: str
    by_minutes: bool
    value: Decimal
    bound: Decimal
    gap: Decimal
    again: Decimal
    book: int
    disposed: tuple[tuple[str, int], ...]
    decided: int
    segments: tuple[tuple[str, str, str, int], ...]
    unkept: tuple[Violation, ...]
    prices: tuple[PricedLimit, ...]
    got: tuple[Got, ...]
    spreads: tuple[Spread, ...]
    costs: tuple[LimitCost, ...]
    moves: tuple[Move, ...]
    titles: Mapping[str, str]
    fairness: FairnessOfNight | None = None
    score: ScoreCounts | None = None
    owner: str = ""
    lapsed: tuple[str, ...] = ()
    shortages: tuple[Shortage, ...] = ()
    unknown: tuple[str, ...] = ()
    refused: tuple[RefusedPartner, ...] = ()
    outside: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    book_label: str = ""

    @property
    def postings(self) -> tuple[Posting, ...]:
        """The collectors who have accounts, or had some the day before, as people of their teams: what reports are cut
        by."""
        now = {(one.key, one.department, one.team) for one in self.got if one.team}
        before = {(one.from_owner, one.from_department, one.from_team) for one in self.moves if one.from_team}
        rows = sorted({*now, *before})
        return tuple(Posting(key.partition(":")[2], department, team, "collector") for key, department, team in rows)


def allocation_report(facts: AllocationFacts, language: Language, scope: Scope = Scope()) -> Report:  # noqa: B008
    """The whole book's, a department's or a team's; these two have no value and bound, which are of the whole."""
    return _Writer(facts, language, scope).report()


@dataclass(frozen=True, slots=True)
class _Writer:
    facts: AllocationFacts
    language: Language
    scope: Scope

    def say(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    @property
    def formats(self) -> Formats:
        return Formats(self.language)

    @property
    def is_whole(self) -> bool:
        return self.scope.grain is Grain.PORTFOLIO

    def holds(self, department: str, team: str) -> bool:
        if self.scope.grain is Grain.TEAM:
            return team == self.scope.name
        return self.is_whole or department == self.scope.name

    def report(self) -> Report:
        _, facts = words_of(self.language).gettext, self.facts
        audience = {Grain.TEAM: self.say(LEADER), Grain.DEPARTMENT: self.say(HEAD)}.get(
            self.scope.grain, _("heads of departments and of collections, and auditors")
        )
        whole = (self.violations(), self.segments()) if self.is_whole else ()
        return Report(
            name="allocation",
            title=_("Allocation"),
            business_date=facts.business_date,
            scope=self.scope.name,
            owner=facts.owner,
            audience=audience,
            runs=(facts.run,),
            cards=tuple(self.cards()),
            sections=(
                *whole,
                self.teams(),
                self.people(),
                *((self.partners(),) if self.is_whole else ()),
                self.prices(),
                *((self.costs(), *self.fairness()) if self.is_whole else ()),
                self.reasons(),
                self.list_of_moves(),
            ),
            tie_outs=tuple(self.tie_outs()) if self.is_whole else (),
            warnings=tuple(self.warnings()),
            book_label=facts.book_label,
            facts=(
                (_("Holds from"), self.formats.day(facts.valid_from)),
                (_("Strategy"), facts.strategy),
                *self.score(),
            ),
        )

    def score(self) -> Iterator[tuple[str, str]]:
        """Whether a bank's own score counts, and for how many accounts."""
        _, score, count = words_of(self.language).gettext, self.facts.score, self.formats.count
        if score is not None:
            counts = _(
                "%(name)s counts: %(with)s accounts have it, %(without)s go by our rates alone; not usable: %(old)s"
            )
            beside = _("%(name)s beside our rates: %(with)s accounts have it, %(without)s do not; not usable: %(old)s")
            figures = {"with": score.accounts, "without": score.without, "old": score.not_usable}
            told = {"name": score.name, **{name: count(number) for name, number in figures.items()}}
            yield _("Score"), (counts if score.is_used else beside) % told

    def cards(self) -> Iterator[Card]:
        _, facts = words_of(self.language).gettext, self.facts
        if self.is_whole:
            bound = _("no allocation brings more than %(bound)s: %(gap)s below it") % {
                "bound": self.formats.amount(self.whole(facts.bound), facts.currency),
                "gap": f"{facts.gap:.1e}",
            }
            yield Card(_("Value (estimate)"), self.money(facts.value), bound)
            yield Card(_("Limits not kept"), Number(len(facts.unkept), tone="bad" if facts.unkept else "good"))
        mine = [one for one in facts.got if self.holds(one.department, one.team)]
        accounts = sum(one.accounts for one in mine)
        note = _("of %(book)s in the book") % {"book": self.formats.count(facts.book)} if self.is_whole else ""
        yield Card(_("Accounts that somebody works"), Number(accounts), note)
        yield Card(_("Accounts that changed hands"), Number(len(self.moves())))
        worst = max((one for one in self.spreads() if one.ratio), key=lambda one: one.ratio or 0, default=None)
        if worst is not None:
            title = _("Expected value per minute: highest beside lowest in a team")
            yield Card(title, _number(worst.ratio), _("the widest: %(team)s") % {"team": worst.team})

    def warnings(self) -> Iterator[str]:
        if self.facts.again != self.facts.value:
            yield self.say(
                message(
                    "Solved again, the night comes to another value: the program has changed since. What was decided "
                    "stands; what limits cost is found by today's program."
                )
            )
        yield from self.facts.warnings
        if self.facts.outside and self.is_whole:
            who = ", ".join(self.who(key) for key in self.facts.outside)
            yield self.say(message("Outside the fairness band all the same: %(who)s")) % {"who": who}
        for shortage in self.facts.shortages if self.is_whole else ():
            yield self.shortage(shortage)
        if self.facts.unknown and self.is_whole:
            told = {"day": self.facts.business_date.isoformat(), "it": ", ".join(self.facts.unknown)}
            yield self.say(message("The strategy names who is not in the extracts of %(day)s: %(it)s")) % told
        for each in self.facts.lapsed if self.is_whole else ():
            yield self.say(
                message("A decision of leaders could not hold, for who got the accounts gets none: %(it)s")
            ) % {"it": each}

    def shortage(self, one: Shortage) -> str:
        count = self.formats.count
        told = {"segment": one.segment, "who": one.who, "of": count(one.of)}
        if one.code == NO_CAPACITY:
            accounts, workable = self.with_minutes(one, one.accounts), count(one.of - one.accounts)
            return self.say(_SHORT_OF_CAPACITY) % {**told, "accounts": accounts, "workable": workable}
        numbers = {"debtors": count(one.debtors), "accounts": count(one.accounts), "largest": one.largest}
        asked, room = (self.with_minutes(one, each) for each in (one.asked, one.room))
        return self.say(_DEBTORS_TOO_LARGE) % {**told, **numbers, "asked": asked, "room": room}

    def with_minutes(self, one: Shortage, accounts: int) -> str:
        count = self.formats.count
        if not one.minutes:
            return count(accounts)
        return self.say(_WITH_MINUTES) % {"accounts": count(accounts), "minutes": count(accounts * one.minutes)}

    def violations(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _(
            "What the strategy asks for and the night could not keep, and by how much. Minimums that cannot be met are "
            "met as far as possible; capacities are passed only by accounts that stay where they are: running "
            "placements, and owners that the strategy or leaders keep."
        )
        headings = (
            Heading(_("Limit"), is_number=False), Heading(_("Asked")), Heading(_("Reached")), Heading(_("Difference")),
            Heading(_("In words"), is_number=False),
        )  # fmt: skip
        rows = tuple(self.violation(one) for one in self.facts.unkept)
        return Section("limits", _("Limits not kept"), rule, headings, rows, _("Every limit is kept."))

    def violation(self, one: Violation) -> Row:
        _ = words_of(self.language).gettext
        text = (
            _("%(num)s too few: more are not eligible, or have no room") if one.missing > 0 else _("%(num)s too many")
        )
        difference = Number(one.reached - one.asked, is_signed=True, tone="bad")
        told = text % {"num": self.formats.count(abs(one.missing))}
        return Row((self.limit(one.limit), Number(one.asked), Number(one.reached), difference, told))

    def segments(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _("Every account of the book once: allocated, held or excluded.")
        headings = (
            Heading(_("Segment"), is_number=False), Heading(_("What happens"), is_number=False), Heading(_("Accounts")),
            Heading(_("Share")),
        )  # fmt: skip
        rows = tuple(
            Row((Name(title or _("none"), segment), self.say(_DISPOSITIONS[kind]), Number(count), self.share(count)))
            for segment, title, kind, count in self.facts.segments
        )
        whole = Row((_("Book"), "", Number(self.facts.book), self.share(self.facts.book)), "total")
        return Section("segments", _("What happens to the book"), rule, headings, (*rows, whole))

    def share(self, accounts: int) -> Number:
        return percent_of(accounts, self.facts.book)

    def teams(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _(
            "Running placements included. Expected value is what the accounts are expected to bring whoever works "
            "them; minutes are those of a month that the segments state. From the lowest to the highest collector of "
            "the team, per minute of work: who is measured beside others should have had accounts like theirs."
        )
        headings = (
            Heading(_("Team"), is_number=False), Heading(_("Department"), is_number=False), Heading(_("Collectors")),
            Heading(_("Accounts")), *self.balance_headings(), Heading(_("Expected value"), note=self.facts.currency),
            Heading(_("Minutes")), Heading(_("Per minute")), Heading(_("Lowest")), Heading(_("Highest")),
            Heading(_("Highest ÷ lowest")),
        )  # fmt: skip
        return Section(
            "teams", _("Who got what: teams"), rule, headings, tuple(self.team_rows()),
            _("No collector works an account."), tuple(self.plots()),
        )  # fmt: skip

    def team_rows(self) -> Iterator[Row]:
        known = {(one.department, one.team): one for one in self.spreads()}
        for (department, team), members in teams_of(self.mine()).items():
            whole, spread = together_of(members, key=team), known.get((department, team))
            ends = (spread.lowest.per_minute, spread.highest.per_minute) if spread else (None, None)
            cells: tuple[Value, ...] = (
                team, self.department(department), Number(len(members)), *self.amounts(whole), *map(self.rate, ends),
                _number(spread.ratio if spread else None),
            )  # fmt: skip
            yield Row(cells)

    def people(self) -> Section:
        _ = words_of(self.language).gettext
        headings = (
            Heading(_("Collector"), is_number=False), Heading(_("Team"), is_number=False), Heading(_("Accounts")),
            *self.balance_headings(), Heading(_("Expected value"), note=self.facts.currency), Heading(_("Minutes")),
            Heading(_("Per minute")), Heading(_("Beside the team")),
        )  # fmt: skip
        mean = {(one.department, one.team): one.mean for one in self.facts.spreads}
        rows = tuple(
            Row(
                (
                    one.key.partition(":")[2],
                    one.team,
                    *self.amounts(one),
                    self.beside(one, mean.get((one.department, one.team))),
                )
            )
            for one in self.mine()
            if one.team
        )
        rule = _("Beside the team: value per minute ÷ that of the whole team.")
        empty = _("No collector works an account.")
        return Section("people", _("Who got what: collectors"), rule, headings, rows, empty, shown=MOVES_ON_PAGE)

    def partners(self) -> Section:
        _ = words_of(self.language).gettext
        headings = (
            Heading(_("Partner"), is_number=False), Heading(_("Accounts")), *self.balance_headings(),
            Heading(_("Expected value"), note=self.facts.currency), Heading(_("New accounts"), is_number=False),
        )  # fmt: skip
        refused = {one.partner: self.refusal(one) for one in self.facts.refused}
        having = {one.key.partition(":")[2]: one for one in self.facts.got if not one.team}
        rows = tuple(
            Row((partner, *self.amounts(having.get(partner, _NOTHING))[:-2], refused.get(partner, "")))
            for partner in (*having, *(each for each in refused if each not in having))
        )
        rule = _(
            "Running placements included. What the partner keeps is not taken off. New accounts: why a partner gets "
            "none, by the law or for want of a contract; what runs there stays to its end."
        )
        return Section("partners", _("Who got what: partners"), rule, headings, rows, _("No partner has an account."))

    def refusal(self, one: RefusedPartner) -> str:
        """Why it gets nothing new, in the reader's language."""
        told = {"where": one.jurisdiction, "type": self.say(LEGAL_TYPES.get(one.legal_type, one.legal_type))}
        return self.say(_REFUSED.get(one.code, one.code)) % told

    def prices(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _(
            "What one more of it would bring in a month, in expected recovery beyond what is expected now: upper "
            "estimates, for the first one brings most. Of what is not listed, more brings nothing."
        )
        headings = (
            Heading(_("Whose capacity"), is_number=False), Heading(_("Used")), Heading(_("Of")),
            Heading(_("Price"), note=self.facts.currency), Heading(_("In words"), is_number=False),
        )  # fmt: skip
        rows = (*self.prices_of_teams(), *(self.price_row(one) for one in self.priced() if not one.team))
        return Section(
            "prices",
            _("What more capacity would bring"),
            rule,
            headings,
            rows,
            _("More capacity would bring nothing anywhere."),
        )

    def priced(self) -> list[PricedLimit]:
        mine = (one for one in self.facts.prices if self.holds(one.department, one.team))
        return sorted((one for one in mine if one.price), key=lambda one: (-abs(one.price), one.name))

    def prices_of_teams(self) -> Iterator[Row]:
        """A team is worth what its dearest collector's room is: there one more would go first."""
        _, unit = words_of(self.language).gettext, MINUTES_PER_HOUR if self.facts.by_minutes else 1
        one_more = _("one more hour at %(who)s (%(team)s) brings up to %(amount)s") if self.facts.by_minutes else _(
            "room for one more account at %(who)s (%(team)s) brings up to %(amount)s"
        )  # fmt: skip
        found: defaultdict[tuple[str, str], list[PricedLimit]] = defaultdict(list)
        for one in self.facts.prices:
            if one.team and self.holds(one.department, one.team):
                found[one.department, one.team].append(one)
        dearest = {at: max(those, key=lambda one: (one.price, one.name)) for at, those in found.items()}
        for at in sorted((at for at in dearest if dearest[at].price), key=lambda at: (-dearest[at].price, at)):
            best, price = dearest[at], self.whole(dearest[at].price * unit)
            used, capacity = (sum(getattr(one, name) or 0 for one in found[at]) for name in ("used", "capacity"))
            told = one_more % {
                "who": best.name.partition(":")[2],
                "team": at[1],
                "amount": self.formats.amount(price, self.facts.currency),
            }
            yield Row((at[1], Number(used), Number(capacity), self.money(price), told))

    def price_row(self, one: PricedLimit) -> Row:
        _ = words_of(self.language).gettext
        text = _("one more would bring up to %(amount)s") if one.price > 0 else _(
            "one less that must be there would bring up to %(amount)s"
        )  # fmt: skip
        told = text % {"amount": self.formats.amount(self.whole(abs(one.price)), self.facts.currency)}
        return Row((self.limit(one.name), Number(one.used), Number(one.capacity), self.money(one.price), told))

    def costs(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _(
            "The same night solved again without the limit: what all accounts would be expected to bring then, net of "
            "what partners keep and what work costs, without switching costs, beside what they bring as decided. "
            "Nothing stands where the solver finds nothing better without it."
        )
        headings = (
            Heading(_("Limit"), is_number=False), Heading(_("As decided"), note=self.facts.currency),
            Heading(_("Without it"), note=self.facts.currency), Heading(_("It costs"), note=self.facts.currency),
            Heading(_("Of the value")), Heading(_("Accounts that would go elsewhere")),
        )  # fmt: skip
        return Section("costs", _("What limits cost"), rule, headings, tuple(map(self.cost_row, self.facts.costs)))

    def cost_row(self, one: LimitCost) -> Row:
        title = self.say(_LIMITS[one.limit])
        if not one.is_set:
            none = self.say(message("not set, or nothing it holds for"))
            return Row((Name(title), self.money(_decimal(one.value)), none, Number(None), Number(None), Number(None)))
        share = Number(_decimal(one.cost / one.value) if one.value > 0 else None, Shape.SHARE)
        amounts = tuple(self.money(_decimal(each)) for each in (one.value, one.without, one.cost))
        return Row((Name(title), *amounts, share, Number(one.accounts)))

    def fairness(self) -> tuple[Section, ...]:
        """What several bands would cost, as `recoup fairness` shows it; nothing where nobody can be compared."""
        found = self.facts.fairness
        return () if found is None else fairness_report(found, self.language).sections[:1]

    def reasons(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _(
            "Accounts that somebody else works than the day before, or nobody any more. Where several reasons hold, "
            "the one counts that would have moved it by itself, in the order of this table."
        )
        headings = (
            Heading(_("Why"), is_number=False), Heading(_("More exactly"), is_number=False), Heading(_("Accounts")),
            Heading(_("Share")), Heading(_("For example"), is_number=False),
        )  # fmt: skip
        mine = self.moves()
        examples: defaultdict[tuple[Why, str], list[str]] = defaultdict(list)
        for move in mine:
            examples[move.why, showing(move)].append(f"{move.account_id} {' → '.join(self.sides(move))}")
        rows = tuple(
            Row(
                (
                    Name(self.say(WHYS[why])),
                    self.detail(why, detail),
                    Number(accounts),
                    percent_of(accounts, len(mine)),
                    "; ".join(examples[why, detail][:EXAMPLES]),
                )
            )
            for why, detail, accounts in counted(mine)
        )
        whole = (Row((_("All"), "", Number(len(mine)), percent_of(len(mine), len(mine)), ""), "total"),) if mine else ()
        empty = _("No account changed hands.")
        return Section("reasons", _("What changed hands, and why"), rule, headings, (*rows, *whole), empty)

    def list_of_moves(self) -> Section:
        _ = words_of(self.language).gettext
        headings = (
            Heading(_("Account"), is_number=False), Heading(_("From"), is_number=False),
            Heading(_("To"), is_number=False), Heading(_("Segment before"), is_number=False),
            Heading(_("Segment"), is_number=False), Heading(_("Why"), is_number=False),
            Heading(_("More exactly"), is_number=False), Heading(_("Balance")), Heading(_("Currency"), is_number=False),
            Heading(_("Brings more there"), note=self.facts.currency),
        )  # fmt: skip
        rule = _(
            "recoup explain allocation says of each account who else could have had it. Brings more there: the new "
            "place beside the old one, switching cost taken off, where both were open to it; below zero where the old "
            "place had no room for it."
        )
        rows = tuple(map(self.move_row, self.moves()))
        title = _("Every account that changed hands")
        return Section("moves", title, rule, headings, rows, _("No account changed hands."), shown=MOVES_ON_PAGE)

    def move_row(self, one: Move) -> Row:
        gain = None if one.gain_estimate is None else self.whole(_decimal(one.gain_estimate))
        balance = Number(one.balance, Shape.MONEY, one.currency) if one.currency else Number(None)
        return Row(
            (
                one.account_id,
                *self.sides(one),
                one.segment_before or "–",
                one.segment or "–",
                Name(self.say(WHYS[one.why])),
                self.detail(one.why, one.detail),
                balance,
                one.currency or "–",
                Number(gain, Shape.MONEY, self.facts.currency, is_signed=True),
            )
        )

    def sides(self, one: Move) -> tuple[str, str]:
        """From whom and to whom; of people elsewhere a leader reads the team alone."""
        before = (one.from_owner, one.from_department, one.from_team)
        now = (one.to_owner, one.to_department, one.to_team)
        return self.side(*before), self.side(*now)

    def side(self, owner: str, department: str, team: str) -> str:
        return team if team and not self.holds(department, team) else self.who(owner)

    def detail(self, why: Why, detail: str) -> str:
        is_somebodys = why is Why.LIMIT and detail.startswith("employee:")
        known = _DETAILS.get((why, CAPACITY if is_somebodys and not self.is_whole else detail))
        if known is not None:
            return self.say(known)
        return self.limit(detail) if why is Why.LIMIT else detail or "–"

    def who(self, key: str) -> str:
        return key.partition(":")[2] if key != NOBODY else self.say(message("nobody"))

    def limit(self, name: str) -> str:
        """A limit in words: a destination's capacity, what partners share of a segment, a quota."""
        kind, _, rest = name.partition(":")
        if kind in {"employee", "partner"}:
            return self.say(message("capacity of %(who)s")) % {"who": rest}
        if kind == "partners":
            return self.say(message("what partners may have of %(segment)s")) % {"segment": rest}
        if kind == "quota":
            partner, segments, by = rest.rsplit(":", 2)
            measure = self.say(message("by balance") if by == "balance" else message("by accounts"))
            told = {"partner": partner, "segments": segments.replace("+", ", "), "by": measure}
            return self.say(message("quota of %(partner)s, %(segments)s, %(by)s")) % told
        return name

    def tie_outs(self) -> Iterator[TieOut]:
        _, facts = words_of(self.language).gettext, self.facts
        disposed = sum(accounts for _kind, accounts in facts.disposed)
        yield TieOut(
            _("Accounts: allocated, held and excluded, beside the rows"), Number(disposed), Number(facts.decided)
        )
        here, there = self.money(facts.value), self.money(facts.again)
        yield TieOut(_("Value (estimate): as the night kept it, beside the same night solved again"), here, there)

    def mine(self) -> Sequence[Got]:
        return [one for one in self.facts.got if self.holds(one.department, one.team)]

    def spreads(self) -> Sequence[Spread]:
        return [one for one in self.facts.spreads if self.holds(one.department, one.team)]

    def moves(self) -> list[Move]:
        """Those of the scope: who lost an account, or got it."""
        return [
            one
            for one in self.facts.moves
            if self.holds(one.from_department, one.from_team) or self.holds(one.to_department, one.to_team)
        ]

    def plots(self) -> Iterator[Dots]:
        rows = tuple(self.dots_of_teams() if self.is_whole else self.dots_of_people())
        if 1 < len(rows) <= MOST_DOTS:
            yield Dots(
                self.say(message("Expected value per minute, beside the team's")),
                self.say(
                    message(
                        "Of a team the line goes from its lowest collector to its highest, with a dot at the one in "
                        "the middle; of a collector there is a dot alone. At the line in the middle everybody has what "
                        "the team has on average."
                    )
                ),
                rows,
                line=Decimal(1),
                line_title=self.say(message("the team's average")),
                most=Decimal(3),
            )

    def dots_of_teams(self) -> Iterator[Dot]:
        for one in self.spreads():
            low, middle, high = (self.ratio(each, one.mean) for each in (one.lowest, one.middle, one.highest))
            if low is not None and middle is not None and high is not None:
                yield Dot(one.team, Number(middle, Shape.NUMBER), low=low, high=high)

    def dots_of_people(self) -> Iterator[Dot]:
        for spread in self.spreads():
            yield Dot(spread.team)
            for one in self.mine():
                if (one.department, one.team) == (spread.department, spread.team):
                    yield Dot(one.key.partition(":")[2], Number(self.ratio(one, spread.mean), Shape.NUMBER))

    def ratio(self, one: Got, mean: float) -> Decimal | None:
        return None if one.per_minute is None or not mean else _decimal(one.per_minute / mean)

    def beside(self, one: Got, mean: float | None) -> Number:
        return Number(None if mean is None else self.ratio(one, mean), Shape.NUMBER)

    def balance_headings(self) -> tuple[Heading, ...]:
        return tuple(Heading(f"{self.say(message('Balance'))}, {currency}") for currency in self.currencies())

    def currencies(self) -> tuple[str, ...]:
        return tuple(sorted({currency for one in self.facts.got for currency, _amount in one.balances}))

    def amounts(self, one: Got) -> tuple[Number, ...]:
        """Accounts, balances, expected value, minutes, and value per minute."""
        balances = dict(one.balances)
        return (
            Number(one.accounts),
            *(Number(balances.get(currency), Shape.MONEY, currency) for currency in self.currencies()),
            self.money(_decimal(one.expected)),
            Number(one.minutes),
            self.rate(one.per_minute),
        )

    def rate(self, per_minute: float | None) -> Number:
        return Number(None if per_minute is None else _decimal(per_minute), Shape.NUMBER)

    def department(self, name: str) -> Name:
        title = self.facts.titles.get(name, name)
        return Name(title, "" if title == name else name)

    def money(self, amount: Decimal) -> Number:
        return Number(self.whole(amount), Shape.MONEY, self.facts.currency)

    def whole(self, amount: Decimal) -> Decimal:
        """An estimate, to the currency's minor unit: finer would only look exact."""
        return round_to(amount, MINOR_DIGITS.get(self.facts.currency, 2), Rounding.HALF_EVEN)


def _number(value: float | None) -> Number:
    return Number(None if value is None else _decimal(value), Shape.NUMBER)


def _decimal(estimate: float) -> Decimal:
    return Decimal(f"{estimate:.4f}")
