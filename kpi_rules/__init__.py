"""The KPI language: rules, compiler, credit, scorecards, targets."""
