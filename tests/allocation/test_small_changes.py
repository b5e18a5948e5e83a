"""Small changes in the book give small changes: most accounts stay, and the solver comes as near to its bound."""

from allocation.solve import solve
from bench.allocation import Size, made
from bench.small_changes import moved, next_day


def test_after_a_night_in_which_three_of_a_hundred_accounts_are_new_the_others_stay():
    """So large that without yesterday's prices the solver would begin with a sample."""
    first = made(Size(37_000, 50, 5), owned=0.0)
    before = solve(first)
    second, is_new = next_day(first, before.place, 0.03, sticks=True)
    found = solve(second, before.prices)
    assert moved(second, is_new, before.place, found.place).share < 0.005
    assert found.gap < 1e-4
