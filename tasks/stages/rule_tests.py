"""Tests that managers write beside rule files, run as a part of `recoup check`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapters.rule_files import FOLDERS, read_document
from domain.documents import Document
from domain.issues import Issue
from incentives.contract_tests import run_contract_tests
from incentives.rule_tests import run_policy_tests
from kpi_rules.action_terms import FOLDER as ACTIONS
from kpi_rules.action_tests import run_action_tests
from kpi_rules.rule_tests import run_rule_tests
from kpi_rules.signals.checks import FOLDER as SIGNALS
from kpi_rules.signals.rule_tests import run_signal_tests
from kpi_rules.standing_trial import FOLDER as STANDINGS
from kpi_rules.standing_trial import run_standing_tests
from tasks.stages.rules import RuleSet


def run_tests(root: Path, rules: RuleSet, overlay: Path | None = None) -> tuple[Issue, ...]:
    """What the rules do otherwise than their tests say, and what is wrong with the tests."""
    read = {folder: list(_test_files(root, folder, overlay)) for folder in FOLDERS}
    issues = [issue for files in read.values() for _, found in files for issue in found]
    documents = {folder: [document for document, _ in files if document] for folder, files in read.items()}
    of_kpis = (each for each in FOLDERS if each.startswith("kpi_rules") and each not in {SIGNALS, ACTIONS, STANDINGS})
    kpi_tests = [each for folder in of_kpis for each in documents[folder]]
    return (
        *issues,
        *run_rule_tests(rules.kpis, kpi_tests),
        *run_action_tests(rules.action_terms, documents[ACTIONS]),
        *run_standing_tests(rules.standings, documents[STANDINGS]),
        *run_signal_tests(rules.signals, documents[SIGNALS]),
        *run_policy_tests(rules.policies, documents["incentives/policies"]),
        *run_contract_tests(rules.contracts, documents["incentives/contracts"]),
    )


def _test_files(root: Path, folder: str, overlay: Path | None) -> Iterator[tuple[Document | None, tuple[Issue, ...]]]:
    files = {
        path.relative_to(top).as_posix(): path
        for top in (root, overlay)
        if top
        for path in sorted((top / folder).rglob("*.test.yaml"))
    }
    for name, path in sorted(files.items()):
        yield read_document(path, name)
