"""Coupons, points and budgets of an order: held at submit, used when it is paid, given back when it comes to nothing
(R-SUB-5, R-REV-2, R-PAY-3, S6).
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from ordersaga.domain.errors import PlacingTimedOut
from ordersaga.domain.messages import Placement
from ordersaga.domain.payment import PaymentState
from ordersaga.domain.pricing.restoration import Restoration, Return, Undoing
from ordersaga.persistence import offer_holds, stock
from ordersaga.persistence.submissions import Submission
from ordersaga.persistence.tables.coupons import coupon_movements
from tests.goods import twd
from tests.integration.offers_stand import (
    DEADLINE,
    LOCKED,
    OFF,
    OWNED,
    RETURNED,
    UNTOUCHED,
    USED,
    OffersStand,
    Position,
    Purse,
)
from tests.integration.order_stand import OrderStand

AGAIN_AND_AGAIN = 100

Trouble = Callable[[OrderStand, str, str], None]
Ending = Callable[[OffersStand, str], Awaitable[None]]


def away(stand: OrderStand, order_no: str, step: str) -> None:
    stand.away(order_no, step, 5)


def hanging(stand: OrderStand, order_no: str, step: str) -> None:
    stand.hang(order_no, step)


def unheard(stand: OrderStand, order_no: str, step: str) -> None:
    stand.mute(order_no, step, 5)


@pytest.fixture(scope="module")
def stand(order_stand: OrderStand) -> OffersStand:
    return OffersStand.empty(order_stand)


async def test_an_order_holds_what_its_price_rests_on_in_one_step_more(stand: OffersStand) -> None:
    purse = await stand.purse()
    order_no = await stand.placed(purse, (await stand.orders.shelves(), 1))
    assert await purse.position() == LOCKED
    assert stand.orders.steps(order_no) == ["hold_offers", "reserve_stock", "record_order"]
    assert stand.orders.tried(order_no, "hold_offers") == ["local"]


async def test_what_an_order_holds_is_judged_by_the_time_of_its_submit(stand: OffersStand) -> None:
    """However slow a neighbour is: a coupon that was valid then is good."""
    purse = await stand.purse()
    submission = await stand.submits(purse, (await stand.orders.shelves(), 1))
    stand.orders.away(submission.order_no, "hold_offers", 2)
    assert await stand.orders.places(submission) == Placement(placed=True)
    async with stand.orders.database.transaction() as connection:
        held_at = await connection.scalar(
            select(coupon_movements.c.at).where(coupon_movements.c.source_document == submission.order_no)
        )
    assert held_at == (await stand.orders.order(submission.order_no)).placed_at


async def test_what_a_paid_order_holds_is_used(stand: OffersStand) -> None:
    purse = await stand.purse()
    order_no = await stand.placed(purse, (await stand.orders.shelves(), 1))
    await stand.pays(order_no)
    assert await purse.position() == USED
    assert stand.orders.tried(order_no, "use_offers") == ["local"]


async def test_a_run_knows_its_order_number_and_not_its_coupon(stand: OffersStand) -> None:
    purse = await stand.purse()
    order_no = await stand.placed(purse, (await stand.orders.shelves(), 1))
    await stand.pays(order_no)
    history = await stand.orders.run(order_no).fetch_history()
    told = b"".join(event.SerializeToString() for event in history.events)
    assert order_no.encode() in told
    assert purse.coupon.encode() not in told


async def test_an_order_of_nothing_uses_what_it_holds_at_once(stand: OffersStand) -> None:
    purse = await stand.purse()
    order_no = await stand.placed(purse, (await stand.orders.shelves(5, 0, shipping_fee=twd(0)), 2))
    await stand.orders.until(order_no, "in_production")
    assert await purse.position() == USED


@pytest.mark.parametrize("comes_to_nothing", [OffersStand.times_out, OffersStand.cancels])
async def test_what_an_unpaid_order_held_can_be_used_again(stand: OffersStand, comes_to_nothing: Ending) -> None:
    purse, sku = await stand.purse(), await stand.orders.shelves(1)
    order_no = await stand.placed(purse, (sku, 1))
    await comes_to_nothing(stand, order_no)
    assert await purse.position() == RETURNED
    assert await stand.orders.held(sku) == (1, 0)
    given_back = [step for step in stand.orders.steps(order_no) if step in ("release_stock", "return_offers")]
    assert given_back == ["release_stock", "return_offers"], "the order takes no money before its coupons are free"
    await stand.placed(purse, (sku, 1))
    assert await purse.position() == LOCKED


async def test_goods_that_are_sold_out_give_back_what_was_held_for_them(stand: OffersStand) -> None:
    purse, scarce = await stand.purse(), await stand.orders.shelves(1)
    submission = await stand.submits(purse, (scarce, 2))
    assert (await stand.orders.places(submission)).code == "out_of_stock"
    assert await stand.orders.ends(submission.order_no) == "refused"
    assert not await stand.orders.is_order(submission.order_no)
    assert await purse.position() == RETURNED
    await stand.placed(purse, (scarce, 1))
    assert await purse.position() == LOCKED


async def test_what_comes_back_depends_on_why_the_order_came_to_nothing(stand: OffersStand) -> None:
    """Each order has three coupons, of which each is kept for another reason."""
    endings = {
        Undoing.REFUSED: "out_of_stock",
        Undoing.TIMED_OUT: "payment_timed_out",
        Undoing.CANCELLED: "cancelled",
    }
    plenty, nothing = await stand.orders.shelves(), await stand.orders.shelves(0)

    async def states(undoing: Undoing) -> list[str]:
        purse, goods = await stand.purse(), nothing if undoing is Undoing.REFUSED else plenty
        codes = [await stand.coupon(purse.name, {reason: Restoration(Return.KEPT)}) for reason in endings]
        submission = await stand.submits(purse, (goods, 1), holds=[stand.purses.couponed(code) for code in codes])
        placement = await stand.orders.places(submission)
        assert placement.placed is not (undoing is Undoing.REFUSED)
        if undoing is Undoing.TIMED_OUT:
            await stand.times_out(submission.order_no)
        elif undoing is Undoing.CANCELLED:
            await stand.cancels(submission.order_no)
        return await stand.purses.states(codes)

    found = await asyncio.gather(*(states(undoing) for undoing in endings))
    assert found == [
        ["forfeited", "returned", "returned"],
        ["returned", "forfeited", "returned"],
        ["returned", "returned", "forfeited"],
    ]


async def test_what_is_not_to_be_had_refuses_the_order_and_nothing_is_held(stand: OffersStand) -> None:
    """Each is asked for beside what could be had."""
    purse, other = await stand.purse(), await stand.purse()
    held = purse.coupon_hold, purse.points_hold(), purse.promotion_hold()
    sku = await stand.orders.shelves(5)
    for code, holds in {
        "coupon_unavailable": (other.coupon_hold, *held[1:]),
        "points_unavailable": (held[0], purse.points_hold(OWNED + 1), held[2]),
        "offer_exhausted": (*held[:2], purse.promotion_hold(2 * OFF + 1)),
    }.items():
        submission = await stand.submits(purse, (sku, 1), holds=holds)
        assert (await stand.orders.places(submission)).code == code
        assert await stand.orders.ends(submission.order_no) == "refused"
        assert not await stand.orders.is_order(submission.order_no)
        assert "reserve_stock" not in stand.orders.steps(submission.order_no), "what is refused first costs least"
    assert await purse.position() == await other.position() == UNTOUCHED
    assert await stand.orders.held(sku) == (5, 0)


async def test_every_step_is_done_once_however_the_network_fails(stand: OffersStand) -> None:
    """The database is away, hangs, or its answers are lost: at the hold, the use or the return; nine orders at once."""
    sku = await stand.orders.shelves()

    async def life(trouble: Trouble, step: str, ending: Ending) -> Position:
        purse = await stand.purse()
        submission = await stand.submits(purse, (sku, 1))
        trouble(stand.orders, submission.order_no, step)
        assert await stand.orders.places(submission) == Placement(placed=True)
        await ending(stand, submission.order_no)
        assert stand.orders.tried(submission.order_no, step)[-1] == "regular", "the patient form came to its end"
        return await purse.position()

    troubles = (away, hanging, unheard)
    lives = {
        ("hold_offers", OffersStand.waits): LOCKED,
        ("use_offers", OffersStand.pays): USED,
        ("return_offers", OffersStand.cancels): RETURNED,
    }
    found = await asyncio.gather(*(life(trouble, *how) for trouble in troubles for how in lives))
    assert found == [*lives.values()] * len(troubles)


async def test_an_order_whose_hold_comes_too_late_is_refused_and_the_hold_takes_nothing(stand: OffersStand) -> None:
    purse = await stand.purse()
    submission = await stand.submits(purse, (await stand.orders.shelves(), 1))
    stand.orders.away(submission.order_no, "hold_offers", AGAIN_AND_AGAIN)
    assert (await stand.orders.places(submission, placing_seconds=1)).code == "placing_timed_out"
    assert await stand.orders.ends(submission.order_no) == "refused"
    with pytest.raises(PlacingTimedOut):
        await holds(stand, purse, submission)
    assert await purse.position() == UNTOUCHED


async def test_what_was_held_unheard_is_given_back(stand: OffersStand) -> None:
    purse = await stand.purse()
    submission = await stand.submits(purse, (await stand.orders.shelves(), 1))
    stand.orders.mute(submission.order_no, "hold_offers", AGAIN_AND_AGAIN)
    assert (await stand.orders.places(submission, placing_seconds=1)).code == "placing_timed_out"
    assert await stand.orders.ends(submission.order_no) == "refused"
    assert await purse.position() == RETURNED


async def test_money_that_the_provider_has_at_the_deadline_uses_what_is_held(stand: OffersStand) -> None:
    """If it says paid, it is paid (P2), and nothing was given back meanwhile."""
    purse = await stand.purse()
    order_no = await stand.placed(purse, (await stand.orders.shelves(), 1))
    payment = await stand.orders.attempt(order_no)
    stand.orders.provider.answers[payment.payment_id] = PaymentState.SUCCEEDED
    await stand.orders.passes(order_no, DEADLINE)
    await stand.orders.until(order_no, "in_production")
    assert await purse.position() == USED


async def holds(stand: OffersStand, purse: Purse, submission: Submission) -> None:
    """As a worker does that dies before anybody hears of it."""
    async with stand.orders.database.transaction() as connection:
        await offer_holds.hold(connection, submission.order_no, purse.account, purse.holds, datetime.now(UTC))


async def uses(stand: OffersStand, order_no: str) -> None:
    async with stand.orders.database.transaction() as connection:
        await offer_holds.use(connection, order_no, datetime.now(UTC))


async def gives_back(stand: OffersStand, order_no: str, undoing: Undoing = Undoing.TIMED_OUT) -> None:
    async with stand.orders.database.transaction() as connection:
        await offer_holds.give_back(connection, order_no, undoing, datetime.now(UTC))


async def test_steps_of_a_worker_that_died_unheard_are_not_taken_twice(stand: OffersStand) -> None:
    purse = await stand.purse()
    submission = await stand.submits(purse, (await stand.orders.shelves(), 1))
    await holds(stand, purse, submission)
    assert await stand.orders.places(submission) == Placement(placed=True)
    assert await purse.position() == LOCKED
    await uses(stand, submission.order_no)
    await stand.pays(submission.order_no)
    await asyncio.gather(*(uses(stand, submission.order_no) for _ in range(3)))
    assert await purse.position() == USED


async def test_a_worker_that_dies_while_giving_back_leaves_nothing_to_money_that_comes_then(
    stand: OffersStand,
) -> None:
    """The stock went first, so the order takes no money, whatever the next worker hears first."""
    purse, sku = await stand.purse(), await stand.orders.shelves(5)
    order_no = await stand.placed(purse, (sku, 1))
    payment = await stand.orders.attempt(order_no)
    async with stand.orders.database.transaction() as connection:
        await stock.release(connection, order_no, datetime.now(UTC))
    await stand.orders.reports(payment)
    await stand.orders.becomes(payment, PaymentState.UNEXPECTED)
    assert await purse.position() == LOCKED
    await stand.cancels(order_no)
    assert await purse.position() == RETURNED


async def test_what_was_given_back_is_used_and_held_by_nobody_who_comes_late(stand: OffersStand) -> None:
    purse = await stand.purse()
    order_no = await stand.placed(purse, (await stand.orders.shelves(), 1))
    await gives_back(stand, order_no)
    await uses(stand, order_no)
    await stand.cancels(order_no)
    assert await purse.position() == RETURNED
    again = await stand.placed(purse, (await stand.orders.shelves(), 1))
    await asyncio.gather(uses(stand, order_no), gives_back(stand, order_no, Undoing.CANCELLED))
    assert await purse.position() == LOCKED, f"{again} holds it now"
