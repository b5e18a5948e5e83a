"""What differs between two rule books, rule by rule and field by field, with the place of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

from domain.documents import Path
from domain.ids import Digest, canonical_decimal
from domain.rules import Placed, Rule, RuleKind, RuleVersion, version_digest

DATES = frozenset({"valid_from", "valid_to", "review_by"})

# Keys that people read, and nothing is computed from.
WORDS = frozenset({"title", "titles", "component_titles", "about", "abouts", "owner", "review_by", "shown_to"})

NOT_STATED = "–"


class ChangeKind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    NEW_VERSION = "new version"
    ENDS = "ends"  # nothing but its end was set
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value that differs; `field` reads as `parts[promise_kept].weight`, a side that states none as a dash."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One version that differs; a place is `file:line:column`, empty on the side that has no such rule.

    `old` and `new` are the versions compared: a new version stands beside the one before it.
    """

    what: ChangeKind
    kind: RuleKind
    id: str
    title: str
    old: RuleVersion | None
    new: RuleVersion | None
    old_place: str
    new_place: str
    fields: tuple[FieldChange, ...]

    @property
    def is_of_words(self) -> bool:
        """Whether no figure can differ by it: titles, owners, reviews."""
        keys = {field.field.partition(".")[0] for field in self.fields}
        return self.what is ChangeKind.CHANGED and keys <= WORDS

    @property
    def name(self) -> str:
        """How figures name it as their reason: `target field_targets`."""
        return name_of(self.kind, self.id)


def name_of(kind: RuleKind, rule: str) -> str:
    return f"{kind.value.replace('_', ' ')} {rule}"


def rule_changes(old: Iterable[Placed[Rule]], new: Iterable[Placed[Rule]]) -> tuple[RuleChange, ...]:
    """Every rule version that one book has and the other has not, by kind, id and first day."""
    before, after = _by_rule(old), _by_rule(new)
    return tuple(
        change
        for key in sorted(before.keys() | after.keys())
        for change in _changes(before.get(key, {}), after.get(key, {}))
    )


def field_changes(old: Rule | None, new: Rule | None) -> tuple[FieldChange, ...]:
    """Field by field, in the order in which the keys are declared; a key that neither states is left out."""
    values = [dict(_leaves(rule.model_dump(mode="python"))) if rule else {} for rule in (old, new)]
    names = dict.fromkeys((*values[0], *values[1]))
    rows = ((name, values[0].get(name, NOT_STATED), values[1].get(name, NOT_STATED)) for name in names)
    return tuple(FieldChange(name, one, other) for name, one, other in rows if one != other)


def says_the_same(old: Rule, new: Rule) -> bool:
    """Whether the two differ in their dates at most."""
    return all(change.field in DATES for change in field_changes(old, new))


_Versions = Mapping[Digest, Placed[Rule]]


def _by_rule(placed: Iterable[Placed[Rule]]) -> dict[tuple[RuleKind, str], dict[Digest, Placed[Rule]]]:
    found: dict[tuple[RuleKind, str], dict[Digest, Placed[Rule]]] = defaultdict(dict)
    for each in placed:
        found[each.kind, each.rule.id].setdefault(version_digest(each.rule), each)
    return found


def _changes(old: _Versions, new: _Versions) -> Iterator[RuleChange]:
    """Versions of one rule: those of the same first day are one version that was edited; a later one is a new one."""
    gone = {each.rule.valid_from: each for digest, each in old.items() if digest not in new}
    come = {each.rule.valid_from: each for digest, each in new.items() if digest not in old}
    for day in sorted(gone.keys() | come.keys()):
        if day not in come:
            yield _change(ChangeKind.REMOVED, gone[day], None)
        elif day in gone:
            yield _change(_kind_of_edit(gone[day].rule, come[day].rule), gone[day], come[day])
        elif earlier := _last_before(old.values(), day):
            yield _change(ChangeKind.NEW_VERSION, earlier, come[day])
        else:
            yield _change(ChangeKind.ADDED, None, come[day])


def _last_before(placed: Iterable[Placed[Rule]], day: date) -> Placed[Rule] | None:
    earlier = (each for each in placed if each.rule.valid_from < day)
    return max(earlier, key=lambda each: each.rule.valid_from, default=None)


def _kind_of_edit(old: Rule, new: Rule) -> ChangeKind:
    is_end = new.valid_to is not None and {change.field for change in field_changes(old, new)} <= DATES
    return ChangeKind.ENDS if is_end else ChangeKind.CHANGED


def _change(what: ChangeKind, old: Placed[Rule] | None, new: Placed[Rule] | None) -> RuleChange:
    one = new or old
    assert one is not None, "a change has a side"  # noqa: S101 - for the reader
    fields = field_changes(old.rule if old else None, new.rule if new else None)
    return RuleChange(
        what,
        one.kind,
        one.rule.id,
        one.rule.title,
        old.version if old else None,
        new.version if new else None,
        _place(old, fields, what),
        _place(new, fields, what),
        tuple(change for change in fields if change.field != "id"),
    )


def _place(placed: Placed[Rule] | None, fields: Sequence[FieldChange], what: ChangeKind) -> str:
    """Where the rule begins; where one field alone was edited, the line of that field."""
    if placed is None:
        return ""
    if what is ChangeKind.CHANGED and len(fields) == 1:
        path = _path_to(placed.rule.model_dump(mode="python"), fields[0].field)
        if (*placed.path, *path) in placed.document.places and path:
            return str(placed.place(*path))
    return str(placed.place("id"))


def _path_to(content: Mapping[str, Any], field: str) -> Path:
    return next((path for name, path, _ in _walk(content, "", ()) if name == field), ())


def _leaves(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each value by its name; what is empty is not stated."""
    yield from ((name, _text(value)) for name, _, value in _walk(content, "", ()) if value is not None)


def _walk(value: Any, name: str, path: Path) -> Iterator[tuple[str, Path, Any]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _walk(each, f"{name}.{key}" if name else str(key), (*path, key))
    elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
        for index, each in enumerate(value):
            yield from _walk(each, f"{name}[{_label(value, index)}]", (*path, index))
    elif value not in ((), []):
        yield name, path, value


_LABELS = ("name", "kpi", "id", "attainment", "at", "start")


def _label(values: Sequence[Any], index: int) -> str:
    """What a manager calls the entry of a list: its name, its KPI, where it starts; else its number, from 1."""
    for key in _LABELS:
        labels = [each.get(key) if isinstance(each, Mapping) else None for each in values]
        if all(label is not None for label in labels) and len(set(map(str, labels))) == len(labels):
            return f"{key} {_text(labels[index])}" if key in {"attainment", "at", "start"} else _text(labels[index])
    return str(index + 1)


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case Decimal():
            return canonical_decimal(value)
        case date():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(_text, value))}]"
    return str(value)
