"""Out of which tender, and of which payment, something is given back (M9)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ordersaga.domain.after_sales.bought import Bought
from ordersaga.domain.after_sales.breakdown import Breakdown, Withholding
from ordersaga.domain.after_sales.owed import Owed
from ordersaga.domain.after_sales.rules import Payments, Tenders
from ordersaga.domain.payment import Payment, PaymentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What cases have given back so far. `money` has what was kept of it for earned points in it: that is settled too.

    `earned_points` are those that were taken back, or that money was kept for, or that were waived.
    """

    money: int = 0
    points_value: int = 0
    points: int = 0
    earned_points: int = 0

    @property
    def amount(self) -> int:
        return self.money + self.points_value

    @classmethod
    def by(cls, breakdowns: Iterable[Breakdown]) -> "Given":
        found = list(breakdowns)
        return cls(
            money=sum(each.money + each.withheld_for(Withholding.EARNED_POINTS_SPENT) for each in found),
            points_value=sum(each.points_value for each in found),
            points=sum(each.points for each in found),
            earned_points=sum(each.earned_points + each.earned_points_short for each in found),
        )


def divide(bought: Bought, owed: Owed, given: Given, order: Tenders, money_left: int) -> tuple[int, int]:
    """What is due now in money, and in points by their value: no more of either than was paid with it.

    `money_left` is what the payments still have.
    """
    due = max(0, owed.amount - given.amount)
    money_room = max(0, min(owed.money_at_most - given.money, money_left))
    points_room = max(0, (bought.points_value if bought.points_return else 0) - given.points_value)
    match order:
        case Tenders.AS_PAID:
            money = owed.money - given.money
        case Tenders.MONEY_FIRST:
            money = due
        case Tenders.POINTS_FIRST:
            money = 0
    money = min(max(0, money, due - points_room), due, money_room)  # points give no more than they paid
    return money, min(due - money, points_room)


def points_for(bought: Bought, value: int) -> int:
    """How many of the spent points a part of their value is; all of them for all of it."""
    return bought.spent_points * value // bought.points_value if bought.points_value else 0


def share_over_payments(amount: int, payments: Sequence[Payment], order: Payments) -> list[tuple[Payment, int]]:
    """Each payment that gives something back, and how much: never more than it has left."""
    paid = [item for item in payments if item.state is PaymentState.SUCCEEDED and item.received is not None]
    in_turn = sorted(paid, key=lambda item: (item.paid_at or item.created_at, item.payment_id))
    if order is Payments.LATEST_FIRST:
        in_turn.reverse()
    found = []
    for payment in in_turn:
        part = min(amount, left_of(payment))
        if part > 0:
            found.append((payment, part))
            amount -= part
    return found


def left_of(payment: Payment) -> int:
    """What a payment that the order took can still give back."""
    if payment.state is not PaymentState.SUCCEEDED or payment.received is None:
        return 0
    return payment.received.amount - payment.refunded
