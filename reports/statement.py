"""One person's statement: what was earned and why, what changed or was corrected, what the next step would bring.

It holds what that person is paid by one batch and nothing of anybody else. Page and PDF are made from one content, in
the words of one language (`statement_content`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from domain.ids import BatchId, Digest, short
from domain.periods import Period
from domain.records import PayoutLine, Score, Step, Unit
from reports.formats import Formats
from reports.languages import Language, message, words_of
from reports.pay_changes import Cause, Change
from reports.step_words import StepWords


@dataclass(frozen=True, slots=True)
class Statement:
    """What the ledger holds of one payee from one batch, as it stood right after the batch was published.

    `head` is the hash of the last entry of the batch, empty where it posted nothing. `titles` are the names of KPIs and
    scorecards in the reader's language, by the reference that policies read them by; `shares` are those in percent;
    `components` and `department` what is paid, and by which department, in that language, where rules say it.
    """

    payee: str
    kind: str
    scope: str
    period: Period
    batch: BatchId
    lines: tuple[StatementLine, ...]
    entries: tuple[StatementEntry, ...]
    held: tuple[HeldLine, ...]
    head: Digest
    head_sequence: int
    dispute_until: date
    titles: Mapping[str, str] = field(default_factory=dict)
    shares: frozenset[str] = frozenset()
    book_label: str = ""
    components: Mapping[str, str] = field(default_factory=dict)
    department: str = ""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One payout line, with last month's where there was one; `units` are those of its columns, as far as known, and
    `names` what the columns are called in the reader's language, where the rule says it; `unsaid` is the code of why
    the next step is not said."""

    line: PayoutLine
    rule_title: str
    units: Mapping[str, Unit]
    before: PayoutLine | None
    changes: tuple[Change, ...]
    scores: tuple[Score, ...]
    next_steps: tuple[Next, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    unsaid: str = ""


@dataclass(frozen=True, slots=True)
class HeldLine:
    """What is not paid now: the component, the code of the reason, and the calculation's own sentence."""

    component: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Next:
    """`basis` at `start` instead of `at` would have paid `gain` more, everything else being equal.

    `reach`: at, above or below the start. `moved` is the input that carries a computed basis there: its name, what it
    was and what it would be.
    """

    step: str
    basis: str
    at: Decimal
    start: Decimal
    gain: Decimal
    reach: str = "at"
    moved: tuple[str, Decimal, Decimal] | None = None


UNSAID: Mapping[str, str] = {
    "together": message(
        "What the next tier would bring depends on colleagues with whom this pay is settled: nothing is promised."
    ),
    "parts": message(
        "This pay was worked out in several parts of the month: what the next tier would bring is not said."
    ),
    "not_again": message(
        "What the next tier would bring cannot be worked out exactly for this pay: nothing is promised."
    ),
}
"""Why the next step is not said, by code."""
_REACHES = {"at": "%(number)s", "above": message("more than %(number)s"), "below": message("less than %(number)s")}


def reaching(say: Callable[[str], str], reach: str, number: str) -> str:
    """A start that is enough, or must be passed: "100", "more than 100"."""
    return say(_REACHES[reach]) % {"number": number} if reach != "at" else number


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """An entry of the ledger; `amount` is in major units."""

    sequence: int
    component: str
    origin_period: str
    posting_period: str
    entry_type: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Head:
    """Of a column; `is_place`: it names lines of files, which are not broken."""

    text: str
    is_number: bool = False
    is_place: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    heads: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]
    last_is_total: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with sentences and perhaps a table below it; `level` 2 stands within the part before."""

    title: str
    texts: tuple[str, ...] = ()
    table: Table | None = None
    level: int = 1


@dataclass(frozen=True, slots=True)
class Content:
    """All that page and PDF show, in the order in which they show it."""

    title: str
    facts: tuple[tuple[str, str], ...]
    headline: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    foot: tuple[str, ...]
    label: str


_ENTRY_TYPES: Mapping[str, str] = {
    "earning": message("earned"),
    "adjustment": message("correction"),
    "clawback": message("taken back"),
    "hold": message("held back"),
    "release": message("released"),
    "manual": message("adjustment"),
    "carry_forward": message("carried to a later month"),
    "move": message("owed, moved between departments"),
    "receivable": message("owed by you"),
}

# What stands beside calculated pay, by the word before the slash of its component.
_BESIDE: Mapping[str, str] = {
    "held": message("Held back: %(component)s"),
    "manual": message("Adjustment"),
    "carried": message("Carried to a later month"),
    "moved": message("Owed, moved between departments"),
    "receivable": message("Owed by you"),
}

FEE = "fee"  # the kind of a partner's statement

# Components of partners' contracts; those of policies have their titles there.
_FEES: Mapping[str, str] = {"fee": message("fee"), "vat": message("value added tax")}

# What policies read that is no KPI and no score.
_READS: Mapping[str, str] = {
    "days:working_days": message("working days"),
    "days:days_worked": message("days worked"),
    "days:calendar_days": message("calendar days"),
    "fact:tenure_months": message("months of employment"),
    "fact:month": message("month of the year"),
    "fact:full_time_share": message("share of full time"),
    "fact:leaving": message("leaving this month"),
}

# Why somebody is held, by the code of the reason.
_HELD: Mapping[str, str] = {
    "missing_input": message("a figure that the rule needs has no value"),
    "halted_input": message("the data of a figure that the rule needs is being checked"),
    "other_currency": message("what was measured is in another currency"),
    "no_rate": message("an exchange rate is missing"),
    "no_value": message("a step of the rule has no value"),
    "no_row": message("no row of the rule's table holds"),
    "several_rows": message("several rows of the rule's table hold"),
    "out_of_range": message("a figure lies outside the range of the rule"),
    "out_of_order": message("limits of the rule are out of order"),
    "not_in_units": message("the amount cannot be paid in whole units"),
    "no_calendar": message("the calendar of the month is missing"),
    "several_policies": message("several rules are for you alike"),
    "postings_overlap": message("you are posted twice on one day"),
    "not_last_posting": message("the department of your last posting pays it"),
    "others_held": message("the pay of others with whom you are settled is held"),
    "tied": message("a place is shared, and the rule does not allow it"),
    "funds_differ": message("the fund is not the same for all who share it"),
    "no_weight": message("nobody has a weight in the fund"),
}

# The month's deductions, from what was paid to what is still owed.
_DEDUCTIONS: Mapping[str, str] = {
    "pay_of_the_month": message("pay of the month"),
    "taken_back": message("taken back"),
    "owed_before": message("owed before"),
    "most_deducted": message("the most that may be deducted"),
    "deducted": message("deducted now"),
    "moved_away": message("moved to another department"),
    "still_owed": message("still owed"),
    "carried": message("carried to a later month"),
    "receivable": message("owed by you"),
}

# Reasons that the calculation itself writes, with the values in them.
_DEDUCTION_NOTES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"posted into (?P<month>\d{4}-\d{2}), of which (?P<amount>-?[\d.]+) (?P<currency>[A-Z]{3}) is still owed"
        ),
        message("posted with %(month)s, of which %(amount)s is still owed"),
    ),
    (
        re.compile(r"(?P<amount>-?[\d.]+) (?P<currency>[A-Z]{3}) of what was owed came in by the opening import"),
        message("%(amount)s of what was owed stood when this system took over"),
    ),
)

# Reasons that the calculation itself writes.
_REASONS: Mapping[str, str] = {
    "a dispute is open": message("a dispute is open"),
    "a dispute was upheld, and its adjustment is not approved": message(
        "a dispute was upheld, and its adjustment is not approved"
    ),
    "no longer held": message("no longer held"),
}
_NAME = re.compile(r"(?P<before>^|; )[^:;]*: ")  # batches from before holds named apart who decided

# What corrects an amount that was posted before; all but these and earnings stands beside the calculation.
_CORRECTIONS = frozenset({"adjustment", "clawback"})


EMPTY: Mapping[str, str] = {}


def statement_content(statement: Statement, language: Language) -> Content:
    """The statement in the words of the language."""
    return _Writer(statement, language).content()


@dataclass(frozen=True, slots=True)
class _Writer:
    statement: Statement
    language: Language

    @property
    def formats(self) -> Formats:
        return Formats(self.language)

    def say(self, text: str, **values: str) -> str:
        said = words_of(self.language).gettext(text)
        return said % values if values else said

    def content(self) -> Content:
        of, say = self.statement, self.say
        facts = (
            (say(message("Payee")), of.payee),
            (say(message("Department or partner")), f"{of.department} ({of.scope})" if of.department else of.scope),
            (say(message("Month")), self.formats.period(of.period)),
            (say(message("Batch")), of.batch),
        )
        parts = (
            *(part for line in of.lines for part in self.line_parts(line)),
            *self.held_part(),
            *self.beside_part(),
            *self.correction_part(),
            self.ledger_part(),
            self.dispute_part(),
        )
        return Content(say(message("Statement of pay")), facts, self.headline(), parts, self.foot(), of.book_label)

    def headline(self) -> tuple[tuple[str, str], ...]:
        """What this batch pays, by currency; zero where it posted nothing."""
        sums: dict[str, Decimal] = {each.line.currency: Decimal(0) for each in self.statement.lines}
        for entry in self.statement.entries:
            sums[entry.currency] = sums.get(entry.currency, Decimal(0)) + entry.amount
        label = self.say(message("Paid by this statement"))
        return tuple((label, self.formats.money(sums[currency], currency)) for currency in sorted(sums))

    def line_parts(self, line: StatementLine) -> Iterator[Part]:
        if "/" in line.line.component:
            yield self.part_beside(line.line)
            return
        amount = self.formats.money(line.line.amount, line.line.currency)
        component = self.component(line.line.component)
        earned = self.say(message("Earned: %(amount)s, by the rule “%(rule)s”."), amount=amount, rule=line.rule_title)
        yield Part(component, (earned, *self.days(line)), self.steps_table(line))
        for score in line.scores:
            yield self.score_part(score)
        yield self.change_part(line)
        if line.next_steps or line.unsaid:
            yield self.next_part(line)

    def part_beside(self, line: PayoutLine) -> Part:
        """A hold, an adjustment, a deduction: the amount and the reason, without the names of those who decided."""
        title = self.say(
            _BESIDE.get(line.component.partition("/")[0], line.component), component=self.component(line.component)
        )
        amount, last = self.formats.money(line.amount, line.currency), line.steps[-1]
        said = (amount, *self.reasons(last), *self.decided(last))
        return Part(title, ("; ".join(each for each in said if each),), self.deduction_table(line))

    def component(self, name: str) -> str:
        """What is paid, by the title of the policy that pays it."""
        base = name.rpartition("/")[2].partition(":")[0]
        return self.statement.components.get(base) or (self.say(_FEES[base]) if base in _FEES else _component(name))

    def deduction_table(self, line: PayoutLine) -> Table | None:
        """How a deduction came about; of what else stands beside the calculation, the reason is all there is."""
        if line.steps[-1].kind != "deduction":
            return None
        heads = (Head(self.say(message("Step"))), Head(self.say(message("Value")), is_number=True))
        rows = tuple(
            (
                self.say(_DEDUCTIONS.get(step.name, step.name)),
                "–" if step.value is None else self.formats.money(step.value, line.currency),
            )
            for step in line.steps
        )
        return Table(heads, rows, last_is_total=True)

    def reasons(self, step: Step) -> Iterator[str]:
        """What people wrote as they wrote it, what the calculation writes in the reader's language."""
        note, names = step.note, {name for name, _ in step.inputs}
        if step.kind == "hold" and not names & {"held by", "case"}:
            note = _NAME.sub(r"\g<before>", note)
        for reason in note.split("; "):
            yield self.say(_REASONS[reason]) if reason in _REASONS else self.deduction_note(reason)

    def deduction_note(self, note: str) -> str:
        for pattern, text in _DEDUCTION_NOTES:
            if found := pattern.fullmatch(note):
                values = found.groupdict()
                amount = self.formats.money(Decimal(values.pop("amount")), values.pop("currency"))
                return self.say(text, amount=amount, **values)
        return note

    def decided(self, step: Step) -> Iterator[str]:
        for name, value in step.inputs:
            if name == "until":
                yield self.say(message("until %(day)s"), day=self.formats.day(date.fromisoformat(value)))
            elif name == "case":
                yield self.say(message("dispute %(case)s"), case=value)

    def days(self, line: StatementLine) -> Iterator[str]:
        """Which rule held on which days, and why that one."""
        words, parts = self.words(line), [step for step in line.line.steps if step.kind == "policy"]
        for step in parts:
            shown = dict(step.inputs)
            rule = line.rule_title if len(parts) == 1 else shown.get("policy", "")
            days, why = _inclusive(shown.get("days", "")), words.note(step.note)
            yield self.say(message("Rule “%(rule)s”, days %(days)s: %(why)s."), rule=rule, days=days, why=why)

    def words(self, line: StatementLine) -> StepWords:
        references = {step.name: step.inputs[0][0] for step in line.line.steps if step.kind == "input" and step.inputs}
        titles = {**line.names, **{name: self.title_of(each, line.names) for name, each in references.items()}}
        shares = frozenset(name for name, reference in references.items() if reference in self.statement.shares)
        return StepWords(self.formats, line.line.currency, line.units, titles, shares)

    def title_of(self, reference: str, columns: Mapping[str, str] = EMPTY) -> str:
        """What is read: a KPI or score by its title, days and facts in words, what is carried over by its column."""
        kind, _, name = reference.partition(":")
        if reference in _READS:
            return self.say(_READS[reference])
        if kind == "lines":
            return self.component(name)
        carried = columns.get(name) if kind == "carried" else None
        title = self.statement.titles.get(reference) or carried or name.replace("_", " ")
        prefix = {"scorecard": message("Score: %(title)s"), "attainment": message("Attainment: %(title)s")}
        return self.say(prefix[kind], title=title) if kind in prefix else title

    def steps_table(self, line: StatementLine) -> Table:
        words = self.words(line)
        heads = (
            Head(self.say(message("Step"))),
            Head(self.say(message("How"))),
            Head(self.say(message("Value")), is_number=True),
            Head(self.say(message("Rule line")), is_place=True),
        )
        rows = tuple(
            (words.name(step.name), words.how(step), words.value(step), _short_place(step.line))
            for step in line.line.steps
            if step.kind != "policy"
        )
        return Table(heads, rows, last_is_total=True)

    def score_part(self, score: Score) -> Part:
        """The scorecard behind a score: each KPI with its target, attainment, points and weight."""
        titles = (
            message("KPI"),
            message("Value"),
            message("Target"),
            message("Attainment"),
            message("Points scored"),
            message("Weight"),
            message("Contribution"),
        )
        heads = tuple(Head(self.say(title), is_number=number > 0) for number, title in enumerate(titles))
        rows = tuple(
            (
                self.title_of(f"kpi:{part.kpi}"),
                *(self.measured(f"kpi:{part.kpi}", each) for each in (part.value, part.target)),
                "–" if part.attainment is None else self.formats.share(part.attainment),
                *(self.short(each) for each in (part.points, part.weight, part.contribution)),
            )
            for part in score.parts
        )
        total = (self.say(message("Score")), *[""] * 5, self.short(score.score))
        title = self.title_of(f"scorecard:{score.scorecard}")
        return Part(title, (), Table(heads, (*rows, total), last_is_total=True), level=2)

    def measured(self, reference: str, value: Decimal | None) -> str:
        if value is None:
            return "–"
        return self.formats.share(value) if reference in self.statement.shares else self.formats.number(value)

    def short(self, value: Decimal | None) -> str:
        return "–" if value is None else self.formats.short(value)

    def change_part(self, line: StatementLine) -> Part:
        title, now = self.say(message("What changed against last month")), line.line
        if line.before is None:
            return Part(
                title, (self.say(message("There is nothing to compare with: last month paid none of this.")),), level=2
            )
        values = {
            "before": self.formats.money(line.before.amount, now.currency),
            "now": self.formats.money(now.amount, now.currency),
            "difference": self.formats.money(now.amount - line.before.amount, now.currency),
        }
        text = self.say(message("Last month %(before)s, this month %(now)s: a difference of %(difference)s."), **values)
        words = self.words(line)
        rows = tuple(self.change_row(change, words) for change in line.changes)
        same = () if rows else (self.say(message("Rule, figures and days are those of last month.")),)
        heads = (
            Head(self.say(message("What"))),
            Head(self.say(message("Last month")), is_number=True),
            Head(self.say(message("This month")), is_number=True),
        )
        return Part(title, (text, *same), Table(heads, rows) if rows else None, level=2)

    def change_row(self, change: Change, words: StepWords) -> tuple[str, str, str]:
        def number(value: Decimal | None) -> str:
            return "–" if value is None else words.number(change.name, value)

        match change.cause:
            case Cause.RULE:
                return self.say(message("Another version of the rule: %(rule)s"), rule=change.name), "", ""
            case Cause.DAYS:
                return self.say(message("Days that count")), _days(change.before), _days(change.now)
            case Cause.PARTS:
                return self.say(message("The month has other parts")), "", ""
        return words.name(change.name), number(change.before), number(change.now)

    def next_part(self, line: StatementLine) -> Part:
        words = self.words(line)
        texts = [self.next_text(words, each, line.line.currency) for each in line.next_steps]
        unsaid = [self.say(UNSAID[line.unsaid])] if line.unsaid else []
        return Part(self.say(message("What the next step would bring")), (*texts, *unsaid), level=2)

    def next_text(self, words: StepWords, each: Next, currency: str) -> str:
        distance = _signed(words.number(each.basis, each.start - each.at), each.start - each.at)
        said = {
            "basis": words.name(each.basis),
            "start": reaching(self.say, each.reach, words.number(each.basis, each.start)),
            "at": words.number(each.basis, each.at),
            "distance": reaching(self.say, each.reach, distance),
            "gain": self.formats.money(each.gain, currency),
        }
        if each.moved is None:
            text = message(
                "%(basis)s at %(start)s instead of %(at)s (%(distance)s) would have paid %(gain)s more, "
                "all else being equal."
            )
            return self.say(text, **said)
        name, was, to = each.moved
        text = message(
            "%(basis)s at %(start)s instead of %(at)s (%(distance)s), reached by %(input)s at %(to)s instead of "
            "%(was)s, would have paid %(gain)s more, all else being equal."
        )
        moved = {"input": words.name(name), "was": words.number(name, was), "to": words.number(name, to)}
        return self.say(text, **said, **moved)

    def held_part(self) -> Iterator[Part]:
        if self.statement.held:
            yield Part(self.say(message("Held, and not paid now")), tuple(map(self.held, self.statement.held)))

    def held(self, held: HeldLine) -> str:
        """The reason in the reader's language, and beside it what the calculation found, as it wrote it."""
        component = self.component(held.component) if held.component else self.say(message("everything"))
        if self.language is Language.ENGLISH or held.code not in _HELD:
            return f"{component}: {held.text}"
        return f"{component}: {self.say(_HELD[held.code])} ({held.text})"

    def beside_part(self) -> Iterator[Part]:
        """Entries that hold back, adjust or carry: they stand beside what was calculated, and correct none of it."""
        found = [entry for entry in self.statement.entries if entry.entry_type not in {"earning", *_CORRECTIONS}]
        if found:
            text = self.say(
                message("These amounts stand beside the calculated pay; each names the month it belongs to.")
            )
            yield Part(self.say(message("Held back, adjusted or carried")), (text,), self.entries_table(found))

    def correction_part(self) -> Iterator[Part]:
        """Entries that correct another month, or what was posted before."""
        own = str(self.statement.period)
        found = [
            entry
            for entry in self.statement.entries
            if entry.entry_type in _CORRECTIONS
            or (entry.entry_type == "earning" and {entry.origin_period, entry.posting_period} != {own})
        ]
        if found:
            text = self.say(
                message("These amounts correct what was posted before; each names the month it belongs to.")
            )
            yield Part(self.say(message("Corrections")), (text,), self.entries_table(found))

    def ledger_part(self) -> Part:
        of, title = self.statement, self.say(message("In the ledger"))
        if not of.head:
            return Part(title, (self.say(message("This batch posted nothing.")),))
        proof = self.say(
            message("The ledger's head after this batch: entry %(entry)s, %(hash)s."),
            entry=str(of.head_sequence),
            hash=of.head,
        )
        if not of.entries:
            return Part(title, (self.say(message("Nothing was posted for you by this batch.")), proof))
        return Part(title, (proof,), self.entries_table(of.entries))

    def entries_table(self, entries: Sequence[StatementEntry]) -> Table:
        heads = (
            Head(self.say(message("Entry"))),
            Head(self.say(message("Component"))),
            Head(self.say(message("Earned in"))),
            Head(self.say(message("Paid with"))),
            Head(self.say(message("Kind"))),
            Head(self.say(message("Amount")), is_number=True),
        )
        return Table(heads, tuple(self.entry_row(entry) for entry in entries))

    def entry_row(self, entry: StatementEntry) -> tuple[str, ...]:
        kind = self.say(_ENTRY_TYPES[entry.entry_type]) if entry.entry_type in _ENTRY_TYPES else entry.entry_type
        component = self.component(entry.component)
        amount = self.formats.money(entry.amount, entry.currency)
        return str(entry.sequence), component, entry.origin_period, entry.posting_period, kind, amount

    def dispute_part(self) -> Part:
        day = self.formats.day(self.statement.dispute_until)
        of_people = message(
            "Is something wrong? Tell HR until %(day)s, with the batch and the step that you doubt. "
            "What is corrected after that day is paid with a later month."
        )
        of_partners = message(
            "Is something wrong? Tell who settles with you until %(day)s, with the batch and the step that you doubt. "
            "What is corrected after that day is paid with a later month."
        )
        text = of_partners if self.statement.kind == FEE else of_people
        return Part(self.say(message("How to dispute it")), (self.say(text, day=day),))

    def foot(self) -> tuple[str, ...]:
        of_people = message("Made by recoup from the ledger. It holds your pay and nobody else's.")
        of_partners = message("Made by recoup from the ledger. It holds your fees and nobody else's.")
        return (self.say(of_partners if self.statement.kind == FEE else of_people),)


def _days(number: Decimal | None) -> str:
    return "–" if number is None else f"{number:f}"


def _inclusive(days: str) -> str:
    """Stretches of days as people say them: the last day is one of them.

    >>> _inclusive("2026-09-01 to 2026-09-15, 2026-09-20 to 2026-10-01")
    '2026-09-01 – 2026-09-14, 2026-09-20 – 2026-09-30'
    """

    def last_day(found: re.Match[str]) -> str:
        return f" – {date.fromisoformat(found.group(1)) - timedelta(days=1)}"

    return re.sub(r" to (\d{4}-\d{2}-\d{2})", last_day, days)


def _component(name: str) -> str:
    """What it is for, without the department, and without the word that says what stands beside it.

    >>> _component("held/performance_bonus:field"), _component("leader_bonus:legal")
    ('performance bonus', 'leader bonus')
    """
    return name.rpartition("/")[2].partition(":")[0].replace("_", " ")


def _signed(text: str, number: Decimal) -> str:
    return f"+{text}" if number > 0 else text


def _short_place(line: str) -> str:
    """A rule line without the folders before the file: `collector_bonus.yaml:32:9`."""
    return line.rpartition("/")[2] or short(Digest(line))
