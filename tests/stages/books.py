"""Rule books of tests: the house's, with some texts of its files replaced."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from adapters.rule_files import FOLDERS
from adapters.settings import Settings

TARGETS = "kpi_rules/targets/employees.yaml"
SCORECARDS = "kpi_rules/rules/scorecards.yaml"
PHONE = "kpi_rules/rules/phone.yaml"
RECOVERY = "kpi_rules/rules/recovery.yaml"
POLICIES = "incentives/policies/collector_bonus.yaml"

Edits = Mapping[str, tuple[tuple[str, str], ...]]  # file: what stands there once, and what takes its place


def house_book(folder: Path) -> Path:
    for name in (name for name in FOLDERS if (Settings().rules / name).exists()):
        shutil.copytree(Settings().rules / name, folder / name)
    return folder


def edit(book: Path, edits: Edits) -> Path:
    for name, replaced in edits.items():
        text = (book / name).read_text(encoding="utf-8")
        for old, new in replaced:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
            text = text.replace(old, new)
        (book / name).write_text(text, encoding="utf-8")
    return book
