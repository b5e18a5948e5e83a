"""A rule book as it stood at a revision of the git repository that holds it: only read, nothing is checked out."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path, PurePosixPath

from adapters.errors import RefusedError
from adapters.rule_files import FOLDERS


def write_revision(root: Path, revision: str, into: Path) -> None:
    """The rule files below `root` as they were at `revision` (`HEAD~1`, a tag, a commit), below the folder `into`.

    Raises: RefusedError if git is not there, `root` lies in no repository, or the repository knows no such revision.
    """
    commit = _git(root, revision, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    name = commit.decode().strip()
    archive = _git(root, revision, "archive", "--format=tar", name)
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        wanted = [member for member in files if member.isfile() and _is_rule_file(member.name)]
        files.extractall(into, members=wanted, filter="data")


def _is_rule_file(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".yaml" and any(path.is_relative_to(folder) for folder in FOLDERS)


def _git(root: Path, revision: str, *arguments: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        raise RefusedError(f"DIF001 {revision!r} is no folder, and there is no git to ask for a revision of that name")
    done = subprocess.run([git, "-C", str(root), *arguments], capture_output=True, check=False)  # noqa: S603 - no shell
    if done.returncode:
        raise RefusedError(
            f"DIF001 {revision!r} is no folder, and no revision of the repository that holds {root}. "
            "Give a folder with rule files, or a revision such as HEAD~1 or a tag"
        )
    return done.stdout
