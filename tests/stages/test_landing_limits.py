"""Files that ask for more than the machine has are refused in bounded memory: long lines, bombs, open quotes."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
HEAD = b"promise_id,account_id,employee_id,partner_id,made_on,due_on,amount,currency,state\n"
ROW = b"P1,A1,E0001,,2026-10-05,2026-10-09,150000,VND,open\n"
MEGABYTE = 1_000_000

# Address space, not memory in use: DuckDB and Arrow reserve more than they touch. Without a file it takes 0.9 GB.
LARGEST_BYTES = 1_600_000_000

LANDING = """
import resource, sys
from datetime import date
from pathlib import Path
from adapters.settings import Settings
from adapters.world import open_world
from tasks.stages.land import land

resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
world = open_world(Settings(home=Path(sys.argv[1]), memory_limit="300MB", threads=1))
result = land(world, date(2026, 10, 5), None)
print(*(f"{issue.code} {issue.location}" for issue in result.issues), result.rows, sep="|")
"""

IMPORTING = """
import resource, sys
from datetime import date
from pathlib import Path
from adapters.importing import import_extract
from adapters.rule_files import parse_document

resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
mapping = '''title: Skills
source: {format: %s}
tables:
  skills:
    columns:
      employee_id: {from: promise_id}
      skill: {from: state}
''' % sys.argv[4]
document, issues = parse_document(mapping, "map.yaml")
folder = Path(sys.argv[1])
report = import_extract(document, [Path(sys.argv[3])], business_date=date(2026, 10, 5), landing=folder / "out",
                        memory_limit="300MB", threads=1)
print(*(f"{issue.code} {issue.location.line}" for issue in report.issues), [t.rows for t in report.tables], sep="|")
"""


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
    file.seek(2_000_000_000)
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
def test_refused_in_bounded_memory(tmp_path, fill, name, code, imported, line):
    folder = tmp_path / "home" / "landing" / "2026-10-05"
    folder.mkdir(parents=True)
    with (folder / name).open("wb") as file:
        fill(file)
    found = run(LANDING, tmp_path / "home")
    assert found[0] == f"{code} 2026-10-05/{name}{f':{line}' if line else ''}"
    assert found[-1] == "()"
    left = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and path.stat().st_size > MEGABYTE]
    assert left == [folder / name]
    found = run(IMPORTING, tmp_path, str(folder / name), "csv")
    assert found[0] == f"{imported} {line}"
    assert found[-1] == "[]"
    assert not (tmp_path / "out").exists()
    (folder / name).unlink()


def run(script, folder, *more):
    command = [sys.executable, "-c", script, str(folder), str(LARGEST_BYTES), *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().split("|")
