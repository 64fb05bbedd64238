"""Wrongs about coupons, points, budgets and sums."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cli.experiment.books import Books
from cli.experiment.journal import Journal
from cli.experiment.purses import AllocationRow, CouponStep, HeldRow, Purses
from tests.chaos.right_purses import account_of, coupon_of
from tests.chaos.wrongs import Wrong, with_first, without

USED, BACK, LOST = coupon_of("completed"), coupon_of("cancelled"), coupon_of("payment_timed_out")
BUYER = account_of("completed")


def wrong(promise: str, subject: str, plant: Callable[[Purses], Purses]) -> Wrong:
    def planted(books: Books, _: Journal) -> Books:
        return replace(books, purses=plant(books.purses))

    return Wrong(promise, subject, planted)


def row(table: str, changes: dict[str, Any], **wanted: Any) -> Callable[[Purses], Purses]:
    """The first row of a table that has all these values is changed."""

    def plant(purses: Purses) -> Purses:
        rows = with_first(getattr(purses, table), lambda found: replace(found, **changes), **wanted)
        return replace(purses, **{table: rows})

    return plant


def lost(table: str, **wanted: Any) -> Callable[[Purses], Purses]:
    return lambda purses: replace(purses, **{table: without(getattr(purses, table), **wanted)})


def one_more_step(before: str, after: str) -> Callable[[Purses], Purses]:
    step = CouponStep(coupon_code=USED, from_state=before, to_state=after)
    return lambda purses: replace(purses, coupon_steps=(*purses.coupon_steps, step))


def held_twice(purses: Purses) -> Purses:
    item = next(item for item in purses.held if item.code == USED)
    return replace(purses, held=(*purses.held, replace(item, order_no="cancelled")))


def held_state(order_no: str, state: str) -> Callable[[Purses], Purses]:
    def plant(purses: Purses) -> Purses:
        return replace(
            purses,
            held=tuple(replace(item, state=state) if item.order_no == order_no else item for item in purses.held),
        )

    return plant


def held_for_a_refused_submission(purses: Purses) -> Purses:
    item = HeldRow(
        order_no="refused",
        state="held",
        source="promotion",
        code="sale",
        account=BUYER,
        period="",
        amount=0,
        points=0,
        returned=False,
    )
    return replace(purses, held=(*purses.held, item))


def overspent(purses: Purses) -> Purses:
    return replace(purses, offers=(replace(purses.offers[0], budget=49, usage_limit=0),))


def taken_unheld(purses: Purses) -> Purses:
    share = AllocationRow(
        order_no="completed", line_no=1, kind="discount", source="coupon", code="?", amount=0, units=2, of_units=0
    )
    return replace(purses, allocations=(*purses.allocations, share))


_STEPS = "a coupon is where its steps led it"
_ONCE = "a coupon is held by one order"
_SETTLED = "an ended order used or gave back what it held"
_POINTS = "points add up"
_LIMITS = "budgets and quotas add up"
_RESTS = "an order holds what its price rests on"
_SUMS = "an order adds up"

PURSE_WRONGS = (
    wrong(_STEPS, USED, row("coupons", {"state": "locked"}, coupon_code=USED)),
    wrong(_STEPS, BACK, lost("coupon_steps", coupon_code=BACK, to_state="locked")),
    wrong(_STEPS, USED, one_more_step("used", "locked")),
    wrong(_STEPS, USED, one_more_step("locked", "returned")),
    wrong(_ONCE, USED, held_twice),
    wrong(_ONCE, USED, row("coupons", {"order_no": "cancelled"}, coupon_code=USED)),
    wrong(_ONCE, USED, row("coupons", {"state": "available", "order_no": None}, coupon_code=USED)),
    wrong(_ONCE, BACK, row("coupons", {"state": "locked", "order_no": "cancelled"}, coupon_code=BACK)),
    wrong(_ONCE, LOST, held_state("payment_timed_out", "used")),
    wrong(_SETTLED, "cancelled", held_state("cancelled", "held")),
    wrong(_SETTLED, "cancelled", held_state("cancelled", "used")),
    wrong(_SETTLED, "completed", held_state("completed", "returned")),
    wrong(_SETTLED, "refused", held_for_a_refused_submission),
    wrong(_POINTS, BUYER, row("points", {"balance": 9}, account=BUYER)),
    wrong(_POINTS, BUYER, lost("points_movements", account=BUYER, locked=-2)),
    wrong(_POINTS, account_of("cancelled"), held_state("cancelled", "held")),
    wrong(_LIMITS, "sale", row("offers", {"spent": 51}, code="sale")),
    wrong(_LIMITS, "sale", row("offers", {"used": 2}, code="sale")),
    wrong(_LIMITS, "sale", row("held", {"returned": False}, order_no="cancelled", source="promotion")),
    wrong(_LIMITS, "sale", row("account_uses", {"used": 2}, account=BUYER)),
    wrong(_LIMITS, "sale", lost("account_uses", account=BUYER)),
    wrong(_LIMITS, "sale", overspent),
    wrong(_RESTS, "completed", row("held", {"amount": 99}, order_no="completed", source="coupon")),
    wrong(_RESTS, "completed", lost("held", order_no="completed", source="points")),
    wrong(_RESTS, "completed", taken_unheld),
    wrong(_SUMS, "completed", row("lines", {"payable": 451}, order_no="completed")),
    wrong(_SUMS, "completed", row("lines", {"points": 199}, order_no="completed")),
    wrong(_SUMS, "completed", row("lines", {"shipping": 51}, order_no="completed")),
    wrong(_SUMS, "completed", row("lines", {"quantity": 3}, order_no="completed")),
    wrong(_SUMS, "completed", row("lines", {"gift": True}, order_no="completed")),
    wrong(_SUMS, "completed", row("totals", {"payable": 501}, order_no="completed")),
    wrong(_SUMS, "completed", row("totals", {"discount": 151}, order_no="completed")),
    wrong(_SUMS, "completed", row("allocations", {"of_units": 49}, order_no="completed")),
    wrong(_SUMS, "completed", row("allocations", {"units": 1}, order_no="completed")),
)
