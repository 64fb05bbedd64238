"""A change in an order's run: providers that do not answer, answers that are lost, money that comes too late."""

import asyncio
from datetime import timedelta

from ordersaga.domain.messages import CHANGE
from ordersaga.domain.payment import PaymentState
from ordersaga.gateways.payment.provider import ProviderUnavailable
from ordersaga.persistence import audit
from tests.integration.order_changing import accepts
from tests.integration.order_stand import OrderStand
from tests.shop import until

DEADLINE = timedelta(minutes=15)


async def quantities(stand: OrderStand, order_no: str) -> list[tuple[int, int]]:
    return [(line.line_no, line.quantity) for line in (await stand.order(order_no)).lines]


async def test_a_change_is_made_once_whatever_fails_and_old_attempts_pay_nothing(order_stand: OrderStand) -> None:
    stand = order_stand
    tea, cup = await stand.shelves(9), await stand.shelves(9)
    order_no = await stand.placed((tea, 3), (cup, 2))
    old, due_at = await stand.attempt(order_no), (await stand.order(order_no)).payment_due_at
    first, late = await accepts(stand, order_no, line_1=1), await accepts(stand, order_no, line_2=1)

    stand.mute(order_no, "change_order", 4)
    stand.away(order_no, "settle_payments", 1)
    assert await stand.asks(order_no, CHANGE, first) == "awaiting_payment"
    assert await stand.asks(order_no, CHANGE, first) == "awaiting_payment"
    assert await quantities(stand, order_no) == [(1, 1), (2, 2)]
    assert (await stand.held(tea), await stand.held(cup)) == ((9, 1), (9, 2))
    assert (await stand.payment(old.payment_id)).state is PaymentState.CLOSED
    outdated = await stand.refusal(order_no, CHANGE, late)
    assert (outdated.type, outdated.details[0]["reason"]) == ("change_outdated", "order_changed")

    assert await stand.asks(order_no, CHANGE, await accepts(stand, order_no, line_1=0)) == "awaiting_payment"
    assert await quantities(stand, order_no) == [(2, 2)]
    assert (await stand.held(tea), await stand.held(cup)) == ((9, 0), (9, 2))
    await stand.reports(old)
    assert (await stand.becomes(old, PaymentState.UNEXPECTED)).failure == "not_awaited"
    order = await stand.order(order_no)
    assert (order.state, order.payment_due_at) == ("awaiting_payment", due_at)
    async with stand.database.transaction() as connection:
        actions = [row.action for row in (await audit.read(connection, order_no)).chain]
        assert actions.count("change_order") == 2
    await stand.passes(order_no, DEADLINE)
    assert await stand.ends(order_no) == "payment_timed_out"
    assert (await stand.held(tea), await stand.held(cup)) == ((9, 0), (9, 0))


async def test_an_attempt_that_no_provider_closes_or_that_was_paid_stands_before_the_change(
    order_stand: OrderStand,
) -> None:
    stand, sku = order_stand, await order_stand.shelves(9)
    order_no = await stand.placed((sku, 3))
    payment, change = await stand.attempt(order_no), await accepts(stand, order_no, line_1=1)
    stand.provider.answers[payment.payment_id] = ProviderUnavailable("fake is away")
    waiting = asyncio.create_task(stand.refusal(order_no, CHANGE, change))
    await until(lambda: asyncio.sleep(0, stand.provider.closed[payment.payment_id]), bool)
    await stand.passes(order_no, timedelta(minutes=1))
    assert (await waiting).type == "action_not_allowed"
    assert (await quantities(stand, order_no), await stand.held(sku)) == ([(1, 3)], (9, 3))

    stand.provider.answers[payment.payment_id] = PaymentState.SUCCEEDED
    refusal = await stand.refusal(order_no, CHANGE, await accepts(stand, order_no, line_1=2))
    assert refusal.type == "action_not_allowed"
    await stand.until(order_no, "in_production")
    assert (await quantities(stand, order_no), await stand.held(sku)) == ([(1, 3)], (9, 3))
