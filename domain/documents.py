"""Rule files as trees that know their lines, and the decoding of such trees into frozen types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from domain.expressions.parse import likeliest, suggestion
from domain.issues import Issue, Location
from domain.model_keys import as_stated

Step = str | int
Path = tuple[Step, ...]
Model = TypeVar("Model", bound="RuleModel")


class RuleModel(BaseModel):
    """Whatever stands in a rule file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: plain data (mappings, lists, text, int, Decimal, bool, date, None) and the place of each node."""

    path: str
    data: Any
    places: Mapping[Path, Location]
    keys: Mapping[Path, Location] = field(default_factory=dict)
    """Where the key of a node stands; `places` are those of what it holds."""

    def place(self, path: Path) -> Location:
        """Where the node is, or the nearest node around it that the file has."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Location(self.path, 1, 1))

    def key_place(self, path: Path) -> Location:
        return self.keys.get(path) or self.place(path)

    def at(self, path: Path) -> Any:
        node = self.data
        for step in path:
            node = node[step]
        return node


def decode(document: Document, model: type[Model], path: Path = ()) -> tuple[Model | None, tuple[Issue, ...]]:
    """The typed value of the node at `path`, or everything that is wrong with it, each at its place."""
    try:
        return model.model_validate(document.at(path)), ()
    except ValidationError as error:
        return None, tuple(_issues(document, path, model, error))


def _issues(document: Document, path: Path, model: type[RuleModel], error: ValidationError) -> Iterator[Issue]:
    faults = error.errors(include_url=False)
    misspelt = {_meant(model, fault["loc"]) for fault in faults if fault["type"] == "extra_forbidden"}
    for fault in faults:
        if fault["type"] == "too_short" and any(_is_inside(other["loc"], fault["loc"]) for other in faults):
            continue  # the entries are there, and wrong
        if fault["type"] == "missing" and fault["loc"] in misspelt:
            continue  # it is there, and misspelt
        steps, keys = as_stated(model, fault["loc"])
        place = path + tuple(step for step in steps if step != _OF_A_KEY)
        yield _issue(document, place, fault, keys)


def _meant(model: type[RuleModel], location: Path) -> Path:
    """Which key an unknown one was meant to be; the unknown one itself if none is like it."""
    likely = likeliest(str(location[-1]), as_stated(model, location)[1])
    return (*location[:-1], likely or location[-1])


def _is_inside(location: Path, other: Path) -> bool:
    return len(location) > len(other) and location[: len(other)] == other


_OF_A_KEY = "[key]"  # pydantic's last step where the key of a mapping is wrong, and not its value


def _issue(document: Document, place: Path, fault: Any, keys: Mapping[str, FieldInfo]) -> Issue:
    key = str(place[-1]) if place else ""
    about = (keys[key].description or "") if key in keys else ""
    match fault["type"]:
        case "extra_forbidden":
            return Issue("RUL001", document.key_place(place), f'unknown key "{key}"', suggestion(key, keys))
        case "missing":
            return Issue("RUL002", document.place(place), f'the key "{key}" is missing', f"Add it. {about}".strip())
        case "union_tag_not_found":
            key = _unquoted(fault["ctx"]["discriminator"])
            return Issue("RUL002", document.place(place), f'the key "{key}" is missing', "Add it: it says which kind")
        case "union_tag_invalid":
            key = _unquoted(fault["ctx"]["discriminator"])
            known = _QUOTED.findall(fault["ctx"]["expected_tags"])
            return _none_of(document.place((*place, key)), key, fault["ctx"]["tag"], known, "")
        case "enum" | "literal_error" if "expected" in fault.get("ctx", {}):
            known = _QUOTED.findall(fault["ctx"]["expected"])
            return _none_of(document.place(place), _named(place), fault["input"], known, about)
        case "literal_error":
            return Issue("RUL003", document.place(place), f'"{key}": {_lower(fault["msg"])}')
        case "value_error":
            return Issue("RUL004", document.place(place), _lower(fault["msg"].removeprefix("Value error, ")))
    return Issue("RUL005", document.place(place), _wrong_kind(_named(place), fault), _hint(fault) or about)


def _none_of(place: Location, key: str, found: Any, known: list[str], about: str) -> Issue:
    message = f'"{key}" is {_shown(found)}; it is one of {", ".join(known)}'
    likely = likeliest(str(found), known)
    return Issue("RUL003", place, message, f'Did you mean "{likely}"?' if likely else about)


def _wrong_kind(key: str, fault: Any) -> str:
    """What was found, and what is due there."""
    context = fault.get("ctx", {})
    expected = next((text for kinds, text in _EXPECTED.items() if fault["type"] in kinds.split()), None)
    if expected is None:
        found = f"; found {fault['input']!r}" if not isinstance(fault["input"], dict | list) else ""
        return f'"{key}": {_lower(fault["msg"])}{found}'
    return f'"{key}" is {_shown(fault["input"])}; {expected.format_map(context)}'


_EXPECTED: Mapping[str, str] = {
    "greater_than": "it must be greater than {gt}",
    "greater_than_equal": "it must be greater than or equal to {ge}",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be less than or equal to {le}",
    "too_short": "it has to hold at least {min_length}",
    "too_long": "it may hold at most {max_length}",
    "string_too_short": "at least {min_length} characters are needed",
    "string_too_long": "at most {max_length} characters are possible",
    "string_pattern_mismatch": "such a text has the pattern {pattern}",
    "string_type": "a text is expected",
    "decimal_parsing decimal_type": "a number is expected",
    "int_parsing int_type int_from_float": "a whole number is expected",
    "bool_parsing bool_type": "true or false is expected",
    "date_type date_parsing date_from_datetime_parsing": "a date is expected",
    "tuple_type list_type": "a list is expected",
    "dict_type model_type model_attributes_type": "keys with values are expected",
}


def _hint(fault: Any) -> str:
    """What to write instead, where the mistake is one that people make every day."""
    found = fault["input"]
    if found is None:
        return "Nothing stands behind the colon: write the value, or take the key out"
    match fault["type"]:
        case "string_type":
            return "Put it in quotes"
        case "decimal_parsing" | "int_parsing" if isinstance(found, str) and (written := _as_written(found)):
            return f"Write {written}"
        case "date_type" | "date_parsing" | "date_from_datetime_parsing":
            return "Write year-month-day: 2026-10-31"
        case "tuple_type" | "list_type":
            return "Write [one, two], or each on a line of its own after a dash"
    return ""


def _as_written(text: str) -> str:
    """A share for per cent, and a point for a comma.

    >>> _as_written("12.5%"), _as_written("0,5"), _as_written("1,000,000"), _as_written("much")
    ('0.125', '0.5', '1000000', '')
    """
    plain = text.strip().removesuffix("%").strip()
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    plain = plain.replace(",", ".")
    if not re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", plain):
        return ""
    return f"{(Decimal(plain) / 100).normalize():f}" if text.strip().endswith("%") else plain


_QUOTED = re.compile(r"'([^']*)'")


def _unquoted(text: str) -> str:
    return text.strip("'")


def _named(place: Path) -> str:
    """The nearest key: an entry of a list goes by the name of the list."""
    return next((step for step in reversed(place) if isinstance(step, str)), "")


def _shown(found: Any) -> str:
    match found:
        case None:
            return "empty"
        case dict():
            return "a mapping of keys" if found else "an empty mapping"
        case list() | tuple():
            return "a list" if found else "an empty list"
        case bool():
            return str(found).lower()
        case str():
            return repr(found if len(found) <= _MOST_SHOWN else f"{found[:_MOST_SHOWN]}…")
    return f"{found}"


_MOST_SHOWN = 60


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
