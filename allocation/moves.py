"""Who got another owner in a night, and why: the same facts that decided, looked at account by account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from allocation.allocate import Prepared
from allocation.destinations import long_leave
from allocation.problem import NOWHERE, Group
from allocation.rows import OWNERS_WHO_WORK, PLACEMENT_IN_FORCE, WITH_DEBTOR
from allocation.strategies import Strategy
from allocation.units import Together, together, why_not
from domain.dispatch import DISPATCH_SQL
from domain.exact import ExactSelect, exact
from domain.reassignments import is_reassigned, is_return

Row = Mapping[str, Any]

NOBODY = ""
CAPACITY = "capacity"  # of whoever had it: as it is counted


class Why(StrEnum):
    """Why an account changed hands. Of several reasons that hold, the one that comes first here."""

    BY_LEADERS = "by_leaders"  # an override or handover begins, holds on, or is over
    LEFT_THE_BOOK = "left_the_book"
    EXCLUDED = "excluded"
    HELD = "held"
    EXPERIMENT = "experiment"
    PLACED = "placed"  # a placement with the partner runs
    NEW = "new"  # the dispatch did not have it the day before
    TAKEN_UP = "taken_up"  # it was in the book, and nobody worked it
    OWNER_GONE = "owner_gone"  # left, away for long, or without a contract
    RECALLED = "recalled"
    ROTATED = "rotated"
    BARRED = "barred"  # a conflict, or as many placements as there may be
    ESCALATED = "escalated"  # a rule took it to a segment that its owner does not work
    SEGMENT = "segment"  # it is in a segment that its owner does not work
    NOT_ELIGIBLE = "not_eligible"  # its owner may not have it any more, although the segment is the same
    TOGETHER = "together"  # all accounts of its debtor go to one owner
    NO_DESTINATION = "no_destination"  # its owner could have it no more, and nobody may
    BETTER = "better"  # it brings more there, beyond the switching cost
    FAIR = "fair"  # the fairness band: so that the members of a team have about the same
    LIMIT = "limit"  # its owner's capacity, or what somebody must have, is worth more than it brings there


@dataclass(frozen=True, slots=True)
class Move:
    """From whom to whom, each with department and team; NOBODY where nobody works it. `detail` names what it is due to
    in ids and codes alone: a rule, a segment, a skill, a limit. `gain_estimate`: what its unit (its debtor's accounts
    that are decided together) brings more at the new place than at the old one, switching cost taken off, where both
    were open to it; in the comparison currency."""

    account_id: str
    from_owner: str
    from_department: str
    from_team: str
    to_owner: str
    to_department: str
    to_team: str
    segment_before: str
    segment: str
    why: Why
    detail: str
    currency: str
    balance: Decimal
    gain_estimate: float | None = None


def owned_statement(day: date) -> ExactSelect:
    """Who owns each account on `day` by the dispatch, and with what reason, in order of account_id."""
    dispatch = DISPATCH_SQL.c
    names = ("account_id", "owner_kind", "owner_id", "department_id", "team_id", "segment", "reason")
    held = (dispatch.valid_from <= day, dispatch.valid_to > day)
    return exact(sa.select(*(dispatch[name] for name in names)).where(*held).order_by(dispatch.account_id))


def long_leave_statement(strategy: Strategy, as_of: date) -> ExactSelect:
    """Employees who get no accounts because they are away for all of the next days."""
    away = long_leave(strategy, as_of + timedelta(days=1)).subquery("away")
    return exact(sa.select(away.c.employee_id).distinct().order_by(away.c.employee_id))


@dataclass(frozen=True, slots=True)
class Owners:
    """Results of `owned_statement` before the release: of the business date, and of the day from which the night
    decides (where leaders may have decided already); and who is on long leave."""

    before: pa.Table
    due: pa.Table
    on_leave: frozenset[str] = frozenset()


def moves(known: Prepared, decided: pa.Table, owners: Owners, prices: Mapping[str, float]) -> tuple[Move, ...]:
    """Every account that somebody else works, or nobody any more, in order of account_id.

    `decided` are the rows of the allocation and `prices` its prices by limit, both as the night kept them: nothing is
    solved again.
    """
    mine, were = workers(decided), workers(owners.before)
    at = pc.index_in(decided["account_id"], value_set=owners.before["account_id"].combine_chunks())
    changed = decided.filter(pc.not_equal(mine, pc.fill_null(were.take(at), NOBODY))).to_pylist()
    ids = pa.array([row["account_id"] for row in changed], pa.string())
    before, due = (_by_account(table, ids) for table in (owners.before, owners.due))
    book = known.book.table["account_id"].combine_chunks().cast(pa.string())
    rows = pc.index_in(ids, value_set=book).to_pylist()
    judge = _Judge(known, together(known.book, known.strategy, np.array(sorted(rows), dtype=np.int64)), _barred(known),
                   owners.on_leave, prices)  # fmt: skip
    found = [
        _move(row, before.get(row["account_id"]), *judge.why(row, number, before, due))
        for row, number in zip(changed, rows, strict=True)
    ]
    left = pc.and_(pc.not_equal(were, NOBODY), pc.invert(pc.is_in(owners.before["account_id"], value_set=book)))
    gone = [_left(row) for row in owners.before.filter(left).to_pylist()]
    return tuple(sorted([*found, *gone], key=lambda move: move.account_id))


def workers(accounts: pa.Table) -> pa.ChunkedArray:
    """Of each row who works the account, as `worker` says it."""
    keys = pc.binary_join_element_wise(
        accounts["owner_kind"].cast(pa.string()), accounts["owner_id"].cast(pa.string()), ":"
    )
    works = pc.is_in(accounts["owner_kind"].cast(pa.string()), value_set=pa.array(OWNERS_WHO_WORK))
    return pc.fill_null(pc.if_else(works, keys, NOBODY), NOBODY)


def _by_account(table: pa.Table, ids: pa.Array) -> dict[str, Row]:
    return {row["account_id"]: row for row in table.filter(pc.is_in(table["account_id"], value_set=ids)).to_pylist()}


def worker(row: Row | None) -> str:
    """Who works the account by a row of the dispatch or of an allocation, as a destination's key; else NOBODY."""
    if row is None or row["owner_kind"] not in OWNERS_WHO_WORK:
        return NOBODY
    return f"{row['owner_kind']}:{row['owner_id']}"


def _move(row: Row, was: Row | None, why: Why, detail: str, gain: float | None) -> Move:
    return Move(
        row["account_id"],
        *_place(was),
        *_place(row),
        (was or {}).get("segment") or "",
        row["segment"] or "",
        why,
        detail,
        row["currency"],
        row["balance"],
        gain,
    )


def _left(was: Row) -> Move:
    place = (*_place(was), NOBODY, "", "")
    return Move(was["account_id"], *place, was["segment"] or "", "", Why.LEFT_THE_BOOK, "", "", Decimal(0))


def _place(row: Row | None) -> tuple[str, str, str]:
    if row is None or not worker(row):
        return NOBODY, "", ""
    return worker(row), row["department_id"] or "", row["team_id"] or ""


def _barred(known: Prepared) -> dict[tuple[int, str], str]:
    return {(one.row, one.owner): one.reason for one in known.book.barred}


@dataclass(frozen=True, slots=True)
class _Judge:
    """`units` of the rows that moved; `barred` by row and owner."""

    known: Prepared
    units: Mapping[int, Together]
    barred: Mapping[tuple[int, str], str]
    on_leave: frozenset[str]
    prices: Mapping[str, float]

    def why(
        self, row: Row, number: int, before: Mapping[str, Row], due: Mapping[str, Row]
    ) -> tuple[Why, str, float | None]:
        was, now = before.get(row["account_id"]), due.get(row["account_id"])
        said = self._stated(row, now)
        if said is None and not worker(was) and worker(row):
            said = (Why.NEW, "") if was is None else (Why.TAKEN_UP, was["reason"])
        if said is not None:
            return *said, None
        return self._of_owner(row, number, now if worker(now) else was)

    def _stated(self, row: Row, due: Row | None) -> tuple[Why, str] | None:
        """What was decided otherwise than by price: by people, by conditions, by lot, by a placement."""
        reason: str = row["reason"]
        kind, _, detail = reason.partition(":")
        if is_reassigned(reason):
            return Why.BY_LEADERS, reason
        if (
            due is not None
            and worker(due) == worker(row)
            and (is_reassigned(due["reason"]) or is_return(due["reason"]))
        ):
            return Why.BY_LEADERS, due["reason"]
        if kind == "excluded":
            return Why.EXCLUDED, " ".join(part for part in (detail, row.get("case_id")) if part)
        if kind == "held_out" or detail.startswith("untouched:"):
            return Why.EXPERIMENT, detail.removeprefix("untouched:")
        if kind == "held" and row["next_best"] is None and detail not in {"no_capacity", "no_destination"}:
            return Why.HELD, detail
        if reason == WITH_DEBTOR:
            return Why.TOGETHER, ""
        return (Why.PLACED, row["owner_id"]) if reason == PLACEMENT_IN_FORCE else None

    def _of_owner(self, row: Row, number: int, was: Row | None) -> tuple[Why, str, float | None]:
        """Why the account did not stay with its owner, to whom it was open or not."""
        old, of = worker(was), self.units.get(number)
        end = next((one for one in self.known.destinations if one.key == old), None)
        if end is None or was is None or of is None:
            return Why.OWNER_GONE, self._gone(old), None
        code = why_not(of.kind, self.known.strategy.segments[of.kind.segment].rule, end)
        if code:
            return *self._barrier(row, number, of, was, code), None
        if row["reason"] == "held:no_destination":
            return Why.NO_DESTINATION, row["segment"] or "", None
        return self._by_value(row, of, old)

    def _gone(self, owner: str) -> str:
        kind, _, name = owner.partition(":")
        if kind == "partner":
            return "no_contract"
        return "long_leave" if name in self.on_leave else "not_posted"

    def _barrier(self, row: Row, number: int, of: Together, was: Row, code: str) -> tuple[Why, str]:
        if code == "barred":
            return self._barred(number, of, worker(was), row)
        segment = self.known.strategy.segments[of.kind.segment].id
        if (was["segment"] or "") == segment:
            return Why.NOT_ELIGIBLE, code
        own = self.known.book.segment[number]
        if own != of.kind.segment and self.known.strategy.segments[own].id == was["segment"]:
            return Why.TOGETHER, self._account(of.lead)
        escalated = self.known.book.table["escalated"][of.lead].as_py()
        return (Why.ESCALATED, escalated) if escalated else (Why.SEGMENT, segment)

    def _barred(self, number: int, of: Together, owner: str, row: Row) -> tuple[Why, str]:
        """Its own bar first, else that of another account of the debtor."""
        mine = self.barred.get((number, owner))
        found = mine or next(self.barred[other, owner] for other in of.rows if (other, owner) in self.barred)
        if mine is None:
            return Why.TOGETHER, found
        if found in {"recalled", "cooling_off"}:
            return Why.RECALLED, row.get("recall") or found
        return (Why.ROTATED, "") if found == "rotation" else (Why.BARRED, found)

    def _by_value(self, row: Row, of: Together, old: str) -> tuple[Why, str, float | None]:
        """The old place was open to it: what it brings there and where it went, and what the limits in the way cost."""
        group = self._group(of.unit)
        was_at, now_at = self._position(group, old), self._position(group, worker(row))
        owner_at = int(self.known.work.problem.owner[of.unit])
        if len(of.rows) > 1 and was_at != owner_at and worker(row):
            return Why.TOGETHER, self._account(of.lead), None
        if row["reason"] == "fair_share":
            return Why.FAIR, "", None
        if was_at == NOWHERE:
            return Why.LIMIT, old, None
        values = self.known.work.problem.values(group, np.array([of.unit]))[0]
        here = 0 if now_at == NOWHERE else int(values[now_at])
        gain = (here - int(values[was_at])) / 10.0**self.known.work.digits
        if gain > 0:
            return Why.BETTER, "", gain
        limit = self._dearest(group, of.unit, was_at, now_at)
        if not limit and self.known.strategy.rule.fairness is not None:
            return Why.FAIR, "", gain  # no limit had a price there: the old owner had more than the band lets them have
        return Why.LIMIT, limit or old, gain

    def _group(self, unit: int) -> Group:
        return next(group for group in self.known.work.problem.groups if group.start <= unit < group.stop)

    def _position(self, group: Group, key: str) -> int:
        numbers = group.places.tolist()
        return next((at for at, one in enumerate(numbers) if self.known.destinations[one].key == key), NOWHERE)

    def _dearest(self, group: Group, unit: int, was_at: int, now_at: int) -> str:
        """The limit that it would have paid most for at the old place, or is paid most for at the new one."""
        problem, paid = self.known.work.problem, defaultdict[str, float](float)
        for place, limit, amount in zip(group.uses.place, group.uses.limit, group.uses.amount, strict=True):
            name = problem.limits.names[limit]
            toll = self.prices.get(name, 0.0) * int(amount) * int(problem.amounts[problem.limits.by[limit]][unit])
            if place == was_at:
                paid[name] += toll
            elif place == now_at:
                paid[name] -= toll
        return max(sorted(name for name, toll in paid.items() if toll > 0), key=lambda name: paid[name], default="")

    def _account(self, row: int) -> str:
        return str(self.known.book.table["account_id"][row].as_py())


def counted(found: Iterable[Move]) -> Iterator[tuple[Why, str, int]]:
    """How many accounts moved by each reason and detail, in the order of `Why`; details that name one account or one
    owner are counted together."""
    counts: defaultdict[tuple[Why, str], int] = defaultdict(int)
    for move in found:
        counts[move.why, showing(move)] += 1
    order = list(Why)
    for (why, detail), accounts in sorted(
        counts.items(), key=lambda each: (order.index(each[0][0]), -each[1], each[0])
    ):
        yield why, detail, accounts


def showing(move: Move) -> str:
    """The detail as it is counted: without what it says of one account or one partner alone."""
    if move.why in {Why.TOGETHER, Why.PLACED}:
        return ""
    if move.why is Why.LIMIT and move.detail.partition(":")[0] in OWNERS_WHO_WORK:
        return CAPACITY
    return move.detail.partition(" ")[0] if move.why is Why.EXCLUDED else move.detail
