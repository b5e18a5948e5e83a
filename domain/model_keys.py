"""Which keys a place in a rule file may have: the way from a model to the one that pydantic speaks of in a fault."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo

Step = str | int


def as_stated(model: type[BaseModel], location: Sequence[Step]) -> tuple[tuple[Step, ...], Mapping[str, FieldInfo]]:
    """The location as the file has it, and the keys that may stand where its last step does.

    The location begins in `model`; pydantic puts the tag of the chosen member of a union among the steps.

    >>> class Gate(BaseModel):
    ...     kpi: str
    >>> class Card(BaseModel):
    ...     gates: tuple[Gate, ...]
    >>> steps, keys = as_stated(Card, ("gates", 0, "kpy"))
    >>> steps, list(keys)
    (('gates', 0, 'kpy'), ['kpi'])
    """
    kinds: list[Any] = [model]
    steps: list[Step] = []
    beside: list[Any] = []
    for step in location:
        below, chosen = _under(kinds, step), _tagged(kinds, step)
        if below or not chosen:
            steps.append(step)
            beside = kinds
        kinds = below or chosen
    return tuple(steps), {
        name: field for kind in beside if _is_model(kind) for name, field in kind.model_fields.items()
    }


def _under(kinds: list[Any], step: Step) -> list[Any]:
    return [below for kind in kinds for below in _below(kind, step)]


def _below(kind: Any, step: Step) -> Iterator[Any]:
    """What stands under a key of a model or of a mapping, or at a place of a list."""
    if _is_model(kind):
        if step in kind.model_fields:
            yield from _alternatives(kind.model_fields[step].annotation)
    elif get_origin(kind) is dict:
        yield from _alternatives(get_args(kind)[1])
    elif isinstance(step, int) and get_args(kind):
        yield from _alternatives(get_args(kind)[0])


def _alternatives(kind: Any) -> Iterator[Any]:
    """The members of a union; those with a tag keep it."""
    if get_origin(kind) is Annotated and not _tags(kind):
        yield from _alternatives(get_args(kind)[0])
    elif get_origin(kind) in {Union, types.UnionType}:
        for each in get_args(kind):
            yield from _alternatives(each)
    else:
        yield kind


def _tagged(kinds: list[Any], step: Step) -> list[Any]:
    """A step that is no key chooses one of a union: by a tag, or by the text that one of the model's keys must have."""
    return [_plain(each) for kind in kinds for each in _with_subclasses(kind) if step in (*_tags(each), *_texts(each))]


def _with_subclasses(kind: Any) -> Iterator[Any]:
    yield kind
    if _is_model(kind):
        for each in kind.__subclasses__():
            yield from _with_subclasses(each)


def _tags(kind: Any) -> tuple[str, ...]:
    return tuple(each.tag for each in get_args(kind)[1:] if isinstance(each, Tag))


def _texts(kind: Any) -> tuple[Any, ...]:
    if not _is_model(kind):
        return ()
    literals = (field.annotation for field in kind.model_fields.values() if get_origin(field.annotation) is Literal)
    return tuple(text for literal in literals for text in get_args(literal))


def _plain(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
