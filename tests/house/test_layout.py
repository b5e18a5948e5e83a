"""The house: layers, names, packaging, and what no commit may hold."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
BESIDE = {"tests", "bench", "docs", "var"}


def sources():
    return [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


def test_every_top_level_package_is_packaged_linted_and_typed():
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - BESIDE
    assert found == set(PACKAGES)
    assert set(PROJECT["tool"]["importlinter"]["root_packages"]) == found
    assert set(PROJECT["tool"]["mypy"]["packages"]) == found


def test_tests_are_left_out_of_the_wheel():
    assert not {"tests", "bench"} & set(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_top_level_name_is_this_projects_and_no_name_of_the_standard_library(name):
    assert name not in sys.stdlib_module_names
    assert Path(importlib.import_module(name).__file__).is_relative_to(ROOT)


def test_no_module_shadows_the_standard_library_where_it_could_be_imported_bare():
    """`flows/secrets.py` shadows `secrets` for a script that is run from that folder."""
    shadows = [path.relative_to(ROOT) for path in sources() if path.stem in {"secrets", "random", "types_", "logging"}]
    assert shadows == []


def test_no_module_is_a_drawer_for_anything():
    drawers = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}
    assert [path.relative_to(ROOT) for path in sources() if path.stem in drawers] == []


def test_no_function_is_longer_than_seventy_lines():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sources()
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 70
    ]
    assert long == []


def test_command_line_help_starts_without_prefect_or_great_expectations():
    code = (
        "import sys, flows.cli; "
        "heavy = ('prefect', 'great_expectations', 'pandas', 'pandera', 'altair'); "
        "loaded = [name for name in heavy if name in sys.modules]; "
        "sys.exit(str(loaded) if loaded else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 0, result.stderr


def test_the_lock_has_hashes_and_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?://|--index|--find.links|--extra", lock)
    pins = re.findall(r"^[A-Za-z0-9_.-]+==.*$", lock, re.MULTILINE)
    assert len(pins) > 100
    assert all(line.endswith("\\") for line in pins), "a pin without a hash"


def test_direct_dependencies_are_ranges_and_all_are_locked():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    listed = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]]
    for requirement in [*listed, *PROJECT["build-system"]["requires"]]:
        name = re.match(r"[A-Za-z0-9_-]+", requirement)[0].lower()
        assert "==" not in requirement
        assert re.search(rf"^{name}==", lock, re.MULTILINE), name


def test_no_float_holds_money_rates_targets_or_scores():
    """Estimates may be floats: expected recovery and prices, in allocation; suites pass a share to their library."""
    floats = re.compile(r"\bfloat\(|astype\((\"|')?float|dtype=float")
    exempt = {"allocation", "adapters/suite_runner.py"}
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        if path.relative_to(ROOT).parts[0] not in exempt and path.relative_to(ROOT).as_posix() not in exempt
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if floats.search(line) and "case float()" not in line
    ]
    assert found == []
