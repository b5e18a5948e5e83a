"""Rule files as trees that know their lines, and the decoding of such trees into frozen types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from domain.expressions.parse import suggestion
from domain.issues import Issue, Location

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

    def place(self, path: Path) -> Location:
        """Where the node is, or the nearest node around it that the file has."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Location(self.path, 1, 1))

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
    for fault in faults:
        if fault["type"] == "too_short" and any(_is_inside(other["loc"], fault["loc"]) for other in faults):
            continue  # the entries are there, and wrong
        place = path + _steps_in(document, path, fault["loc"])
        yield Issue(*_code_and_text(document, place, fault, model))


def _is_inside(location: tuple[Step, ...], other: tuple[Step, ...]) -> bool:
    return len(location) > len(other) and location[: len(other)] == other


def _steps_in(document: Document, path: Path, location: tuple[Step, ...]) -> Path:
    """pydantic puts a union's tag into the path: what the document does not have is skipped."""
    steps: Path = ()
    for step in location:
        if path + steps + (step,) in document.places or step is location[-1]:
            steps += (step,)
    return steps


def _code_and_text(
    document: Document, place: Path, fault: Any, model: type[RuleModel]
) -> tuple[str, Location, str, str]:
    key = place[-1] if place else ""
    match fault["type"]:
        case "extra_forbidden":
            return "RUL001", document.place(place), f'unknown key "{key}"', suggestion(str(key), model.model_fields)
        case "missing":
            return "RUL002", document.place(place), f'the key "{key}" is missing', "Add it"
        case "union_tag_invalid" | "union_tag_not_found" | "literal_error" | "enum":
            return "RUL003", document.place(place), f'"{key}": {_lower(fault["msg"])}', ""
        case "value_error":
            return "RUL004", document.place(place), _lower(fault["msg"].removeprefix("Value error, ")), ""
    found = f"; found {fault['input']!r}" if not isinstance(fault["input"], dict | list) else ""
    return "RUL005", document.place(place), f'"{key}": {_lower(fault["msg"])}{found}', ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
