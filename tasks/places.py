"""Where files lie, as artifacts say it: a link where the settings say under which address people can open them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from adapters.settings import Settings
from tasks.markdown import Code, as_markdown, code

# Pages and workbooks that people read; what holds rows of the source (quarantine, corrections, files of partners) is
# named by its path alone, wherever the home is published.
_FOLDERS, _SUFFIXES = frozenset({"reports", "runs", "what-if"}), frozenset({".html", ".xlsx", ".pdf"})
_WITH_PEOPLE = frozenset({"quarantine", "partners", "contact-points", ".."})


def places(paths: Iterable[Path], settings: Settings) -> tuple[Code, ...]:
    return tuple(place(path, settings) for path in paths)


def place(path: Path, settings: Settings) -> Code:
    """A link that the UI follows, or the path to be opened on the machine that wrote it.

    The UI takes `http` and `https` only: a browser opens no file of a disk from a page of a server.
    """
    home = settings.home.absolute()
    if not settings.reports_url or not path.absolute().is_relative_to(home):
        return code(path.absolute())
    inside = path.absolute().relative_to(home)
    if inside.parts[0] not in _FOLDERS or inside.suffix not in _SUFFIXES or _WITH_PEOPLE & set(inside.parts):
        return code(path.absolute())
    address = f"{settings.reports_url.rstrip('/')}/{quote(inside.as_posix())}"
    return Code(f"[{as_markdown(inside.as_posix())}]({address})")
