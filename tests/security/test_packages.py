"""What is installed is what was pinned: each package by version and hash, from no index that the file names."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENTRY = re.compile(
    r"^([a-z0-9][\w.\-]*)==(\S+?)(?: ;[^\\\n]*)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)


def test_every_line_of_the_lock_pins_a_package_by_version_and_hashes():
    names = [name for name, _, _ in ENTRY.findall(LOCK)]
    assert len(names) > 150
    assert ENTRY.sub("", LOCK).strip() == "", "a line without a hash, an index or an address"


def test_packages_are_asked_for_by_hash_and_an_audit_that_could_not_ask_does_not_pass():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"^\t.* install (?!--quiet --python).*$", makefile, re.MULTILINE)
    assert installs
    assert all("--require-hashes" in line for line in installs)
    assert re.search(
        r"^\t@\$\(BIN\)/uv tool run pip-audit==\S+ .*--strict .*-r requirements\.lock$", makefile, re.MULTILINE
    )
