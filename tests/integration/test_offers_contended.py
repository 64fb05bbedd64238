"""Many orders that want the same coupons, points and budgets: who gets them, and that they add up (S6)."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from ordersaga.domain.pricing.quote import Hold
from tests.integration.offers_stand import OFF, OWNED, OffersStand
from tests.integration.order_stand import OrderStand

CROWD = 50
ACCOUNTS = 10
SHARES = 8
ENDINGS = (
    (OffersStand.pays, "used"),
    (OffersStand.times_out, "free"),
    (OffersStand.cancels, "free"),
    (OffersStand.waits, "locked"),
)
"""How an order may go on, and what becomes of what it held."""


class Kept(NamedTuple):
    """An order that was placed: what it held, and what became of that."""

    account: str
    holds: Sequence[Hold]
    state: str


@pytest.fixture(scope="module")
def stand(order_stand: OrderStand) -> OffersStand:
    return OffersStand.empty(order_stand)


async def test_of_fifty_orders_with_one_coupon_one_is_placed(stand: OffersStand) -> None:
    purse, sku = await stand.purse(), await stand.orders.shelves(CROWD)
    submissions = [await stand.submits(purse, (sku, 1), holds=[purse.coupon_hold]) for _ in range(CROWD)]
    answers = await asyncio.gather(*(stand.orders.places(submission) for submission in submissions))
    assert sorted(answer.code for answer in answers) == ["", *["coupon_unavailable"] * (CROWD - 1)]
    assert [await stand.orders.is_order(each.order_no) for each in submissions].count(True) == 1
    assert await stand.purses.states([purse.coupon]) == ["locked"]
    assert await stand.orders.held(sku) == (CROWD, 1)


async def test_coupons_points_and_budgets_add_up_after_a_mixed_run(stand: OffersStand) -> None:
    """Forty orders at once: of each account's four, three want its coupon, and three more than half of its points."""
    purses = [await stand.purse() for _ in range(ACCOUNTS)]
    await stand.purses.offers("shared", budget=SHARES * OFF)
    sku, share, points = await stand.orders.shelves(), stand.purses.promoted("shared", OFF), stand.purses.paid(600)
    kept, refused = list[Kept](), Counter[str]()

    async def life(number: int) -> None:
        turn, place = divmod(number, ACCOUNTS)
        coupon = purses[place].coupon_hold
        holds = ((coupon, points), (coupon, share), (points, share), (coupon, points, share))[turn]
        ending, state = ENDINGS[(place + turn) % len(ENDINGS)]
        submission = await stand.submits(purses[place], (sku, 1), holds=holds)
        placement = await stand.orders.places(submission)
        if placement.placed:
            await ending(stand, submission.order_no)
            kept.append(Kept(purses[place].name, holds, state))
        else:
            refused[placement.code] += 1

    await asyncio.gather(*(life(number) for number in range(4 * ACCOUNTS)))
    assert set(refused) <= {"coupon_unavailable", "points_unavailable", "offer_exhausted"}

    def states(of: Hold, account: str | None = None) -> Counter[str]:
        """What became of something, in the orders that had it."""
        return Counter(item.state for item in kept if of in item.holds and account in (None, item.account))

    for purse in purses:
        (state,) = await stand.purses.states([purse.coupon])
        coupon, spent = states(purse.coupon_hold), states(points, purse.name)
        assert (coupon["used"], coupon["locked"]) == (state == "used", state == "locked")
        assert await stand.purses.balance(purse.name) == (OWNED - 600 * spent["used"], 600 * spent["locked"])
    standing = states(share)["used"] + states(share)["locked"]
    assert await stand.purses.spent("shared") == (OFF * standing, standing)
    assert await stand.orders.held(sku) == (100, sum(item.state != "free" for item in kept))
    assert kept, refused
