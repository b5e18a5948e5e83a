"""docs/codes.md lists every code that the sources can tell, once, and none that is gone."""

import ast
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from incentives.cell import Reason
from incentives.recoveries import NoFee

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["packages"]
PAGE = (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")

CODE = re.compile(r"\b[A-Z]{3}[0-9]{3}\b")
ROW = re.compile(r"^\| ([A-Z]{3}[0-9]{3}) \| (.+) \| (.+) \|$", re.MULTILINE)


def codes_in(source):
    """Codes in texts, comments left out: the linter's own codes stand there."""
    texts = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    return {code for text in texts if isinstance(text, str) for code in CODE.findall(text)}


def codes_of_the_sources():
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return set().union(*(codes_in(path.read_text(encoding="utf-8")) for path in paths))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('Issue("KPI012", place, text)', {"KPI012"}),
        ('lines = [f"{place} SIG002 is not signed"]', {"SIG002"}),
        ('fault = f"{code}:IMP040"', {"IMP040"}),
        ("x = 1  # noqa: ARG002", set()),
        ('name = "RUL0xx of the decoder"', set()),
    ],
)
def test_codes_are_found_in_texts_and_not_in_comments(source, found):
    assert codes_in(source) == found


def test_every_code_is_documented_and_none_that_is_gone():
    documented = {code for code, _, _ in ROW.findall(PAGE)}
    told = codes_of_the_sources()
    assert len(told) > 100, "the search is broken"
    assert sorted(told - documented) == [], "missing in docs/codes.md"
    assert sorted(documented - told) == [], "documented, and gone from the sources"


def test_each_code_stands_once_in_order_and_below_the_heading_of_its_kind():
    kind = ""
    before = ""
    for line in PAGE.splitlines():
        heading = re.fullmatch(r"## .*: ([A-Z]{3})", line)
        if heading:
            kind, before = heading[1], ""
        row = ROW.match(line)
        if row:
            assert row[1].startswith(kind), line
            assert row[1] > before, line
            before = row[1]
    assert max(Counter(code for code, _, _ in ROW.findall(PAGE)).values()) == 1


@pytest.mark.parametrize("reason", [*Reason, *NoFee], ids=str)
def test_every_reason_to_hold_a_payee_or_to_pay_no_fee_is_documented(reason):
    assert f"| `{reason.value}` |" in PAGE
