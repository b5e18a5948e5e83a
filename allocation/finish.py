"""The exact finish for small teams: whole units among near-equal choices, by a mixed-integer programme (HiGHS).

Prices leave a gap where few accounts go to each destination: the last ones do not fit, whatever they cost. The units
whose choice is nearly a tie are then decided together. A choice that is farther from its unit's best than the whole gap
is in no better allocation, so if all others fit into the programme, its optimum is the problem's. Work is bounded by
pairs and nodes, never by time: the same night gives the same allocation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import highspy
import numpy as np

from allocation.board import Board
from allocation.problem import NOWHERE, Flags, Floats, Ints, Problem, proven_bound

UNITS_AT_MOST = 20_000
_UNITS_PER_LIMIT_AT_MOST = 500  # beyond it, prices alone come near enough
_GAP_PARTS = 20_000  # a gap below this part of the bound is left as it is
_OTHERS_AT_MOST = 1_000  # choices beside where units are, the nearest first: five times as many take as much longer
_NODES_AT_MOST = 150
_OPTIONS: Mapping[str, bool | int | float | str] = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    "mip_max_nodes": _NODES_AT_MOST,
    "mip_rel_gap": 2e-9,
}
_ANY = 1 << 62
_SHORT_WEIGHT = 4.0  # what one missing of a minimum costs the programme, in multiples of the largest value per use


def finish(problem: Problem, prices: Ints, place: Ints) -> Ints:
    """The place of each unit; never less value, no maximum passed and no minimum missed by more than before."""
    if not 0 < problem.size <= min(UNITS_AT_MOST, _UNITS_PER_LIMIT_AT_MOST * len(problem.limits)):
        return place
    board = Board.of(problem, prices, place)
    bound = proven_bound(problem, prices, board.used)
    gap, is_short = bound - problem.value(place), bool((board.used < _least(board)).any())
    if gap * _GAP_PARTS <= bound and not is_short:
        return place
    found = _solved(board, _pairs(board, _ANY if is_short else gap))
    return place if found is None else found


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Units that are decided anew: `unit` (their number), `place` (NOWHERE for being held) and `value` of each pair."""

    unit: Ints
    place: Ints
    value: Ints


def _pairs(board: Board, gap: int) -> _Pairs:
    """Choices that are at most the gap worse than their unit's best at the prices, the nearest first if they are many;
    units that keep one choice are left out, and where each unit is now always is a choice."""
    every = [_choices_of_group(board, number) for number in range(len(board.problem.groups))]
    unit, place, value, behind = (np.concatenate(column) for column in zip(*every, strict=True))
    is_current: Flags = place == board.place[unit]
    others = np.flatnonzero(~is_current & (behind <= gap))
    order = np.lexsort((place[others], board.problem.hashes[unit[others]], behind[others]))
    is_considered = is_current.copy()
    is_considered[others[order[:_OTHERS_AT_MOST]]] = True
    kept = is_considered & (np.bincount(unit[is_considered], minlength=board.problem.size)[unit] > 1)
    return _Pairs(unit[kept], place[kept], value[kept])


def _choices_of_group(board: Board, number: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Unit, place, value, and how far behind the best, of every choice of a group's units."""
    problem, group = board.problem, board.problem.groups[number]
    rows = np.arange(group.start, group.stop)
    held = np.zeros((len(rows), 1), dtype=np.int64)
    values = np.hstack([problem.values(group, rows), held])
    nets = np.hstack([problem.nets(group, rows, board.prices), held])
    places = np.append(np.arange(len(group.places)), NOWHERE)
    behind = nets.max(axis=1, keepdims=True) - nets
    return np.repeat(rows, len(places)), np.tile(places, len(rows)), values.ravel(), behind.ravel()


def _solved(board: Board, pairs: _Pairs) -> Ints | None:
    """What HiGHS makes of the pairs, if it is better than what there is."""
    if not len(pairs.unit):
        return None
    chosen = _chosen(_model(board, pairs), board, pairs)
    if chosen is None:
        return None
    place = board.place.copy()
    place[pairs.unit[chosen]] = pairs.place[chosen]
    return place if _is_better(board, place) else None


def _is_better(board: Board, place: Ints) -> bool:
    """Feasible in whole numbers, and less is missing, or as much and the value is higher."""
    problem, used = board.problem, board.problem.used(place)
    lo, hi = problem.limits.lo, problem.limits.hi
    if (used > np.maximum(hi, board.used)).any() or (np.minimum(used, lo) < np.minimum(board.used, lo)).any():
        return False
    is_filled = bool((np.minimum(used, lo) > np.minimum(board.used, lo)).any())
    return is_filled or problem.value(place) > problem.value(board.place)


def _model(board: Board, pairs: _Pairs) -> highspy.HighsLp:
    """One column per pair, and one for what is missing of each minimum; rows: one choice per unit, then the limits."""
    problem, size = board.problem, len(pairs.unit)
    units, unit = np.unique(pairs.unit, return_inverse=True)
    limit, need = board.takes.needs(problem, pairs.unit, pairs.place)
    own_limit, own_need = board.takes.needs(problem, units, board.place[units])
    fixed = board.used.copy()
    np.subtract.at(fixed, own_limit, own_need)
    most, least = np.maximum(problem.limits.hi, board.used), _least(board)
    short = np.flatnonzero(board.used < least)
    at, column = np.nonzero(need)
    rows = np.concatenate([unit, len(units) + limit[at, column], len(units) + short])
    columns = np.concatenate([np.arange(size), at, size + np.arange(len(short))])
    entries = np.concatenate([np.ones(size), need[at, column], np.ones(len(short))])
    quanta = max(float(np.abs(pairs.value).max()), 1.0) / 1e4
    weight = _SHORT_WEIGHT * 1e4 / np.maximum(_typical_use(problem, short), 1.0)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = size + len(short), len(units) + len(fixed)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = np.concatenate([pairs.value / quanta, -weight])
    model.col_lower_ = np.zeros(model.num_col_)
    model.col_upper_ = np.concatenate([np.ones(size), (least - board.used)[short]])
    model.integrality_ = [highspy.HighsVarType.kInteger] * size + [highspy.HighsVarType.kContinuous] * len(short)
    model.row_lower_ = np.concatenate([np.ones(len(units)), least - fixed])
    model.row_upper_ = np.concatenate([np.ones(len(units)), most - fixed])
    order = np.lexsort((rows, columns))
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.searchsorted(columns[order], np.arange(model.num_col_ + 1))
    model.a_matrix_.index_, model.a_matrix_.value_ = rows[order], entries[order]
    return model


def _least(board: Board) -> Ints:
    """The minimums, as far as the maximums beside them leave them to be met."""
    limits = board.problem.limits
    found: Ints = np.minimum(limits.lo, np.maximum(limits.hi, board.used))
    return found


def _typical_use(problem: Problem, limits: Ints) -> Floats:
    return np.array([float(problem.amounts[by].mean()) for by in problem.limits.by[limits]])


def _chosen(model: highspy.HighsLp, board: Board, pairs: _Pairs) -> Flags | None:
    """Which pairs HiGHS takes; None if it finds nothing within its nodes."""
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, option in _OPTIONS.items():
        highs.setOptionValue(name, option)
    highs.passModel(model)
    start = highspy.HighsSolution()
    missing = (_least(board) - board.used).clip(min=0)
    start.col_value = [*(pairs.place == board.place[pairs.unit]).astype(float), *missing[missing > 0].astype(float)]
    highs.setSolution(start)
    highs.run()
    values = np.array(highs.getSolution().col_value)
    return values[: len(pairs.unit)] > 0.5 if len(values) else None
