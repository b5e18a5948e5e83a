"""OR-Tools' minimum-cost flow over a file of pairs, in a process of its own: `python -m bench.flow FILE`.

Apart from `bench.allocation`, because the wheels of OR-Tools and of HiGHS cannot be loaded into one process. The file
(npz) has `unit`, `limit` and `value` of each pair, and `most` of each limit; one line of JSON comes back.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from ortools.graph.python import min_cost_flow

from bench.spent import measuring, peak_mib


def main(file: str) -> None:
    with np.load(file) as pairs:
        flow = _flow(*(pairs[name] for name in ("unit", "limit", "value", "most")))
    with measuring() as spent:
        status = flow.solve()
    if status != flow.OPTIMAL:
        raise SystemExit(f"OR-Tools ended with {status}")
    seconds, cpu_seconds = spent()
    print(
        json.dumps(
            {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mib": peak_mib(), "value": -flow.optimal_cost()}
        )
    )


def _flow(unit: np.ndarray, limit: np.ndarray, value: np.ndarray, most: np.ndarray) -> min_cost_flow.SimpleMinCostFlow:
    """Each unit sends one to a place or is held; each place sends as many on as it may take."""
    units, places = int(unit.max()) + 1, len(most)
    every, sink = np.arange(units), units + places
    flow = min_cost_flow.SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([unit, every, units + np.arange(places)]),
        np.concatenate([units + limit, np.full(units, sink), np.full(places, sink)]),
        np.concatenate([np.ones(len(unit) + units, dtype=np.int64), most]),
        np.concatenate([-value, np.zeros(units + places, dtype=np.int64)]),
    )
    flow.set_nodes_supplies(np.append(every, sink), np.append(np.ones(units, dtype=np.int64), -units))
    return flow


if __name__ == "__main__":
    main(sys.argv[1])
