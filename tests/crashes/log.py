"""The log of kills: a line of a CSV for each, put down when it is over, so that runs add up."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

from tests.crashes.moments import Drawn, Outcome

EQUAL = "equal"
POINTS, BY_LOT, WHOLE = "point", "lot", "whole"


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill and what came of it. `sort` is a named point, a moment by lot, or a kill of the whole stack; `under_way`
    what had begun last; `again` the same of a second kill; `result` is `equal`, or what differs."""

    sort: str
    store: str
    seed: int
    number: int
    scenario: str
    step: str
    event: int
    delay_ms: str
    under_way: str
    became: str
    again: str
    result: str
    seconds: str

    @property
    def key(self) -> tuple[str, ...]:
        which = (self.scenario, self.under_way) if self.sort == POINTS else (str(self.number),)
        return (self.sort, self.store, str(self.seed), *which)


def kill_of(outcome: Outcome, store: str, seed: int) -> Kill:
    moment, killed = outcome.moment, outcome.killed
    is_point = moment.drawn is Drawn.POINT
    return Kill(
        sort=POINTS if is_point else BY_LOT,
        store=store,
        seed=seed,
        number=moment.number,
        scenario=outcome.scenario,
        step=outcome.step,
        event=killed.event,
        delay_ms=f"{moment.delay_seconds * 1000:.2f}",
        under_way=killed.label,
        became=outcome.became,
        again=outcome.again.label if outcome.again else "",
        result="; ".join(outcome.differing) or EQUAL,
        seconds=f"{outcome.seconds:.1f}",
    )


def read_log(path: Path) -> tuple[Kill, ...]:
    """The kills of the log, the last one of each key, in the order of sorts, stores and numbers."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        found = [_kill(row) for row in csv.DictReader(file)]
    last = {kill.key: kill for kill in found}
    return tuple(sorted(last.values(), key=lambda kill: (kill.sort, kill.store, kill.seed, kill.scenario, kill.number)))


def add_to_log(path: Path, kill: Kill) -> None:
    """One line more; several processes may do so at once, a line being written whole."""
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(astuple(kill))


def write_log(path: Path, kills: Iterable[Kill]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, _NAMES, lineterminator="\n")
        rows.writeheader()
        rows.writerows(asdict(kill) for kill in kills)


def lines_of(kill: Kill) -> Iterator[str]:
    """How it is shown while the matrix runs."""
    twice = f", and again at {kill.again}" if kill.again else ""
    became = f" ({kill.became})" if kill.became else ""
    how = kill.result if kill.result == EQUAL else f"DIFFERS: {kill.result}"
    where = f"{kill.number:4} {kill.scenario}: {kill.step}, event {kill.event} + {kill.delay_ms} ms"
    yield f"{where}, {kill.under_way}{became}{twice}: {how}"


_NAMES = tuple(each.name for each in fields(Kill))


def _kill(row: dict[str, str]) -> Kill:
    return Kill(**{name: int(row[name]) if name in {"seed", "number", "event"} else row[name] for name in _NAMES})
