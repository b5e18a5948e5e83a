"""Looking back at a night whose rules have been ended, replaced or edited since."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.errors import ConflictError
from adapters.store.runs import official_run
from adapters.world import open_world
from domain.manifest import RunKind, Stage
from reports.languages import Language
from tasks.stages.manifests import manifest_of
from tasks.stages.projection import projection_facts
from tasks.stages.rules_then import rules_then
from tests.conftest import copy_of
from tests.stages.books import edit, house_book

pytestmark = pytest.mark.slow

DAY = date(2026, 9, 3)


@pytest.fixture
def moved_on(measured_world, tmp_path):
    """The same store below a rule book that says something else today."""
    book = edit(
        house_book(tmp_path / "book"),
        {
            "incentives/policies/collector_bonus.yaml": (("default: 2", "default: 1"),),
            "allocation/strategies/standard.yaml": (("switching_cost: 0.15", "switching_cost: 0.20"),),
        },
    )
    return open_world(measured_world.settings.model_copy(update={"rules": book}))


def test_a_night_is_looked_at_by_the_rules_that_were_signed_for_it(measured_world, moved_on):
    with moved_on.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, DAY, Stage.MEASURE.value)
        manifest = manifest_of(connection, run)
    then = rules_then(moved_on, manifest)
    assert {version.digest for version in then.reached(DAY)} == {version.digest for version in manifest.rules}
    assert projection_facts(moved_on, DAY, Language.ENGLISH) == projection_facts(measured_world, DAY, Language.ENGLISH)


def test_what_was_never_signed_cannot_be_looked_back_at(measured_world, moved_on, run_night, tmp_path, request):
    with copy_of(measured_world, tmp_path / "home", request) as copy:
        trial = copy.settings.model_copy(update={"rules": moved_on.settings.rules})
        night = run_night(open_world(trial, clock=copy.seam.clock), DAY, (Stage.GATE,), what_if=True)
        with copy.store.read() as connection:
            manifest = manifest_of(connection, night.run)
        with pytest.raises(ConflictError, match=r"never signed: .*standard"):
            rules_then(copy, manifest)
