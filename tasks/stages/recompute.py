"""Proof that posted figures can be calculated again: from the run's own night, by the rules that were signed for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa

from adapters.errors import RefusedError, RemovedError, WorldError
from adapters.store.results import read_payout_lines
from adapters.store.runs import files_of_run
from adapters.store.signatures import Signed, signed_versions
from adapters.world import World
from domain.ids import AttemptId, Digest, RunId, short
from domain.issues import Issue, Location, Severity
from domain.manifest import Manifest, RunKind
from domain.records import PayoutLine
from domain.rules import RuleKind, RuleVersion, decode_rules
from incentives.book import PolicyBook, decode_policies
from incentives.contract_language import Contract
from incentives.contracts import ContractBook
from incentives.ledger import BatchKind
from incentives.line_differences import what_differs
from incentives.ready_contracts import make_contract_ready
from tasks.stages.calculation import pay_calculation_version
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night
from tasks.stages.opening_pay import lines_again
from tasks.stages.pay import compute_pay
from tasks.stages.tying import signed_document, unread

# Where nothing is recorded, because nothing is written.
_NO_ATTEMPT = AttemptId("")
# What is said of a run as a whole, and so of each of its lines.
OF_WHOLE_RUNS = frozenset({"LED014", "LED024", "RET010"})


class UnreadableRulesError(RefusedError):
    """LED024: what was signed for a run is no rule of this version of Recoup."""


def recomputed(world: World, runs: Iterable[RunId]) -> Iterator[Issue]:
    """What does not come out again: LED013 another figure, LED014 a run that cannot be calculated any more, LED024 one
    whose rules only an earlier version of Recoup can read."""
    with world.store.read() as connection:
        signed = {each.rule: each for each in signed_versions(connection)}
        manifests = {run: manifest_of(connection, run) for run in sorted(set(runs))}
    for run, manifest in manifests.items():
        yield from _of_run(world, run, manifest, signed)


def _of_run(world: World, run: RunId, manifest: Manifest, signed: Mapping[Digest, Signed]) -> Iterator[Issue]:
    place = Location(f"run {run}")
    if manifest.kind is RunKind.OPENING:
        yield from _of_opening(world, run, manifest)
        return
    unknown = [version.id for version in manifest.rules if version.digest not in signed]
    if unknown or manifest.source is None:
        yield Issue("LED014", place, f"what it was calculated by is not in the store: {', '.join(unknown)}", _RESTORE)
        return
    try:
        policies, contracts = policies_as_signed(manifest, signed), contracts_as_signed(manifest, signed)
    except UnreadableRulesError as error:
        yield Issue("LED024", place, str(error), _SIGN_ANEW)
        return
    try:
        with world.store.read() as connection:
            source = manifest_of(connection, manifest.source)
        night = Night(manifest.source, _NO_ATTEMPT, source.business_date, RunKind.NIGHTLY)
        pay = compute_pay(world, night, source, policies, contracts, of=manifest)
    except RemovedError as error:
        yield _removed(place, error)
        return
    except (WorldError, OSError) as error:
        yield Issue("LED014", place, f"it cannot be calculated again: {error}", _RESTORE)
        return
    with world.store.read() as connection:
        for kind in BatchKind:
            yield from _differing(connection, run, kind, pay.lines.get(kind, ()), manifest)


def contracts_as_signed(manifest: Manifest, signed: Mapping[Digest, Signed]) -> ContractBook:
    """The contracts that a month-end settled by, whatever stands in the files today.

    Raises: UnreadableRulesError, where one of them was signed in words that contracts no longer have.
    """
    document = signed_document(manifest, signed, RuleKind.CONTRACT)
    settled, faults = decode_rules((document,), "contracts", RuleKind.CONTRACT, Contract)
    book = ContractBook.of(settled)
    faults += tuple(issue for each in settled for issue in make_contract_ready(each)[1])
    _refuse_unread(manifest, (RuleKind.CONTRACT,), book.versions(), faults)
    return book


def policies_as_signed(manifest: Manifest, signed: Mapping[Digest, Signed]) -> PolicyBook:
    """The policies and exchange rates that a month-end paid by; raises as `contracts_as_signed` does."""
    kinds = (RuleKind.POLICY, RuleKind.EXCHANGE)
    book, faults = decode_policies((signed_document(manifest, signed, *kinds),))
    _refuse_unread(manifest, kinds, book.versions(), faults)
    return book


def _refuse_unread(
    manifest: Manifest, kinds: tuple[RuleKind, ...], read: Iterable[RuleVersion], faults: Iterable[Issue]
) -> None:
    lost = unread(manifest, kinds, read, faults)
    if lost:
        raise UnreadableRulesError(lost)


def _removed(place: Location, error: RemovedError) -> Issue:
    """No fault: what it was calculated from is past its term, and somebody had it removed."""
    message = f"it is not calculated again: {str(error).removeprefix('RET010 ')}"
    return Issue("RET010", place, message, severity=Severity.WARNING)


def _of_opening(world: World, run: RunId, manifest: Manifest) -> Iterator[Issue]:
    """What was brought in, beside the file that was kept."""
    try:
        with world.store.read() as connection:
            (file,) = files_of_run(connection, run).values()
        again = lines_again(world, manifest, file)
    except (WorldError, OSError, ValueError) as error:
        yield Issue("LED014", Location(f"run {run}"), f"it cannot be read again: {error}", _RESTORE)
        return
    with world.store.read() as connection:
        yield from _differing(connection, run, BatchKind.BONUS, again, manifest)


def _differing(
    connection: sa.Connection, run: RunId, kind: BatchKind, again: tuple[PayoutLine, ...], manifest: Manifest
) -> Iterator[Issue]:
    stored = {_key(line): line for line in read_payout_lines(connection, run, kind.value)}
    found = {_key(line): line for line in again}
    hint = "Find out what was changed by hand"
    if manifest.calculation != pay_calculation_version():
        hint = _OF_UPDATE.format(short(manifest.calculation), short(pay_calculation_version()))
    for key in sorted(stored.keys() | found.keys()):
        before, now = stored.get(key), found.get(key)
        if before is None or now is None or _content(before) != _content(now):
            amounts = [f"{line.amount:,f} {line.currency}" if line else "no line" for line in (before, now)]
            message = f"{key[0]}, {key[1]}: {amounts[0]} was calculated, {amounts[1]} comes out now"
            differing = what_differs(before, now) if before and now else ""
            yield Issue("LED013", Location(f"run {run}"), f"{message}; {differing}".rstrip("; "), hint)


def _key(line: PayoutLine) -> tuple[str, str, str, str]:
    return line.payee, line.component, line.origin_period, line.currency


def _content(line: PayoutLine) -> object:
    """Everything but the places and the order of inputs in rule files: signed content has neither."""
    steps = [(step.name, step.kind, step.value, step.inputs, step.note) for step in line.steps]
    inputs = sorted((step for step in steps if step[1] == "input"), key=repr)
    return line.amount, line.scope, line.rule, inputs, [step for step in steps if step[1] != "input"]


_OF_UPDATE = (
    "It was calculated by version {} of Recoup, and this is {}: if that change was meant, prepare the month again, and "
    "the difference is posted as an adjustment"
)
_SIGN_ANEW = (
    "Nothing is known to be wrong: verify this run with the version of Recoup that calculated it. To go on with this "
    "one, write the rule in today's words, sign it and prepare the month again; a difference is posted as an adjustment"
)
_RESTORE = "Restore what is missing from the backup"
