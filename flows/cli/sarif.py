"""Findings as SARIF 2.1.0: what editors and code review show beside the line that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from domain.issues import Issue

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_sarif(issues: Sequence[Issue]) -> dict[str, Any]:
    """One run of one tool; paths are relative to the rule book's root."""
    driver = {
        "name": "recoup check",
        "version": version("recoup"),
        "rules": [{"id": code} for code in sorted({issue.code for issue in issues})],
    }
    run = {"tool": {"driver": driver}, "results": [_result(issue) for issue in issues]}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(issue: Issue) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": issue.location.path}}
    if issue.location.line:
        column = {"startColumn": issue.location.column} if issue.location.column else {}
        place["region"] = {"startLine": issue.location.line, **column}
    text = f"{issue.message}. {issue.hint}" if issue.hint else issue.message
    return {
        "ruleId": issue.code,
        "level": str(issue.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }
