"""Compare two rule books: folders, or revisions of the repository that holds the rules."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from adapters.errors import RefusedError
from adapters.rule_files import FOLDERS, read_rule_book
from adapters.rule_revisions import write_revision
from adapters.world import World
from kpi_rules.rulebook import KpiRules
from reports.kpi_tables import KpiLabel
from reports.rule_effects import MonthWithout, RuleEffects, RuleEffectsReport
from tasks.stages.labels import book_label, labels_of, language_of
from tasks.stages.rule_effects import Side, effects_between, is_measured, last_nights, months_back
from tasks.stages.rules import RuleSet, decode_rule_book, refuse_errors

NO_NIGHT = "no official night of this month has measured"


def diff_rules(
    world: World, old: str, new: str, *, months: int, overlay: bool = False, as_dated: bool = False
) -> RuleEffectsReport:
    """What `new` changes against `old` in the last `months` months, back from the newest one that has been measured.

    With `overlay`, `new` holds only the files that take the place of those of `old`.
    Raises: RefusedError if one of them is neither a folder nor a revision (DIF001), has no rules (DIF003), or errors.
    """
    with _root_of(world, old) as old_root, _root_of(world, new) as new_root:
        sides = (_side(old, old_root), _side(new, old_root, new_root) if overlay else _side(new, new_root))
    nights = last_nights(world)
    wanted = list(months_back(max(nights), months)) if nights else []
    found = effects_between(world, *sides, [nights[period] for period in wanted if period in nights], as_dated=as_dated)
    missing = tuple(MonthWithout(str(period), NO_NIGHT) for period in wanted if period not in nights)
    if not any(is_measured(change) for change in found.changes):
        missing = ()
    elif not nights:
        missing = (MonthWithout("", "no official night has measured yet: the rules are compared, and no figures"),)
    return report_on(world, replace(found, without=(*found.without, *missing)), *(side.rules for side in sides))


def report_on(world: World, effects: RuleEffects, old: RuleSet, new: RuleSet) -> RuleEffectsReport:
    """With the titles of both books, those of the new one first."""
    labels = {**_labels(world, old.kpis), **_labels(world, new.kpis)}
    return RuleEffectsReport(effects, labels, book_label(world))


def _labels(world: World, kpis: KpiRules) -> dict[str, KpiLabel]:
    return labels_of(kpis, language_of(world))


def _side(name: str, root: Path, overlay: Path | None = None) -> Side:
    if not read_rule_book(overlay or root).documents:
        raise RefusedError(f"DIF003 {name} holds no rule files: they lie in {', '.join(FOLDERS)} below it")
    rules = decode_rule_book(read_rule_book(root, overlay))
    refuse_errors(rules, f"the rule book {name} has errors")
    return Side(name, rules)


@contextmanager
def _root_of(world: World, name: str) -> Iterator[Path]:
    """A folder as it is; anything else as a revision, in a folder that is gone afterwards."""
    if Path(name).is_dir():
        yield Path(name)
        return
    scratch = world.settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rules-", dir=scratch) as folder:
        write_revision(world.settings.rules, name, Path(folder))
        yield Path(folder)
