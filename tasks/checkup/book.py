"""The rule book: free of errors, and what is in force today signed."""

from __future__ import annotations

from adapters.settings import Settings
from adapters.store.signatures import with_signatures
from adapters.world import World, business_today
from tasks.checkup.looked import Looked, wrong
from tasks.stages.rules import read_rules

_MOST = 10  # unsigned rules that are named


def look_at_rules(settings: Settings) -> Looked:
    """Errors one by one are `recoup check`'s to tell."""
    rules = read_rules(settings.rules, None)
    errors = [issue for issue in rules.issues if issue.is_error]
    warnings = len(rules.issues) - len(errors)
    found = f"{len(rules.contents())} rules, {len(errors)} errors, {warnings} warnings"
    if not errors:
        return Looked("rule book", found)
    said = f"has {len(errors)} errors, the first: {errors[0]}"
    return Looked("rule book", found, (wrong("DOC020", str(settings.rules), said, "`recoup check` shows all of them"),))


def look_at_signatures(world: World) -> Looked:
    """Of the rules that a night of today would read: an official night refuses unsigned ones."""
    rules = read_rules(world.settings.rules, None)
    with world.store.read() as connection:
        versions = with_signatures(connection, rules.reached(business_today(world)))
    unsigned = [version for version in versions if not version.signer]
    hint = "`recoup sign --proposer NAME --by NAME`, after looking at `recoup diff-rules`"
    issues = [
        wrong("DOC021", str(rules.place_of(version)), f"{version.kind} {version.id} is not signed", hint)
        for version in unsigned[:_MOST]
    ]
    if unsigned[_MOST:]:
        issues.append(wrong("DOC021", str(world.settings.rules), f"{len(unsigned) - _MOST} more are not signed", hint))
    return Looked(
        "signatures", f"{len(versions) - len(unsigned)} of {len(versions)} rules in force are signed", tuple(issues)
    )
