"""What the gate made of a spoilt night, held against the same night clean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from bench.gates.nights import Gated
from domain.records import CheckResult, Outcome, TableVerdict, Verdict


class Caught(IntEnum):
    """The gravest thing that happened, from nothing to a night that halts."""

    NOTHING_SPOILT = 0  # no row of the night was of the sort
    CRASHED = 1  # an exception instead of a message
    MISSED = 2
    HEALED = 3  # what was accepted equals what is accepted on the clean night
    WARNED = 4
    DROPPED = 5  # equal rows, counted and left out
    QUARANTINED = 6
    HALTED = 7

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Finding:
    """`by` are the checks that say more than on the clean night, the gravest first; `aside` are the rows that were
    quarantined or dropped as equal beyond those of the clean night, of `touched` that were spoilt."""

    caught: Caught
    by: tuple[str, ...]
    touched: int
    aside: int = 0
    step: int = 1

    @property
    def is_caught(self) -> bool:
        return self.caught >= Caught.HEALED


def finding_of(touched: int, spoilt: Gated, clean: Gated, step: int = 1) -> Finding:
    """A check counts if it is worse than on the clean night, or sees more failing rows; *not yet known* does not."""
    if not touched:
        return Finding(Caught.NOTHING_SPOILT, (), 0)
    if spoilt.verdict is None or clean.verdict is None:
        return Finding(Caught.CRASHED, (spoilt.crash or clean.crash,), touched)
    known = {check.check: check for check in _checks(clean.verdict)}
    new = [check for check in _checks(spoilt.verdict) if _is_worse(check, known.get(check.check))]
    halting = [check for check in new if check.outcome is Outcome.HALT]
    codes = [f"{issue.code} at landing" for issue in spoilt.issues]
    quarantined = _more(spoilt.verdict, clean.verdict, "quarantined")
    doubles = _more(spoilt.verdict, clean.verdict, "duplicate")
    caught = _gravest(halting=bool(halting), quarantined=quarantined, doubles=doubles, warned=bool(new or codes))
    if caught is Caught.MISSED and spoilt.accepted == clean.accepted:
        caught = Caught.HEALED
    by = (*codes, *_names(halting), *_names(check for check in new if check not in halting))
    return Finding(caught, by, touched, quarantined + doubles, step)


def worst_of(findings: Iterable[Finding]) -> Finding:
    """Of the nights of one kind and level the one that fared worst; nights without such rows say nothing."""
    told = [one for one in findings if one.caught is not Caught.NOTHING_SPOILT]
    return min(told, key=lambda one: one.caught, default=Finding(Caught.NOTHING_SPOILT, (), 0))


def gravest_of(findings: Sequence[Finding]) -> Finding:
    """Of the days of one run the one that was caught most gravely, the earliest of those."""
    return max(findings, key=lambda one: (one.caught, -one.step))


def _gravest(*, halting: bool, quarantined: int, doubles: int, warned: bool) -> Caught:
    happened = (
        (halting, Caught.HALTED),
        (quarantined > 0, Caught.QUARANTINED),
        (doubles > 0, Caught.DROPPED),
        (warned, Caught.WARNED),
    )
    return next((caught for is_so, caught in happened if is_so), Caught.MISSED)


def _checks(verdict: Verdict) -> Iterator[CheckResult]:
    for table in verdict.tables:
        yield from table.checks


def _is_worse(check: CheckResult, clean: CheckResult | None) -> bool:
    if check.outcome not in {Outcome.WARN, Outcome.HALT}:
        return False
    return clean is None or check.outcome.rank > clean.outcome.rank or check.failed > clean.failed


def _names(checks: Iterable[CheckResult]) -> Iterator[str]:
    """Reasons of rows come before the sums that they make, and each check once."""
    for check in sorted(checks, key=lambda one: (one.check.endswith((".quarantine", ".duplicates")), one.check)):
        both_sides = check.check.endswith(".quarantine") and check.found.endswith(".duplicate_key")
        yield f"{check.check} (duplicate_key)" if both_sides else check.check


def _more(spoilt: Verdict, clean: Verdict, what: str) -> int:
    before: dict[str, TableVerdict] = {table.table: table for table in clean.tables}
    pairs = ((table, before.get(table.table)) for table in spoilt.tables)
    return sum(max(0, _count(table, what) - (_count(old, what) if old else 0)) for table, old in pairs)


def _count(table: TableVerdict, what: str) -> int:
    return int(getattr(table.totals, what))
