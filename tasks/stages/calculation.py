"""The calculation version: the digest of the package sources and the lock, not of git."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from domain.ids import Digest

PACKAGES = ("adapters", "allocation", "domain", "expectations", "incentives", "kpi_rules", "reports", "tasks")
ENDINGS = frozenset({".py", ".j2", ".css"})

# What a payout comes from, once its night is gated and measured, and what posts it; none of it looks at a page.
PACKAGES_OF_PAY = ("adapters", "domain", "incentives", "kpi_rules", "tasks")
ENDINGS_OF_PAY = frozenset({".py"})


@lru_cache(maxsize=1)
def calculation_version() -> Digest:
    """Of all that a night is made by."""
    return _digest_of(PACKAGES, ENDINGS)


@lru_cache(maxsize=1)
def pay_calculation_version() -> Digest:
    """Of what a month's pay is made by: a batch is void once it changes."""
    return _digest_of(PACKAGES_OF_PAY, ENDINGS_OF_PAY)


def _digest_of(packages: Iterable[str], endings: frozenset[str]) -> Digest:
    root = Path(__file__).resolve().parent.parent.parent
    files = [root / "requirements.lock"]
    files += [path for name in packages for path in (root / name).rglob("*") if path.suffix in endings]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return Digest(digest.hexdigest())
