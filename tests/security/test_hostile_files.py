"""Files that somebody hostile wrote: each is refused with a code, in bounded time and memory, and runs nowhere.

What is large is in tests/stages/test_landing_limits.py, rule files with anything wrong in them are in
tests/kpi_rules/test_hostile_rule_files.py; here is what leads away, waits, steers, or would run.
"""

from __future__ import annotations

import io
import os
import resource
import time
import zipfile
from datetime import date

import duckdb
import pytest
from openpyxl import Workbook

from adapters.duck import open_duck
from adapters.errors import RefusedError
from adapters.landing import read_landing
from adapters.received import MOST_BYTES, received_rows
from adapters.rule_files import read_document, read_rule_book
from domain.issues import Issue, Location
from domain.showing import printable, shown, shown_name
from flows.cli.output import people, print_table
from reports.csv_files import csv_text
from tasks.markdown import as_markdown, code
from tests.stages.test_landing import csv as promises
from tests.stages.test_landing import good

DAY = date(2026, 10, 5)
PLAIN = promises(*good())
ESCAPES = "\x1b[2J\x1b]0;owned\x07"
TURNED = "\u202egnp.exe"


# -- the landing folder ---------------------------------------------------------------------------------------------


def plain(path, _):
    path.write_bytes(PLAIN)


def link(path, target):
    target.write_bytes(PLAIN)
    path.symlink_to(target)


def fifo(path, _):
    os.mkfifo(path)


def device(path, _):
    path.symlink_to("/dev/zero")


def folder(path, _):
    path.mkdir()


def dangling(path, target):
    path.symlink_to(target / "nowhere")


LANDED = {
    "a link out of the folder": ("promises.csv", link, "LND020"),
    "a link to nothing": ("promises.csv", dangling, "LND020"),
    "a device": ("promises.csv", device, "LND020"),
    "a pipe that nobody writes to": ("promises.csv", fifo, "LND003"),
    "a folder": ("promises.csv", folder, "LND003"),
    "a name that clears the screen": (f"{ESCAPES}.csv", plain, "LND001"),
    "a name of two lines": ("promises\n.csv", plain, "LND001"),
    "a name that reads backwards": (f"promises{TURNED}", plain, "LND001"),
    "a name that ends a statement": (
        "promises'); DROP TABLE x; --.csv",
        plain,
        "LND001",
    ),
    "a name with markup": (
        "[link=x]promises[\\x].csv",
        plain,
        "LND001",
    ),
}


@pytest.mark.parametrize("what", LANDED)
def test_what_is_no_plain_file_of_its_name_does_not_land(world, tmp_path, what, capsys):
    name, make, due = LANDED[what]
    place = world.settings.landing / DAY.isoformat()
    place.mkdir(parents=True)
    make(place / name, tmp_path / "elsewhere")
    begun = time.monotonic()
    with open_duck(world.settings) as duck:
        landed, issues = read_landing(world, duck, DAY)
    assert time.monotonic() - begun < 20
    assert (landed, [issue.code for issue in issues]) == ((), [due])
    assert str(issues[0]).isprintable()
    print_table("", [{"found": str(issues[0])}])
    assert "\x1b]0;" not in capsys.readouterr().out


def test_a_folder_of_a_date_that_is_a_link_is_not_read(world, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "promises.csv").write_bytes(PLAIN)
    world.settings.landing.mkdir(parents=True)
    (world.settings.landing / DAY.isoformat()).symlink_to(tmp_path / "elsewhere")
    with open_duck(world.settings) as duck:
        landed, issues = read_landing(world, duck, DAY)
    assert (landed, [str(issue.location) for issue in issues]) == ((), [str(DAY)])


HEADERS = {
    "names that end a statement": ('promise_id,"a""); DROP TABLE x; --","b\'\n",account_id\n1,2,3,4\n', None),
    "rows without a header": ("Phan Anh,0912345678\nLê Lợi,0987654321\n", "LND019"),
}


@pytest.mark.parametrize("what", HEADERS)
def test_names_of_columns_are_names(world, what):
    text, due = HEADERS[what]
    place = world.settings.landing / DAY.isoformat()
    place.mkdir(parents=True)
    (place / "promises.csv").write_text(text)
    with open_duck(world.settings) as duck:
        landed, issues = read_landing(world, duck, DAY)
    if due is None:
        assert landed
        return
    assert [issue.code for issue in issues] == [due]
    assert not {"Phan", "0912345678"} & set(str(issues[0]).split())


def test_no_statement_of_a_session_reaches_the_network_or_loads_what_was_not_there(world):
    with open_duck(world.settings) as duck:
        for statement in ("SELECT * FROM 'https://example.invalid/x.csv'", "SELECT * FROM read_csv('s3://a/b.csv')"):
            with pytest.raises(duckdb.Error, match=r"(?i)extension|not found|autoload|httpfs"):
                duck.run(statement)


# -- errors of databases --------------------------------------------------------------------------------------------

STUMBLES = (
    "CAST(name AS INTEGER)", "CAST(name AS DATE)", "CAST(name AS TIMESTAMP)", "CAST(name AS DECIMAL(9, 2))",
    "CAST(name AS BOOLEAN)", "CAST(name AS UUID)", "strptime(name, '%Y')", "error(name)", "json_extract(name, '$.x')",
    "regexp_matches('x', name || '(')", "CAST(name AS INTEGER[])",
)  # fmt: skip


@pytest.mark.parametrize("expression", STUMBLES)
def test_an_error_about_a_value_does_not_tell_the_value(world, expression):
    with open_duck(world.settings) as duck:
        duck.run("CREATE TABLE people AS SELECT 'Phan O''Brien \"x\" Anh' AS name")
        with pytest.raises(duckdb.Error) as refused:
            duck.run(f"SELECT {expression} FROM people").fetchall()
    assert "Brien" not in f"{refused.value} {refused.value.__cause__}"
    assert refused.value.__suppress_context__


# -- rule files and files of people ---------------------------------------------------------------------------------


def bomb(path, megabytes=400):
    """A workbook of some hundred kilobytes whose sheet unpacks to hundreds of megabytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", "<workbook/>")
        with packed.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(megabytes):
                sheet.write(b" " * 1_000_000)


def with_entities(path, entity, text="&x;"):
    """A good workbook whose sheet is in the words of somebody hostile."""
    made = io.BytesIO()
    book = Workbook()
    book.active.append(["employee", "kpi"])
    book.save(made)
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(path, "w") as after:
        for name in before.namelist():
            content = before.read(name).decode()
            if name == "xl/worksheets/sheet1.xml":
                assert "employee" in content
                content = f"<!DOCTYPE worksheet [{entity}]>" + content.replace("employee", text)
            after.writestr(name, content)


LAUGHS = '<!ENTITY a0 "lol">' + "".join(
    f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 12)
)  # fmt: skip

OF_MACHINE = '<!ENTITY x SYSTEM "file:///etc/passwd">'
RULES = {
    "a link": ("a.yaml", lambda path: path.symlink_to("/etc/hostname"), "YML001"),
    "a pipe": ("a.yaml", os.mkfifo, "YML001"),
    "a device": ("a.yaml", lambda path: path.symlink_to("/dev/zero"), "YML001"),
    "a large file": ("a.yaml", lambda path: path.write_bytes(b"#" * 2_000_000), "YML001"),
    "a merge key": ("a.yaml", lambda path: path.write_text("a: {<<: {b: 1}}\n"), None),
    "an object of Python": ("a.yaml", lambda path: path.write_text("a: !!python/object/apply:os.x [y]\n"), "YML007"),
    "a tag of one's own": ("a.yaml", lambda path: path.write_text("a: !include /etc/passwd\n"), "YML007"),
    "an anchor": ("a.yaml", lambda path: path.write_text("a: &x [1]\nb: *x\n"), "YML005"),
    "a key twice": ("a.yaml", lambda path: path.write_text("a: 1\na: 2\n"), "YML004"),
    "an infinite number": ("a.yaml", lambda path: path.write_text("a: .inf\n"), "YML008"),
    "no number": ("a.yaml", lambda path: path.write_text("a: .nan\n"), "YML008"),
    "a day that is none": ("a.yaml", lambda path: path.write_text("a: 2026-02-30\n"), "YML008"),
    "a time for a day": ("a.yaml", lambda path: path.write_text("a: 2026-02-03 25:61:00\n"), "YML008"),
    "a number without end": ("a.yaml", lambda path: path.write_text("a: 1e999999999\n"), "YML008"),
    "an octal number": ("a.yaml", lambda path: path.write_text("a: 0o777\n"), None),
    "two documents": ("a.yaml", lambda path: path.write_text("a: 1\n---\nb: 2\n"), "YML003"),
    "a directive": ("a.yaml", lambda path: path.write_text("%TAG ! tag:x,2000:\n---\na: !y 1\n"), "YML007"),
    "a packed bomb": ("a.xlsx", bomb, "SHT001"),
    "an entity of the machine": ("a.xlsx", lambda path: with_entities(path, OF_MACHINE), ...),
    "entities of entities": ("a.xlsx", lambda path: with_entities(path, LAUGHS, "&a11;"), "SHT001"),
    "a workbook that is none": ("a.xlsx", lambda path: path.write_bytes(b"PK\3\4" + b"\0" * 60), "SHT001"),
}  # fmt: skip


@pytest.mark.parametrize("what", RULES)
def test_a_rule_file_is_read_or_told_of_in_bounded_time_and_memory(tmp_path, what):
    name, make, due = RULES[what]
    make(tmp_path / name)
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    document, issues = read_document(tmp_path / name)
    assert time.monotonic() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000, "KiB"
    if due is ...:
        assert "root:" not in str(document and document.data) + str(issues)
    elif due is not None:
        assert (document, [issue.code for issue in issues][:1]) == (None, [due])


def test_a_link_among_the_rules_is_named_and_hides_no_other(tmp_path):
    rules = tmp_path / "kpi_rules" / "rules"
    rules.mkdir(parents=True)
    (rules / "good.yaml").write_text("kpis: []\n")
    (rules / "evil.yaml").symlink_to("/etc/passwd")
    (tmp_path / "kpi_rules" / "limits").symlink_to("/etc")
    book = read_rule_book(tmp_path)
    assert [document.path for document in book.documents] == ["kpi_rules/rules/good.yaml"]
    assert [(issue.code, issue.location.path) for issue in book.issues] == [("YML001", "kpi_rules/rules/evil.yaml")]


RECEIVED = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
    "nothing": lambda path: None,
    "a large file": lambda path: path.open("wb").truncate(MOST_BYTES + 1),
    "another encoding": lambda path: path.write_bytes(b"a,b\n\xff,1\n"),
    "an open quote": lambda path: path.write_text('a,"b\n'),
    "a cell without end": lambda path: path.write_text("a," + "x" * 200_000 + "\n"),
}


@pytest.mark.parametrize("what", RECEIVED)
def test_what_others_sent_is_refused_with_its_code(tmp_path, what):
    RECEIVED[what](tmp_path / "answers.csv")
    begun = time.monotonic()
    with pytest.raises(RefusedError, match="STL037"):
        received_rows(tmp_path / "answers.csv", "STL037")
    assert time.monotonic() - begun < 5


# -- where texts come out -------------------------------------------------------------------------------------------

TEXTS = (
    "<script>alert(1)</script>", "<img src=http://example.invalid/x>", "![x](http://example.invalid/x.png)",
    "[x](javascript:alert(1))", "**bold** `code` a|b", "www.example.invalid", "line\n# heading", ESCAPES, TURNED,
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_texts_in_artifacts_are_texts(text):
    """By the renderer that Prefect's UI uses a descendant of: no tag, no link, no picture, no other block."""
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark", {"linkify": False})
    for told in (as_markdown(text), code(text)):
        tokens = markdown.parse(f"- {told}")
        inside = [child.type for token in tokens for child in token.children or ()]
        assert not {"html_inline", "link_open", "image", "strong_open", "em_open"} & set(inside), inside
        assert [token.type for token in tokens].count("heading_open") == 0
        assert "\x1b" not in told
        assert "\u202e" not in told
    assert "://" not in as_markdown(text)


def test_words_of_people_neither_break_a_table_on_the_screen_nor_steer_it(capsys):
    print_table("[/x]", [{"reason": f"[/] [bold]x[/y] {ESCAPES}", "by": "[link=http://x]a[/link]"}])
    people.print("[/nothing] opened")
    out = capsys.readouterr().out
    assert "[/]" in out
    assert "[link=http://x]a[/link]" in out
    assert "\x1b]" not in out


def test_a_formula_in_any_cell_of_a_csv_is_a_text():
    rows = [["=1+1", "+1", "-1+1", "@x", "\t=1", "\r=1", "a;=1", "＝1"]]
    written = csv_text(["a"] * 8, rows).splitlines()[1:]
    assert not [cell for cell in "".join(written).split(",") if cell.strip('"')[:1] in {"=", "+", "-", "@", "＝"}]


SHOWN = {
    "Nguyễn": 'a value like "Aaaaaa"', "Phan Anh": 'a value like "Aaaa Aaa"', "0912345678": 'a value like "9999999999"',
    "+84 912 345 678": 'a value like "+99 999 999 999"', "a@b.vn": 'a value like "a@a.aa"',
    "王小明": 'a value like "aaa"',
    "001099012345": 'a value like "999999999999"', "12 Le Loi": 'a value like "99 Aa Aaa"',
    "2026-02-30": '"2026-02-30"', "31/12/2026 10:00": '"31/12/2026 10:00"', "1.234.567,89": '"1.234.567,89"',
    "1.10E+22": '"1.10E+22"', "CARD": '"CARD"', "n/a": '"n/a"', "": '""', f"x{ESCAPES}"[:2]: '"x\ufffd"',
}  # fmt: skip


@pytest.mark.parametrize("text", SHOWN)
def test_a_value_of_an_extract_is_told_as_it_is_or_by_its_shape(text):
    assert shown(text) == SHOWN[text]
    assert shown(text, is_personal=True) == "a value"


def test_a_place_and_a_column_are_told_without_signs_that_steer():
    assert printable(f"a{ESCAPES}b").isprintable()
    assert shown_name("Phan Anh;0912345678") == "Aaaa Aaa;9999999999"
    assert str(Issue("X", Location(printable("a\nb")), "c")) == "a\ufffdb X c"
