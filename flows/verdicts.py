"""How a night ends: done, or halted with what, where and what to do."""

from __future__ import annotations

from adapters.store.results import read_verdict
from adapters.store.runs import State, stages_of
from adapters.world import world_of_process
from domain.ids import short
from domain.records import Outcome
from expectations.waiving import is_waivable
from flows.halting import Halted
from tasks.stages.night import Night

_MOST = 5


def raise_if_halted(night: Night) -> None:
    """Raises: Halted with the halted tables, the gravest checks, and the stages that waited."""
    with world_of_process().store.read() as connection:
        verdict = read_verdict(connection, night.run, night.business_date)
        stages = stages_of(connection, night.run)
    if verdict is None or not any(stage.outcome is State.HALTED for stage in stages):
        return
    checks = [check for table in verdict.tables for check in table.checks if check.outcome is Outcome.HALT]
    lines = [f"{check.check}: {check.found}; expected {check.expected}. {check.hint}" for check in checks[:_MOST]]
    lines += [f"… and {len(checks) - _MOST} more" for _ in checks[_MOST : _MOST + 1]]
    lines += [
        f"{stage.stage}: {stage.summary['note']}"
        for stage in stages
        if stage.outcome is State.HALTED and "note" in stage.summary
    ]
    waivable = [check.check for check in checks if is_waivable(check)][:1]
    lines += [f"`recoup waive {short(night.run)} {check} …` records that a named person goes on" for check in waivable]
    halted = ", ".join(sorted(verdict.halted)) or "no table"
    raise Halted(f"the night of {night.business_date} is halted: {halted}\n" + "\n".join(lines))
