"""Documents that are made from the code: schemas of rule files, the data dictionary, the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from adapters.duck import DUCK_TYPES
from adapters.importing.language import MappingFile
from adapters.settings import PROJECT, Settings
from adapters.store.schema import APPEND_ONLY, MUTABLE, STORE
from allocation.capacity.staffing import StaffingFile
from allocation.experiments import ExperimentFile
from allocation.plans import PlanFile
from allocation.strategy_rules import StrategyFile
from domain.catalogue import CATALOGUE
from domain.dispatch import CHANGES
from domain.drawn import DRAWN
from domain.planned import PLANNED
from domain.tables import Column, Kind, Table
from expectations.contact_points.rules import CleaningFile
from expectations.limits import ThresholdFile
from flows.deployments import project_file
from incentives.approval_book import ApprovalFile
from incentives.contract_language import ContractFile
from incentives.policies import PolicyFile
from incentives.rule_tests import PolicyTestFile
from kpi_rules.action_terms import ActionTermsFile
from kpi_rules.action_tests import ActionTestFile
from kpi_rules.language import KpiFile, KpiTestFile
from kpi_rules.signals.language import SignalFile, SignalTestFile
from kpi_rules.standing_language import StandingFile
from kpi_rules.standing_trial import StandingTestFile
from kpi_rules.target_sheets import TargetRow
from kpi_rules.views import CREDITS

SCHEMAS: dict[str, type[BaseModel]] = {
    "kpis": KpiFile,
    "kpi_tests": KpiTestFile,
    "signals": SignalFile,
    "signal_tests": SignalTestFile,
    "target_row": TargetRow,
    "standings": StandingFile,
    "standing_tests": StandingTestFile,
    "action_terms": ActionTermsFile,
    "action_tests": ActionTestFile,
    "policies": PolicyFile,
    "policy_tests": PolicyTestFile,
    "contracts": ContractFile,
    "approvals": ApprovalFile,
    "strategy": StrategyFile,
    "plan": PlanFile,
    "experiment": ExperimentFile,
    "staffing": StaffingFile,
    "thresholds": ThresholdFile,
    "cleaning": CleaningFile,
    "mapping": MappingFile,
}


def write_all() -> int:
    """Write every document below docs/; the number of files."""
    documents = dict(_documents())
    for path, text in documents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return len(documents)


def outdated() -> tuple[str, ...]:
    """The documents that are not what the code says now."""
    return tuple(
        path.relative_to(PROJECT).as_posix()
        for path, text in _documents()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    )


def _documents() -> Iterator[tuple[Path, str]]:
    docs = PROJECT / "docs"
    for name, model in SCHEMAS.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
        yield docs / "schemas" / f"{name}.json", json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    yield docs / "data-dictionary.md", "\n".join(_dictionary())
    yield docs / "settings.md", "\n".join(_settings())
    yield PROJECT / "prefect.yaml", "\n".join([*project_file(Settings.model_construct()), ""])


def _dictionary() -> Iterator[str]:
    yield "# Data dictionary\n"
    yield "Made from the table catalogue and the store's schema by `make schemas`; do not edit.\n"
    yield "## Landed tables\n"
    yield "Extracts lie in `landing/<date>/<table>.parquet` (or `.csv`), in these columns."
    for table in CATALOGUE.values():
        yield from _table(table)
    yield "\n## Files of runs\n"
    for table in (CHANGES, CREDITS, PLANNED, DRAWN):
        yield from _table(table)
    yield "\n## The store\n"
    for stored in STORE.sorted_tables:
        yield from _stored(stored)


def _table(table: Table) -> Iterator[str]:
    yield f"\n### {table.name}\n"
    window = f", revisable for {table.window_days} days" if table.kind is Kind.REVISABLE else ""
    dated = f", dated by `{table.dated_by}`" if table.dated_by else ""
    key = ", ".join(f"`{name}`" for name in table.key)
    yield f"{table.meaning} Kind: {table.kind.value}{dated}{window}. Key: {key}.\n"
    yield "| column | type | required | meaning |\n| --- | --- | --- | --- |"
    for column in table:
        required = "yes" if column.required else ""
        yield f"| `{column.name}` | {DUCK_TYPES[column.type]} | {required} | {_meaning(column)} |"


def _meaning(column: Column) -> str:
    codes = f" One of {', '.join(f'`{code}`' for code in column.codes)}." if column.codes else ""
    refers = f" Refers to `{column.references}`." if column.references else ""
    personal = " **Personal.**" if column.personal else ""
    return f"{column.meaning}{codes}{refers}{personal}"


def _stored(table: Any) -> Iterator[str]:
    guard = (
        "append-only" if table in APPEND_ONLY else "may be updated" if table in MUTABLE else "written with its stage"
    )
    yield f"\n### {table.name}\n\n{table.comment} ({guard})\n"
    yield "| column | key | meaning |\n| --- | --- | --- |"
    for column in table.columns:
        yield f"| `{column.name}` | {'yes' if column.primary_key else ''} | {column.comment} |"


def _settings() -> Iterator[str]:
    yield "# Settings\n"
    yield "Made from the code by `make schemas`; do not edit."
    yield "A setting comes from its variable, else from `recoup.toml` in the working folder.\n"
    yield "| variable | default | meaning |\n| --- | --- | --- |"
    for name, field in Settings.model_fields.items():
        default = "the repository" if name == "rules" else f"`{field.default}`" if str(field.default) else ""
        yield f"| `RECOUP_{name.upper()}` | {default} | {' '.join((field.description or '').split())} |"
    yield ""
