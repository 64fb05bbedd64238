"""The sandbox provider pays back each refund once and never more than it took, over real HTTP and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from devstack.stack import Stack
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.money import Money
from ordersaga.domain.refund import RefundReport
from ordersaga.gateways.payment.provider import RefundOrder, RefundUnknown
from tests.integration.sandbox_stand import Stand, books, own_database, stand

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
async def database_url(stack: Stack) -> str:
    return await own_database(stack, "sandbox_refunds")


@pytest_asyncio.fixture
async def shop(database_url: str) -> AsyncIterator[Stand]:
    async with books(database_url) as database, stand(database) as shop:
        yield shop


def order(reference: str, amount: int = 129_900, currency: str = "TWD") -> RefundOrder:
    return RefundOrder(reference=reference, payment_id="pay_1", transaction_id=None, amount=Money(amount, currency))


async def paid(shop: Stand, **refunds: object) -> None:
    answer = await shop.simulate(shop.attempt(), outcome="succeed", refunds={"delay_s": 0, **refunds})
    assert answer.status_code == 200, answer.text


async def test_of_many_refunds_at_once_no_more_is_paid_back_than_was_taken(shop: Stand) -> None:
    await paid(shop)
    reports = await asyncio.gather(*(shop.sandbox.refund(order(f"rf_{number}.1", 50_000)) for number in range(5)))
    states = sorted((report.state, report.failure) for report in reports if report.failure)
    assert states == [(RefundState.FAILED, "refund_exceeds_payment")] * 3


async def test_the_same_number_sent_many_times_at_once_is_one_refund(shop: Stand) -> None:
    await paid(shop)
    reports = await asyncio.gather(*(shop.sandbox.refund(order("rf_1.1")) for _ in range(8)))
    assert {(report.state, report.provider_refund_id) for report in reports} == {
        (RefundState.SUCCEEDED, reports[0].provider_refund_id)
    }
    other_sum = await shop.sandbox.refund(order("rf_1.1", 1))
    assert (other_sum.state, other_sum.failure) == (RefundState.FAILED, "refund_no_reused")


async def test_what_was_never_taken_is_not_paid_back(shop: Stand) -> None:
    assert (await shop.sandbox.refund(order("rf_1.1"))).failure == "payment_unknown"
    await shop.simulate(shop.attempt(), outcome="fail")
    assert (await shop.sandbox.refund(order("rf_1.1"))).failure == "payment_not_taken"


async def test_another_currency_was_not_taken(shop: Stand) -> None:
    await paid(shop)
    assert (await shop.sandbox.refund(order("rf_1.1", 100, "JPY"))).failure == "payment_not_taken"


async def test_a_refund_that_was_wished_to_fail_fails_and_the_next_one_succeeds(shop: Stand) -> None:
    await paid(shop, failures=1)
    first, second = await shop.sandbox.refund(order("rf_1.1")), await shop.sandbox.refund(order("rf_1.2"))
    assert (first.state, first.failure, second.state) == (RefundState.FAILED, "refund_rejected", RefundState.SUCCEEDED)
    assert (await shop.sandbox.ask_refund("rf_1.1")).state is RefundState.FAILED


async def test_a_slow_refund_is_pending_and_its_end_is_told_as_often_as_wished(shop: Stand) -> None:
    await paid(shop, delay_s=0.5, times=2)
    async with shop.sending():
        assert (await shop.sandbox.refund(order("rf_1.1"))).state is RefundState.SENT
        told = [await shop.callback() for _ in range(3)]
    reports = [callback.report for callback in told if isinstance(callback.report, RefundReport)]
    assert [(report.reference, report.state) for report in reports] == [("rf_1.1", RefundState.SUCCEEDED)] * 2
    assert len({callback.event_id for callback in told}) == 2, "the payment's event, and one of the refund"
    assert (await shop.sandbox.ask_refund("rf_1.1")).state is RefundState.SUCCEEDED


async def test_a_refund_that_nobody_asked_for_is_unknown(shop: Stand) -> None:
    with pytest.raises(RefundUnknown):
        await shop.sandbox.ask_refund("rf_none.1")


async def test_money_may_come_late_in_spite_of_a_closing(shop: Stand) -> None:
    attempt = shop.attempt()
    assert (await shop.simulate(attempt, outcome="close")).status_code == 200
    assert (await shop.simulate(attempt, outcome="succeed")).status_code == 409
    late = await shop.simulate(attempt, outcome="succeed", late=True)
    assert (late.status_code, late.json()["state"]) == (200, "succeeded")
    assert (await shop.simulate(attempt, outcome="fail", late=True)).status_code == 409, "taken is taken"
