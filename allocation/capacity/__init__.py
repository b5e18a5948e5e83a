"""Capacity planning: how many accounts come, what working them takes, who is there for it, and what is missing.

`stock` counts accounts by state and week, `rates` says how they move, `forecast` carries them on; `demand` and `supply`
are minutes, `balance` holds them against each other; `money`, `moves` and `hours` say what could be done about it, and
`backtest` how far off earlier forecasts would have been. Everything here is an estimate; nobody is judged by it.
"""
