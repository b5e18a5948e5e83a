"""Data Docs: the library's own page of a suite, as one file that fetches nothing when it is opened."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any


def page_of(table: str, results: Sequence[Any]) -> str:
    """The page of the library's results for one table.

    What it would fetch from elsewhere is taken out: styles and the signs of passed and failed are its own.
    """
    import great_expectations as gx
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    passed = sum(1 for one in results if one.success)
    result = ExpectationSuiteValidationResult(
        results=list(results),
        success=passed == len(results) > 0,
        suite_name=table,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(results) - passed,
            "success_percent": 100 * passed // len(results) if results else 0,
        },
        meta={"great_expectations_version": gx.__version__, "run_id": {"run_name": table, "run_time": ""}},
    )
    page = _FETCHED.sub("", _view().render(ValidationResultsPageRenderer().render(result)))
    titled = _TITLES.sub(f"<title>{table}: Data Docs</title>", page, count=1)
    return _FOOTER.sub("", titled).replace("</head>", f"<style>{_STYLE}</style></head>", 1)


@cache
def _view() -> Any:
    """One for the process: each view of the library compiles its templates anew, which takes longer than a page."""
    from great_expectations.render.view.view import DefaultJinjaPageView

    view: Any = DefaultJinjaPageView()
    view.env.auto_reload = False
    return view


_FETCHED = re.compile(
    r"<script\b.*?</script>"
    r"|<(?:link|img|iframe)[^>]*\b(?:src|href)=[\"']https?:[^>]*>"
    r"|url\(\s*[\"']?https?:[^)]*\)",
    re.DOTALL,
)
_TITLES = re.compile(r"<title>[^<]*</title>")
_FOOTER = re.compile(r"<footer>.*?</footer>", re.DOTALL)

# What its scripts would do is hidden with them: filters, folds and links into a site of pages.
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2433; max-width: 1100px; margin: 0 auto; padding: 0 24px 48px; }
nav, .sticky, .collapse, [data-toggle="collapse"] { display: none; }
a { color: inherit; text-decoration: none; pointer-events: none; }
h4, h5 { margin: 24px 0 8px; }
h4 { font-size: 22px; }
h5 { font-size: 17px; }
h6 { font-size: 15px; margin: 16px 0 4px; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: 6px 10px; border-bottom: 1px solid #d9dee8; }
.fa-check-circle, .fa-times, .fa-exclamation-triangle { font-style: normal; font-weight: 700; }
.fa-check-circle::before { content: "\\2713"; color: #14663a; }
.fa-times::before { content: "\\2717"; color: #a3161f; }
.fa-exclamation-triangle::before { content: "!"; color: #8a5a00; }
"""
