"""Partners and the register, killed before and after each commit and typed again: as if nobody had disturbed it."""

from __future__ import annotations

import os
import signal
from datetime import UTC, date, datetime

import pytest

from adapters.errors import WorldError
from adapters.store.runs import allocating_run
from adapters.store.standing import read_standings
from adapters.world import open_world
from domain.actions import ActionDecision, ActionDecisionKind, RegisterKind
from domain.manifest import RunKind
from domain.periods import Period
from domain.standings import PartnerState, StandingDecisionKind
from tasks.stages.actions import decide_action, remind
from tasks.stages.entered_actions import Entry, enter_action
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night
from tasks.stages.partner_answers import acknowledge
from tasks.stages.partner_files import export_partner_files
from tasks.stages.register import take_in_landed
from tasks.stages.rules import sound_rules
from tasks.stages.signals import run_signals
from tasks.stages.standing import Decided, decide_standing, propose_standing
from tests.conftest import SteppingClock, copy_folder
from tests.stages.test_nights import tables_of

pytestmark = pytest.mark.slow

THIRD, SEPTEMBER = date(2026, 9, 3), Period(2026, 9)
ENTRY = Entry(RegisterKind.RECTIFICATION, "recordings come late", "demo manager", THIRD, partner="R01")


def entered(world):
    return enter_action(world, ENTRY, None)


def closed(world):
    name = entered_before(world)
    decide_action(world, name, ActionDecision(ActionDecisionKind.HANDED_OVER, "demo clerk", THIRD, owner="demo quality",
                                              reason="ill"), None)  # fmt: skip


def reminded(world):
    entered_before(world)
    remind(world, date(2027, 1, 1), by="demo quality", attempt=None)


def signals_run(world):
    run_signals(world, SEPTEMBER, None)


def taken_in(world):
    with world.store.read() as connection:
        run = allocating_run(connection, THIRD)
        manifest = manifest_of(connection, run)
    night = Night(run, _attempt_of(world), THIRD, RunKind.NIGHTLY)
    take_in_landed(world, night, manifest, sound_rules(world.settings.rules))


def handed_out(world):
    export_partner_files(world, THIRD, by="operations", attempt=_attempt_of(world))


def acknowledged(world):
    file = next(each for each in export_partner_files(world, THIRD, by="operations", attempt=_attempt_of(world)))
    account = file.path.read_text(encoding="utf-8").splitlines()[1].split(",")[0]
    answer = world.settings.home / "answer.csv"
    answer.write_text(f"file_id,account_id,outcome,reason\n{file.file_id},{account},accepted,\n", encoding="utf-8")
    acknowledge(world, answer, by="operations", attempt=_attempt_of(world))


def proposed(world):
    propose_standing(world, "R01", PartnerState.WATCH, by="demo quality", reason="a raid", attempt=None)


def decided(world):
    """The first of two people says yes; the action that a rectification opens comes with the last."""
    with world.store.read() as connection:
        known = [each.review.review_id for each in read_standings(connection, partner="R01")]
    name = known[0] if known else propose_standing(world, "R01", PartnerState.RECTIFICATION, by="demo quality",
                                                   reason="a raid", attempt=None).review.review_id  # fmt: skip
    plan = Decided(StandingDecisionKind.ACCEPTED, "demo manager", plan="two more people")
    decide_standing(world, name, plan, None)


WORK = {
    "action_entered": entered,
    "action_decided": closed,
    "actions_reminded": reminded,
    "signals_recorded": signals_run,
    "register_taken_in": taken_in,
    "partner_file_registered": handed_out,
    "acknowledgement_taken_in": acknowledged,
    "standing_reviewed": proposed,
    "standing_decided": decided,
}
TYPED_TWICE = {
    "action_entered": "a second entry is another action",
    "action_decided": "ACT006",
    "standing_reviewed": "",
    "standing_decided": "STD008",
}


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
@pytest.mark.parametrize("point", WORK)
def test_killed_and_typed_again_it_is_as_if_undisturbed(measured_world, tmp_path, point, moment):
    calm, killed = (_copy(measured_world, tmp_path / name) for name in ("calm", "killed"))
    WORK[point](calm)
    assert point in calm.seam.reached or f"{point}:{moment}" in calm.seam.reached
    assert _killed_at(killed, f"{point}:{moment}", WORK[point]) == signal.SIGKILL
    again = _open(killed.settings)
    if moment == "before_commit" or point not in TYPED_TWICE:
        WORK[point](again)
    expected, found = tables_of(calm), tables_of(again)
    assert {name for name in expected if expected[name] != found[name]} <= {"attempts"}, "attempts are no content"


def entered_before(world):
    """The action on which something is decided; typed again it is found."""
    from adapters.store.actions import read_actions

    with world.store.read() as connection:
        known = [each.action_id for each in read_actions(connection, source="entered")]
    return known[0] if known else entered(world).action_id


def _attempt_of(world):
    """The newest attempt of the copied world: what is recorded under it is the same however often it is typed."""
    import sqlalchemy as sa

    from adapters.store.schema import attempts

    with world.store.read() as connection:
        return connection.execute(sa.select(attempts.c.attempt_id).order_by(attempts.c.attempt_id)).scalars().first()


def _copy(world, home):
    copy_folder(world.settings.home, home)
    return _open(world.settings.model_copy(update={"home": home}))


def _open(settings):
    return open_world(settings, clock=SteppingClock(datetime(2026, 9, 4, 2, tzinfo=UTC)))


def _killed_at(world, point, work):
    """The work in a forked child that kills itself at the point; the signal that ended it."""
    world.store.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            work(_open(world.settings.model_copy(update={"failpoint": point})))
        except WorldError:
            os._exit(3)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) * -1
