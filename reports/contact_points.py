"""The page of a monthly cleaning of contact points: what became of them and why, in numbers, without anybody's data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from domain.ids import Digest
from domain.manifest import Input
from domain.money import CONTEXT
from domain.periods import Period
from domain.rules import RuleVersion
from reports.formats import Formats
from reports.kpi_tables import Matrix, MatrixRow, Text
from reports.languages import Language, message, words_of
from reports.marks import Mark
from reports.night import Link
from reports.pages import render


@dataclass(frozen=True, slots=True)
class PointCount:
    """How many points are alike in all of this; `findings` are codes, in the order in which they are told."""

    jurisdiction: str
    kind: str
    outcome: str
    findings: tuple[str, ...]
    is_usable: bool
    points: int


@dataclass(frozen=True, slots=True)
class CleaningLimits:
    """The limits that held, with their reason and the day by which somebody looks at them again."""

    rule: RuleVersion
    owner: str
    reason: str
    review_by: date | None
    stale_after_days: int
    retire_after_wrong_parties: int
    shared_from_debtors: int


@dataclass(frozen=True, slots=True)
class LookBack:
    """Which contacts were read: the days asked for, how many of them have an accepted increment, and what is amiss."""

    start: date
    end: date
    days_accepted: int
    days_never_accepted: int
    contacts: int


@dataclass(frozen=True, slots=True)
class ContactPointReport:
    """What the page and the workbook show. `points_landed` is what the version of the table says that it holds."""

    period: Period
    as_of: date
    cleaning: Digest
    counts: tuple[PointCount, ...]
    points_landed: int
    limits: CleaningLimits
    look_back: LookBack
    states: tuple[Input, ...]
    to_verify: int
    corrections: int
    demo_prefixes: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    book_label: str = ""

    @property
    def points(self) -> int:
        return sum(each.points for each in self.counts)

    @property
    def usable(self) -> int:
        return sum(each.points for each in self.counts if each.is_usable)


@dataclass(frozen=True, slots=True)
class Wording:
    """A code as people read it: its title, and what it means or what is to be done."""

    title: str
    text: str


OUTCOMES: Mapping[str, Wording] = {
    "kept": Wording(message("Kept"), message("As it came.")),
    "corrected": Wording(message("Corrected"), message("The same value, written in one way.")),
    "merged": Wording(message("Merged"), message("Another point of the same person has this value.")),
    "retired": Wording(message("Retired"), message("It reaches somebody else. It is not deleted.")),
    "retired_before": Wording(message("Retired before"), message("The core system had retired it.")),
    "unusable": Wording(message("Unusable"), message("Nobody can be reached by what it holds.")),
}

FINDINGS: Mapping[str, Wording] = {
    "not_a_number": Wording(message("Not a number"), message("Ask the person for the number.")),
    "not_an_email": Wording(message("Not a mail address"), message("Ask the person for the address.")),
    "not_an_address": Wording(message("Not an address"), message("Ask the person for the postal address.")),
    "several_values": Wording(message("Several in one field"), message("Make a contact point for each of them.")),
    "with_text": Wording(message("Number among words"), message("Read the words: whose number is it?")),
    "unknown_region": Wording(message("Country not known"), message("Write the number with its country code.")),
    "emergency": Wording(message("Emergency number"), message("Never call it. Ask for another number.")),
    "short_code": Wording(message("Short code"), message("Nobody's own number. Ask for another one.")),
    "premium": Wording(message("Premium number"), message("Calls to it cost more. Ask for another number.")),
    "service": Wording(message("Service number"), message("A company's number. Ask for another one.")),
    "possible": Wording(message("Possible, not valid"), message("In no range that is given out: see who answers.")),
    "extension": Wording(message("With an extension"), message("Nothing to do: the extension is kept.")),
    "demo": Wording(message("Demo"), message("Nothing to do: invented, like the whole book.")),
    "duplicate": Wording(message("Duplicate"), message("Nothing to do: the other point stands for both.")),
    "wrong_party": Wording(message("Wrong party"), message("Nothing to do: it is no longer called.")),
    "last_point": Wording(
        message("Last point of a person"), message("No point of this person is left in use: find another.")
    ),
    "marked_wrong": Wording(message("Marked as wrong party"), message("Prove it, or let it be retired.")),
    "shared": Wording(message("Shared by many debtors"), message("Find out whose it is: a shop's, or made up?")),
    "never_verified": Wording(message("Never verified"), message("Verify it with the next contact.")),
    "stale": Wording(message("Verified long ago"), message("Verify it with the next contact.")),
}

KINDS: Mapping[str, str] = {
    "phone": message("Telephone"),
    "email": message("Mail"),
    "address": message("Postal address"),
}


def contact_points_page(report: ContactPointReport, language: Language = Language.ENGLISH) -> str:
    """The page: how many can be used, what became of the others, what was found, and where; ids and values nowhere."""
    page = _page(report, Formats(language))
    return render("contact_points.html.j2", language, report=report, page=page, book_label=report.book_label)


def title_of(report: ContactPointReport, language: Language) -> str:
    """What stands on top of the page and of the workbook."""
    period = Formats(language).period(report.period)
    return words_of(language).gettext("Contact points, %(period)s") % {"period": period}


def jurisdiction_text(code: str, language: Language) -> str:
    return code or words_of(language).gettext("not known")


def outcomes_of(counts: Iterable[PointCount]) -> Mapping[str, int]:
    """Points by outcome, every outcome, in their order."""
    found = dict.fromkeys(OUTCOMES, 0)
    for each in counts:
        found[each.outcome] += each.points
    return found


def findings_of(counts: Iterable[PointCount]) -> Mapping[str, int]:
    """Points by finding, in their order, without those that nothing has; a point counts for each of its findings."""
    found = dict.fromkeys(FINDINGS, 0)
    for each in counts:
        for finding in each.findings:
            found[finding] += each.points
    return {finding: points for finding, points in found.items() if points}


@dataclass(frozen=True, slots=True)
class _Row:
    title: str
    text: str
    points: int
    share: str


@dataclass(frozen=True, slots=True)
class _Page:
    title: str
    mark: Mark
    headline: str
    detail: str
    ties: bool
    outcomes: tuple[_Row, ...]
    findings: tuple[_Row, ...]
    tables: tuple[Matrix, ...]


def _page(report: ContactPointReport, formats: Formats) -> _Page:
    gettext = words_of(formats.language).gettext
    used = {"usable": formats.count(report.usable), "points": formats.count(report.points)}
    shown = {"share": _share(report.usable, report.points, formats), "listed": formats.count(report.to_verify)}
    ties = report.points == report.points_landed
    return _Page(
        title_of(report, formats.language),
        Mark("✓", "", "good") if ties else Mark("✕", "", "bad"),
        gettext("%(usable)s of %(points)s contact points can be used") % used,
        gettext("That is %(share)s. %(listed)s are listed for somebody to verify.") % shown,
        ties,
        tuple(_rows(outcomes_of(report.counts), OUTCOMES, report, formats)),
        tuple(_rows(findings_of(report.counts), FINDINGS, report, formats)),
        tuple(_tables(report, formats)),
    )


def _rows(
    found: Mapping[str, int], wordings: Mapping[str, Wording], report: ContactPointReport, formats: Formats
) -> Iterator[_Row]:
    gettext = words_of(formats.language).gettext
    for code, points in found.items():
        share = _share(points, report.points, formats)
        yield _Row(gettext(wordings[code].title), gettext(wordings[code].text), points, share)


def _share(part: int, whole: int, formats: Formats) -> str:
    with localcontext(CONTEXT):
        return formats.share(Decimal(part) / whole) if whole else "–"


def _tables(report: ContactPointReport, formats: Formats) -> Iterator[Matrix]:
    """Outcomes and findings by jurisdiction, and by kind."""
    gettext, language = words_of(formats.language).gettext, formats.language
    places = sorted({each.jurisdiction for each in report.counts})
    by_place = {place: [each for each in report.counts if each.jurisdiction == place] for place in places}
    by_kind = {kind: [each for each in report.counts if each.kind == kind] for kind in KINDS}
    yield _matrix(
        gettext("By jurisdiction of the debt"),
        {jurisdiction_text(place, language): counts for place, counts in by_place.items()},
        formats,
    )
    yield _matrix(gettext("By kind"), {gettext(KINDS[kind]): counts for kind, counts in by_kind.items()}, formats)


def _matrix(caption: str, columns: Mapping[str, Sequence[PointCount]], formats: Formats) -> Matrix:
    gettext = words_of(formats.language).gettext
    outcomes = [outcomes_of(counts) for counts in columns.values()]
    findings = [findings_of(counts) for counts in columns.values()]
    seen = [code for code in FINDINGS if any(code in found for found in findings)]
    totals = [sum(each.points for each in counts) for counts in columns.values()]
    every = MatrixRow(Text(gettext("All of them")), tuple(Text(formats.count(points)) for points in totals))
    return Matrix(
        caption,
        "",
        tuple(Text(title) for title in columns),
        (
            ("", (every,)),
            (gettext("What became of them"), tuple(_line(code, OUTCOMES, outcomes, formats) for code in OUTCOMES)),
            (gettext("What was found"), tuple(_line(code, FINDINGS, findings, formats) for code in seen)),
        ),
    )


def _line(
    code: str, wordings: Mapping[str, Wording], columns: Sequence[Mapping[str, int]], formats: Formats
) -> MatrixRow:
    title = words_of(formats.language).gettext(wordings[code].title)
    return MatrixRow(Text(title), tuple(Text(formats.count(found.get(code, 0))) for found in columns))
