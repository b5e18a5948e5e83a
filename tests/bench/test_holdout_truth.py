"""Of two partners with a known difference, what the optimiser gave out misleads, and what the lot gave out does not."""

from bench.holdout_truth import TRUTH, covers, picture, simulated


def test_the_holdouts_interval_holds_the_truth_and_no_other_does():
    found = simulated(10, 1_200)
    assert covers([each.raw for each in found]) == 0
    assert covers([each.standardised for each in found]) <= 3
    assert covers([each.holdout for each in found]) >= 9
    mean = sum(each.holdout.value for each in found) / len(found)
    nearer = [abs(mean - TRUTH) < abs(each.standardised.value - TRUTH) / 2 for each in found]
    assert sum(nearer) >= 9
    assert picture(found).count("<path") > 3
