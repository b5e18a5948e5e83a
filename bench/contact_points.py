"""The monthly cleaning of contact points, at 1 million points and their contacts of one month: wall time and memory.

    python -m bench.contact_points [POINTS …]

Points are made up: seven in ten are telephones, written in nine ways, nearly all of them distinct, one in twenty the
same as the point before at the same person; the others are mail and postal addresses. For each point there are five
contacts. Every size is cleaned in a process of its own; nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from adapters.duck import Duck, open_duck
from adapters.settings import Settings
from adapters.snapshots import Pointer, register, write_version
from adapters.store.signatures import sign
from adapters.world import World, open_world
from domain.catalogue import CATALOGUE
from domain.periods import Period
from tasks.stages.contact_points import clean_contact_points
from tasks.stages.rules import sound_rules

SIZES = (1_000_000,)
PERIOD = Period(2026, 9)
CONTACTS_A_POINT = 5

_WRITTEN = """CASE n % 9
    WHEN 0 THEN '0' || phone WHEN 1 THEN '+84' || phone WHEN 2 THEN '84' || phone
    WHEN 3 THEN '0' || phone[1:2] || ' ' || phone[3:5] || ' ' || phone[6:]
    WHEN 4 THEN '0' || phone[1:2] || '.' || phone[3:5] || '.' || phone[6:]
    WHEN 5 THEN '+84 ' || phone[1:3] || '-' || phone[4:] WHEN 6 THEN '(0' || phone[1:2] || ') ' || phone[3:]
    WHEN 7 THEN phone ELSE '0' || phone || CASE n % 27 WHEN 8 THEN ' x12' WHEN 17 THEN ' (home)' ELSE '' END END"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.contact_points", description=__doc__)
    parser.add_argument("points", nargs="*", type=int)
    parser.add_argument("--clean", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.clean:
        print(json.dumps(_measured(arguments.clean)))
        return
    for points in arguments.points or SIZES:
        with tempfile.TemporaryDirectory(prefix="recoup-bench-") as folder:
            _prepare(open_world(Settings(home=Path(folder))), points)
            command = [sys.executable, "-m", "bench.contact_points", "--clean", folder]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            print(f"{points:,} points: {told.strip()}")


def _measured(home: Path) -> dict[str, object]:
    world = open_world(Settings(home=home))
    start = time.perf_counter()
    done = clean_contact_points(world, PERIOD)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu, peak = round(used.ru_utime + used.ru_stime, 1), used.ru_maxrss // 1024
    counts = {"outcomes": done.outcomes, "to_verify": done.to_verify, "corrections": done.corrections}
    return {"seconds": round(seconds, 1), "cpu_seconds": cpu, "peak_mib": peak, **counts}


def _prepare(world: World, points: int) -> None:
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="bench", signer="another")
    with open_duck(world.settings) as duck:
        for table, sql in _states(points).items():
            _accept(world, duck, table, PERIOD.last_day, sql)
        for number in range(30):
            _accept(world, duck, "contacts", PERIOD.start + timedelta(days=number), _contacts(points, number))


def _accept(world: World, duck: Duck, table: str, day: date, sql: str) -> None:
    version = write_version(world, duck, CATALOGUE[table], day, sql)
    with world.store.write("bench") as connection:
        register(world, connection, Pointer.ACCEPTED, day, [version], None)


def _states(points: int) -> dict[str, str]:
    """Two points for each party, and one account for each party's debtor."""
    parties = points // 2
    phone = "['91', '98', '32', '70', '86'][1 + n % 5] || lpad(CAST((n * 7919) % 10000000 AS VARCHAR), 7, '0')"
    numbered = f"SELECT *, {phone} AS phone FROM (SELECT range AS n, range // 2 AS party, range % 20 AS what"
    return {
        "accounts": f"""SELECT 'A' || range AS account_id, 'D' || range AS debtor_id, 'card' AS product,
            'B' AS branch_id, 'R' AS region, 'vi' AS language, 'VND' AS currency,
            CASE WHEN range % 20 = 0 THEN 'CN' ELSE 'VN' END AS jurisdiction, 'Asia/Ho_Chi_Minh' AS time_zone,
            'o' AS originator, DATE '2024-01-01' AS opened_on, CAST(1 AS DECIMAL(18,4)) AS principal,
            CAST(1 AS DECIMAL(18,4)) AS balance, CAST(1 AS DECIMAL(18,4)) AS overdue_amount,
            CAST(1 AS BIGINT) AS days_past_due, CAST(NULL AS DATE) AS charged_off_on, 'open' AS status,
            'none' AS hold, true AS consent FROM range({parties})""",
        "parties": f"""SELECT 'P' || range AS party_id, 'D' || range AS debtor_id, 'debtor' AS role,
            true AS duty_to_repay, 'Somebody' AS full_name, CAST(NULL AS VARCHAR) AS national_id
            FROM range({parties})""",
        "contact_points": f"""SELECT 'K' || n AS contact_point_id, 'P' || party AS party_id,
            CASE WHEN what < 14 THEN 'phone' WHEN what < 17 THEN 'email' ELSE 'address' END AS kind,
            CASE WHEN what = 1 THEN '+84' || lag(phone) OVER (ORDER BY n) WHEN what < 14 THEN {_WRITTEN}
                WHEN what < 17 THEN 'Person.' || n || '@Bank-' || n % 50 || '.VN'
                ELSE 'House ' || n || ',  Street ' || n % 900 END AS "value",
            CASE WHEN n % 4 > 0 THEN DATE '2026-08-01' - CAST(n % 500 AS INTEGER) END AS verified_on,
            CASE WHEN n % 25 = 0 THEN 'retired' ELSE 'active' END AS state
            FROM ({numbered} FROM range({points})))""",
    }


def _contacts(points: int, number: int) -> str:
    calls = points * CONTACTS_A_POINT // 30
    return f"""SELECT 'C{number}-' || range AS contact_id, 'A' || range % {points // 2} AS account_id,
        'P' || range % {points // 2} AS party_id,
        'K' || (hash(range * 31 + {number}) % {points}) AS contact_point_id,
        CAST(NULL AS VARCHAR) AS employee_id, CAST(NULL AS VARCHAR) AS partner_id,
        TIMESTAMP '2026-09-{number + 1:02} 02:00:00' AS started_at,
        TIMESTAMP '2026-09-{number + 1:02} 09:00:00' AS started_wall, 'call' AS channel, 'out' AS direction,
        ['no_answer', 'wrong_party', 'right_party', 'busy', 'wrong_party'][1 + CAST(hash(range) % 5 AS BIGINT)]
            AS outcome,
        CAST(0 AS BIGINT) AS duration_seconds FROM range({calls})"""


if __name__ == "__main__":
    main()
