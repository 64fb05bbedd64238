"""The sandbox provider pays back each refund once and never more than it took, over real HTTP and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from devstack.stack import Stack
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.money import Money
from ordersaga.domain.refund import RefundReport
from ordersaga.gateways.payment.provider import Booking, RefundOrder, RefundUnknown
from ordersaga.gateways.payment.sandbox_keys import SandboxKeys
from tests.integration.sandbox_stand import SECRET, Stand, books, own_database, stand

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


async def test_its_statement_lists_what_it_took_and_what_it_paid_back_page_by_page(shop: Stand) -> None:
    begun = datetime.now(UTC)
    await paid(shop)
    await shop.simulate(shop.attempt("pay_2"), outcome="fail")
    for number in range(3):
        await shop.sandbox.refund(order(f"rf_{number}.1", 1_000))
    await shop.sandbox.refund(order("rf_9.1", 999_999))

    page = await shop.sandbox.statement(begun, datetime.now(UTC))
    capture, *refunds = page.lines
    assert (capture.booking, capture.payment_id, capture.amount) == (Booking.CAPTURE, "pay_1", Money(129_900, "TWD"))
    assert [(line.reference, line.amount.amount) for line in refunds] == [(f"rf_{n}.1", 1_000) for n in range(3)]
    assert page.cursor is None
    assert (await shop.sandbox.statement(begun - timedelta(days=1), begun)).lines == ()

    narrow = {"since": begun.isoformat(), "until": datetime.now(UTC).isoformat(), "limit": "2"}
    headers = {"authorization": f"Bearer {SandboxKeys(SECRET).api_key}"}
    told: list[str] = []
    while "cursor" not in narrow or narrow["cursor"]:
        answer = await shop.client.get(f"{shop.url}/sandbox/api/statement", params=narrow, headers=headers)
        told += [line["refund_no"] or line["payment_id"] for line in answer.json()["lines"]]
        narrow["cursor"] = answer.json()["next_cursor"] or ""
    assert told == ["pay_1", "rf_0.1", "rf_1.1", "rf_2.1"]
