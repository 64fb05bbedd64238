"""Attempts that nobody reports are asked about, also when their order has ended (P1, P2, W1)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from ordersaga.domain.inquiry import Pace
from ordersaga.domain.messages import CANCEL
from ordersaga.domain.payment import Instalment, Payment, PaymentState
from ordersaga.gateways.payment.provider import PaymentUnknown, ProviderUnavailable
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.persistence import payments
from ordersaga.persistence.tables.payments import payments as table
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import QUEUE, OrderStand
from tests.integration.outside import FakeProvider
from tests.integration.presale_stand import PresaleStand
from tests.shop import until
from worker.delivery import Delivery
from worker.inquiry import Inquiry
from worker.main import beside

PLACES = 3
BRISK = Pace(first_seconds=0.1, longest_seconds=0.2, give_up_seconds=60)


@asynccontextmanager
async def asking(stand: OrderStand, *others: FakeProvider, pace: Pace = BRISK, loops: int = 1) -> AsyncIterator[None]:
    """The worker's loops: over the attempts to ask about, and over what was answered."""
    providers = PaymentProviders([stand.provider, *others])
    inquiries = [Inquiry(stand.database, providers, pace, interval=0.05, places=PLACES) for _ in range(loops)]
    delivery = Delivery(stand.database, stand.client, task_queue=QUEUE, interval=0.05)
    async with beside(*(inquiry.run() for inquiry in inquiries), delivery.run(), ended=lambda: None):
        yield


async def silent(stand: OrderStand, provider: str = "fake") -> Payment:
    """An attempt that is due to be asked about."""
    order_no = await stand.placed((await stand.shelves(), 1))
    return await stand.attempt(order_no, ask_at=datetime.now(UTC), provider=provider)


def asked(provider: FakeProvider, payment: Payment) -> Callable[[], Awaitable[int]]:
    async def times() -> int:
        return provider.asked[payment.payment_id]

    return times


async def test_an_order_whose_payment_nobody_reported_is_found_paid(order_stand: OrderStand) -> None:
    payment = await silent(order_stand)
    order_stand.provider.told[payment.payment_id] = PaymentState.SUCCEEDED
    async with asking(order_stand):
        await order_stand.until(payment.order_no, "in_production")


async def test_a_deposit_that_was_left_open_is_closed_while_the_balance_is_awaited(order_stand: OrderStand) -> None:
    presales = await PresaleStand.of(order_stand)
    order_no = await presales.opened(await order_stand.shelves())
    payment = await order_stand.attempt(order_no, ask_at=datetime.now(UTC))
    async with order_stand.database.transaction() as connection:
        here = table.c.payment_id == payment.payment_id
        await connection.execute(update(table).where(here).values(instalment=Instalment.DEPOSIT))
    async with asking(order_stand):
        await order_stand.becomes(payment, PaymentState.CLOSED)


@pytest.mark.parametrize("answer", [PaymentState.OPEN, ProviderUnavailable("away"), PaymentUnknown("not seen yet")])
async def test_an_attempt_that_may_still_be_paid_is_asked_about_again(
    order_stand: OrderStand, answer: PaymentState | Exception
) -> None:
    payment = await silent(order_stand)
    order_stand.provider.told[payment.payment_id] = answer
    async with asking(order_stand):
        await until(asked(order_stand.provider, payment), lambda times: times >= 3, PATIENCE)
    assert (await order_stand.payment(payment.payment_id)).state is PaymentState.OPEN


@pytest.mark.parametrize("closing", [PaymentState.CLOSED, PaymentState.SUCCEEDED, PaymentUnknown("never seen")])
async def test_an_attempt_left_open_by_an_order_that_ended_is_closed_or_its_money_found(
    order_stand: OrderStand, closing: PaymentState | Exception
) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    assert await order_stand.asks(order_no, CANCEL) == "cancelled"
    assert await order_stand.ends(order_no) == "cancelled"
    payment = await order_stand.attempt(order_no, ask_at=datetime.now(UTC))
    order_stand.provider.answers[payment.payment_id] = closing
    expected = PaymentState.UNEXPECTED if closing is PaymentState.SUCCEEDED else PaymentState.CLOSED
    async with asking(order_stand):
        await order_stand.becomes(payment, expected)
    assert (await order_stand.order(payment.order_no)).state == "cancelled"


async def test_a_provider_that_does_not_answer_keeps_no_other_waiting(order_stand: OrderStand) -> None:
    stuck = FakeProvider(name="stuck", silence=asyncio.Event())
    for _ in range(PLACES + 1):
        await silent(order_stand, "stuck")
    payment = await silent(order_stand)
    order_stand.provider.told[payment.payment_id] = PaymentState.SUCCEEDED
    async with asking(order_stand, stuck):
        await until(_sum_of(stuck), lambda total: total >= PLACES, PATIENCE)
        await order_stand.until(payment.order_no, "in_production")
    assert stuck.most_asked_at_once == PLACES, "so many questions to one provider at most"


def _sum_of(provider: FakeProvider) -> Callable[[], Awaitable[int]]:
    async def total() -> int:
        return provider.asked.total()

    return total


async def test_several_workers_share_the_questions(order_stand: OrderStand) -> None:
    due = [await silent(order_stand) for _ in range(6)]
    slow = replace(BRISK, first_seconds=50, longest_seconds=50)
    async with asking(order_stand, pace=slow, loops=3):
        for payment in due:
            await until(asked(order_stand.provider, payment), lambda times: times > 0, PATIENCE)
    assert [order_stand.provider.asked[payment.payment_id] for payment in due] == [1] * 6


async def test_the_pauses_grow_and_end(order_stand: OrderStand) -> None:
    """From two minutes to six hours, for a week."""
    payment = await silent(order_stand, "nobodys")
    pace = Pace(first_seconds=120, longest_seconds=6 * 3600, give_up_seconds=7 * 86_400)
    at = payment.created_at
    pauses: list[timedelta] = []
    for _ in range(60):
        async with order_stand.database.transaction() as connection:
            due = await payments.claim_inquiries(connection, "nobodys", at=at, pace=pace, limit=5)
            assert [item.inquiries for item in due] == [len(pauses) + 1]
            next_at = await connection.scalar(
                select(table.c.next_inquiry_at).where(table.c.payment_id == payment.payment_id)
            )
        if next_at is None:
            break
        pauses.append(next_at - at)
        at = next_at
    assert pauses[:3] == [timedelta(minutes=4), timedelta(minutes=8), timedelta(minutes=16)]
    assert max(pauses) == timedelta(hours=6)
    assert timedelta(days=7) <= at - payment.created_at < timedelta(days=7, hours=6)
