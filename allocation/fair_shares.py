"""Who is to have which share of what, within a fairness band: a linear programme over classes of like units (HiGHS).

Within a band most units are nearly as good at one member of a team as at another, so prices alone do not say who goes
where: a price that moves by nothing moves half of a team. Shares of classes do. A class is what a group has of units
with one owner, about one worth, and worked or not without the band; all its units count as their mean. Columns are
added while they are worth it. Units are then drawn by the shares, evenly over worths. Work is bounded by columns and
rounds, never by time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import highspy
import numpy as np

from allocation.fair_classes import Classes
from allocation.problem import NO_MAXIMUM, NOWHERE, PARTS, Flags, Floats, Ints, Problem
from allocation.takes import Takes
from allocation.teams import Compared

_COLUMNS_AT_MOST = (30_000, 150_000)  # first for prices to begin with, then for shares
_FIRST_PLACES, _MORE_PLACES = 6, 3  # of each class: to begin with, and added in a round
_NEARLY = 0.03  # of the worth of a class: places that differ by less are begun with as they come, not all with the same
_ROUNDS_AT_MOST = 40
_WORTHWHILE = 1e-4  # what columns must be able to bring together, beside the whole worth, for another round
_MISSED_WEIGHT = 4.0  # what one of expected value outside the band, or missing of a minimum in usual accounts, costs
_GOLDEN = 0.6180339887498949  # multiples of it are spread evenly between whole numbers
_OPTIONS: Mapping[str, bool | int | str] = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    "solver": "simplex",
}


def shared_out(compared: Compared, band: int, place: Ints) -> tuple[Ints, Ints]:
    """Where each unit is wanted (NOWHERE for being held), and the price of each limit; `place` is without the band.

    What is wanted may pass a maximum by the last unit of a class.
    """
    if not any(len(group.places) for group in compared.problem.groups):
        return np.full(compared.problem.size, NOWHERE), np.zeros(len(compared.problem.limits), dtype=np.int64)
    duals = np.zeros(len(compared.problem.limits))
    for columns in _COLUMNS_AT_MOST:
        classes = Classes.of(compared.problem, place, columns)
        programme = _Programme.of(compared, classes, band)
        shares, duals = programme.solved(place, duals)
    return _drawn(compared.problem, classes, shares), programme.prices(duals)


def _drawn(problem: Problem, classes: Classes, shares: Floats) -> Ints:
    """Units of a class in order of worth, each to a place by its share of the class; as even as can be."""
    used = np.flatnonzero(shares > 0)
    if not len(used):
        return np.full(problem.size, NOWHERE, dtype=np.int64)
    owner, running = classes.owner[used], np.cumsum(shares[used])
    begins = np.searchsorted(owner, owner)
    until = owner + np.minimum(running - (running - shares[used])[begins], 1.0)
    order = np.lexsort((problem.hashes, problem.worth, classes.of_unit))
    drawn = np.empty(problem.size)
    drawn[order] = classes.of_unit[order] + (np.arange(problem.size) + 0.5) * _GOLDEN % 1.0
    found = np.minimum(np.searchsorted(until, drawn, side="right"), len(used) - 1)
    is_given = (owner[found] == classes.of_unit) & (until[found] > drawn)
    wanted: Ints = np.where(is_given, classes.at[used][found], NOWHERE)
    return wanted


@dataclass(frozen=True, slots=True)
class _Programme:
    """All in usual accounts (`usual` by measure) and usual worths (`quanta`).

    Rows: a class each (its shares sum to one at most), a limit each, the upper and the lower end of the band for each
    member, and a team each. Columns: what each member has, what each team has, by how much members are over and under
    the band, what is missing of minimums; then shares of classes, of which each takes `amount` of its slot's limits.
    """

    compared: Compared
    classes: Classes
    band: int
    takes: Takes
    usual: Floats
    quanta: float
    amount: Floats

    @classmethod
    def of(cls, compared: Compared, classes: Classes, band: int) -> _Programme:
        problem, takes = compared.problem, Takes.of(compared.problem)
        usual = np.array([max(float(amounts.mean()), 1e-9) for amounts in problem.amounts])
        per_use = (classes.amounts / usual[:, None])[takes.measure[classes.slot], classes.owner[:, None]]
        quanta = max(float(problem.worth.mean()), 1.0)
        return cls(compared, classes, band, takes, usual, quanta, takes.use[classes.slot] * per_use)

    def solved(self, place: Ints, duals: Floats) -> tuple[Floats, Floats]:
        """The share of its class in each column, and the duals of the limits, `duals` being a guess at them."""
        highs, known = self._begun(), np.zeros(len(self.classes.owner), dtype=np.bool_)
        columns, added = self._first_columns(place, duals), []
        for _ in range(_ROUNDS_AT_MOST):
            self._add(highs, columns)
            known[columns] = True
            added.append(columns)
            highs.run()
            of_rows = np.array(highs.getSolution().row_dual)
            columns, potential = self._worthwhile(of_rows, known)
            if potential <= _WORTHWHILE:
                break
        shares, order = np.zeros(len(known)), np.concatenate(added)
        shares[order] = np.clip(np.array(highs.getSolution().col_value)[-len(order) :], 0.0, 1.0)
        return shares, of_rows[self._limit_rows]

    def prices(self, duals: Floats) -> Ints:
        """As the problem counts them, from the duals of the limits."""
        problem = self.compared.problem
        per_use = duals * self.quanta / self.usual[problem.limits.by] * np.exp2(problem.shifts)
        return np.rint(per_use).astype(np.int64)

    @property
    def _limit_rows(self) -> slice:
        return slice(self.classes.count, self.classes.count + len(self.compared.problem.limits))

    def _begun(self) -> highspy.Highs:
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, option in _OPTIONS.items():
            highs.setOptionValue(name, option)
        highs.passModel(self._frame())
        return highs

    def _frame(self) -> highspy.HighsLp:
        """All rows, and the columns that are no shares."""
        row, column, entry, cost = self._entries()
        low, high = self._bounds()
        order = np.lexsort((row, column))
        model = highspy.HighsLp()
        model.num_col_, model.num_row_, model.sense_ = len(cost), len(low), highspy.ObjSense.kMaximize
        model.col_cost_, model.row_lower_, model.row_upper_ = cost, low, high
        model.col_lower_, model.col_upper_ = np.zeros(len(cost)), np.full(len(cost), highspy.kHighsInf)
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = np.searchsorted(column[order], np.arange(len(cost) + 1))
        model.a_matrix_.index_, model.a_matrix_.value_ = row[order], entry[order]
        return model

    def _entries(self) -> tuple[Ints, Ints, Floats, Floats]:
        """Row, column and number of each entry, and what each column costs."""
        compared, limits = self.compared, self._limit_rows
        teams, team, part = compared.teams, compared.teams.team, compared.shares
        has, whole = np.arange(len(teams)), len(teams) + np.arange(len(teams.names))
        over = has + len(teams) + len(whole)
        under = over + len(teams)
        short = np.flatnonzero(compared.problem.limits.lo > 0)
        missing = len(teams) * 3 + len(whole) + np.arange(len(short))
        upper, lower, of_team = limits.stop + has, limits.stop + len(teams) + has, limits.stop + 2 * len(teams)
        ones, band = np.ones(len(teams)), self.band / PARTS
        entries = (
            (limits.start + compared.first + has, has, -ones),
            (upper, has, ones), (upper, whole[team], -(1 + band) * part), (upper, over, -ones),
            (lower, has, ones), (lower, whole[team], -(1 - band) * part), (lower, under, ones),
            (of_team + team, has, ones), (of_team + np.arange(len(whole)), whole, -np.ones(len(whole))),
            (limits.start + short, missing, np.ones(len(short))),
        )  # fmt: skip
        row, column, entry = (np.concatenate(parts) for parts in zip(*entries, strict=True))
        cost = np.append(np.zeros(len(teams) + len(whole)), np.full(2 * len(teams) + len(short), -_MISSED_WEIGHT))
        return row, column, entry, cost

    def _bounds(self) -> tuple[Floats, Floats]:
        """Of every row. What stays with members counts as theirs."""
        compared, limits, unlimited = self.compared, self.compared.problem.limits, highspy.kHighsInf
        scale, hard = self.usual[limits.by], slice(0, compared.first)
        fixed = -compared.fixed / self.usual[-1]
        lo = np.where(limits.lo > 0, limits.lo / scale, -unlimited)
        hi = np.where(limits.hi == NO_MAXIMUM, unlimited, limits.hi / scale)
        free, none = np.full(len(fixed), unlimited), np.zeros(len(fixed))
        wholes, classes = np.zeros(len(compared.teams.names)), np.ones(self.classes.count)
        low = np.concatenate([classes * -unlimited, lo[hard], fixed, -free, none, wholes])
        return low, np.concatenate([classes, hi[hard], fixed, none, free, wholes])

    def _add(self, highs: highspy.Highs, columns: Ints) -> None:
        """Shares of classes as columns."""
        classes, used = self.classes, self.amount[columns]
        limit = self._limit_rows.start + self.takes.limit[classes.slot[columns]]
        row = np.column_stack([classes.owner[columns], limit])
        entry = np.column_stack([np.ones(len(columns)), used])
        starts = np.concatenate([[0], np.cumsum((entry > 0).sum(axis=1))])[:-1]
        highs.addCols(
            len(columns), classes.value[columns] / self.quanta, np.zeros(len(columns)),
            np.full(len(columns), highspy.kHighsInf), int((entry > 0).sum()), starts.astype(np.int32),
            row[entry > 0].astype(np.int32), entry[entry > 0],
        )  # fmt: skip

    def _gains(self, duals: Floats) -> Floats:
        """What each column brings net of its limits."""
        paid = (self.amount * duals[self.takes.limit[self.classes.slot]]).sum(axis=1)
        found: Floats = self.classes.value / self.quanta - paid
        return found

    def _first_columns(self, place: Ints, duals: Floats) -> Ints:
        """Where most units of the class are without the band, and the places where it brings most."""
        classes, worked = self.classes, np.flatnonzero(place != NOWHERE)
        count = np.bincount(classes.first[classes.of_unit[worked]] + place[worked], minlength=len(classes.owner))
        taken = _best_of_each(classes.owner, count.astype(np.float64), np.flatnonzero(count), 1)
        scattered = (classes.owner * 7_919 + classes.at * 104_729) % 1_009 / 1_009
        gain = self._gains(duals) + _NEARLY * scattered * (classes.worth / self.quanta)[classes.owner]
        best: Ints = np.union1d(taken, _best_of_each(classes.owner, gain, np.arange(len(gain)), _FIRST_PLACES))
        return best

    def _worthwhile(self, of_rows: Floats, known: Flags) -> tuple[Ints, float]:
        """Of each class the few columns that would raise the value most at the prices; and by how much all together can
        at most, beside the whole worth."""
        classes = self.classes
        gain = self._gains(of_rows[self._limit_rows]) - of_rows[classes.owner]
        gain[known] = 0.0
        potential = float(np.maximum.reduceat(gain, classes.first[:-1]).clip(min=0.0).sum())
        columns = _best_of_each(classes.owner, gain, np.flatnonzero(gain > 0), _MORE_PLACES)
        return columns, potential * self.quanta / max(float(classes.worth.sum()), 1.0)


def _best_of_each(owner: Ints, gain: Floats, columns: Ints, most: int) -> Ints:
    """Of the columns the `most` of each class with the highest gain, in order."""
    order = columns[np.lexsort((columns, -gain[columns], owner[columns]))]
    begins = np.searchsorted(owner[order], owner[order])
    return np.sort(order[np.arange(len(order)) - begins < most])
