"""Where tests spend the processor's time: `pytest -n 0 -p tests.measuring FILE` prints it at the end.

Seconds of this process and of the children that it waited for, by file and by test; those of servers (PostgreSQL,
Prefect) and of `-n 2` are not in it. Beside other work they say more than the clock.
"""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Generator

import pytest

_MOST_SHOWN = 25
_SPENT: Counter[tuple[str, str]] = Counter()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _measured(item, "setup"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _measured(item, "call"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _measured(item, "teardown"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    files: Counter[str] = Counter()
    for (phase, test), seconds in _SPENT.items():
        files[f"{phase:8} {test.partition('::')[0]}"] += seconds
    tests = Counter({f"{phase:8} {test}": seconds for (phase, test), seconds in _SPENT.items()})
    for title, found in (("files", files), ("tests", tests)):
        terminalreporter.section(f"seconds of the processor: {title}")
        for name, seconds in found.most_common(_MOST_SHOWN):
            terminalreporter.write_line(f"{seconds:8.1f} {name}")


def _measured(item: pytest.Item, phase: str) -> Generator[None, None, None]:
    before = _processor_seconds()
    try:
        return (yield)
    finally:
        _SPENT[phase, item.nodeid] += _processor_seconds() - before


def _processor_seconds() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)
