"""How accounts move between buckets from one month-end to the next.

Source: "Default of Credit Card Clients" (I-C. Yeh, UCI Machine Learning Repository, CC BY 4.0): 30,000 Taiwanese card
accounts at six month-ends of 2005, counted and smoothed by `derive_roll_rates.py`. Bucket u is u unpaid instalments.
"""

from __future__ import annotations

from dataclasses import dataclass

PARTS = 100_000


@dataclass(frozen=True, slots=True)
class RollRate:
    """Of PARTS accounts in `bucket` at a month-end, how many next month-end owe nothing overdue (cure), sit in a lower
    bucket above zero (improve), in the same one (stay), or in the next (roll)."""

    bucket: int
    cure: int
    improve: int
    stay: int
    roll: int

    def __post_init__(self) -> None:
        if self.cure + self.improve + self.stay + self.roll != PARTS:
            raise ValueError(f"bucket {self.bucket}: the shares do not add up to {PARTS}")


ROLL_RATES = (
    RollRate(bucket=0, cure=93877, improve=0, stay=0, roll=6123),
    RollRate(bucket=1, cure=59610, improve=0, stay=34166, roll=6224),
    RollRate(bucket=2, cure=25342, improve=10284, stay=58048, roll=6326),
    RollRate(bucket=3, cure=15884, improve=42509, stay=15885, roll=25722),
    RollRate(bucket=4, cure=4508, improve=38574, stay=28006, roll=28912),
    RollRate(bucket=5, cure=4508, improve=39440, stay=11007, roll=45045),
    RollRate(bucket=6, cure=3175, improve=19048, stay=6348, roll=71429),
    RollRate(bucket=7, cure=1587, improve=9524, stay=3174, roll=85715),  # and over
)
