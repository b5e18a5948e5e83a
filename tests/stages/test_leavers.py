"""Who has left: what they owe is a receivable, and no longer carried forward."""

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.duck import duck_columns, open_duck
from adapters.settings import Settings
from domain.catalogue import CATALOGUE
from domain.periods import Period
from tasks.stages.people import leavers_of

SEPTEMBER, HIRED = Period(2026, 9), date(2024, 1, 1)
EMPLOYMENT = {
    "stays": [(HIRED, None)],
    "left long ago": [(HIRED, date(2025, 3, 1))],
    "left after the last day": [(HIRED, date(2026, 10, 1))],
    "stays one day longer": [(HIRED, date(2026, 10, 2))],
    "came back": [(HIRED, date(2026, 5, 1)), (date(2026, 7, 1), None)],
    "comes later": [(date(2026, 11, 1), None)],
    "came back and left": [(HIRED, date(2026, 5, 1)), (date(2026, 7, 1), date(2026, 9, 16))],
}


def test_leavers_are_those_who_are_not_employed_on_the_day_after_the_month(tmp_path):
    rows = [(name, *dates) for name, every in EMPLOYMENT.items() for dates in every]
    names, hired, exited = zip(*rows, strict=True)
    columns = {
        "employee_id": names,
        "hired_on": pa.array(hired, pa.date32()),
        "exited_on": pa.array(exited, pa.date32()),
    }
    pq.write_table(pa.table(columns), tmp_path / "employment.parquet")
    with open_duck(Settings(home=tmp_path)) as duck:
        types = {name: kind for name, kind in duck_columns(CATALOGUE["employment"]).items() if name in columns}
        duck.create_view("employment", [tmp_path / "employment.parquet"], types)
        assert leavers_of(duck, SEPTEMBER) == {"left long ago", "left after the last day", "came back and left"}
