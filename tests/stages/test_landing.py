"""Bad landing files: each is told with its code and place; what lands is said, and nothing is left half-written."""

import gzip
import io
import json
import os
import random
import zipfile
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.duck import duck_columns
from adapters.landing import by_table, landing_issues, unread_extracts
from adapters.settings import Settings
from adapters.snapshots import Pointer, pointed
from adapters.world import open_world
from domain.catalogue import CATALOGUE
from domain.issues import Issue, Location
from tasks.stages.land import land

DAY = date(2026, 10, 5)
NEXT = date(2026, 10, 6)
HEAD = "promise_id,account_id,employee_id,partner_id,made_on,due_on,amount,currency,state\n"
GOOD = "P{n},A{n},E0001,,2026-10-05,2026-10-09,150000,VND,open\n"


def csv(*rows, head=HEAD):
    return (head + "".join(rows)).encode()


def good(number=3):
    return [GOOD.replace("{n}", str(index)) for index in range(number)]


def row(**values):
    names = HEAD.strip().split(",")
    given = dict(zip(names, GOOD.replace("{n}", "9").strip().split(","), strict=True)) | values
    return ",".join(given[name] for name in names) + "\n"


def parquet(table="promises", **columns):
    """A Parquet file of two rows in the catalogue's types, some columns given otherwise."""
    import duckdb

    kinds = duck_columns(CATALOGUE[table])
    values = ", ".join(f"CAST({_literal(name, kind)} AS {kind}) AS {name}" for name, kind in kinds.items())
    whole = duckdb.sql(f"SELECT {values} FROM range(2) t(i)").to_arrow_table()
    for name, column in columns.items():
        place = whole.column_names.index(name) if name in whole.column_names else None
        whole = (
            whole.append_column(name, pa.array(column))
            if place is None
            else whole.set_column(place, name, pa.array(column))
        )
    sink = io.BytesIO()
    pq.write_table(whole, sink)
    return sink.getvalue()


def _literal(name, kind):
    if kind == "VARCHAR":
        return f"'{name[0].upper()}' || i"
    return {"DATE": "'2026-10-05'", "TIMESTAMP": "'2026-10-05 08:00:00'", "BOOLEAN": "true"}.get(kind, "1")


def workbook():
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return sink.getvalue()


def put(world, name, content, day=DAY):
    folder = world.settings.landing / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def landed(world, day=DAY):
    with world.store.read() as connection:
        return {table for table, _ in pointed(connection, Pointer.LANDED, day, day)}


SHIFTED = [line.replace(",", ";") for line in good()]

# name of the file, content, code, place below the folder of the date, what the message says
REFUSED = [
    ("promises.csv", b"", "LND004", "", "not even a header"),
    ("promises.parquet", b"", "LND004", "", "empty"),
    ("promises.csv.gz", gzip.compress(csv(*good(900)), mtime=0)[:-200], "LND006", "", "ends before its end"),
    ("promises.csv.gz", gzip.compress(csv(*good(900)), mtime=0)[:30] + b"\0" * 90, "LND003", "", "damaged"),
    ("promises.csv", csv(*good())[:-30], "LND006", ":4", "in the middle of this row"),
    ("promises.csv", csv(*good(), row(state='"open\nor')[:-1]), "LND006", ":5", "not closed before the file ends"),
    ("promises.parquet", parquet()[:-9], "LND006", "", "no footer"),
    ("promises.parquet", parquet()[:-12] + b"\xff\xff\xff\x7fPAR1", "LND003", "", "footer"),
    ("promises.csv", csv(*good(), row(state="mở")).decode().encode("cp1258", "replace").replace(b"m?", b"m\xf5"),
     "LND007", ":5", "0xF5"),
    ("promises.csv", csv(*good()).decode().encode("utf-16"), "LND007", ":1", "UTF-16"),
    ("promises.csv", csv(*good(), row(state="还款")).decode().encode("gb18030"), "LND007", ":5", "is not utf-8"),
    ("promises.csv", csv(*SHIFTED, head=HEAD.replace(",", ";")), "LND008", ":1", 'by ";"'),
    ("promises.csv", csv(*good()).replace(b",", b"\t"), "LND008", ":1", "a tab"),
    ("promises.csv", csv(*good(1), "P8,A8\n", *good(1)), "LND009", ":3", "fewer columns"),
    ("promises.csv", csv(*good(1), row(state="open,again")), "LND009", ":3", "more columns"),
    ("promises.csv", csv(*good(1), row(state='"open"x')), "LND009", ":3", "quote"),
    ("promises.csv", csv(*good(1), row(state='"open')) + csv(*good(2), head=""), "LND009", ":3", "quote"),
    ("promises.csv", csv(*good(), row(state="op\0en")), "LND012", ":5", "zero byte"),
    ("promises.csv", csv(row(state="x" * 1_200_000)), "LND010", ":2", "1,000,000"),
    ("promises-2026-10-04.csv", csv(*good()), "LND013", "", "its name says 2026-10-04"),
    ("promises_20261004.parquet", parquet(), "LND013", "", "its name says 20261004"),
    ("promises.parquet", parquet(as_of=["2026-10-05", "2026-10-04"]), "LND013", ":2:10", '"2026-10-04", its folder'),
    ("promises.csv", csv(*[line[:-1] + ",2026-10-04\n" for line in good()], head=HEAD[:-1] + ",as_of\n"),
     "LND013", ":2:10", "rows: 3"),
    ("promises.csv", csv(*good(), row(account_id="1.10E+22")), "LND014", ":5:2", "digits are lost"),
    ("promises.parquet", parquet(account_id=["A1", "1.1E+22"]), "LND014", ":2:2", "digits are lost"),
    ("promises.parquet", parquet(account_id=[1.1e22, 2.2e22]), "LND014", "", "DOUBLE"),
    ("promises.csv", csv(row(employee_id="17.0")), "LND014", ":2:3", "floating-point"),
    ("promises.csv", csv(row(account_id="'0012")), "LND014", ":2:2", "apostrophe"),
    ("promises.csv", csv(row(account_id='="0012"')), "LND014", ":2:2", "formula"),
    ("promises.csv", csv(row(account_id='"=HYPERLINK(""http://x"",""y"")"')), "LND014", ":2:2", "formula"),
    ("promises.csv", csv(*(row(account_id=f"{n}000") for n in (110000000000001, 220000000000002))),
     "LND014", ":1:2", "a spreadsheet has rounded them"),
    ("promises.parquet", parquet(account_id=["110000000000001000", "220000000000002000"]),
     "LND014", "", "a spreadsheet has rounded them"),
    ("promises.csv", workbook(), "LND017", "", "a workbook"),
    ("promises.csv", b"<html><table><tr><td>1</td></tr></table></html>", "LND017", "", "a web page"),
    ("promises.csv", bytes(random.Random(1).randbytes(5000)), "LND017", "", "not a text"),
    ("promises.parquet", csv(*good()), "LND017", "", "no Parquet file"),
    ("promises.csv", csv(*good(), head=HEAD.replace("due_on", "made_on")), "LND018", ":1:6", 'second column "made_on"'),
    ("promises.csv", csv(*good(), head=HEAD.replace("due_on", "")), "LND018", ":1:6", "without a name"),
    ("promise.csv", csv(*good()), "LND001", "", "no extract of a known table"),
    ("promises.xlsx", workbook(), "LND001", "", "no extract of a known table"),
]  # fmt: skip


@pytest.fixture
def strict_world(tmp_path):
    return open_world(Settings(home=tmp_path / "home", largest_line_bytes=1_000_000))


@pytest.mark.parametrize(("name", "content", "code", "place", "said"), REFUSED)
def test_refused(strict_world, name, content, code, place, said):
    put(strict_world, name, content)
    result = land(strict_world, DAY, None)
    (issue,) = [issue for issue in result.issues if issue.is_error]
    assert (issue.code, str(issue.location)) == (code, f"2026-10-05/{name}{place}")
    assert said in issue.message
    assert result.rows == ()
    assert landed(strict_world) == set()
    assert left_behind(strict_world) == []


def left_behind(world):
    """Files below the home folder that neither were put there nor are the store or the findings."""
    known = {"landing", "landed", "recoup.sqlite", "recoup.sqlite-shm", "recoup.sqlite-wal"}
    below = [path for path in world.settings.home.rglob("*") if path.is_file()]
    return [path for path in below if path.relative_to(world.settings.home).parts[0] not in known]


WRONG_VALUES = [
    ({"amount": '"1.234,56"'}, ":2:7", "a decimal comma"),
    ({"amount": '"1,234.56"'}, ":2:7", "commas for thousands"),
    ({"amount": '"1,234"'}, ":2:7", "for thousands or for the decimal mark"),
    ({"amount": "1.500.000"}, ":2:7", "points for thousands"),
    ({"amount": "1.5E+07"}, ":2:7", "may have cut digits"),
    ({"amount": "0.00001"}, ":2:7", "is no number of this column"),
    ({"amount": "ten"}, ":2:7", '"ten" is no number of this column'),
    ({"due_on": "09/10/2026"}, ":2:6", '"09/10/2026" is no date'),
    ({"due_on": "2026-02-30"}, ":2:6", '"2026-02-30" is no date'),
]


@pytest.mark.parametrize(("values", "place", "said"), WRONG_VALUES)
def test_values_that_do_not_fit_are_told_and_the_file_lands_as_it_came(world, values, place, said):
    put(world, "promises.csv", csv(row(**values), *good()))
    (issue,) = land(world, DAY, None).issues
    assert (issue.code, str(issue.location)) == ("LND015", f"2026-10-05/promises.csv{place}")
    assert said.lower() in str(issue).lower()
    assert landed(world) == {"promises"}


TAKEN = [
    ("promises.csv", csv(*good()), []),
    ("promises.csv", b"\xef\xbb\xbf" + csv(*good()), []),
    ("promises.csv", csv(*good()).replace(b"\n", b"\r\n"), []),
    ("promises.csv", csv(*good()[:1]).replace(b"\n", b"\r\n") + csv(*good()[1:], head=""), []),
    ("promises.csv", csv(*good()).replace(b"\n", b"\r"), []),
    ("promises.csv.gz", gzip.compress(csv(*good()), mtime=0), []),
    ("promises.csv.gz", gzip.compress(csv(*good()[:1])) + gzip.compress(csv(*good()[1:], head="")), []),
    ("promises-2026-10-05.csv", csv(*good()), []),
    ("promises_20261005.csv", csv(*good()), []),
    ("promises.csv", csv(*(line.replace("VND", '"VND"') for line in good())), []),
    ("promises.csv", csv(*good())[:-1], ["LND006"]),
]


@pytest.mark.parametrize(("name", "content", "warnings"), TAKEN)
def test_harmless_oddities_land_and_give_the_same_version(world, name, content, warnings):
    put(world, name, content)
    result = land(world, DAY, None)
    assert [issue.code for issue in result.issues] == warnings
    assert result.rows == (("promises", 3),)
    put(world, "promises.csv", csv(*good()), NEXT)
    assert columns_of(world, DAY) == columns_of(world, NEXT, read=True)


def columns_of(world, day, *, read=False):
    if read:
        land(world, day, None)
    (path,) = (world.settings.home / "snapshots" / "promises" / day.isoformat()).rglob("*.parquet")
    return pq.read_table(path).to_pylist()


def test_a_header_alone_is_a_table_without_rows_and_a_warning(world):
    put(world, "promises.csv", csv())
    result = land(world, DAY, None)
    assert [(issue.code, issue.is_error) for issue in result.issues] == [("LND005", False)]
    assert result.rows == (("promises", 0),)


@pytest.mark.parametrize("text", ['=HYPERLINK(""http://x"")', "+cmd|' /C calc'!A0", "@SUM(A1:A9)", "-HEX2DEC(1)"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_formula_in_a_text_is_kept_as_text_and_told(world, text, ending):
    if ending == "csv":
        content = f'employee_id,skill\nE1,vi\nE2,"{text}"\n'.encode()
    else:
        content = parquet("skills", skill=["vi", text])
    put(world, f"skills.{ending}", content)
    result = land(world, DAY, None)
    assert [(issue.code, issue.is_error) for issue in result.issues] == [("LND016", False)]
    assert "formula" in result.issues[0].message
    assert result.rows == (("skills", 2),)
    (path,) = (world.settings.home / "snapshots").rglob("*.parquet")
    assert text.replace('""', '"') in pq.read_table(path).column("skill").to_pylist() or ending == "parquet"


@pytest.mark.parametrize(
    "text",
    ["+84 901 234 567", "-5 points", "@home", "1E5", "12.5", "2026-10-05", "O'Neil", "a = b", "E+22"],
)
def test_ordinary_texts_are_no_formulas_and_no_damage(world, text):
    put(world, "skills.csv", f"employee_id,skill\nE1,{text}\n".encode())
    assert land(world, DAY, None).issues == ()


def test_keys_that_rightly_end_in_zeros_are_named_in_the_settings(tmp_path):
    world = open_world(Settings(home=tmp_path / "home", round_keys=("promises.account_id",)))
    put(world, "promises.csv", csv(*(row(account_id=f"{n}000") for n in (110000000000001, 220000000000002))))
    assert land(world, DAY, None).issues == ()


def test_long_keys_that_differ_in_their_last_digits_are_sound(world):
    put(world, "promises.csv", csv(*(row(account_id=str(110000000000000000 + n)) for n in range(0, 50, 5))))
    assert land(world, DAY, None).issues == ()


def test_of_many_wrong_places_the_first_twenty_are_shown_and_all_are_counted(world):
    bad = [row(account_id="1.10E+22", amount="ten") for _ in range(50)]
    put(world, "promises.csv", csv(*good(), *bad))
    issues = land(world, DAY, None).issues
    assert [issue.code for issue in issues] == ["LND015"] * 21 + ["LND014"] * 21
    assert [issue.location.line for issue in issues[:20]] == list(range(5, 25))
    assert all("50 values like these" in issue.message for issue in (issues[20], issues[41]))
    put(world, "promises.csv", csv(*good(), *["P1,A1\n"] * 50))
    issues = land(world, DAY, None).issues
    assert [issue.code for issue in issues] == ["LND009"] * 21
    assert "50 rows are broken" in issues[-1].message


def test_everything_wrong_with_the_bytes_is_told_at_once(strict_world):
    content = csv(*good(), "\0\0\n") + b"\xff\xfe\n" + b"x" * 1_100_000 + b"\n"
    put(strict_world, "promises.csv", content)
    found = {issue.code: issue for issue in land(strict_world, DAY, None).issues}
    assert {code: issue.location.line for code, issue in found.items()} == {"LND012": 5, "LND007": 6, "LND010": 7}
    assert "2 such places" in found["LND012"].message
    assert "2 such places" in found["LND007"].message


def test_a_folder_is_no_file(world):
    (world.settings.landing / DAY.isoformat() / "promises.csv").mkdir(parents=True)
    put(world, "skills.parquet", parquet("skills"))
    result = land(world, DAY, None)
    assert [(issue.code, issue.message) for issue in result.issues] == [
        ("LND003", "is a folder or the like, and no file")
    ]
    assert result.rows == (("skills", 2),)


def test_parquet_with_damaged_pages_is_told(world):
    content = bytearray(parquet(account_id=[f"A{n:020d}" for n in range(2)]))
    content[8:200] = b"\xff" * 192
    put(world, "promises.parquet", bytes(content))
    result = land(world, DAY, None)
    assert [issue.code for issue in result.issues] == ["LND003"]
    assert left_behind(world) == []


def test_no_message_shows_personal_data(world):
    head = "contact_point_id,party_id,kind,value,verified_on,state\n"
    put(world, "contact_points.csv", f"{head}C1,P1,phone,8.49E+11,,active\nC2,P1,phone,=1+1,,active\n".encode())
    issues = land(world, DAY, None).issues
    assert [issue.code for issue in issues] == ["LND014", "LND016"]
    assert all("a value" in issue.message and "8.49" not in str(issue) and "1+1" not in str(issue) for issue in issues)


def test_the_findings_of_a_date_are_kept_by_table(world):
    put(world, "promises.csv", b"")
    put(world, "skills.csv", b"employee_id,skill\nE1,=1+1\n")
    put(world, "accounts_today.csv", b"x")
    put(world, "notes.txt", b"x")
    told = land(world, DAY, None).issues
    found = landing_issues(world, DAY)
    assert {table: [issue.code for issue in issues] for table, issues in found.items()} == {
        "": ["LND001"],
        "accounts": ["LND001"],
        "promises": ["LND004"],
        "skills": ["LND016"],
    }
    assert found == by_table(told)
    assert landing_issues(world, NEXT) == {}


def test_findings_of_a_file_that_is_not_read_again_stay(world):
    put(world, "skills.csv", b"employee_id,skill\nE1,=1+1\n")
    put(world, "promises.csv", csv(row(amount="ten")))
    first = land(world, DAY, None).issues
    assert [issue.code for issue in first] == ["LND015", "LND016"]
    assert land(world, DAY, None).issues == first
    put(world, "promises.csv", csv(*good()))
    assert [issue.code for issue in land(world, DAY, None).issues] == ["LND016"]


def test_equal_files_give_equal_findings(world):
    put(world, "promises.csv", csv(row(amount="ten")))
    land(world, DAY, None)
    report = world.settings.home / "landed" / "2026-10-05.json"
    before = report.read_bytes()
    land(world, DAY, None)
    assert report.read_bytes() == before
    assert json.loads(before)["promises.csv"]["issues"][0]["line"] == 2


def test_two_files_for_one_table_both_stay_out_and_the_others_land(world):
    put(world, "promises.csv", csv(*good()))
    put(world, "promises-2026-10-05.csv", csv(*good(1)))
    put(world, "skills.parquet", parquet("skills"))
    result = land(world, DAY, None)
    assert [(issue.code, str(issue.location)) for issue in result.issues] == [("LND002", "2026-10-05/promises.csv")]
    assert "promises-2026-10-05.csv" in result.issues[0].message
    assert landed(world) == {"skills"}


def test_state_of_yesterday_is_told_by_its_column_as_of_and_is_stored_once_where_it_is_right(world):
    lines = "employee_id,skill,as_of\nE1,vi,{}\nE2,zh,{}\n"
    for day in (DAY, NEXT):
        put(world, "skills.csv", lines.format(day, day).encode(), day)
        assert land(world, day, None).issues == ()
    assert len(list((world.settings.home / "snapshots").rglob("*.parquet"))) == 1
    (path,) = (world.settings.home / "snapshots").rglob("*.parquet")
    assert pq.read_schema(path).names == ["employee_id", "skill"]
    put(world, "skills.csv", lines.format(DAY, DAY).encode(), NEXT)
    assert [issue.code for issue in land(world, NEXT, None).issues] == ["LND013"]


def test_a_bad_resend_leaves_what_landed_and_says_so(world):
    put(world, "promises.csv", csv(*good()))
    land(world, DAY, None)
    with world.store.read() as connection:
        before = pointed(connection, Pointer.LANDED, DAY, DAY)
    put(world, "promises.csv", csv(*good())[:-30])
    assert [issue.code for issue in land(world, DAY, None).issues] == ["LND006"]
    with world.store.read() as connection:
        assert pointed(connection, Pointer.LANDED, DAY, DAY) == before
    assert list(landing_issues(world, DAY)) == ["promises"]


def test_issues_are_sorted_to_tables_by_the_names_of_files():
    names = ["2026-10-05/contact_points.xlsx", "2026-10-05/contacts_old.csv", "2026-10-05/contact.csv"]
    issues = [Issue("LND001", Location(name), "x") for name in names]
    assert list(by_table(issues)) == ["", "contact_points", "contacts"]


def test_broken_rows_are_told_also_where_a_column_is_missing(world):
    put(world, "promises.csv", b"promise_id,account_id\nP1,A1\nP2\n")
    assert [(issue.code, issue.location.line) for issue in land(world, DAY, None).issues] == [("LND009", 3)]


def test_a_name_of_a_column_is_never_run(world):
    head = HEAD.strip() + ',"x"", error(\'run\') AS ""y"\n'
    put(world, "promises.csv", csv(*(line[:-1] + ",1\n" for line in good() * 2), head=head))
    assert land(world, DAY, None).rows == (("promises", 6),)
    (path,) = (world.settings.home / "snapshots").rglob("*.parquet")
    assert "x\", error('run') AS \"y" in pq.read_schema(path).names


def test_of_what_was_not_read_each_code_is_told_once(world):
    put(world, "promises.csv", csv(*[row(account_id="1.10E+22", amount="ten")] * 50))
    land(world, DAY, None)
    assert [issue.code for issue in unread_extracts(world, DAY)["promises"]] == ["LND015", "LND014"]
    put(world, "promises.csv", csv(row(amount="ten")))
    land(world, DAY, None)
    assert unread_extracts(world, DAY) == {}


@pytest.mark.skipif(os.name != "posix", reason="pipes are of POSIX")
def test_a_pipe_is_no_file(world):
    folder = world.settings.landing / DAY.isoformat()
    folder.mkdir(parents=True)
    os.mkfifo(folder / "promises.csv")
    assert [issue.code for issue in land(world, DAY, None).issues] == ["LND003"]
