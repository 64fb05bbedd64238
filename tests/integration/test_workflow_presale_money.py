"""Money that a presale takes at the last moment, and money that it does not take (P1, P2, P3, P6)."""

import asyncio

import pytest

from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.payment import PaymentState
from ordersaga.domain.presale import FORFEIT
from tests.goods import twd
from tests.integration.order_stand import OrderStand
from tests.integration.presale_stand import BALANCE, DEPOSIT, TO_WINDOW, WINDOW, PresaleStand


@pytest.fixture(scope="module")
async def stand(order_stand: OrderStand) -> PresaleStand:
    return await PresaleStand.of(order_stand)


async def test_a_balance_that_the_provider_has_at_the_deadline_is_paid(stand: PresaleStand) -> None:
    order_no = await stand.opened(await stand.orders.shelves())
    payment = await stand.attempt(order_no)
    stand.orders.provider.answers[payment.payment_id] = PaymentState.SUCCEEDED
    await stand.orders.passes(order_no, WINDOW)
    await stand.orders.until(order_no, "in_production")
    assert (await stand.orders.timeline(order_no))[-3:] == ["reach_balance_deadline", "confirm_balance", "split"]


async def test_a_deposit_paid_twice_is_taken_once(stand: PresaleStand) -> None:
    order_no = await stand.placed(await stand.orders.shelves())
    first, second = await stand.attempt(order_no), await stand.attempt(order_no)
    stand.orders.provider.answers[second.payment_id] = PaymentState.SUCCEEDED
    await stand.orders.reports(first)
    await stand.orders.becomes(second, PaymentState.UNEXPECTED)
    async with stand.refunds.delivering():
        await stand.refunds.until(second, RefundState.SUCCEEDED)
    assert await stand.paid_back(order_no) == [(DEPOSIT, "not_awaited", "succeeded")]
    assert (await stand.orders.order(order_no)).state == "deposit_paid"


async def test_a_deposit_that_is_reported_again_while_the_balance_is_awaited_is_money_that_goes_back(
    stand: PresaleStand,
) -> None:
    order_no = await stand.placed(await stand.orders.shelves())
    first, second = await stand.attempt(order_no), await stand.attempt(order_no)
    await stand.orders.reports(first)
    await stand.orders.until(order_no, "deposit_paid")
    await stand.orders.reports(second)
    await stand.orders.becomes(second, PaymentState.UNEXPECTED)
    await stand.orders.passes(order_no, TO_WINDOW)
    await stand.orders.until(order_no, "awaiting_balance")
    await stand.pays(order_no)
    await stand.orders.until(order_no, "in_production")


async def test_a_balance_of_the_wrong_amount_is_none(stand: PresaleStand) -> None:
    order_no = await stand.opened(await stand.orders.shelves())
    wrong = await stand.attempt(order_no)
    await stand.orders.reports(wrong, amount=twd(BALANCE - 1))
    await stand.orders.becomes(wrong, PaymentState.UNEXPECTED)
    assert (await stand.orders.order(order_no)).state == "awaiting_balance"
    await stand.pays(order_no)
    await stand.orders.until(order_no, "in_production")


async def test_a_second_balance_and_a_late_one_go_back(stand: PresaleStand) -> None:
    goods = [await stand.orders.shelves() for _ in range(2)]
    paid, missed = await asyncio.gather(stand.opened(goods[0]), stand.opened(goods[1], missed_balance=FORFEIT))
    first, second = await stand.attempt(paid), await stand.attempt(paid)
    await stand.orders.reports(first)
    await stand.orders.reports(second)
    late = await stand.attempt(missed)
    await stand.orders.passes(missed, WINDOW)
    await stand.ends(missed)
    async with stand.refunds.delivering():
        await stand.orders.hears(late, PaymentState.SUCCEEDED)
        for payment in (second, late):
            await stand.refunds.until(payment, RefundState.SUCCEEDED)
    for order_no in (paid, missed):
        assert await stand.paid_back(order_no) == [(BALANCE, "not_awaited", "succeeded")]
    assert (await stand.orders.order(missed)).state == "deposit_forfeited"


async def test_a_failed_balance_can_be_paid_again(stand: PresaleStand) -> None:
    order_no = await stand.opened(await stand.orders.shelves())
    failed = await stand.attempt(order_no)
    await stand.orders.reports(failed, PaymentState.FAILED)
    await stand.orders.becomes(failed, PaymentState.FAILED)
    assert (await stand.orders.order(order_no)).state == "awaiting_balance"
    await stand.pays(order_no)
    await stand.orders.until(order_no, "in_production")
