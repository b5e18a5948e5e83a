"""Steps of long work, told to whoever listens: how far it is, for people who watch. Nothing is computed from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
Listener = Callable[[str, int, int], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """`listener` hears of each step of the block: what it works on, how many are done, of how many."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def stepwise(work: str, items: Iterable[T], named: Callable[[T], str] = str) -> Iterator[T]:
    """The items, each told before it is worked on."""
    listed: Sequence[T] = tuple(items)
    for done, item in enumerate(listed):
        listener = _listener.get()
        if listener is not None:
            listener(f"{work} {named(item)}", done, len(listed))
        yield item
