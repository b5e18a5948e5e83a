"""The datasets as a page for managers: what their rows are, and which columns rules may name."""

from __future__ import annotations

from collections.abc import Iterator

from domain.expressions.parse import TYPES
from kpi_rules.datasets import DATASETS, Dataset, Field


def datasets_as_markdown() -> str:
    """A section per dataset, in the order in which they are defined."""
    return "\n".join(line for dataset in DATASETS.values() for line in _section(dataset))


def _section(dataset: Dataset) -> Iterator[str]:
    yield f"### {dataset.name}\n"
    yield f"{dataset.meaning}\n"
    yield f"Grains: {', '.join(sorted(dataset.grains))}.\n"
    for parameter in dataset.parameters:
        limits = f"from {parameter.lowest} to {parameter.highest}"
        yield f"Parameter `{parameter.name}`, {limits}: {parameter.meaning}\n"
    yield "| column | is a | meaning | values |\n| --- | --- | --- | --- |"
    yield from (_row(name, dataset.fields[name]) for name in sorted(dataset.fields))
    yield ""


def _row(name: str, field: Field) -> str:
    values = ", ".join(f"`{member}`" for member in field.members or field.column.codes)
    return f"| `{name}` | {TYPES[field.column.type]} | {field.column.meaning} | {values} |"
