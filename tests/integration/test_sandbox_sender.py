"""Callbacks of the sandbox provider: signed, repeated, delayed, retried, and kept over a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from devstack.stack import Stack
from ordersaga.domain.payment import PaymentReport, PaymentState
from ordersaga.gateways.payment.sandbox_keys import CashierTicket, SandboxKeys
from ordersaga.persistence import sandbox
from ordersaga.persistence.tables.sandbox import sandbox_callbacks
from tests.integration.sandbox_stand import BRISK, LONGEST, SECRET, Stand, books, own_database, stand
from tests.shop import until

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
async def database_url(stack: Stack) -> str:
    return await own_database(stack, "sandbox_sender")


@pytest_asyncio.fixture
async def shop(database_url: str) -> AsyncIterator[Stand]:
    async with books(database_url) as database, stand(database) as shop:
        yield shop


async def settled(shop: Stand, count: int) -> None:
    """Wait until so many deliveries are done or given up."""
    done = func.num_nonnulls(sandbox_callbacks.c.delivered_at, sandbox_callbacks.c.given_up_at) == 1

    async def look() -> int:
        async with shop.database.transaction() as connection:
            return await connection.scalar(select(func.count()).where(done)) or 0

    await until(look, lambda found: found == count, LONGEST)


async def pay_at_a_shop_called_at(shop: Stand, path: str) -> None:
    """Pay an attempt whose callbacks go elsewhere."""
    token = SandboxKeys(SECRET).seal(CashierTicket(shop.attempt("pay_elsewhere"), f"{shop.url}{path}"))
    await shop.client.post(f"{shop.url}/sandbox/cashier/{token}/simulate", json={"outcome": "succeed"})


async def test_the_shop_hears_of_a_payment_at_once(shop: Stand) -> None:
    async with shop.sending(replace(BRISK, poll=timedelta(hours=1))):
        answer = await shop.simulate(shop.attempt(), outcome="succeed")

        callback = await shop.callback()

    assert callback.report == await shop.sandbox.ask("pay_1")
    assert callback.report.transaction_id == answer.json()["provider_transaction_id"]


@pytest.mark.parametrize(
    ("outcome", "state", "failure"),
    [("fail", PaymentState.FAILED, "card_declined"), ("close", PaymentState.CLOSED, None)],
)
async def test_the_shop_hears_of_declined_and_closed_attempts(
    shop: Stand, outcome: str, state: PaymentState, failure: str | None
) -> None:
    async with shop.sending():
        await shop.simulate(shop.attempt(), outcome=outcome)

        report = (await shop.callback()).report

    assert isinstance(report, PaymentReport)
    assert (report.state, report.failure, report.transaction_id, report.paid_at) == (state, failure, None, None)


async def test_one_event_delivered_many_times_keeps_its_id_even_when_simulated_again(shop: Stand) -> None:
    async with shop.sending():
        await shop.simulate(shop.attempt(), outcome="succeed", times=10)
        await shop.simulate(shop.attempt(), outcome="succeed", times=2)

        callbacks = [await shop.callback() for _ in range(12)]

    assert len({callback.event_id for callback in callbacks}) == 1
    assert len({callback.report for callback in callbacks}) == 1


async def test_a_silent_provider_owes_nothing(shop: Stand) -> None:
    await shop.simulate(shop.attempt(), outcome="succeed", times=0)

    async with shop.database.transaction() as connection:
        assert await connection.scalar(select(func.count()).select_from(sandbox_callbacks)) == 0


async def test_a_delayed_callback_goes_out_after_its_delay(shop: Stand) -> None:
    async with shop.sending(replace(BRISK, poll=timedelta(hours=1))):
        asked_at = datetime.now(UTC)
        await shop.simulate(shop.attempt("pay_late"), outcome="succeed", delay_s=3)
        await shop.simulate(shop.attempt("pay_soon"), outcome="succeed")

        order = [(await shop.callback()).report.payment_id for _ in range(2)]

    assert order == ["pay_soon", "pay_late"]
    assert datetime.now(UTC) - asked_at >= timedelta(seconds=3)


async def test_a_refused_callback_is_tried_again_until_it_is_taken(shop: Stand) -> None:
    shop.answers = [500, 302, 404]
    async with shop.sending():
        await shop.simulate(shop.attempt(), outcome="succeed")

        callbacks = [await shop.callback() for _ in range(4)]
        await settled(shop, 1)

    assert len({callback.event_id for callback in callbacks}) == 1
    assert shop.received.empty()


async def test_after_its_last_try_a_callback_is_given_up(shop: Stand) -> None:
    shop.answers = [500] * BRISK.tries
    async with shop.sending():
        await shop.simulate(shop.attempt(), outcome="succeed")

        await settled(shop, 1)

    assert shop.received.qsize() == BRISK.tries


async def test_what_was_owed_before_a_restart_is_sent_after_it(shop: Stand) -> None:
    await shop.simulate(shop.attempt(), outcome="succeed")

    async with shop.sending():
        callback = await shop.callback()

    assert callback.report.state is PaymentState.SUCCEEDED


async def test_a_delivery_that_a_stop_cuts_off_is_sent_by_the_next_sender(shop: Stand) -> None:
    reached, release = asyncio.Event(), asyncio.Event()

    @shop.app.post("/stuck")
    async def stuck() -> None:
        reached.set()
        await release.wait()

    async with shop.sending():
        await pay_at_a_shop_called_at(shop, "/stuck")
        async with asyncio.timeout(LONGEST):
            await reached.wait()
    release.set()

    async with shop.database.transaction() as connection:
        due = await sandbox.claim_callbacks(connection, now=datetime.now(UTC), lease=timedelta(seconds=5), limit=5)
    assert [(callback.url, callback.tries) for callback in due] == [(f"{shop.url}/stuck", 1)]


async def test_a_delivery_whose_sender_died_is_sent_when_its_lease_ends(shop: Stand) -> None:
    await shop.simulate(shop.attempt(), outcome="succeed")
    async with shop.database.transaction() as connection:
        now = datetime.now(UTC)
        taken = await sandbox.claim_callbacks(connection, now=now, lease=timedelta(seconds=0.3), limit=5)
        others = await sandbox.claim_callbacks(connection, now=now, lease=timedelta(seconds=0.3), limit=5)

    async with shop.sending():
        await shop.callback()
        await settled(shop, 1)

    assert (len(taken), others) == (1, [])


async def test_two_senders_share_the_work_and_send_nothing_twice(shop: Stand) -> None:
    async with AsyncExitStack() as senders:
        for _ in range(3):
            await senders.enter_async_context(shop.sending())
        payments = [f"pay_{number}" for number in range(60)]
        await asyncio.gather(*(shop.simulate(shop.attempt(one), outcome="succeed") for one in payments))

        received = [(await shop.callback()).report.payment_id for _ in payments]
        await settled(shop, len(payments))

    assert sorted(received) == sorted(payments)
    assert shop.received.empty()


async def test_a_shop_that_does_not_answer_holds_up_nobody_else(shop: Stand) -> None:
    release = asyncio.Event()

    @shop.app.post("/stuck")
    async def stuck() -> None:
        await release.wait()

    async with shop.sending():
        await pay_at_a_shop_called_at(shop, "/stuck")
        await shop.simulate(shop.attempt(), outcome="succeed")

        callback = await shop.callback()
        release.set()

    assert callback.report.payment_id == "pay_1"
