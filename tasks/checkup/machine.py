"""The machine: Python and packages beside the lock, memory, and hours that a clock of the business does not have."""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import ZoneInfo

from adapters.settings import PROJECT, Settings
from domain.issues import Issue
from tasks.checkup.looked import Looked, warned, wrong

LOCK = "requirements.lock"
_LEAST_PYTHON = (3, 11)
_MOST_NAMED = 8
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


def look_at_versions() -> Looked:
    """What is installed beside what the lock names; what the lock names for other systems only is not missed."""
    pinned = defaultdict[str, set[str]](set)  # a package may be pinned twice, for one Python and for another
    for name, locked in _PINNED.findall((PROJECT / LOCK).read_text(encoding="utf-8")):
        pinned[name].add(locked)
    others = [
        f"{name} {found}, not {' or '.join(sorted(pinned[name]))}"
        for name, found in _installed(pinned)
        if found not in pinned[name]
    ]
    python = ".".join(map(str, sys.version_info[:3]))
    issues: list[Issue] = []
    if sys.version_info < _LEAST_PYTHON:
        issues.append(
            wrong("DOC007", "Python", f"is {python}; expected 3.11 or newer", "Install it, and `make install`")
        )
    if others:
        named = ", ".join(others[:_MOST_NAMED]) + (
            f" and {len(others) - _MOST_NAMED} more" if others[_MOST_NAMED:] else ""
        )
        issues.append(wrong("DOC006", LOCK, f"other packages are installed than it names: {named}", "`make install`"))
    return Looked("Python and packages", f"Python {python}, {len(pinned)} packages in the lock", tuple(issues))


def _installed(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def look_at_memory(settings: Settings) -> Looked:
    """What DuckDB may take beside what the machine has."""
    has = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    may = bytes_of(settings.memory_limit)
    found = f"{has / 1e9:.1f} GB; DuckDB may take {settings.memory_limit}"
    if may is None:
        return Looked("memory", found, (wrong("DOC024", "RECOUP_MEMORY_LIMIT", f'"{settings.memory_limit}" is no size',
                                              "Write, say, 3GB"),))  # fmt: skip
    if may > has * 0.75:
        said = f"is {settings.memory_limit} of {has / 1e9:.1f} GB"
        hint = "Lower it to three quarters at most: the rest of a night needs memory too"
        return Looked("memory", found, (warned("DOC024", "RECOUP_MEMORY_LIMIT", said, hint),))
    return Looked("memory", found)


def bytes_of(size: str) -> int | None:
    """A size as DuckDB takes it.

    >>> bytes_of("3GB"), bytes_of("512 MiB"), bytes_of("plenty")
    (3000000000, 536870912, None)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", size)
    unit = _UNITS.get(match[2].upper()) if match else None
    return int(Decimal(match[1]) * unit) if match and unit else None


def look_at_schedule(settings: Settings, now: datetime) -> Looked:
    """Whether the hour of the nightly run is there, and once, on each day of the year that begins now."""
    hour = _hour_of(settings.nightly_cron)
    zone = ZoneInfo(settings.time_zone)
    today = now.astimezone(zone).date()
    found = f"{settings.nightly_cron} in {settings.time_zone}, where it is {now.astimezone(zone):%Y-%m-%d %H:%M}"
    if hour is None:
        return Looked("time zone and schedule", f"{found}; its hour is not one of the clock's, and was not looked at")
    odd = [day for day in (today + timedelta(days=number) for number in range(366)) if _is_odd(day, hour, zone)]
    if not odd:
        return Looked("time zone and schedule", found)
    hint = "Choose an hour that every day has once"
    said = f"{hour:%H:%M} is not there, or there twice, on {', '.join(map(str, odd[:4]))}"
    return Looked("time zone and schedule", found, (wrong("DOC008", "RECOUP_NIGHTLY_CRON", said, hint),))


def _hour_of(cron: str) -> time | None:
    minute, hour, *_ = [*cron.split(), "", ""]
    is_plain = minute.isdecimal() and hour.isdecimal() and int(minute) < 60 and int(hour) < 24
    return time(int(hour), int(minute)) if is_plain else None


def _is_odd(day: date, hour: time, zone: ZoneInfo) -> bool:
    """A wall time that the clock leaves out, or shows twice.

    >>> _is_odd(date(2026, 3, 29), time(2, 30), ZoneInfo("Europe/Berlin"))
    True
    """
    wall = datetime.combine(day, hour, zone)
    return wall.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None) or (
        wall.utcoffset() != wall.replace(fold=1).utcoffset()
    )
