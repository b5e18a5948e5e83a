"""Work lists as files: one for each collector, one for each team's leader, in a folder for each team."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby
from pathlib import Path

from adapters.world import World
from domain.worklists import in_order
from reports.languages import Language, words_of
from reports.worklist import TITLE, ListPage, write_worklist_csv, write_worklist_workbook
from tasks.stages.labels import book_label
from tasks.stages.worklist import WorkList, WorkLists

OWNER_ONLY = 0o600


def write_work_lists(world: World, found: WorkLists, folder: Path, language: Language) -> tuple[Path, ...]:
    """CSV and workbook of each list, `<team>/<employee>`, and of each team, `<team>/team`; equal lists, equal bytes.

    Only the account that writes them can read them. Names and addresses are on a field collector's own list alone.
    """
    written: list[Path] = []
    for team, group in groupby(found.lists, key=lambda each: each.team_id):
        lists = tuple(group)
        for each in lists:
            written += _written(world, folder / _name(team), each.employee_id, _own(world, found, each, language))
        written += _written(world, folder / _name(team), "team", _of_team(world, found, team, lists, language))
    return tuple(written)


def _own(world: World, found: WorkLists, each: WorkList, language: Language) -> ListPage:
    title = _title(found, each.employee_id, language)
    return ListPage(title, book_label(world), each.items, owners=False, persons=each.is_field, language=language)


def _of_team(world: World, found: WorkLists, team: str, lists: Iterable[WorkList], language: Language) -> ListPage:
    """What the leader sees: everybody's accounts in one order, without names and addresses."""
    items = in_order(tuple(item for each in lists for item in each.items), by_territory=False)
    title = _title(found, team, language)
    return ListPage(title, book_label(world), items, owners=True, persons=False, language=language)


def _title(found: WorkLists, name: str, language: Language) -> str:
    return words_of(language).gettext(TITLE) % {"name": name, "day": found.day}


def _written(world: World, folder: Path, name: str, page: ListPage) -> list[Path]:
    writers: dict[str, Callable[[ListPage, Path], None]] = {
        "csv": write_worklist_csv,
        "xlsx": write_worklist_workbook,
    }
    found = []
    for suffix, write in writers.items():
        path = folder / f"{_name(name)}.{suffix}"
        world.seam.write_file(path, partial(_fill, write, page), point="worklist")
        found.append(path)
    return found


def _fill(write: Callable[[ListPage, Path], None], page: ListPage, part: Path) -> None:
    part.touch(mode=OWNER_ONLY)
    write(page, part)
    part.chmod(OWNER_ONLY)


def _name(text: str) -> str:
    """Ids become names of files: whatever could lead out of the folder does not."""
    return "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in text).lstrip(".") or "_"
