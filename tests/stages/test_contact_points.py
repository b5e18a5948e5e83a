"""The monthly cleaning of a small book: its files, what is in them, and what must not be."""

from __future__ import annotations

import csv
import hashlib
import json
import stat
from datetime import date, timedelta
from io import BytesIO

import duckdb
import openpyxl
import pytest
from typer.testing import CliRunner

from adapters.duck import open_duck
from adapters.errors import FileChangedError, RefusedError
from adapters.settings import Settings
from adapters.store.signatures import sign
from adapters.world import open_world
from domain.manifest import Stage
from domain.periods import Period
from flows.cli import app
from reports.contact_points_lists import CORRECTION_COLUMNS, VERIFY_COLUMNS
from tasks.stages.cleaned_points import VIEW, cleaned_by, create_cleaned_view
from tasks.stages.contact_points import clean_contact_points
from tasks.stages.rules import sound_rules
from tests.conftest import SteppingClock, copy_of, new_world
from tests.stages.conftest import night_of, put_book

pytestmark = pytest.mark.slow

SEPTEMBER = Period(2026, 9)
DAYS = (date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 3))

# Numbers of a real book among those of the demo book; each belongs to the first point of a debtor with two accounts.
DIRTY = ("0912 345 678", "0987654321 / 0912345679", "0912345680 (mẹ)", "113", "=cmd|'/C calc'!A0")


def put_dirty_values(world):
    """In place of the first demo numbers of Vietnam, in every landed extract."""
    for path in sorted(world.settings.landing.glob("*/contact_points.parquet")):
        connection = duckdb.connect()
        connection.execute(f"CREATE TABLE points AS FROM '{path}'")
        names = connection.execute(
            "SELECT contact_point_id FROM points WHERE \"value\" LIKE '+84%' AND state = 'active' ORDER BY 1 LIMIT 5"
        ).fetchall()
        for (name,), value in zip(names, DIRTY, strict=True):
            connection.execute('UPDATE points SET "value" = ? WHERE contact_point_id = ?', (value, name))
        connection.execute(f"COPY points TO '{path}' (FORMAT parquet)")
    return [name for (name,) in names]


@pytest.fixture(scope="module")
def cleaned_once(request, tmp_path_factory, book):
    """A world after its cleaning, what it came to, and the ids of the points with dirty values."""
    with new_world(request, tmp_path_factory.mktemp("cleaned") / "home", "sqlite") as world:
        put_book(world, book)
        names = put_dirty_values(world)
        for day in DAYS:
            night_of(world, day, (Stage.GATE,))
        yield world, clean_contact_points(world, SEPTEMBER), names


@pytest.fixture
def cleaned(cleaned_once, tmp_path, request):
    """A copy of it for each test."""
    world, done, names = cleaned_once
    with copy_of(world, tmp_path / "home", request) as copy:
        yield copy, done, names


def files_of(world):
    folders = (world.settings.home / "reports", world.settings.home / "contact-points")
    found = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(world.settings.home).as_posix(): path for path in found}


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def landed(world, table, column):
    path = world.settings.landing / DAYS[-1].isoformat() / f"{table}.parquet"
    return {row[0] for row in duckdb.sql(f"SELECT \"{column}\" FROM '{path}'").fetchall()}


def test_every_point_comes_out_once_and_the_dirty_ones_as_what_they_are(cleaned):
    world, done, names = cleaned
    points = landed(world, "contact_points", "contact_point_id")
    assert done.as_of == DAYS[-1]
    assert done.points == sum(done.outcomes.values()) == len(points)
    with open_duck(world.settings) as duck:
        create_cleaned_view(duck, cleaned_by(world, DAYS[-1]))
        rows = duck.run(f'SELECT contact_point_id, outcome, "value", findings FROM {VIEW} ORDER BY 1').fetchall()
    assert [row[0] for row in rows] == sorted(points)
    by_id = {row[0]: row[1:] for row in rows}
    outcomes = [by_id[name][0] for name in names]
    assert outcomes == ["corrected", "unusable", "unusable", "unusable", "unusable"]
    assert by_id[names[0]][1] == "+84912345678"
    found = [by_id[name][2].split()[0] for name in names[1:]]
    assert found == ["several_values", "with_text", "emergency", "not_a_number"]


def test_the_lists_have_their_columns_and_only_the_corrections_hold_values(cleaned):
    world, done, names = cleaned
    files = files_of(world)
    verify = rows_of(files["reports/2026-09/contact-points/to-verify.csv"])
    corrections = rows_of(files["reports/2026-09/contact-points/corrections/contact_points.csv"])
    assert tuple(verify[0]) == VERIFY_COLUMNS
    assert tuple(corrections[0]) == CORRECTION_COLUMNS
    assert (len(verify), len(corrections)) == (done.to_verify, done.corrections)
    assert set(names[1:]) <= {row["contact_point_id"] for row in verify}
    (row,) = [row for row in corrections if row["contact_point_id"] == names[0]]
    assert [row[name] for name in CORRECTION_COLUMNS[1:5]] == ["value", "0912 345 678", "+84912345678", "normalised"]
    assert {row["reason"] for row in corrections} == {"normalised", "duplicate"}


def test_no_value_and_no_name_stands_where_it_is_not_needed(cleaned):
    world, _, _ = cleaned
    files = files_of(world)
    folder = "reports/2026-09/contact-points"
    book = openpyxl.load_workbook(BytesIO(files[f"{folder}/cleaning.xlsx"].read_bytes()))
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    texts = [files[f"{folder}/{name}"].read_text(encoding="utf-8") for name in ("cleaning.html", "to-verify.csv")]
    texts += [*cells, files[f"contact-points/{DAYS[-1]}.json"].read_text(encoding="utf-8")]
    personal = landed(world, "contact_points", "value") | landed(world, "parties", "full_name")
    assert len(personal) > 500
    everything = "\n".join(texts)
    assert [value for value in personal if value in everything and len(value) > 3] == []
    ids = landed(world, "contact_points", "contact_point_id") | landed(world, "parties", "party_id")
    assert [name for name in ids if name in texts[0] or name in cells] == []


def test_files_with_personal_data_are_their_owners_alone_and_say_so(cleaned):
    world, _, _ = cleaned
    files = files_of(world)
    folder = "reports/2026-09/contact-points"
    private = [f"{folder}/corrections/contact_points.csv", f"{folder}/to-verify.csv"]
    private += [name for name in files if name.endswith("points.parquet")]
    assert len(private) == 3
    assert {stat.S_IMODE(files[name].stat().st_mode) for name in private} == {0o600}
    assert stat.S_IMODE(files[private[0]].parent.stat().st_mode) == 0o700
    assert "personal data" in files[f"{folder}/corrections/PERSONAL-DATA.txt"].read_text(encoding="utf-8")


def test_the_page_says_that_the_book_is_a_demo_and_that_its_numbers_are(cleaned):
    world, done, _ = cleaned
    page = files_of(world)["reports/2026-09/contact-points/cleaning.html"].read_text(encoding="utf-8")
    assert "Demo book: invented people" in page
    assert "+84000" in page
    assert "does not add up" not in page
    assert done.usable > done.points * 9 // 10, "demo numbers are invalid by design, and usable in a demo book"


def test_the_same_sources_give_the_same_bytes(cleaned):
    world, done, _ = cleaned
    before = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files_of(world).items()}
    assert clean_contact_points(world, SEPTEMBER) == done
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files_of(world).items()} == before


def test_an_earlier_day_is_another_cleaning_and_the_newest_by_a_day_counts(cleaned):
    world, done, _ = cleaned
    earlier = clean_contact_points(world, SEPTEMBER, DAYS[0])
    assert earlier.cleaning != done.cleaning
    assert cleaned_by(world, DAYS[0] - timedelta(days=1)) is None
    assert cleaned_by(world, DAYS[1]).cleaning == earlier.cleaning
    assert cleaned_by(world, DAYS[2]).cleaning == done.cleaning


def test_a_table_that_was_changed_is_not_read(cleaned):
    world, _, _ = cleaned
    path = cleaned_by(world, DAYS[-1]).path
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileChangedError, match="make it again"):
        cleaned_by(world, DAYS[-1])


def test_the_command_prints_what_it_came_to(cleaned, monkeypatch):
    world, done, _ = cleaned
    monkeypatch.setenv("RECOUP_HOME", str(world.settings.home))
    told = CliRunner().invoke(app, ["contact-points", "--period", "2026-09", "--json"])
    assert told.exit_code == 0, told.output
    content = json.loads(told.stdout)
    assert (content["points"], content["outcomes"]) == (done.points, dict(done.outcomes))
    assert CliRunner().invoke(app, ["contact-points", "--period", "2026-9"]).exit_code == 2


def test_without_accepted_points_or_with_unsigned_rules_nothing_is_cleaned(world, land_book, run_night, tmp_path):
    with pytest.raises(RefusedError, match="PNT010 no contact points were accepted in 2026-09"):
        clean_contact_points(world, SEPTEMBER)
    with pytest.raises(RefusedError, match="PNT011"):
        clean_contact_points(world, SEPTEMBER, date(2026, 10, 1))
    land_book(world)
    run_night(world, DAYS[0], (Stage.GATE,))
    assert clean_contact_points(world, SEPTEMBER).as_of == DAYS[0]
    unsigned = open_world(Settings(home=tmp_path / "unsigned"), clock=SteppingClock())
    rules = [each for each in sound_rules(world.settings.rules).contents() if each.version.kind != "cleaning"]
    sign(unsigned.store, rules, proposer="proposer", signer="signer")
    (unsigned.settings.home / "landing").symlink_to(world.settings.landing.absolute())
    run_night(unsigned, DAYS[0], (Stage.GATE,))
    with pytest.raises(RefusedError, match="SIG002 cleaning contact_points is not signed"):
        clean_contact_points(unsigned, SEPTEMBER)
