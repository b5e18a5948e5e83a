"""Workbooks and pages that people read."""
