"""Pieces of work in processes of their own: in order, and nothing that goes wrong is lost."""

import os
from functools import partial

import pytest

from adapters.processes import in_processes


def test_what_pieces_give_comes_in_their_order_from_processes_of_their_own():
    found = in_processes([lambda number=number: (number, os.getpid()) for number in range(3)])
    assert [number for number, _ in found] == [0, 1, 2]
    assert len({process for _, process in found}) == 3
    assert found[-1][1] == os.getpid()


@pytest.mark.parametrize("place", [0, 1])
def test_what_a_piece_raises_is_raised_here(place):
    pieces = [partial(int, "1"), partial(int, "2")]
    pieces[place] = partial(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        in_processes(pieces)


def test_a_process_that_dies_is_no_answer():
    with pytest.raises(RuntimeError, match="before it had done its piece"):
        in_processes([partial(os._exit, 1), partial(int, "1")])


def test_nothing_to_do_gives_nothing():
    assert in_processes([]) == []
