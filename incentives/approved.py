"""Whether the approvals of a batch count: looked at again before it is published, whoever recorded them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from domain.issues import Issue
from incentives.approvers import People
from incentives.batches import Batch, BatchState, not_entitled, not_impartial

_HINT = "Return the batch, and prepare it again"


def approvals_that_do_not_count(
    batch: Batch, state: BatchState, people_on: Callable[[date], People], today: date
) -> Iterator[Issue]:
    """What is wrong with the approvals that stand, each by the people of the day on which it was given.

    A login that may record approvals could write one past the program, in a role that is not theirs; and somebody may
    have been struck out of a group since. Who has left the group by its dates was in it then, and their approval stays.
    """
    for number, each in enumerate(state.approvals):
        day = each.on or today
        before = replace(state, approvals=state.approvals[:number])
        people = people_on(day)
        for issue in (*not_impartial(each, batch, before, people), *not_entitled(each, batch, people)):
            message = f"the approval of {each.role} by {each.by} on {day} does not count: {issue.message}"
            yield Issue(issue.code, issue.location, message, _HINT)
