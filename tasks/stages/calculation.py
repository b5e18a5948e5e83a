"""The calculation version: the digest of the package sources and the lock, not of git."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from domain.ids import Digest

PACKAGES = ("adapters", "allocation", "domain", "expectations", "incentives", "kpi_rules", "reports", "tasks")
ENDINGS = {".py", ".j2", ".css"}


@lru_cache(maxsize=1)
def calculation_version() -> Digest:
    root = Path(__file__).resolve().parent.parent.parent
    files = [root / "requirements.lock"]
    files += [path for name in PACKAGES for path in (root / name).rglob("*") if path.suffix in ENDINGS]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return Digest(digest.hexdigest())
