"""Templates: the policies that they stand for, written out, each value keeping the place where it is stated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.documents import Document, Path, decode
from domain.expressions.parse import suggestion
from domain.issues import Issue, Location, Severity
from incentives.policies import PolicyBody, PolicyTemplate, TemplatedPolicy
from incentives.titles import TitledRule

SECTION = "policies"


def written_out(documents: Iterable[Document]) -> tuple[tuple[Document, ...], tuple[Issue, ...]]:
    """The documents with every policy of a template replaced by the whole policy.

    What came from the template keeps its place there, a parameter's value its place in the policy: messages and
    explanations point at the line that somebody would edit.
    """
    documents = tuple(documents)
    templates, issues = _templates(documents)
    written: list[Document] = []
    used: set[str] = set()
    for document in documents:
        whole, found = _write_out(document, templates, used)
        written.append(whole)
        issues.extend(found)
    issues.extend(_unused(templates, used))
    return tuple(written), tuple(issues)


@dataclass(frozen=True, slots=True)
class _Template:
    model: PolicyTemplate
    document: Document
    path: Path

    @property
    def uses(self) -> Iterator[tuple[str, Location]]:
        """Each `$parameter` in the body, and where it stands."""
        for key in self.keys:
            yield from _references(self.document, (*self.path, key))

    @property
    def keys(self) -> tuple[str, ...]:
        """Those of the body that the template states."""
        return tuple(key for key in PolicyBody.model_fields if key in self.document.at(self.path))


def _templates(documents: tuple[Document, ...]) -> tuple[dict[str, _Template], list[Issue]]:
    found: dict[str, _Template] = {}
    issues: list[Issue] = []
    for document in documents:
        for path in _entries(document, "templates"):
            model, faults = decode(document, PolicyTemplate, path)
            issues.extend(faults)
            if model is None:
                continue
            template = _Template(model, document, path)
            issues.extend(_faults(template, found.get(model.id)))
            found.setdefault(model.id, template)
    return found, issues


def _faults(template: _Template, before: _Template | None) -> Iterator[Issue]:
    place = template.document.place((*template.path, "id"))
    if before is not None:
        first = before.document.place((*before.path, "id"))
        yield Issue("POL010", place, f'two templates are named "{template.model.id}"; see {first}', "Rename one")
    declared = template.model.parameters
    used = dict(template.uses)
    for name, where in used.items():
        if name not in declared:
            yield Issue("POL011", where, f'the template has no parameter "{name}"', suggestion(name, declared))
    for name in declared:
        if name not in used:
            place = template.document.place((*template.path, "parameters", name))
            yield Issue("POL012", place, f'nothing in the template uses "${name}"', "Use it, or take it out")


def _unused(templates: Mapping[str, _Template], used: set[str]) -> Iterator[Issue]:
    for name, template in templates.items():
        if name not in used:
            place = template.document.place((*template.path, "id"))
            yield Issue("POL013", place, f'no policy uses the template "{name}"', severity=Severity.WARNING)


def _write_out(
    document: Document, templates: Mapping[str, _Template], used: set[str]
) -> tuple[Document, tuple[Issue, ...]]:
    copier = _Copier(dict(document.places), dict(document.keys))
    issues: list[Issue] = []
    entries: list[Any] = []
    for path in _entries(document, SECTION):
        entry, target = document.at(path), (SECTION, len(entries))
        if not isinstance(entry, dict) or "template" not in entry:
            entries.append(copier.copy(document, path, target))
            continue
        model, found = decode(document, TemplatedPolicy, path)
        if model is not None and model.template in templates:
            used.add(model.template)
        found = (*found, *(_misfits(document, path, model, templates) if model else ()))
        issues.extend(found)
        if model is not None and not found:
            entries.append(_merged(copier, document, path, target, templates[model.template]))
    return Document(document.path, {SECTION: entries}, copier.places, copier.keys), tuple(issues)


def _misfits(
    document: Document, path: Path, policy: TemplatedPolicy, templates: Mapping[str, _Template]
) -> Iterator[Issue]:
    if policy.template not in templates:
        place = document.place((*path, "template"))
        yield Issue("POL014", place, f'no template "{policy.template}"', suggestion(policy.template, templates))
        return
    declared = templates[policy.template].model.parameters
    for name in policy.parameters:
        if name not in declared:
            place = document.place((*path, "parameters", name))
            yield Issue("POL015", place, f'the template has no parameter "{name}"', suggestion(name, declared))
    for name, parameter in declared.items():
        if name not in policy.parameters and parameter.default is None:
            place = document.place((*path, "parameters"))
            yield Issue("POL016", place, f'the parameter "{name}" is missing', f"State it: {parameter.meaning}")


def _merged(copier: _Copier, document: Document, path: Path, target: Path, template: _Template) -> dict[str, Any]:
    given = document.at(path)
    sources = {
        name: (document, (*path, "parameters", name))
        if name in given.get("parameters", {})
        else (template.document, (*template.path, "parameters", name, "default"))
        for name in template.model.parameters
    }
    head = {key: copier.copy(document, (*path, key), (*target, key)) for key in TitledRule.model_fields if key in given}
    body = {
        key: copier.copy(template.document, (*template.path, key), (*target, key), sources) for key in template.keys
    }
    copier.places[target] = document.place(path)
    return {**head, **body}


@dataclass(slots=True)
class _Copier:
    """Copies nodes from document to document, their places with them, and puts values where parameters stand."""

    places: dict[Path, Location] = field(default_factory=dict)
    keys: dict[Path, Location] = field(default_factory=dict)

    def copy(
        self, source: Document, path: Path, target: Path, parameters: Mapping[str, tuple[Document, Path]] | None = None
    ) -> Any:
        node = source.at(path)
        name = _parameter(node)
        if parameters and name in parameters:
            return self.copy(*parameters[name], target)
        self.places[target] = source.place(path)
        if path in source.keys:
            self.keys.setdefault(target, source.keys[path])
        if isinstance(node, dict):
            return {key: self.copy(source, (*path, key), (*target, key), parameters) for key in node}
        if isinstance(node, list):
            return [self.copy(source, (*path, index), (*target, index), parameters) for index in range(len(node))]
        return node


def _parameter(node: Any) -> str:
    return node[1:] if isinstance(node, str) and node.startswith("$") else ""


def _references(document: Document, path: Path) -> Iterator[tuple[str, Location]]:
    node = document.at(path)
    if name := _parameter(node):
        yield name, document.place(path)
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield from _references(document, (*path, key))


def _entries(document: Document, section: str) -> Iterator[Path]:
    if isinstance(document.data, dict) and isinstance(document.data.get(section), list):
        yield from ((section, index) for index in range(len(document.data[section])))
