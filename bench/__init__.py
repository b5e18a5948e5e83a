"""Benchmarks: they print ratios measured side by side, and assert no times."""
