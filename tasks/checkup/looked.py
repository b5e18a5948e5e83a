"""One look at one thing: what was found, and what is wrong with it, coded, placed, with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from adapters.errors import WorldError
from domain.issues import Issue, Location, Severity


@dataclass(frozen=True, slots=True)
class Looked:
    """`about` is what was looked at, `found` the fact in a few words, also where nothing is wrong."""

    about: str
    found: str
    issues: tuple[Issue, ...] = ()


Look = Callable[[], Looked]


def look_at_all(looks: Iterator[tuple[str, Look]]) -> tuple[Looked, ...]:
    """Each look, in order; one that cannot be made is a finding itself, and the others go on."""
    return tuple(_looked(about, look) for about, look in looks)


def _looked(about: str, look: Look) -> Looked:
    try:
        return look()
    except (WorldError, sa.exc.SQLAlchemyError, OSError) as error:
        said = str(error).strip().splitlines()[0]
        return Looked(about, "could not be looked at", (wrong("DOC001", about, f"cannot be looked at: {said}"),))


def wrong(code: str, place: str, message: str, hint: str = "") -> Issue:
    return Issue(code, Location(place), message, hint)


def warned(code: str, place: str, message: str, hint: str = "") -> Issue:
    return Issue(code, Location(place), message, hint, Severity.WARNING)
