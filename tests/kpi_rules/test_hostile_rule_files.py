"""Rule files that nobody would write on purpose: never an exception, nothing executed, every finding has its place."""

from __future__ import annotations

import json
import os
import random
import resource
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.rule_files import parse_document, read_document
from adapters.settings import PROJECT
from domain.expressions import evaluate, parse, to_sql
from domain.ids import digest_of
from domain.issues import Location
from kpi_rules.datasets import DATASETS
from kpi_rules.language import KpiTestFile
from kpi_rules.rule_tests import run_rule_tests
from kpi_rules.rulebook import decode_kpi_rules

FILES = sorted(
    path.read_text(encoding="utf-8")
    for folder in ("rules", "targets", "limits")
    for path in (PROJECT / "kpi_rules" / folder).glob("*.yaml")
)
ODD = (
    "null", "~", "yes", "0x1F", "010", "1e999999999", "-1e-999999999", ".inf", "-.nan", "9" * 5_000, "2026-02-30",
    "2026-01-01T00:00:00Z", "12:30:45", '"\\uD800"', '"\\x00"', "!!python/object/apply:os.system [touch owned]",
    "!!binary aGk=", "!!set {a, b}", "&a [*a]", "*missing", "{<<: {id: a}}", "[" * 60 + "]" * 60, "{a: {a: {a: 1}}}",
    "{? [a] : b}", "{1: 2, true: 3, null: 4}", "'", '"', "|", ">-", "%TAG", "@x", "`ls`", "- - - 1", "\tx", "\ufeff",
    "\u2028",
    "đồng", "客户", "\U0001f600", "💥" * 200, "x" * 100_000, "__import__('os').system('touch owned')",
    "=cmd|'/C calc'!A0",
    "${HOME}", "{{ 7 * 7 }}", "<script>", "a: b: c", "---", "...", "# only a remark", "\r", "\x0b", "\x85",
)  # fmt: skip


EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))


class Mutation:
    """One edit of a text by its lines, drawn by `chance`."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def of(self, text: str) -> str:
        lines = text.split("\n")
        for _ in range(self._chance.randint(1, 3)):
            edit = self._chance.choice(
                [self._drop, self._double, self._swap, self._shift, self._value, self._key, self._cut, self._insert]
            )
            edit(lines, self._chance.randrange(len(lines)))
            lines = lines or [""]
        return "\n".join(lines)

    def _drop(self, lines: list[str], at: int) -> None:
        del lines[at]

    def _double(self, lines: list[str], at: int) -> None:
        lines.insert(self._chance.randrange(len(lines) + 1), lines[at])

    def _swap(self, lines: list[str], at: int) -> None:
        other = self._chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]

    def _shift(self, lines: list[str], at: int) -> None:
        lines[at] = self._chance.choice([" ", "  ", "\t", "      ", "- "]) + lines[at]

    def _value(self, lines: list[str], at: int) -> None:
        key, colon, _ = lines[at].partition(":")
        lines[at] = f"{key}{colon} {self._chance.choice(ODD)}"

    def _key(self, lines: list[str], at: int) -> None:
        key, colon, value = lines[at].partition(":")
        indent = key[: len(key) - len(key.lstrip(" -"))]
        lines[at] = f"{indent}{self._chance.choice([key.strip() + 's', 'where', 'id', *ODD])}{colon}{value}"

    def _cut(self, lines: list[str], at: int) -> None:
        place = self._chance.randrange(len(lines[at]) + 1)
        lines[at] = (
            lines[at][:place] + self._chance.choice(["", '"', "{", "]", ":", ",", "\x00"]) + lines[at][place + 1 :]
        )

    def _insert(self, lines: list[str], at: int) -> None:
        lines.insert(at, self._chance.choice(ODD))


def told_of(text):
    """What is said of a file from the first byte to the last check, as `recoup check` would."""
    document, issues = parse_document(text, "a.yaml")
    if document is None:
        assert issues
    else:
        digest_of(document.data)
        rules, found = decode_kpi_rules([document])
        issues = (*issues, *found, *run_rule_tests(rules, [document]))
        [rule.version for rule in rules.placed()]
    for issue in issues:
        assert issue.location.path == "a.yaml"
        assert (
            1
            <= issue.location.line
            <= text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + 2
        )
        assert issue.location.column >= 1
        assert issue.message
        assert len(str(issue)) < 2_000
    return issues


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(FILES), st.integers(0, 2**32))
def test_a_rule_file_with_something_wrong_in_it_is_told_of_and_never_raises(text, seed):
    told_of(Mutation(random.Random(seed)).of(_part_of(text, seed)))


def _part_of(text, seed):
    """A rule or three of a long file: where the fault stands does not hang on how many others there are."""
    head, dash, rest = text.partition("\n  - id:")
    rules = rest.split("\n  - id:")
    start = seed % len(rules)
    return head + dash + dash.join(rules[start : start + 3])


@given(st.text(max_size=200))
def test_any_text_is_told_of(text):
    told_of(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_told_of(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(content)
    document, issues = read_document(path)
    assert (document is None) == bool(issues)


LAUGHS = "a: &a [lol, lol]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)
LARGE = {
    "a billion laughs": LAUGHS,
    "an alias of itself": "kpis: &a [*a]\n",
    "deep brackets": "kpis: " + "[" * 20_000,
    "deep mappings": "kpis: " + "{a: " * 50_000,
    "deep dashes": "- " * 100_000,
    "deep indents": "".join(" " * depth + "a:\n" for depth in range(700)),
    "a long line": "kpis: " + "x" * 900_000,
    "many keys": "".join(f"k{number}: 1\n" for number in range(2_000)),
    "many rules": "kpis:\n" + "  - {id: a}\n" * 1_000,
    "a long key": "x" * 900_000 + ": 1",
    "a long number": "kpis: " + "9" * 900_000,
    "a long fraction": "kpis: 0." + "1" * 900_000,
    "an exponent of nine digits": "kpis: [1e999999999, -1e-999999999]",
    "many quotes": "kpis: " + "'" * 900_001,
    "many question marks": "? " * 100_000,
    "many colons": "a: " * 100_000,
    "many anchors": "kpis: [" + ", ".join(f"&a{number} 1" for number in range(2_000)) + "]",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_what_is_large_is_told_of_in_bounded_time_and_memory(text):
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert told_of(text)
    assert time.process_time() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000, "KiB"


SCOPE = DATASETS["contacts"].scope
NAMES = st.sampled_from([*sorted(SCOPE), "nobody", "None", "True", "__class__", "print"])
NUMBERS = st.sampled_from(["0", "1", "0.5", "1e3", "9" * 38, "9" * 39, "1e999999999", "0x10", "1_000", "1j", "00"])
TEXTS = st.sampled_from(['"call"', '"promise"', '"2026-10-31"', '""', "'x'", '"\\ud800"', '"\\x00"', 'f"{1}"', 'b"x"'])
OPERATORS = st.sampled_from(
    (
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "@",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "and",
        "or",
        "in",
        "is",
        "&",
        "|",
        "^",
        ":=",
        ",",
        ".",
        "=",
        "if",
        "else",
    )
)
EXPRESSIONS = st.recursive(
    NAMES | NUMBERS | TEXTS,
    lambda inner: (
        st.tuples(inner, OPERATORS, inner).map(" ".join)
        | inner.map("({})".format)
        | inner.map("not {}".format)
        | inner.map("-{}".format)
        | st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]")
        | st.tuples(
            st.sampled_from(["abs", "min", "max", "coalesce", "is_missing", "hours", "days", "hour_of", "weekday_of",
                             "days_between", "open", "exec", "__import__", "x.y"]),
            st.lists(inner, max_size=3),
        ).map(lambda call: f"{call[0]}({', '.join(call[1])})")
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=5 * EXAMPLES)
@given(EXPRESSIONS | st.text(max_size=80), st.booleans())
def test_an_expression_is_refused_at_its_place_or_means_something(text, division):
    expression, issues = parse(text, SCOPE, at=Location("a.yaml", 3, 9), division=division)
    assert (expression is None) == bool(issues)
    for issue in issues:
        assert issue.location.line >= 3
        assert issue.location.column >= 1
    if expression is not None:
        evaluate(expression, dict.fromkeys(SCOPE))
        if not division:
            str(to_sql(expression, {name: field.sql for name, field in DATASETS["contacts"].fields.items()}))


NESTED = {
    "brackets": "(" * 900 + "1" + ")" * 90,
    "closed brackets": "(" * 450 + "1" + ")" * 450,
    "not": "not " * 240 + "True",
    "minus": "-" * 990 + "1",
    "powers": "9**9**9**9**9**9",
    "sums": "1" + "+1" * 490,
    "calls": "abs(" * 200 + "1" + ")" * 200,
    "lists": "1 in " + "[" * 400 + "]" * 400,
    "a lambda": "(lambda: open('owned', 'w'))()",
    "a comprehension": "[x for x in ().__class__.__base__.__subclasses__()]",
    "a walrus": "(a := 5) > 3",
    "an await": "await x",
    "many lines": "1 +\n" * 200 + "1",
    "formats": 'f"{open(1)}" == "x"',
}


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_a_nested_expression_is_told_of_in_bounded_time(text):
    begun = time.process_time()
    _, issues = parse(text, SCOPE, at=Location("a.yaml", 3, 9), division=True)
    assert len(issues) == 1 or text.startswith(("1+", "1 +"))
    assert time.process_time() - begun < 2
    assert not Path("owned").exists()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(
    ["a", "kpi", "scorecard", "limit", "2026-01-01"]), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([*KpiTestFile.model_fields, "kpi", "name", "on", "given", "value", "limit", "scorecard", "x"]),
        inner, max_size=4), max_leaves=12))  # fmt: skip
def test_test_files_of_any_shape_are_told_of(data):
    told_of(json.dumps({"tests": data}))
