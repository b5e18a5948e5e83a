"""Trying a rule on given values, without a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapters.errors import RefusedError
from adapters.rule_files import read_document
from domain.documents import Document, decode
from domain.documents import Path as DocumentPath
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.periods import Period
from incentives.contract_trial import ContractInputs, ContractTrial, try_contract
from incentives.contracts import ContractBook
from incentives.trial import Given, Trial, try_together
from kpi_rules.figures import Figure, Formula
from kpi_rules.language import Scorecard
from kpi_rules.rulebook import KpiRules
from kpi_rules.standing_language import StandingRule
from kpi_rules.standing_trial import StandingInputs, try_standing, unread_inputs
from kpi_rules.standings import Proposed
from kpi_rules.trial import TriedScore, read_by_figure, read_by_scorecard, try_figure, try_scorecard
from tasks.stages.rules import read_rules


@dataclass(frozen=True, slots=True)
class TriedKpi:
    """A ratio or a formula, and what it came to; None is no value."""

    made_of: str
    value: Decimal | None


Tried = Mapping[str, Trial] | TriedScore | TriedKpi | ContractTrial | Proposed


def try_rule_file(root: Path, overlay: Path | None, rule: str, inputs: Path) -> Tried:
    """What a bonus policy, a scorecard, a KPI, a contract or a rule of standing makes of the values in the YAML file
    `inputs`, by its newest version; a contract by those that the dates in the file ask for.

    For a scorecard and a KPI the file maps KPIs, or `numerator` and `denominator`, to numbers; beside them `targets`
    may map KPIs of a scorecard to targets of its own.
    Raises: RefusedError if nothing has this id, or the file does not fit.
    """
    rules = read_rules(root, overlay)
    if any(ready.policy.id == rule for ready in rules.policies.policies):
        return try_policy_file(root, overlay, rule, inputs)
    newest = [placed.rule for placed in rules.kpis.scorecards if placed.rule.id == rule]
    if newest:
        return _try_scorecard(rules.kpis, max(newest, key=lambda card: card.valid_from), inputs)
    if any(each.contract.id == rule for each in rules.contracts.ready):
        return _try_contract(rules.contracts, rule, inputs)
    standings = [placed.rule for placed in rules.standings.standings if placed.rule.id == rule]
    if standings:
        return _try_standing(max(standings, key=lambda each: each.valid_from), inputs)
    figures = [figure for figure in rules.kpis.figures if figure.id == rule]
    if figures:
        return _try_kpi(max(figures, key=lambda figure: figure.rule.valid_from), inputs)
    known = [*(each.rule.id for each in rules.placed())]
    hint = suggestion(rule, known)
    raise RefusedError(f"no policy, scorecard, KPI, contract or standing has the id {rule!r}. {hint}".rstrip())


def _try_scorecard(rules: KpiRules, card: Scorecard, inputs: Path) -> TriedScore:
    document = _mapping(inputs)
    given = {name: value for name, value in document.data.items() if name != "targets"}
    targets = document.data.get("targets", {})
    read = read_by_scorecard(card)
    _refuse(document, (((), given, read), (("targets",), targets, [part.kpi for part in card.parts])))
    return try_scorecard(rules.on(card.valid_from), card, _numbers(given), _numbers(targets), card.valid_from)


def _try_contract(contracts: ContractBook, contract: str, inputs: Path) -> ContractTrial:
    document = _mapping(inputs)
    tried, issues = decode(document, ContractInputs)
    if tried is None:
        raise RefusedError("\n".join(map(str, issues)))
    return try_contract(contracts, contract, tried, Period.of(tried.on), document.place(()))


def _try_standing(rule: StandingRule, inputs: Path) -> Proposed:
    document = _mapping(inputs)
    tried, issues = decode(document, StandingInputs)
    if tried is None:
        raise RefusedError("\n".join(map(str, issues)))
    strange = [
        str(Issue("STD030", document.place(path), text, hint)) for path, text, hint in unread_inputs(rule, tried)
    ]
    if strange:
        raise RefusedError("\n".join(strange))
    return try_standing(rule, tried)


def _try_kpi(figure: Figure, inputs: Path) -> TriedKpi:
    if not read_by_figure(figure):
        raise RefusedError(
            f"{figure.id} is counted in rows, and cannot be tried on given values: "
            f"`recoup explain kpi {figure.id} --date D` shows it on those of a night"
        )
    document = _mapping(inputs)
    _refuse(document, (((), document.data, read_by_figure(figure)),))
    made = figure.made
    text = made.expression.text if isinstance(made, Formula) else "numerator / denominator"
    return TriedKpi(text, try_figure(figure, _numbers(document.data)))


def _mapping(inputs: Path) -> Document:
    document, issues = read_document(inputs, str(inputs))
    if document is None or not isinstance(document.data, dict):
        raise RefusedError("\n".join(map(str, issues)) or f"{inputs} is no mapping of names to values")
    return document


def _refuse(document: Document, parts: Iterable[tuple[DocumentPath, Any, list[str]]]) -> None:
    found = []
    for path, values, read in parts:
        found += list(_strange(document, path, values))
        for name in values if isinstance(values, dict) else ():
            if name not in read:
                place = document.key_place((*path, name))
                found.append(f'{place} KPI052 "{name}" is not read by what is tried. {suggestion(name, read)}'.rstrip())
    if found:
        raise RefusedError("\n".join(found))


def try_policy_file(root: Path, overlay: Path | None, policy: str, inputs: Path) -> Mapping[str, Trial]:
    """The row of the newest version of `policy` for the values in the YAML file `inputs`.

    The file maps input names to numbers; or it has the key `payees`, by any name, with such a mapping for each: they
    are settled together. Raises: RefusedError if there is no such policy, or if the file holds anything else.
    """
    document = _mapping(inputs)
    found = [ready for ready in read_rules(root, overlay).policies.policies if ready.policy.id == policy]
    if not found:
        raise RefusedError(f"no policy has the id {policy!r}; `recoup check` tells what is wrong with the book")
    together = document.data.get("payees")
    payees: dict[str, tuple[DocumentPath, Any]] = {"": ((), document.data)}
    if isinstance(together, dict) and len(document.data) == 1:
        payees = {str(name): (("payees", name), values) for name, values in together.items()}
    strange = [text for path, values in payees.values() for text in _strange(document, path, values)]
    if strange:
        raise RefusedError("\n".join(strange))
    given = {name: Given(_numbers(values), at=document.place(path)) for name, (path, values) in payees.items()}
    return try_together(found[-1], given)


def _strange(document: Document, path: DocumentPath, values: Any) -> Iterator[str]:
    if not isinstance(values, dict):
        yield f"{document.place(path)} POL079 {path[-1] if path else document.path}: {values!r} is no mapping of inputs"
        return
    for name, value in values.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | Decimal)):
            yield f"{document.place((*path, name))} POL079 {name}: {value!r} is no number"


def _numbers(values: Mapping[str, Any]) -> dict[str, Decimal | None]:
    return {name: None if value is None else Decimal(value) for name, value in values.items()}
