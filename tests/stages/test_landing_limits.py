"""Files that ask for more than the machine has are refused in bounded memory: long lines, bombs, open quotes."""

import gzip
import resource
import sys
from datetime import date
from multiprocessing import get_context

import pytest

from adapters.importing import import_extract
from adapters.rule_files import parse_document
from adapters.settings import Settings
from adapters.world import open_world
from tasks.stages.land import land

pytestmark = pytest.mark.slow

DAY = date(2026, 10, 5)
HEAD = b"promise_id,account_id,employee_id,partner_id,made_on,due_on,amount,currency,state\n"
ROW = b"P1,A1,E0001,,2026-10-05,2026-10-09,150000,VND,open\n"
MEGABYTE = 1_000_000

# Address space, not memory in use: DuckDB and Arrow reserve more than they touch. Without a file it takes 0.9 GB.
LARGEST_BYTES = 1_600_000_000

# Each file is read by copies of a process that has only imported what reads it: a bare one, of which the limit is one.
CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])
LONGEST_SECONDS = 300

MAPPING = """title: Skills
source: {format: csv}
tables:
  skills:
    columns:
      employee_id: {from: promise_id}
      skill: {from: state}
"""


def land_extracts(folder):
    world = open_world(Settings(home=folder, memory_limit="300MB", threads=1))
    result = land(world, DAY, None)
    world.store.engine.dispose()
    return [f"{issue.code} {issue.location}" for issue in result.issues], result.rows


def import_skills(folder, path):
    document, _ = parse_document(MAPPING, "map.yaml")
    report = import_extract(
        document, [path], business_date=DAY, landing=folder / "out", memory_limit="300MB", threads=1
    )
    return [f"{issue.code} {issue.location.line}" for issue in report.issues], [table.rows for table in report.tables]


def repeated(file, piece, times):
    for _ in range(times):
        file.write(piece)


def one_long_line(file):
    file.write(HEAD + ROW)
    repeated(file, b"x" * MEGABYTE, 400)
    file.write(b"\n" + ROW)


def no_line_at_all(file):
    repeated(file, b"x" * MEGABYTE, 400)


def sparse(file):
    file.write(HEAD + ROW)
    file.seek(1_200_000_000)
    file.write(b"\n")


def open_quote(file):
    file.write(HEAD + ROW.replace(b"open", b'"open'))
    repeated(file, ROW * 1000, 5_000)


def all_rows_broken(file):
    file.write(HEAD)
    repeated(file, b"P1,A1\n" * 10_000, 500)


def bomb(file):
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write(HEAD)
        repeated(packed, ROW * 20_000, 400)


FILES = [
    (one_long_line, "promises.csv", "LND010", "IMP030", 3),
    (no_line_at_all, "promises.csv", "LND010", "IMP030", 1),
    (sparse, "promises.csv", "LND017", "IMP027", 0),
    (open_quote, "promises.csv", "LND009", "IMP026", 2),
    (all_rows_broken, "promises.csv", "LND009", "IMP026", 2),
    (bomb, "promises.csv.gz", "LND011", "IMP031", 0),
]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are of Linux")
@pytest.mark.parametrize(("fill", "name", "code", "imported", "line"), FILES)
def test_refused_in_bounded_memory(tmp_path, world, fill, name, code, imported, line):
    folder = tmp_path / "home" / "landing" / "2026-10-05"
    folder.mkdir(parents=True)
    with (folder / name).open("wb") as file:
        fill(file)
    world.store.engine.dispose()
    told, rows = limited(land_extracts, tmp_path / "home")
    assert told[0] == f"{code} 2026-10-05/{name}{f':{line}' if line else ''}"
    assert rows == ()
    left = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and path.stat().st_size > MEGABYTE]
    assert left == [folder / name]
    told, rows = limited(import_skills, tmp_path, folder / name)
    assert told[0] == f"{imported} {line}"
    assert rows == []
    assert not (tmp_path / "out").exists()
    (folder / name).unlink()


def limited(work, *arguments):
    """What the work came to in a process of its own, with no more address space than it may have."""
    told = CONTEXT.Queue()
    process = CONTEXT.Process(target=_limited, args=(told, work, *arguments))
    process.start()
    process.join(LONGEST_SECONDS)
    assert process.exitcode == 0, f"it ended with {process.exitcode}"
    return told.get(timeout=LONGEST_SECONDS)


def _limited(told, work, *arguments):
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_BYTES, LARGEST_BYTES))
    told.put(work(*arguments))
