"""What makes an approved batch void although its rows, rules and inputs are as they were."""

from __future__ import annotations

import pytest

from adapters.errors import RefusedError
from adapters.store.ledger import read_entries
from domain.ids import VersionId, digest_of
from domain.manifest import Input
from domain.periods import Period
from tasks.stages import decide
from tasks.stages.calculation import calculation_version
from tests.stages.paid import CHAIN, house_policy, line_by, month_end_run, publish_lines

SEPTEMBER = Period(2026, 9)
SCORES = {"score": "80", "critical_fails": "0", "upheld_complaints": "0"}


@pytest.mark.parametrize(("program", "is_void"), [("another one", True), ("this one", False)])
def test_a_batch_that_another_version_of_the_program_calculated_is_not_paid(any_world, program, is_void):
    line = line_by(house_policy(any_world, "field_vnd"), "E0001", "field", SCORES)
    calculation = digest_of(program) if is_void else calculation_version()
    accounts = Input("accounts", SEPTEMBER.last_day, VersionId("0" * 64))
    run = month_end_run(any_world, SEPTEMBER, calculation=calculation, landed=(accounts,))
    batch = publish_lines(any_world, run, "field", [line], decisions=len(CHAIN))
    refused = _refusal(lambda: decide.publish(any_world, batch, by="publisher"))
    assert ("BAT016 another version of Recoup calculates now" in refused) is is_void
    with any_world.store.read() as connection:
        assert bool(read_entries(connection)) is not is_void


def _refusal(action):
    try:
        action()
    except RefusedError as error:
        return str(error)
    return ""
