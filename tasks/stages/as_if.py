"""Rule books as if: a rule that begins later, or ends, taken as if that had been so in a month that is past."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from adapters.rule_files import RuleBook
from domain.documents import Document, Path
from domain.issues import Location
from domain.rule_changes import ChangeKind, RuleChange, says_the_same
from domain.rules import Placed, Rule, RuleKind
from incentives.contract_language import permission_id
from kpi_rules.target_sheets import is_sheets, with_targets_of_sheets

SECTIONS: Mapping[RuleKind, str] = {
    RuleKind.KPI: "kpis",
    RuleKind.CREDIT: "credit_rules",
    RuleKind.SCORECARD: "scorecards",
    RuleKind.TARGET: "targets",
    RuleKind.LIMIT: "limits",
    RuleKind.LONG_LEAVE: "long_leave",
    RuleKind.POLICY: "policies",
    RuleKind.EXCHANGE: "exchange_rates",
    RuleKind.CONTRACT: "contracts",
}

RuleKey = tuple[RuleKind, str]


@dataclass(frozen=True, slots=True)
class Shift:
    """One rule of a month as if: the versions that begin on `old` and `new` held then, `old` being None where the old
    book is taken as it is dated; or the rule, which `ends` on that day, had ended then already."""

    change: RuleChange
    old: date | None
    new: date | None
    ends: date | None = None


def shifts(
    changes: Iterable[RuleChange], old: Sequence[Placed[Rule]], new: Sequence[Placed[Rule]], night: date
) -> tuple[Shift, ...]:
    """Which of the changed rules would show nothing in a month that ended with `night`, because they begin later.

    A rule whose versions of that night differ already is measured as it is dated.
    """
    last = {(change.kind, change.id): change for change in changes if change.kind in SECTIONS}
    found = (_shift(change, _on(old, key, night), _on(new, key, night), night) for key, change in last.items())
    return tuple(shift for shift in found if shift)


def _shift(change: RuleChange, old: Rule | None, new: Rule | None, night: date) -> Shift | None:
    if (old is None) != (new is None) or (old and new and not says_the_same(old, new)):
        return None
    if change.new and change.new.valid_from > night:
        before = change.old.valid_from if change.old and change.old.valid_from > night else None
        return Shift(change, before, change.new.valid_from)
    if change.what is ChangeKind.ENDS and new is not None:
        return Shift(change, None, None, new.valid_to)
    return None


def _on(placed: Iterable[Placed[Rule]], key: RuleKey, day: date) -> Rule | None:
    mine = (each.rule for each in placed if (each.kind, each.rule.id) == key and each.rule.holds_on(day))
    return next(mine, None)


def as_if(book: RuleBook, begin: Mapping[RuleKey, date | None], start: date) -> RuleBook:
    """The book in which, of each of these rules, the version of that first day holds without an end; with None the
    rule is not there.

    It holds from where the rule's first version began, and at the latest from `start` on: a contract is the one that
    held when an account was placed.
    """
    wanted = {(SECTIONS[kind], rule): day for (kind, rule), day in begin.items()}
    if not wanted:
        return book
    documents = _as_rules(book)
    first = _first_days(documents, wanted, start)
    return replace(book, documents=tuple(_document_as_if(each, wanted, first) for each in documents))


def _as_rules(book: RuleBook) -> tuple[Document, ...]:
    """The documents with the rules that sheets stand for in place of their cells, which are then read as rules."""
    documents, _ = with_targets_of_sheets(book.documents)
    pairs = zip(book.documents, documents, strict=True)
    return tuple(replace(new, path=f"{new.path} as rules") if is_sheets(old) else new for old, new in pairs)


def _first_days(
    documents: Iterable[Document], wanted: Collection[tuple[str, str]], start: date
) -> dict[tuple[str, str], date]:
    days = dict.fromkeys(wanted, start)
    for document in documents:
        for section, entries in document.data.items() if isinstance(document.data, dict) else ():
            for entry in entries if isinstance(entries, list) else ():
                key = (section, id_of(entry) if isinstance(entry, dict) else "")
                if key in days:
                    days[key] = min(days[key], entry["valid_from"])
    return days


def without(book: RuleBook, left_out: Collection[tuple[RuleKind, str, date]]) -> RuleBook:
    """The book without these versions."""
    gone = {(SECTIONS_OF_ALL[kind], rule, day) for kind, rule, day in left_out}

    def keep(section: str, entry: Any) -> Any:
        is_gone = isinstance(entry, dict) and (section, id_of(entry), entry.get("valid_from")) in gone
        return None if is_gone else entry

    return replace(book, documents=tuple(_rewritten(each, keep) for each in _as_rules(book)))


def id_of(entry: Mapping[str, Any]) -> str:
    """The id of a rule as it stands in a file; that of the law on who may collect follows from the jurisdiction."""
    if "id" not in entry and "jurisdiction" in entry:
        return permission_id(str(entry["jurisdiction"]))
    return str(entry.get("id"))


SECTIONS_OF_ALL: Mapping[RuleKind, str] = {
    **SECTIONS,
    RuleKind.STANDING: "standings",
    RuleKind.SELECTION: "selections",
    RuleKind.ACTION_TERMS: "action_terms",
    RuleKind.STRATEGY: "strategies",
    RuleKind.PLAN: "plans",
    RuleKind.EXPERIMENT: "experiments",
    RuleKind.PERMISSION: "permissions",
    RuleKind.STAFFING: "staffing",
    RuleKind.SIGNAL: "signals",
    RuleKind.THRESHOLD: "thresholds",
    RuleKind.CLEANING: "cleaning",
    RuleKind.APPROVER_GROUP: "groups",
    RuleKind.APPROVAL_CHAIN: "chains",
    RuleKind.AUTHORITY: "authorities",
    RuleKind.DELEGATION: "delegations",
    RuleKind.PAY_TERMS: "pay_terms",
}


def _document_as_if(
    document: Document, wanted: Mapping[tuple[str, str], date | None], first: Mapping[tuple[str, str], date]
) -> Document:
    def dated(section: str, entry: Any) -> Any:
        key = (section, id_of(entry) if isinstance(entry, dict) else "")
        if key not in wanted:
            return entry
        return _begun(entry, first[key]) if entry.get("valid_from") == wanted[key] else None

    return _rewritten(document, dated)


def _begun(entry: dict[str, Any], first: date) -> dict[str, Any]:
    """The rule from `start` on; one that only has an end is reviewed by then."""
    review = entry.get("review_by") or entry.get("valid_to")
    return {**entry, "valid_from": first, "valid_to": None, "review_by": review}


def _rewritten(document: Document, rewrite: Any) -> Document:
    """The document with every rule of its sections rewritten, or left out for None; places go with their rules."""
    if not isinstance(document.data, dict):
        return document
    data, moved = dict(document.data), {}
    for section, entries in document.data.items():
        if not isinstance(entries, list):
            continue
        written = [(index, rewrite(section, entry)) for index, entry in enumerate(entries)]
        kept = [(index, entry) for index, entry in written if entry is not None]
        data[section] = [entry for _, entry in kept]
        moved[section] = {index: place for place, (index, _) in enumerate(kept)}
    return replace(document, data=data, places=_moved(document.places, moved), keys=_moved(document.keys, moved))


def _moved(places: Mapping[Path, Location], moved: Mapping[str | int, Mapping[int, int]]) -> dict[Path, Location]:
    found: dict[Path, Location] = {}
    for path, place in places.items():
        if len(path) < 2 or path[0] not in moved:
            found[path] = place
        elif path[1] in moved[path[0]]:
            found[(path[0], moved[path[0]][path[1]], *path[2:])] = place  # type: ignore[index]
    return found
