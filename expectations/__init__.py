"""The gate: row contracts, batch suites, verdicts, quarantine."""
