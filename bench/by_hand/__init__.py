"""The rival of the night: every KPI figure by DuckDB queries that somebody wrote by hand, with no layer in between.

`scans` sums, one query per event or book; `figures` says which sums a KPI is made of. Written from the words of the
rule files, not from what the compiler makes of them, so that it checks the figures beside being a measure of speed.
`python -m bench.by_hand` is the rival's own process: it imports DuckDB, and nothing of the product.
"""
