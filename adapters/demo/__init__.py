"""The demo book: an invented bank's overdue accounts and what happens to them, the same for the same seed."""

from adapters.demo.book import write_demo_book
from adapters.demo.plan import DemoPlan, DemoSummary

__all__ = ["DemoPlan", "DemoSummary", "write_demo_book"]
