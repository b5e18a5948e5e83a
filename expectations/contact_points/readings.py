"""Values in bulk: one column after the other in, class and normalised text of each out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from expectations.contact_points.mails import read_address, read_email
from expectations.contact_points.numbers import read_number
from expectations.contact_points.rules import CleaningRule
from expectations.contact_points.values import Reading


def read_values(
    values: Iterable[tuple[str, str, str]], rule: CleaningRule, *, is_demo: bool = False
) -> Iterator[Reading]:
    """The reading of each kind, jurisdiction and value, in their order.

    `is_demo` says that the book is invented: its numbers and addresses are then `demo`, and not what they would be
    elsewhere. Raises: ValueError for a kind that the catalogue does not have.
    """
    refused = frozenset(rule.refused_number_types)
    prefixes = rule.demo_prefixes if is_demo else ()
    for kind, jurisdiction, value in values:
        match kind:
            case "phone":
                yield read_number(value, jurisdiction, refused, prefixes)
            case "email":
                yield read_email(value, is_demo=is_demo)
            case "address":
                yield read_address(value)
            case _:
                raise ValueError(f"a contact point of kind {kind!r}: the contract lets no such row pass")
