"""Many orders that want the same coupons, points and budgets: who gets them, and that they add up (S6)."""

import asyncio
from collections import Counter
from typing import NamedTuple

import pytest

from ordersaga.domain.pricing.quote import Hold
from tests.integration.offers_stand import COUPON_OFF, POINTS, PROMOTION_OFF, OffersStand
from tests.integration.order_stand import OrderStand

CROWD = 50
ACCOUNTS = 10
ENDINGS = (OffersStand.pays, OffersStand.times_out, OffersStand.cancels, OffersStand.waits)


class Held(NamedTuple):
    """What an order keeps of an account."""

    account: str
    coupon: str


@pytest.fixture(scope="module")
def stand(order_stand: OrderStand) -> OffersStand:
    return OffersStand(order_stand)


async def test_of_fifty_orders_with_one_coupon_one_is_placed(stand: OffersStand) -> None:
    purse, sku = await stand.purse(), await stand.orders.shelves(CROWD)
    submissions = [await stand.submits(purse, (sku, 1), holds=[purse.coupon_hold]) for _ in range(CROWD)]
    answers = await asyncio.gather(*(stand.orders.places(submission) for submission in submissions))
    assert sorted(answer.code for answer in answers) == ["", *["coupon_unavailable"] * (CROWD - 1)]
    assert [await stand.orders.is_order(each.order_no) for each in submissions].count(True) == 1
    assert await stand.coupon_state(purse.coupon) == "locked"
    assert await stand.orders.held(sku) == (CROWD, 1)


async def test_coupons_points_and_budgets_add_up_after_a_mixed_run(stand: OffersStand) -> None:
    """Forty orders at once: two for each coupon, four for points that suffice for three, and a promotion for thirty."""
    purses = [await stand.purse() for _ in range(ACCOUNTS)]
    second = [await stand.coupon(purse.account) for purse in purses]
    promotion, sku = await stand.promotion(orders=30), await stand.orders.shelves(28)
    used, locked, refused = list[Held](), list[Held](), Counter[str]()

    async def life(number: int) -> None:
        """The orders of an account differ in their ends; those with one coupon come one after the other."""
        turn, place = divmod(number, ACCOUNTS)
        purse, ending = purses[place], ENDINGS[(place + turn) % len(ENDINGS)]
        held = Held(purse.account, purse.coupon if turn % 2 else second[place])
        coupon = Hold(source="coupon", code=held.coupon, amount=COUPON_OFF)
        share = Hold(source="promotion", code=promotion, amount=PROMOTION_OFF)
        submission = await stand.submits(purse, (sku, 1), holds=[share, coupon, purse.points_hold()])
        placement = await stand.orders.places(submission)
        if not placement.placed:
            refused[placement.code] += 1
            return
        await ending(stand, submission.order_no)
        if ending in (OffersStand.pays, OffersStand.waits):
            (used if ending is OffersStand.pays else locked).append(held)

    await asyncio.gather(*(life(number) for number in range(4 * ACCOUNTS)))
    assert set(refused) <= {"coupon_unavailable", "points_unavailable", "offer_exhausted", "out_of_stock"}
    for place, purse in enumerate(purses):
        mine = [sum(held.account == purse.account for held in found) for found in (used, locked)]
        assert await stand.points(purse.account) == (1_000 - POINTS * mine[0], POINTS * mine[1])
        for code in (purse.coupon, second[place]):
            states = ["used"] * sum(held.coupon == code for held in used)
            states += ["locked"] * sum(held.coupon == code for held in locked)
            assert [await stand.coupon_state(code)] == states or (
                not states and await stand.coupon_state(code) in ("available", "returned")
            )
    standing = len(used) + len(locked)
    assert await stand.spent(promotion) == (PROMOTION_OFF * standing, standing)
    assert await stand.orders.held(sku) == (28, standing)
    assert standing >= ACCOUNTS / 2, refused
