"""Points that were earned with goods: taken back with them, in proportion (M12)."""

from dataclasses import dataclass

from ordersaga.domain.after_sales.bought import Bought, Gone, staying
from ordersaga.domain.after_sales.rules import EarnedPoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """`points` for the `paid` minor units that the goods cost which were received. `worth_points` of them were worth
    `worth_amount` then. `available` are those of the account that can be taken.
    """

    points: int
    paid: int
    worth_points: int = 1
    worth_amount: int = 0
    available: int = 0

    def worth(self, points: int) -> int:
        """In minor units, rounded down."""
        return points * self.worth_amount // self.worth_points


NOTHING_EARNED = Earned(points=0, paid=0)


@dataclass(frozen=True, slots=True)
class ClawBack:
    """Points that are taken off the account, points that it lacks, and the money that is kept for those."""

    taken: int = 0
    short: int = 0
    withheld: int = 0


def paid_for_goods(bought: Bought, gone: Gone) -> int:
    """What money paid for the goods that stay, without their delivery."""
    return sum(bought.share((line.line_no, unit)).payable for line in bought.lines for unit in staying(line, gone))


def claw_back(earned: Earned, bought: Bought, gone: Gone, settled: int, rule: EarnedPoints, money: int) -> ClawBack:
    """What to take back now: `settled` points are dealt with, and `money` is what the case would give back."""
    if rule is EarnedPoints.KEEP or not earned.points:
        return ClawBack()
    kept = earned.points * paid_for_goods(bought, gone) // earned.paid
    wanted = max(0, earned.points - kept - settled)
    taken = min(wanted, max(0, earned.available))
    short = wanted - taken
    if rule is EarnedPoints.CLAW_BACK_OR_WAIVE:
        return ClawBack(taken, short)
    return ClawBack(taken, short, min(money, earned.worth(short)))
