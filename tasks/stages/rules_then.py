"""The rules that a night of the past was made by, whatever the rule files say today."""

from __future__ import annotations

from dataclasses import replace

from adapters.errors import ConflictError
from adapters.store.signatures import signed_versions
from adapters.world import World
from domain.manifest import Manifest
from domain.rules import RuleKind
from tasks.stages.as_if import without
from tasks.stages.rules import RuleSet, decode_rule_book, read_rules, refuse_errors
from tasks.stages.signed_book import documents_as_signed

_NOT_OF_NIGHTS = frozenset(  # who may approve, and what is planned with, is today's business
    {
        RuleKind.APPROVER_GROUP,
        RuleKind.APPROVAL_CHAIN,
        RuleKind.AUTHORITY,
        RuleKind.DELEGATION,
        RuleKind.PAY_TERMS,
        RuleKind.STAFFING,
        RuleKind.SIGNAL,
    }
)


def rules_then(world: World, manifest: Manifest) -> RuleSet:
    """The rules that the manifest names: from the files, or where these have moved on, as they were signed.

    A version that was ended or replaced since is another one in the files; what was signed stays in the store.
    Raises: ConflictError if the files have moved on, and the store does not have every version; RefusedError if the
    rules as signed do not make a sound book any more.
    """
    here = read_rules(world.settings.rules)
    named = {version.digest for version in manifest.rules}
    if named <= {version.digest for version in here.reached(manifest.effective_on)}:
        return here
    with world.store.read() as connection:
        signed = {one.rule: one for one in signed_versions(connection)}
    missing = sorted({version.id for version in manifest.rules if version.digest not in signed})
    if missing:
        raise ConflictError(
            f"rules have changed since this night, and what they said then was never signed: {', '.join(missing)}. "
            "Run the command over the rules of that day (RECOUP_RULES), or run the night again"
        )
    of_today = [each.version for each in here.placed() if each.version.kind not in _NOT_OF_NIGHTS]
    left = without(here.book, [(version.kind, version.id, version.valid_from) for version in of_today])
    documents = (*left.documents, *documents_as_signed(signed[digest] for digest in sorted(named)))
    then = decode_rule_book(replace(left, documents=documents))
    refuse_errors(then, _UNREADABLE)
    return then


_UNREADABLE = (
    "RUL012 this version of Recoup cannot read the rules of this night as they were signed. Look at it with the "
    "version that made it; or write the rule in today's words, sign it, and run the night again. What cannot be read"
)
