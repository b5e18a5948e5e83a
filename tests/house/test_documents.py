"""What the documents point at is there: pages and headings, commands, settings, make targets."""

import re
from pathlib import Path

import pytest

from adapters.settings import Settings
from flows.cli import app

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
COMMANDS = {
    *(command.name or command.callback.__name__ for command in app.registered_commands),
    *(group.name for group in app.registered_groups),
}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def anchors_of(text):
    """Headings as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def prose_and_code(text):
    """Texts in backticks, and indented or fenced lines that begin with a command."""
    spans = re.findall(r"`([^`\n]+)`", text)
    return [*spans, *re.findall(r"^ {4,}(?:\$ )?(.+)$", text, re.MULTILINE)]


@pages
def test_links_lead_to_a_page_and_a_heading(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors_of(there.read_text(encoding="utf-8")), target


@pages
def test_commands_targets_and_settings_are_there(page):
    text = page.read_text(encoding="utf-8")
    for code in prose_and_code(text):
        for name in re.findall(r"^(?:\S*/)?recoup ([a-z][a-z-]*)", code):
            assert name in COMMANDS, code
        for name in re.findall(r"^make ([a-z]+)\b", code):
            assert name in TARGETS, code
    for name in re.findall(r"\bRECOUP_([A-Z_]+)\b", text):
        assert name.lower() in {*Settings.model_fields, "tests_must_not_skip", "fuzz_examples", "screenshots"}, name


@pages
def test_no_page_names_a_path_of_somebodys_machine(page):
    assert not re.search(r"/(?:work|root|home/\w+|Users)/", page.read_text(encoding="utf-8"))


def test_anchors_are_made_as_github_makes_them():
    text = "## 4. See what it would have changed\n### Decisions: on `this`, and that\n"
    assert anchors_of(text) == {"4-see-what-it-would-have-changed", "decisions-on-this-and-that"}
